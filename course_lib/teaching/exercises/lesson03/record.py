"""Add one batch to the sums that mean activation and APoZ are computed from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.lesson03.outputs import MIXED, other_axes, rectified
from course_lib.teaching.exercises.views import unwrapped


def record(total: Tensor, zeros: Tensor, count: int, outputs: Tensor) -> tuple[Tensor, Tensor, int]:
    """Add one batch of outputs, (b, c) or (b, c, h, w), to the sums, numbers of zeros (c,) and count of each unit."""
    others = other_axes(outputs)
    return (
        total + outputs.sum(others),
        zeros + (outputs == 0).sum(others),
        count + outputs.numel() // outputs.shape[1],
    )


def _tallies(rng: torch.Generator) -> list[Case]:
    def case(label: str, outputs: Tensor, fresh: bool = False) -> Case:
        units = outputs.shape[1]
        total = torch.zeros(units) if fresh else 50 * torch.rand(units, generator=rng)
        zeros = torch.zeros(units) if fresh else torch.randint(5, 50, (units,), generator=rng).float()
        edge = not outputs.any() or bool((outputs.abs() < 1e-6).all())
        return Case(label, (total, zeros, 0 if fresh else integer(rng, 60, 90), outputs), edge)

    b, c, h, w = integer(rng, 4, 6), integer(rng, 7, 9), 2, 3
    return [
        case("the first batch", rectified(rng, 2, 3, 2, 2), fresh=True),
        case("a later batch", rectified(rng, b, c, h, w)),
        case("a batch of one image", rectified(rng, 1, c, h, w)),
        case("quiet neurons, without rows and columns", 0.01 * rectified(rng, b, c), fresh=True),
        case("outputs that can be negative", torch.randn(b, c, h, w, generator=rng)),
        case("tiny activations that are not zero", 1e-20 * (1 + rectified(rng, b, c, h, w))),
        case("outputs of zeros", torch.zeros(b, c, h, w)),
    ]


def _three(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if not isinstance(output, (tuple, list)) or len(output) != 3:
        raise CourseError("return the three: total, zeros, count")
    total, zeros, count = output
    for name, value in (("total", total), ("zeros", zeros)):
        if not isinstance(value, Tensor) or value.shape != inputs[0].shape:
            raise CourseError(f"{name} is a tensor of shape {tuple(inputs[0].shape)}, one entry a unit")
    return total, zeros, unwrapped(count), afterwards


def _tally(
    summed: Callable[[Tensor], Tensor] = lambda o: o.sum(other_axes(o)),
    zero: Callable[[Tensor], Tensor] = lambda o: (o == 0).sum(other_axes(o)),
    counted: Callable[[Tensor], int] = lambda o: o.numel() // o.shape[1],
    add: bool = True,
) -> Callable[..., tuple[Tensor, Tensor, int]]:
    def wrong(total: Tensor, zeros: Tensor, count: int, outputs: Tensor) -> tuple[Tensor, Tensor, int]:
        found = summed(outputs), zero(outputs), counted(outputs)
        return (total + found[0], zeros + found[1], count + found[2]) if add else found

    return wrong


def _exchanged(total: Tensor, zeros: Tensor, count: int, outputs: Tensor) -> tuple[Tensor, Tensor, int]:
    total, zeros, count = record(total, zeros, count, outputs)
    return zeros, total, count


def _rounded(summed: Callable[[Tensor], Tensor]) -> Callable[..., tuple[Tensor, Tensor, int]]:
    def wrong(total: Tensor, zeros: Tensor, count: int, outputs: Tensor) -> tuple[Tensor, Tensor, int]:
        rounded = (total + summed(outputs)).round(decimals=3)
        return rounded, *record(total, zeros, count, outputs)[1:]

    return wrong


_IMAGES = "The count is of all outputs of a unit: images times rows times columns."
EXERCISE = Exercise(
    "record",
    lesson="03",
    points=2,
    reference=record,
    cases=_tallies,
    misconceptions=(
        Misconception(
            "counts images",
            f"{_IMAGES} This counts images only.",
            _tally(counted=lambda o: o.shape[0]),
        ),
        Misconception(
            "counts all units together",
            f"{_IMAGES} This counts the outputs of all units together.",
            _tally(counted=lambda o: o.numel()),
        ),
        Misconception("counts batches", f"{_IMAGES} This counts batches.", _tally(counted=lambda o: 1)),
        Misconception(
            "forgets what was there",
            "This is the tally of the last batch only: add to what came before.",
            _tally(add=False),
        ),
        Misconception(
            "mean instead of sum",
            "These are means. Batches may have different sizes, so keep SUMS and divide once, in the end.",
            _tally(summed=lambda o: o.mean(other_axes(o))),
        ),
        Misconception(
            "shares instead of numbers",
            "These are shares of zeros. Batches may have different sizes, so keep NUMBERS and divide once, in the end.",
            _tally(zero=lambda o: (o == 0).float().mean(other_axes(o))),
        ),
        Misconception(
            "negative taken for zero",
            "Only exact zeros count as zeros; a negative output is not silent.",
            _tally(zero=lambda o: (o <= 0).sum(other_axes(o))),
        ),
        Misconception(
            "small taken for zero",
            "Only exact zeros count as zeros; a small output is not silent.",
            _tally(zero=lambda o: (o.abs() < 1e-6).sum(other_axes(o))),
        ),
        Misconception(
            "counts what is not zero",
            "This counts the outputs that are NOT zero.",
            _tally(zero=lambda o: (o != 0).sum(other_axes(o))),
        ),
        Misconception(
            "absolute values",
            "The mean activation takes the outputs as they are, without abs.",
            _tally(summed=lambda o: o.abs().sum(other_axes(o))),
        ),
        Misconception(
            "rectified",
            "The outputs come as they are, negative ones too: no ReLU here.",
            _tally(summed=lambda o: o.relu().sum(other_axes(o)), zero=lambda o: (o <= 0).sum(other_axes(o))),
        ),
        Misconception(
            "square maps only",
            "Maps are not always square: images times rows times columns.",
            _tally(counted=lambda o: len(o) * o.shape[-1] ** (o.ndim - 2)),
        ),
        Misconception(
            "axes mixed up",
            MIXED,
            _tally(
                summed=lambda o: o.reshape(o.shape[1], -1).sum(1), zero=lambda o: (o.reshape(o.shape[1], -1) == 0).sum(1)
            ),
        ),
        Misconception("exchanged", "The sums come first, then the zeros; here it is the other way round.", _exchanged),
        *(  # added up in another order, a sum can be rounded to its other side
            Misconception("rounded", "The sums are rounded: keep them as they are.", _rounded(summed))
            for summed in (lambda o: o.sum(other_axes(o)), lambda o: o.transpose(0, 1).flatten(1).sum(1))
        ),
    ),
    view=_three,
)
