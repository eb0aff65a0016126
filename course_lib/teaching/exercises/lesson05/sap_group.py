"""One round of SAP in one group of weights that are ranked together."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.axes import pqindex as library
from course_lib.axes.selection import lowest
from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import few_large, integer


def sap_group(w: Tensor, mask: Tensor, p: float = 1.0, q: float = 2.0) -> Tensor:
    """The mask after one round: `sap_amount` of the kept weights go, the smallest magnitudes first."""
    return mask & ~_smallest(w.abs(), library.sap_amount(w[mask], p, q), mask) if mask.any() else mask.clone()


def _smallest(scores: Tensor, count: int, allowed: Tensor | None = None) -> Tensor:
    """True at the `count` lowest of the allowed scores, in their shape."""
    return lowest(scores.flatten(), count, None if allowed is None else allowed.flatten()).view(scores.shape)


def close_together() -> Tensor:
    """Magnitudes of which the smaller ones differ by little, (3, 8)."""
    near = 0.5 + torch.tensor([5.0, 1.0, 4.0, 0.0, 3.0, 2.0]).repeat(3, 1) / 4096
    return torch.cat([near, torch.tensor([[30.0, -40.0]]).expand(3, 2)], 1)


def tied() -> Tensor:
    """The same with equal magnitudes at the cut."""
    weights = close_together()
    weights[:, :6] = 0.5
    return weights


def _groups(rng: torch.Generator) -> list[Case]:
    row, matrix, filters = few_large(rng, integer(rng, 14, 20)), few_large(rng, 3, 12), few_large(rng, 2, 2, 3, 3)
    holed = matrix.clone()
    holed[:, integer(rng, 0, 5) :: 3] = 0
    lone = torch.zeros(20)
    lone[integer(rng, 0, 19)] = 2.0

    def case(label: str, w: Tensor, mask: Tensor | None = None, *norms: float, edge: bool = False) -> Case:
        return Case(label, (w, torch.ones_like(w, dtype=torch.bool) if mask is None else mask, *norms), edge)

    def half(w: Tensor) -> Tensor:
        return w.abs() > w.abs().median()

    return [
        case("the first round of a row", row),
        case("the first round of a matrix, other norms", matrix, None, 0.5, 1.0),
        case("a later round of a row", row * half(row), half(row)),
        case("a later round of a convolution", filters * half(filters), half(filters), 1.0, 2.0),
        case("weights that are masked but not zero", matrix, half(matrix), 0.5, 1.0),
        case("weights that are zero but not masked", holed),
        case("magnitudes that differ by little", close_together()),
        case("equal magnitudes at the cut", tied(), edge=True),
        case("zeros but for one weight, none of them masked", lone, edge=True),
        case("nothing to spare", torch.full((2, 6), -0.5), edge=True),
        case("a group with nothing left", torch.zeros(5), torch.zeros(5, dtype=torch.bool), edge=True),
    ]


def _new_mask(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Of equal magnitudes any may go: what counts is which magnitudes are kept, and that nothing comes back."""
    w, mask, *_ = inputs
    if not isinstance(output, Tensor) or output.dtype != torch.bool or output.shape != w.shape:
        raise CourseError(f"return a bool tensor of the shape {tuple(w.shape)}, True = kept")
    stays, goes = w[output].abs().sort().values, w[mask & ~output].abs()
    in_order = not len(stays) or not len(goes) or bool(stays[0] >= goes.max())
    return stays, in_order, int((output & ~mask).sum()), afterwards


def _described(inputs: tuple[Any, ...], output: Tensor) -> str:
    return f"kept: {int(output.sum())} of {output.numel()}"


Wrong = Callable[[Tensor, Tensor, float, float], Tensor]


def _with_some(wrong: Wrong) -> Callable[..., Tensor]:
    """A mistake that shows where something is kept."""
    return lambda w, mask, p=1.0, q=2.0: wrong(w, mask, p, q) if mask.any() else mask.clone()


@_with_some
def _counts_zeros(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    w = w.masked_fill(~mask, 0)
    count = library.sap_amount(w, p, q) if bool(w.any()) else 0
    return mask & ~_smallest(w.abs(), min(count, int(mask.sum())), mask)


@_with_some
def _ranks_zeros(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    return mask & ~_smallest(w.masked_fill(~mask, 0).abs(), library.sap_amount(w[mask], p, q))


@_with_some
def _of_the_original(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    share = 1 - library.retain_bound(1, library.pq_index(w[mask], p, q), p, q)
    count = math.floor(min(share, 0.9) * w.numel() + 1e-12 * w.numel())
    return mask & ~_smallest(w.abs(), min(count, int(mask.sum())), mask)


def _ignores_masks(w: Tensor, mask: Tensor, p: float = 1.0, q: float = 2.0) -> Tensor:
    return ~_smallest(w.abs(), library.sap_amount(w, p, q)) if bool(w.any()) else torch.ones_like(mask)


@_with_some
def _largest(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    return mask & ~_smallest(-w.abs(), library.sap_amount(w[mask], p, q), mask)


@_with_some
def _signed(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    return mask & ~_smallest(w, library.sap_amount(w[mask], p, q), mask)


@_with_some
def _rounded(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
    return mask & ~_smallest(torch.round(w.abs(), decimals=3), library.sap_amount(w[mask], p, q), mask)


def _threshold(keep: Callable[[Tensor, Tensor], Tensor], step: int) -> Callable[..., Tensor]:
    def wrong(w: Tensor, mask: Tensor, p: float, q: float) -> Tensor:
        count = library.sap_amount(w[mask], p, q)
        return mask & keep(w.abs(), w[mask].abs().sort().values[count - step]) if count else mask.clone()

    return _with_some(wrong)


_TIES = "With equal magnitudes at the cut a threshold takes all of them, or none: choose that many INDICES."
MISTAKES = (
    Misconception("ties", _TIES, _threshold(torch.gt, 1)),
    Misconception("ties", _TIES, _threshold(torch.ge, 0)),
    Misconception(
        "masked weights counted",
        "The masked weights count here: with their zeros the index rises and too many go. Hand sap_amount only w[mask].",
        _counts_zeros,
    ),
    Misconception(
        "zeros ranked again",
        "What is gone is ranked again and, being smallest, goes again: choose among the kept ones only.",
        _ranks_zeros,
    ),
    Misconception(
        "amount of the original",
        "The share is taken of the dense size; c is a number of the weights that are still KEPT.",
        _of_the_original,
    ),
    Misconception(
        "what was gone comes back",
        "The old mask is not used: what was gone counts, and may come back. New masks only take away: old & new.",
        _ignores_masks,
    ),
    Misconception("largest go", "This takes the largest magnitudes; the smallest go.", _largest),
    Misconception("no absolute value", "Without abs the most negative weights go first: rank |w|.", _signed),
    Misconception(
        "zeros taken for masked",
        "An exact zero that is not masked is a kept weight and counts as one. Ask the mask, not the weight.",
        lambda w, mask, p=1.0, q=2.0: sap_group(w, mask & (w != 0), p, q),
    ),
    Misconception(
        "zeros taken for masked",
        "What is masked need not be zero, and what is zero need not be masked: ask the mask, not the weight.",
        lambda w, mask, p=1.0, q=2.0: sap_group(w, w != 0, p, q),
    ),
    Misconception("magnitudes rounded", "Magnitudes that differ by little are not equal: rank them as they are.", _rounded),
)
EXERCISE = Exercise(
    "sap_group",
    lesson="05",
    points=2,
    reference=sap_group,
    cases=_groups,
    misconceptions=(
        *MISTAKES,
        Misconception(
            "inverted mask",
            "True means KEPT; this marks what goes.",
            lambda w, mask, p=1.0, q=2.0: ~sap_group(w, mask, p, q),
        ),
        Misconception(
            "p and q ignored",
            "p and q are not handed on to sap_amount.",
            lambda w, mask, p=1.0, q=2.0: sap_group(w, mask),
        ),
        Misconception(
            "p and q ignored",
            "p and q are not handed on to sap_amount.",
            lambda w, mask, p=1.0, q=2.0: sap_group(w, mask, 0.5, 1.0),
        ),
    ),
    view=_new_mask,
    wanted=_described,
)
