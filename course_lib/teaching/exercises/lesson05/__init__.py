"""Lesson 05, SAP (Diao et al. 2023): from the index to a bound to an amount, and the loop around it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.axes import pqindex as library
from course_lib.axes.scopes import lowest
from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Callee, Case, Layer
from course_lib.teaching.exercises.base import Exercise, Misconception, choices, identity, prediction

LESSON = "05"


def _int(rng: torch.Generator, low: int, high: int) -> int:
    return int(torch.randint(low, high + 1, (), generator=rng))


def _uneven(rng: torch.Generator, *shape: int) -> Tensor:
    """Weights of which few are large, so that there is something to spare in every small group."""
    return torch.randn(*shape, generator=rng) ** 3


# ---- retain_bound


def retain_bound(d: int, index: float, p: float, q: float, eta: float = 0.0) -> float:
    """r = d (1 + eta)^(-q/(q-p)) (1 - I)^(pq/(q-p)) (Diao et al. 2023, theorem 2)."""
    return library.retain_bound(d, index, p, q, eta)


def _bounds(rng: torch.Generator) -> list[Case]:
    d, index = _int(rng, 50, 500), 0.2 + 0.3 * float(torch.rand((), generator=rng))
    eta = 0.2 + 0.3 * float(torch.rand((), generator=rng))
    return [
        Case("p = 1, q = 2, nothing lost", (100, 0.3, 1.0, 2.0, 0.0)),
        Case("p = 0.5, q = 1, nothing lost", (d, index, 0.5, 1.0, 0.0)),
        Case("p = 1, q = 2, something lost", (d, index, 1.0, 2.0, eta)),
        Case("p = 0.5, q = 1, something lost", (d, index, 0.5, 1.0, eta)),
        Case("other norms", (d, index, 0.6, 1.7, eta)),
        Case("eta left out", (d, index, 1.0, 2.0)),
        Case("index 0: all magnitudes equal", (d, 0.0, 1.0, 2.0, 0.0), edge=True),
        Case("a single weight", (1, 0.0, 0.5, 1.0, eta), edge=True),
    ]


def _number(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, Tensor) and output.numel() == 1:
        output = output.item()
    if not isinstance(output, (int, float)) or isinstance(output, bool):
        raise CourseError("return one number")
    return identity(inputs, afterwards, output if math.isfinite(output) else "not a finite number")


def _bound(form: Callable[[int, float, float, float, float], float]) -> Callable[..., float]:
    return lambda d, index, p, q, eta=0.0: form(d, index, p, q, eta)


RETAIN_BOUND = Exercise(
    "retain_bound",
    LESSON,
    1,
    retain_bound,
    _bounds,
    (
        Misconception(
            "share instead of number",
            "This is the share r / d; the bound is a number of weights: multiply by d.",
            _bound(lambda d, i, p, q, e: library.retain_bound(1, i, p, q, e)),
        ),
        Misconception(
            "what goes",
            "This is d - r, what may go; r is what has to STAY.",
            _bound(lambda d, i, p, q, e: d - library.retain_bound(d, i, p, q, e)),
        ),
        Misconception(
            "index for 1 - index",
            "The base is 1 - I: the sparser the weights, the fewer have to stay.",
            _bound(lambda d, i, p, q, e: d * (1 + e) ** (-q / (q - p)) * i ** (p * q / (q - p))),
        ),
        Misconception(
            "sign of eta's exponent",
            "The exponent of 1 + eta is NEGATIVE: who may lose more has to keep fewer.",
            _bound(lambda d, i, p, q, e: d * (1 + e) ** (q / (q - p)) * (1 - i) ** (p * q / (q - p))),
        ),
        Misconception(
            "eta ignored",
            "eta is not used: the factor (1 + eta)^(-q/(q-p)) is missing.",
            _bound(lambda d, i, p, q, e: library.retain_bound(d, i, p, q, 0)),
        ),
        Misconception(
            "1 - eta for 1 + eta",
            "The sum of all is at most (1 + eta) times that of the kept, because eta is measured against the KEPT: 1 + eta.",
            _bound(lambda d, i, p, q, e: d * (1 - e) ** (q / (q - p)) * (1 - i) ** (p * q / (q - p))),
        ),
        Misconception(
            "exponent of the index missing",
            "1 - I needs its exponent pq/(q-p); it is 1 for (0.5, 1) only by luck.",
            _bound(lambda d, i, p, q, e: d * (1 + e) ** (-q / (q - p)) * (1 - i)),
        ),
        Misconception(
            "one exponent for both",
            "The two exponents differ: q/(q-p) for eta, pq/(q-p) for the index.",
            _bound(lambda d, i, p, q, e: d * ((1 - i) / (1 + e)) ** (q / (q - p))),
        ),
        Misconception(
            "one exponent for both",
            "The two exponents differ: q/(q-p) for eta, pq/(q-p) for the index.",
            _bound(lambda d, i, p, q, e: d * ((1 - i) / (1 + e)) ** (p * q / (q - p))),
        ),
        Misconception(
            "reciprocal of the exponent",
            "The last step raises both sides to the power pq/(q-p), the reciprocal of 1/p - 1/q.",
            _bound(lambda d, i, p, q, e: d * (1 + e) ** (-q / (q - p)) * (1 - i) ** (1 / p - 1 / q)),
        ),
        Misconception(
            "whole number",
            "Do not round: r is a bound, and the rounding comes with the amount.",
            _bound(lambda d, i, p, q, e: math.ceil(library.retain_bound(d, i, p, q, e))),
        ),
        Misconception(
            "whole number",
            "Do not round: r is a bound, and the rounding comes with the amount.",
            _bound(lambda d, i, p, q, e: int(library.retain_bound(d, i, p, q, e))),
        ),
    ),
    _number,
)


# ---- sap_amount


def sap_amount(w: Tensor, p: float = 0.5, q: float = 1.0, eta: float = 0.0, gamma: float = 1.0, beta: float = 0.9) -> int:
    """c = floor(d * min(gamma * (1 - r/d), beta)) of the kept weights w (Diao et al. 2023, algorithm 1)."""
    return library.sap_amount(w, p, q, eta, gamma, beta)


def _kept_weights(rng: torch.Generator) -> list[Case]:
    n = _int(rng, 300, 400)
    drawn, uneven = torch.randn(n, generator=rng), _uneven(rng, 11, n // 7)
    # k equal entries among zeros: in exact arithmetic d - k go, and floor() of the computed number may give one less.
    d, k = ((5, 1), (10, 2), (11, 9))[_int(rng, 0, 2)]
    whole = torch.cat([torch.full((k,), 0.7), torch.zeros(d - k)])
    return [
        Case("normal weights", (drawn, 1.0, 2.0)),
        Case("a matrix with few large weights", (uneven, 0.5, 1.0)),
        Case("p and q as they are by default", (drawn,)),
        Case("eta above 0", (drawn, 1.0, 2.0, 0.3)),
        Case("a small gamma", (uneven, 1.0, 2.0, 0.0, 0.5)),
        Case("gamma above 1", (drawn, 0.5, 1.0, 0.0, 2.5)),
        Case("so large a gamma that beta binds", (uneven, 1.0, 2.0, 0.0, 8.0, 0.6)),
        Case("weights of which some are zero, but not masked", (torch.cat([drawn, torch.zeros(100)]), 1.0, 2.0)),
        Case("equal magnitudes", (torch.full((7,), -0.3), 1.0, 2.0), edge=True),
        Case("a single weight", (torch.tensor([2.0]),), edge=True),
        Case("a whole number in exact arithmetic", (whole, 1.0, 2.0, 0.0, 1.0, 1.0), edge=True),
        Case("gamma so large that everything goes", (drawn, 1.0, 2.0, 0.0, 50.0, 1.0), edge=True),
    ]


def _count(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, Tensor) and output.numel() == 1:
        output = output.item()
    if not isinstance(output, (int, float)) or isinstance(output, bool):
        raise CourseError("return one whole number")
    if output != int(output):
        return "not a whole number", output  # a share, or the floor is missing
    if isinstance(output, float):
        raise CourseError("return a whole number of type int, with which a list can be cut: math.floor or int gives one")
    return identity(inputs, afterwards, output)


def _amount(form: Callable[[int, float, float, float], float], hair: float = 1e-12) -> Callable[..., int]:
    """form: (d, r/d, gamma, beta) -> x; rounded down after the hair that floats may lack."""

    def wrong(w: Tensor, p: float = 0.5, q: float = 1.0, eta: float = 0.0, gamma: float = 1.0, beta: float = 0.9) -> int:
        d = w.numel()
        x = form(d, library.retain_bound(d, library.pq_index(w, p, q), p, q, eta) / d, gamma, beta)
        return max(0, math.floor(x + hair * d))

    return wrong


_HAIR = (
    "Where exact arithmetic gives a whole number, floats may come out a hair below, and floor takes one too few: add "
    "a hair, floor(x + 1e-12 * d)."
)
SAP_AMOUNT = Exercise(
    "sap_amount",
    LESSON,
    2,
    sap_amount,
    _kept_weights,
    (
        Misconception("a hair below", _HAIR, _amount(lambda d, r, g, b: d * min(g * (1 - r), b), hair=0)),
        Misconception("what stays", "This is what stays; the amount is what GOES.", _amount(lambda d, r, g, b: d * r)),
        Misconception(
            "what stays",
            "This is what stays; the amount is what GOES.",
            _amount(lambda d, r, g, b: d - math.floor(d * min(g * (1 - r), b) + 1e-12 * d)),
        ),
        Misconception(
            "gamma on r",
            "gamma scales what goes, 1 - r/d, not r.",
            _amount(lambda d, r, g, b: d * min(1 - g * r, b)),
        ),
        Misconception(
            "beta ignored",
            "beta is the largest share that one round may take: min(..., beta).",
            _amount(lambda d, r, g, b: d * min(g * (1 - r), 1)),
        ),
        Misconception(
            "max for min", "beta is an upper limit: take the MINIMUM.", _amount(lambda d, r, g, b: d * max(g * (1 - r), b))
        ),
        Misconception("gamma ignored", "gamma is not used.", _amount(lambda d, r, g, b: d * min(1 - r, b))),
        Misconception(
            "gamma outside the limit",
            "Scale first, then limit: with gamma outside of the minimum more than beta can go.",
            _amount(lambda d, r, g, b: d * g * min(1 - r, b)),
        ),
        Misconception(
            "round for floor",
            "Round DOWN (floor): the bound says what has to stay, so no more may go.",
            _amount(lambda d, r, g, b: round(d * min(g * (1 - r), b)) + 0.5),
        ),
        Misconception(
            "rounded up",
            "Round DOWN (floor): the bound says what has to stay, so no more may go.",
            _amount(lambda d, r, g, b: math.ceil(d * min(g * (1 - r), b) - 1e-12 * d) + 0.5),
        ),
        Misconception(
            "eta ignored",
            "eta is not handed on to retain_bound.",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: sap_amount(w, p, q, 0.0, gamma, beta),
        ),
        Misconception(
            "defaults ignored",
            "p and q are not fixed: hand them on to pq_index and to retain_bound.",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: sap_amount(w, 0.5, 1.0, eta, gamma, beta),
        ),
        Misconception(
            "the index is the share",
            "The share that goes is the index for (0.5, 1) with eta = 0 only; take it from the bound.",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: math.floor(
                w.numel() * min(gamma * library.pq_index(w, p, q), beta) + 1e-12 * w.numel()
            ),
        ),
        Misconception(
            "zeros left out",
            "A weight that is zero but not masked is a kept weight, and counts.",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: sap_amount(w[w != 0], p, q, eta, gamma, beta),
        ),
        Misconception(
            "length instead of size",
            "len(w) is the first axis only; d is w.numel().",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: math.floor(
                len(w) * min(gamma * (1 - library.retain_bound(1, library.pq_index(w, p, q), p, q, eta)), beta)
                + 1e-12 * len(w)
            ),
        ),
        Misconception(
            "share instead of number",
            "This is a share; the amount is a whole number of weights.",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: min(
                gamma * (1 - library.retain_bound(1, library.pq_index(w, p, q), p, q, eta)), beta
            ),
        ),
        Misconception(
            "floor missing",
            "Weights go whole: round down, floor(...).",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: (
                w.numel() * min(gamma * (1 - library.retain_bound(1, library.pq_index(w, p, q), p, q, eta)), beta)
            ),
        ),
    ),
    _count,
)


# ---- sap_round


def sap_round(
    weights: Mapping[str, Tensor], masks: Mapping[str, Tensor], scope: str, p: float = 0.5, q: float = 1.0
) -> dict[str, Tensor]:
    """New masks after one round: in every group the `sap_amount` of its kept weights goes, the smallest magnitudes first."""
    return _round(weights, masks, scope, p, q)


def _round(
    weights: Mapping[str, Tensor],
    masks: Mapping[str, Tensor],
    scope: str,
    p: float = 0.5,
    q: float = 1.0,
    one: Callable[[Tensor, Tensor, float, float], Tensor] | None = None,
) -> dict[str, Tensor]:
    """one: (flat weights, flat mask, p, q) of a group -> its new mask."""
    one = one or _group
    if scope == "global":
        flat = [torch.cat([t[name].flatten() for name in weights]) for t in (weights, masks)]
        parts = one(*flat, p, q).split([w.numel() for w in weights.values()])
        return {name: part.view_as(weights[name]) for name, part in zip(weights, parts, strict=True)}
    rows = {name: len(w) if scope == "neuron" else 1 for name, w in weights.items()}
    return {
        name: torch.stack(
            [
                one(values, kept, p, q)
                for values, kept in zip(w.reshape(rows[name], -1), masks[name].reshape(rows[name], -1), strict=True)
            ]
        ).view_as(w)
        for name, w in weights.items()
    }


def _group(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    if not mask.any():
        return mask
    return mask & ~lowest(w.abs(), library.sap_amount(w[mask], p, q), mask)


def _networks(rng: torch.Generator) -> list[Case]:
    weights = {"conv.weight": _uneven(rng, 5, 2, 3, 3), "dense.weight": 4 * _uneven(rng, 6, 12) + 0.01}
    dense = {name: torch.ones_like(w, dtype=torch.bool) for name, w in weights.items()}
    masks = {name: w.abs() > w.abs().median() for name, w in weights.items()}
    zeroed = {name: w * masks[name] for name, w in weights.items()}
    empty = {name: mask.clone() for name, mask in masks.items()}
    empty["dense.weight"][_int(rng, 0, 5)] = False
    tied = torch.full((3, 8), 0.5)
    tied[:, 0], tied[:, 3] = 30.0, -40.0
    ties = {"dense.weight": tied}, {"dense.weight": torch.ones(3, 8, dtype=torch.bool)}
    equal = {"dense.weight": torch.full((2, 6), -0.5)}, {"dense.weight": torch.ones(2, 6, dtype=torch.bool)}
    return [
        Case("the first round, scope layer", (weights, dense, "layer", 1.0, 2.0)),
        Case("the first round, scope neuron", (weights, dense, "neuron", 1.0, 2.0)),
        Case("the first round, scope global", (weights, dense, "global", 1.0, 2.0)),
        Case("a later round, scope layer", (zeroed, masks, "layer", 1.0, 2.0)),
        Case("a later round, scope neuron", (zeroed, masks, "neuron", 1.0, 2.0)),
        Case("a later round, scope global", (zeroed, masks, "global")),
        Case("weights that are masked but not zero", (weights, masks, "layer")),
        Case("equal magnitudes at the cut", (*ties, "layer", 1.0, 2.0), edge=True),
        Case("nothing to spare", (*equal, "layer"), edge=True),
        Case("a neuron with nothing left", (zeroed, empty, "neuron", 1.0, 2.0), edge=True),
    ]


def _new_masks(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Of equal magnitudes any may go: what counts is which magnitudes each group keeps, and that nothing comes back."""
    weights, masks, scope, *_ = inputs
    if not isinstance(output, Mapping) or set(output) != set(weights):
        raise CourseError(f"return a dict with one mask for each of {', '.join(weights)}")
    for name, w in weights.items():
        mask = output[name]
        if not isinstance(mask, Tensor) or mask.dtype != torch.bool or mask.shape != w.shape:
            raise CourseError(f"the mask of {name} has to be a bool tensor of the shape {tuple(w.shape)}, True = kept")
    revived = sum(int((output[name] & ~masks[name]).sum()) for name in weights)
    groups = {
        "global": [[(w, output[name]) for name, w in weights.items()]],
        "layer": [[(w, output[name])] for name, w in weights.items()],
        "neuron": [[pair] for name, w in weights.items() for pair in zip(w, output[name], strict=True)],
    }[scope]
    kept = [torch.cat([w[mask].abs() for w, mask in group]).sort().values for group in groups]
    return kept, revived, afterwards


def _told(inputs: tuple[Any, ...], output: Mapping[str, Tensor]) -> str:
    return "kept: " + ", ".join(f"{name} {int(mask.sum())} of {mask.numel()}" for name, mask in output.items())


def _by(one: Callable[[Tensor, Tensor, float, float], Tensor]) -> Callable[..., dict[str, Tensor]]:
    return lambda weights, masks, scope, p=0.5, q=1.0: _round(weights, masks, scope, p, q, one)


def _always(scope: str) -> Callable[..., dict[str, Tensor]]:
    return lambda weights, masks, given, p=0.5, q=1.0: _round(weights, masks, scope, p, q)


def _counts_zeros(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    w = w.masked_fill(~mask, 0)
    count = library.sap_amount(w, p, q) if bool(w.any()) else 0
    return mask & ~lowest(w.abs(), min(count, int(mask.sum())), mask)


def _ranks_zeros(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    return mask & ~lowest(w.masked_fill(~mask, 0).abs(), library.sap_amount(w[mask], p, q)) if mask.any() else mask


def _of_the_original(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    if not mask.any():
        return mask
    share = 1 - library.retain_bound(1, library.pq_index(w[mask], p, q), p, q)
    count = math.floor(min(share, 0.9) * w.numel() + 1e-12 * w.numel())
    return mask & ~lowest(w.abs(), min(count, int(mask.sum())), mask)


def _ignores_masks(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    return ~lowest(w.abs(), library.sap_amount(w, p, q)) if bool(w.any()) else torch.ones_like(mask)


def _largest(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    return mask & ~lowest(-w.abs(), library.sap_amount(w[mask], p, q), mask) if mask.any() else mask


def _signed(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    return mask & ~lowest(w, library.sap_amount(w[mask], p, q), mask) if mask.any() else mask


def _threshold(keep: Callable[[Tensor, Tensor], Tensor], step: int) -> Callable[[Tensor, Tensor, float, float], Tensor]:
    def wrong(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
        count = library.sap_amount(w[mask], p, q) if mask.any() else 0
        if not count:
            return mask
        return mask & keep(w.abs(), w[mask].abs().sort().values[count - step])

    return wrong


_TIES = "With equal magnitudes at the cut a threshold takes all of them, or none: choose that many INDICES."
SAP_ROUND = Exercise(
    "sap_round",
    LESSON,
    3,
    sap_round,
    _networks,
    (
        Misconception("ties", _TIES, _by(_threshold(torch.gt, 1))),
        Misconception("ties", _TIES, _by(_threshold(torch.ge, 0))),
        Misconception(
            "scope ignored", "This ranks within layers whatever `scope` says; the groups differ with it.", _always("layer")
        ),
        Misconception("scope ignored", "This ranks all layers together whatever `scope` says.", _always("global")),
        Misconception("scope ignored", "This ranks within neurons whatever `scope` says.", _always("neuron")),
        Misconception(
            "masked weights counted",
            "The masked weights count here: with their zeros the index rises and too many go. Hand sap_amount only w[mask].",
            _by(_counts_zeros),
        ),
        Misconception(
            "zeros ranked again",
            "What is gone is ranked again and, being smallest, goes again: choose among the kept ones only.",
            _by(_ranks_zeros),
        ),
        Misconception(
            "amount of the original",
            "The share is taken of the dense size; c is a number of the weights that are still KEPT.",
            _by(_of_the_original),
        ),
        Misconception(
            "what was gone comes back",
            "The old mask is not used: what was gone counts, and may come back. New masks only take away: old & new.",
            _by(_ignores_masks),
        ),
        Misconception("largest go", "This takes the largest magnitudes; the smallest go.", _by(_largest)),
        Misconception("no absolute value", "Without abs the most negative weights go first: rank |w|.", _by(_signed)),
        Misconception(
            "inverted mask",
            "True means KEPT; this marks what goes.",
            lambda weights, masks, scope, p=0.5, q=1.0: {k: ~m for k, m in _round(weights, masks, scope, p, q).items()},
        ),
        Misconception(
            "columns for neurons",
            "A neuron is a ROW, w[j] (a filter of a convolution likewise); this groups by columns.",
            lambda weights, masks, scope, p=0.5, q=1.0: (
                {
                    name: _round({name: w.transpose(0, 1)}, {name: masks[name].transpose(0, 1)}, "neuron", p, q)[
                        name
                    ].transpose(0, 1)
                    for name, w in weights.items()
                }
                if scope == "neuron"
                else _round(weights, masks, scope, p, q)
            ),
        ),
        Misconception(
            "p and q ignored",
            "p and q are not handed on to sap_amount.",
            lambda weights, masks, scope, p=0.5, q=1.0: _round(weights, masks, scope),
        ),
    ),
    _new_masks,
    _told,
)


# ---- rewind


def rewind(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    """Set the whole state of `model` back to `start`, in place, and then what `masks` exclude to zero."""
    model.load_state_dict(dict(start))
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0


def _trained(rng: torch.Generator) -> list[Case]:
    def case(label: str, kind: str, masked: bool = True, edge: bool = False, **arguments: Any) -> Case:
        module = getattr(nn, kind)(**arguments)
        state = module.state_dict()
        start, now = (
            {k: (torch.randn(t.shape, generator=rng) if t.is_floating_point() else t.clone() + by) for k, t in state.items()}
            for by in (0, 9)
        )
        masks = {"weight": torch.rand(start["weight"].shape, generator=rng) < 0.5} if masked else {}
        if masked:
            masks["weight"].view(-1)[:2] = torch.tensor([True, False])
        return Case(label, (Layer(kind, arguments, now), start, masks), edge)

    n = _int(rng, 4, 6)
    with torch.random.fork_rng(devices=[]):
        return [
            case("a dense layer", "Linear", in_features=n, out_features=3),
            case("a dense layer without bias", "Linear", in_features=3, out_features=n, bias=False),
            case("a convolution", "Conv2d", in_channels=2, out_channels=n, kernel_size=3),
            case("a layer of which nothing is masked", "Linear", False, in_features=2, out_features=n),
            case("a BatchNorm, which has running statistics", "BatchNorm1d", False, True, num_features=n),
        ]


def _state(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """What counts is the model; returning it as well is fine."""
    return afterwards


def _rewinding(
    which: Callable[[str, Mapping[str, Tensor]], bool] = lambda name, masks: True,
    zero: Callable[[Tensor], Tensor | None] = lambda mask: ~mask,
    buffers: bool = True,
) -> Callable[..., None]:
    """which: what is set back; zero: what of a masked weight is set to zero."""

    def wrong(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
        tensors = dict(model.named_parameters()) | (dict(model.named_buffers()) if buffers else {})
        with torch.no_grad():
            for name, tensor in tensors.items():
                if which(name, masks):
                    tensor.copy_(start[name])
                if name in masks and (gone := zero(masks[name])) is not None:
                    tensor[gone] = 0

    return wrong


def _start_overwritten(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    for name, mask in masks.items():
        start[name][~mask] = 0
    model.load_state_dict(dict(start))


def _only_the_gone(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, mask in masks.items():
            parameter = model.get_parameter(name)
            parameter[~mask] = start[name][~mask]


def _without_no_grad(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    model.load_state_dict(dict(start))
    for name, mask in masks.items():
        model.get_parameter(name)[~mask] = 0


REWIND = Exercise(
    "rewind",
    LESSON,
    2,
    rewind,
    _trained,
    (
        Misconception(
            "masks forgotten",
            "The pruned weights are back at their start values: apply the masks after rewinding.",
            _rewinding(zero=lambda mask: None),
        ),
        Misconception(
            "running statistics left",
            "BatchNorm's running statistics are not parameters, but part of the state: rewind all of `start`.",
            _rewinding(buffers=False),
        ),
        Misconception(
            "only the masked parameters",
            "Only what has a mask is rewound: biases and norms keep what they learned. Rewind the whole state.",
            _rewinding(which=lambda name, masks: name in masks),
        ),
        Misconception(
            "nothing rewound",
            "The masks are applied, but the survivors keep their trained values: set them to those of `start` first.",
            _rewinding(which=lambda name, masks: False),
        ),
        Misconception("inverted mask", "This zeroes the survivors: True means KEPT.", _rewinding(zero=lambda mask: mask)),
        Misconception(
            "changes nothing",
            "Nothing has changed: write into the model's own tensors, for example with model.load_state_dict(start).",
            lambda model, start, masks: rewind(copy.deepcopy(model), start, masks),
        ),
        Misconception(
            "start overwritten",
            "The zeros are written into `start`, so the next rewinding starts from a pruned network: mask the MODEL.",
            _start_overwritten,
        ),
        Misconception(
            "only the pruned ones",
            "This sets the PRUNED weights to their start values and leaves the survivors trained: the reverse is asked for.",
            _only_the_gone,
        ),
        Misconception(
            "autograd in the way",
            "A parameter that records gradients cannot be changed in place: do it under torch.no_grad().",
            _without_no_grad,
        ),
    ),
    _state,
)


# ---- sap_loop


def sap_loop(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> Any:
    """Prune, rewind if a function for it is given, train; `rounds` times; return the last masks."""
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
    return masks


def _loops(rng: torch.Generator) -> list[Case]:
    prune, back, fit = Callee("prune"), Callee("rewind", token=False), Callee("fit", token=False)
    rounds = _int(rng, 3, 5)
    return [
        Case("two rounds with rewinding", (2, prune, back, fit, "dense")),
        Case("two rounds of fine-tuning: rewind is None", (2, prune, None, fit, "dense")),
        Case("several rounds with rewinding", (rounds, prune, back, fit, "start")),
        Case("several rounds of fine-tuning", (rounds, prune, None, fit, "start")),
        Case("no round at all", (0, prune, back, fit, "dense"), edge=True),
    ]


def _loop(*steps: str, old: str = "", start: bool = False) -> Callable[..., Any]:
    """steps: what is done in a round, in this order; old: which of them gets the masks from before the round."""

    def wrong(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> Any:
        first = masks
        for _ in range(rounds):
            before = masks
            for step in steps:
                if step == "prune":
                    masks = prune(first if start else masks)
                elif step == "fit":
                    fit(before if old == "fit" else masks)
                elif rewind is not None:
                    rewind(before if old == "rewind" else masks)
        return masks

    return wrong


def _outside(name: str) -> Callable[..., Any]:
    def wrong(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> Any:
        for _ in range(rounds):
            masks = prune(masks)
            if name != "rewind" and rewind is not None:
                rewind(masks)
            if name != "fit":
                fit(masks)
        if name == "fit":
            fit(masks)
        elif rewind is not None:
            rewind(masks)
        return masks

    return wrong


def _always_rewinds(rounds: int, prune: Callable, rewind: Callable, fit: Callable, masks: Any) -> Any:
    for _ in range(rounds):
        masks = prune(masks)
        rewind(masks)
        fit(masks)
    return masks


def _throws_away(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> Any:
    for _ in range(rounds):
        prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
    return masks


def _returns_none(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> None:
    sap_loop(rounds, prune, rewind, fit, masks)


def _returns_early(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> Any:
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
        return masks
    return masks


SAP_LOOP = Exercise(
    "sap_loop",
    LESSON,
    2,
    sap_loop,
    _loops,
    (
        Misconception(
            "ranks the rewound weights",
            "Rewinding comes before pruning here, so the initial values are ranked, of which training knows nothing.",
            _loop("rewind", "prune", "fit"),
        ),
        Misconception(
            "rewinds after training",
            "Rewinding after training throws the training away: prune, rewind, train.",
            _loop("prune", "fit", "rewind"),
        ),
        Misconception(
            "trains before pruning",
            "The network comes in trained: prune first; the last prune is never repaired here.",
            _loop("fit", "prune", "rewind"),
        ),
        Misconception("never rewinds", "`rewind` is never called.", _loop("prune", "fit")),
        Misconception("never trains", "Nothing is trained: call fit(masks) in every round.", _loop("prune", "rewind")),
        Misconception(
            "always rewinds", "rewind may be None, which means fine-tuning: then it cannot be called.", _always_rewinds
        ),
        Misconception(
            "prunes from the start every round",
            "Every round starts from the first masks again: hand `prune` the masks of the round before it.",
            _loop("prune", "rewind", "fit", start=True),
        ),
        Misconception(
            "trains with the old masks",
            "Training gets the masks of the round BEFORE: what was just pruned would grow back.",
            _loop("prune", "rewind", "fit", old="fit"),
        ),
        Misconception(
            "rewinds with the old masks",
            "Rewinding gets the masks of the round BEFORE: what was just pruned comes back.",
            _loop("prune", "rewind", "fit", old="rewind"),
        ),
        Misconception("trains only once", "Train in EVERY round, not once in the end.", _outside("fit")),
        Misconception("rewinds only once", "Rewind in EVERY round, before training.", _outside("rewind")),
        Misconception(
            "throws the new masks away",
            "What `prune` returns is thrown away: it does not change the masks it is given, it returns new ones.",
            _throws_away,
        ),
        Misconception(
            "returns within the loop", "The `return` stands inside the loop: it ends after the first round.", _returns_early
        ),
        Misconception("returns nothing", "The last masks are not returned.", _returns_none),
    ),
)

_BUGS = {
    "A": {
        1: "Only the kept weights: right.",
        2: "The share of THESE weights that goes: right.",
        3: "The share of what remains is taken of the original size: later rounds take too many. It is kept.numel().",
        4: "Choosing the smallest of the kept ones by index is right.",
    },
    "B": {
        1: "Only the kept weights: right.",
        2: "The amount is right.",
        3: "A threshold: with equal magnitudes at the cut all of them go, or none. Choose indices.",
    },
    "C": {
        1: "Masking is right; what is done with the result is not.",
        2: "The zeros of the mask are weights here: the index rises from round to round by itself, and so does the amount.",
        3: "Choosing c of the kept ones is right.",
    },
    "D": {
        1: "state_dict() points to the live tensors: training changes `start` too, and rewinding does nothing. Clone it.",
        2: "Training is what it is.",
        3: "Pruning is right.",
        4: "Loading the whole state is right, if it is the old one.",
        5: "Applying the masks after rewinding is right.",
    },
    "E": {
        1: "beta = 1 with gamma = 8 lets one round take everything from a layer, and nothing stops it: the network is cut "
        "in two. Give min_per_layer, or leave beta below 1.",
        2: "The pruner is used as it should be.",
        3: "Training cannot bring back a layer without weights.",
    },
}
EXERCISES = (
    RETAIN_BOUND,
    prediction("normal_share", LESSON, 0, 1),
    SAP_AMOUNT,
    SAP_ROUND,
    REWIND,
    SAP_LOOP,
    prediction("filters_gone", LESSON, 0, 64),
    choices("sap_bugs", LESSON, {"A": 3, "B": 3, "C": 2, "D": 1, "E": 1}, 5, _BUGS),
)
