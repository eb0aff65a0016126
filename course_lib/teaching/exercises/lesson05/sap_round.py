"""One round of SAP, for each scope."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from course_lib.axes import pqindex as library
from course_lib.axes.scopes import lowest
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
    weights = {"conv.weight": few_large(rng, 5, 2, 3, 3), "dense.weight": 4 * few_large(rng, 6, 12) + 0.01}
    dense = {name: torch.ones_like(w, dtype=torch.bool) for name, w in weights.items()}
    masks = {name: w.abs() > w.abs().median() for name, w in weights.items()}
    zeroed = {name: w * masks[name] for name, w in weights.items()}
    empty = {name: mask.clone() for name, mask in masks.items()}
    empty["dense.weight"][integer(rng, 0, 5)] = False
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
            "p and q ignored",
            "p and q are not handed on to sap_amount.",
            lambda weights, masks, scope, p=0.5, q=1.0: _round(weights, masks, scope),
        ),
    ),
    view=_new_masks,
    wanted=_described,
)
