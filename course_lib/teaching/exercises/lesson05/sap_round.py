"""One round of SAP, for each scope."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from course_lib.axes import pqindex as library
from course_lib.axes.selection import lowest
from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import few_large, integer


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
    of_group: Callable[[Tensor, Tensor, float, float], Tensor] | None = None,
) -> dict[str, Tensor]:
    """of_group: (flat weights, flat mask, p, q) of a group -> its new mask."""
    of_group = of_group or _group
    if scope == "global":
        values, kept = (torch.cat([tensors[name].flatten() for name in weights]) for tensors in (weights, masks))
        parts = of_group(values, kept, p, q).split([w.numel() for w in weights.values()])
        return {name: part.view_as(weights[name]) for name, part in zip(weights, parts, strict=True)}
    rows = {name: len(w) if scope == "neuron" else 1 for name, w in weights.items()}
    return {
        name: torch.stack(
            [
                of_group(values, kept, p, q)
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
    weights = {"conv.weight": few_large(rng, 2, 2, 3, 3), "dense.weight": 8 * few_large(rng, 3, 12) + 0.01}
    dense = {name: torch.ones_like(w, dtype=torch.bool) for name, w in weights.items()}
    masks = {name: w.abs() > w.abs().median() for name, w in weights.items()}
    zeroed = {name: w * masks[name] for name, w in weights.items()}
    turned = dict(reversed(masks.items()))

    def one(label: str, w: Tensor, scope: str = "layer", mask: Tensor | None = None, edge: bool = True) -> Case:
        mask = torch.ones_like(w, dtype=torch.bool) if mask is None else mask
        return Case(label, ({"dense.weight": w}, {"dense.weight": mask}, scope, 1.0, 2.0), edge)

    near = 0.5 + torch.tensor([5.0, 1.0, 4.0, 0.0, 3.0, 2.0]).repeat(3, 1) / 4096
    near = torch.cat([near, torch.tensor([[30.0, -40.0]]).expand(3, 2)], 1)
    tied = near.clone()
    tied[:, :6] = 0.5
    holed = weights["dense.weight"].clone()
    holed[:, integer(rng, 0, 5) :: 3] = 0
    lone = torch.zeros(2, 10)
    lone[1, integer(rng, 0, 9)] = 2.0
    empty = weights["dense.weight"].abs() > weights["dense.weight"].abs().median()
    empty[integer(rng, 0, 2)] = False
    return [
        Case("the first round, scope layer", (weights, dense, "layer", 1.0, 2.0)),
        Case("the first round, scope neuron", (weights, dense, "neuron", 1.0, 2.0)),
        Case("the first round, scope global", (weights, dense, "global", 1.0, 2.0)),
        Case("a later round, scope layer", (zeroed, masks, "layer", 1.0, 2.0)),
        Case("a later round, scope neuron", (zeroed, masks, "neuron", 1.0, 2.0)),
        Case("a later round, scope global", (zeroed, masks, "global")),
        Case("weights that are masked but not zero", (weights, masks, "layer")),
        Case("masks in another order than the weights", (weights, turned, "global", 1.0, 2.0)),
        one("weights that are zero but not masked", holed, edge=False),
        one("magnitudes that differ by little", near, edge=False),
        one("equal magnitudes at the cut", tied),
        one("zeros but for one weight, none of them masked", lone),
        one("nothing to spare", torch.full((2, 6), -0.5)),
        one("a neuron with nothing left", weights["dense.weight"] * empty, "neuron", empty),
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
    return kept, _smallest_went(weights, masks, output, scope), revived, afterwards


def _smallest_went(
    weights: Mapping[str, Tensor], masks: Mapping[str, Tensor], output: Mapping[str, Tensor], scope: str
) -> list[bool]:
    """Whether in each group nothing that stays is smaller than what goes, however little smaller."""
    stays, goes = (
        {name: w.abs().masked_fill(~of(name), fill).reshape(len(w), -1) for name, w in weights.items()}
        for of, fill in ((output.__getitem__, torch.inf), (lambda name: masks[name] & ~output[name], -1.0))
    )
    least, most = ([t.amin(1) for t in stays.values()], [t.amax(1) for t in goes.values()])
    if scope != "neuron":
        least, most = [t.min()[None] for t in least], [t.max()[None] for t in most]
    if scope == "global":
        least, most = [torch.cat(least).min()[None]], [torch.cat(most).max()[None]]
    return (torch.cat(least) >= torch.cat(most)).tolist()


def _described(inputs: tuple[Any, ...], output: Mapping[str, Tensor]) -> str:
    return "kept: " + ", ".join(f"{name} {int(mask.sum())} of {mask.numel()}" for name, mask in output.items())


def _by(of_group: Callable[[Tensor, Tensor, float, float], Tensor]) -> Callable[..., dict[str, Tensor]]:
    return lambda weights, masks, scope, p=0.5, q=1.0: _round(weights, masks, scope, p, q, of_group)


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


def _holes_left_out(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    return _group(w, mask & (w != 0), p, q)


def _nonzero_kept(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    return _group(w, w != 0, p, q)


def _rounded(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    if not mask.any():
        return mask
    return mask & ~lowest(torch.round(w.abs(), decimals=3), library.sap_amount(w[mask], p, q), mask)


def _by_place(
    weights: Mapping[str, Tensor], masks: Mapping[str, Tensor], scope: str, p: float = 0.5, q: float = 1.0
) -> dict[str, Tensor]:
    if scope != "global":
        return _round(weights, masks, scope, p, q)
    flat = torch.cat([mask.flatten() for mask in masks.values()]).split([w.numel() for w in weights.values()])
    return _round(weights, {k: m.view_as(weights[k]) for k, m in zip(weights, flat, strict=True)}, scope, p, q)


def _threshold(keep: Callable[[Tensor, Tensor], Tensor], step: int) -> Callable[[Tensor, Tensor, float, float], Tensor]:
    def wrong(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
        count = library.sap_amount(w[mask], p, q) if mask.any() else 0
        if not count:
            return mask
        return mask & keep(w.abs(), w[mask].abs().sort().values[count - step])

    return wrong


_TIES = "With equal magnitudes at the cut a threshold takes all of them, or none: choose that many INDICES."
EXERCISE = Exercise(
    "sap_round",
    lesson="05",
    points=3,
    reference=sap_round,
    cases=_networks,
    misconceptions=(
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
            "zeros taken for masked",
            "An exact zero that is not masked is a kept weight and counts as one. Ask the mask, not the weight.",
            _by(_holes_left_out),
        ),
        Misconception(
            "zeros taken for masked",
            "What is masked need not be zero, and what is zero need not be masked: ask the mask, not the weight.",
            _by(_nonzero_kept),
        ),
        Misconception(
            "magnitudes rounded", "Magnitudes that differ by little are not equal: rank them as they are.", _by(_rounded)
        ),
        Misconception(
            "by place, not by name",
            "Masks belong to the weights of their NAME; the two dicts may list them in different orders.",
            _by_place,
        ),
        Misconception(
            "p and q ignored",
            "p and q are not handed on to sap_amount.",
            lambda weights, masks, scope, p=0.5, q=1.0: _round(weights, masks, scope),
        ),
    ),
    view=_new_masks,
    wanted=_described,
)
