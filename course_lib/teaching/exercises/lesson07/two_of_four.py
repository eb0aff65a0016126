"""The 2:4 pattern: of four neighbours in a row of the weight, two go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer


def two_of_four(weight: Tensor) -> Tensor:
    """(m, n) weight, n a multiple of 4 -> (m, n) bool, True = kept: the two largest of each four neighbours in a row."""
    fours = weight.abs().reshape(-1, 4)
    kept = torch.zeros_like(fours, dtype=torch.bool)
    return kept.scatter(1, fours.argsort(1)[:, 2:], True).view(weight.shape)


def _weights(rng: torch.Generator) -> list[Case]:
    def drawn(rows: int, fours: int) -> Tensor:
        shape = (rows, 4 * fours)
        sizes = torch.randperm(shape[0] * shape[1], generator=rng).float().view(shape) + 1
        return sizes * (torch.rand(shape, generator=rng) - 0.5).sign()

    tied = torch.tensor([[2.0, 1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 3.0]]) * (torch.rand(2, 8, generator=rng) - 0.5).sign()
    sorted_rows = drawn(2, 4).abs().sort(1).values  # one four has the smallest of the row, another the largest
    zeros = drawn(2, 2)
    zeros[0, :3] = 0
    return [
        Case("a row of four", (torch.tensor([[0.1, -3.0, 2.0, -0.2]]),)),
        Case("two rows of eight", (drawn(2, 2),)),
        Case("rows in rising order", (sorted_rows,)),
        Case("as many rows as columns", (drawn(8, 2),)),
        Case("more rows than columns", (drawn(12, integer(rng, 1, 2)),)),
        Case("equal magnitudes", (tied,), edge=True),
        Case("a four with three zeros", (zeros,), edge=True),
        Case("only zeros", (torch.zeros(2, 4),), edge=True),
        Case("a weight that is not contiguous", (drawn(8, 2).T,), edge=True),
        Case("float64, tiny differences", (1 + 1e-9 * drawn(2, 2).double(),), edge=True),
    ]


def _kept(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Of equal magnitudes any may go: what counts are the places, by size in their four, of those that are kept."""
    (weight,) = inputs
    if not isinstance(output, Tensor) or output.dtype != torch.bool or output.shape != weight.shape:
        raise CourseError(f"return a bool tensor of shape {tuple(weight.shape)}, True = kept")
    fours, kept = weight.abs().reshape(-1, 4), output.reshape(-1, 4)
    order = (fours[:, :, None] > fours[:, None, :]).sum(2)  # how many of its four are smaller
    return torch.where(kept, order, -1).sort(1).values, afterwards


def _fours(mark: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda weight: mark(weight.reshape(-1, 4)).reshape(weight.shape)


def _best(values: Tensor, count: int = 2, largest: bool = True) -> Tensor:
    """Mark, in each row, `count` entries of the largest (or smallest) values."""
    chosen = values.argsort(dim=1, descending=largest, stable=True)[:, :count]
    return torch.zeros_like(values, dtype=torch.bool).scatter(1, chosen, True)


def _down_the_columns(weight: Tensor) -> Tensor:
    return two_of_four(weight.T).T


def _half_of_all(weight: Tensor) -> Tensor:
    return _best(weight.abs().reshape(1, -1), weight.numel() // 2).view(weight.shape)


def _strided(weight: Tensor) -> Tensor:
    fours = weight.abs().reshape(len(weight), 4, -1).transpose(1, 2)
    return _best(fours.reshape(-1, 4)).view(fours.shape).transpose(1, 2).reshape(weight.shape)


def _above_median(fours: Tensor) -> Tensor:
    return fours.abs() > fours.abs().median(1, keepdim=True).values


def _not_below_third(fours: Tensor) -> Tensor:
    return fours.abs() >= fours.abs().sort(1).values[:, 2:3]


_TIES = "With equal magnitudes a threshold keeps all of them, or none: choose two INDICES of each four."
EXERCISE = Exercise(
    "two_of_four",
    lesson="07",
    points=1,
    reference=two_of_four,
    cases=_weights,
    misconceptions=(
        Misconception(
            "signs kept",
            "A large weight may be negative: what counts is its magnitude, abs().",
            _fours(lambda fours: _best(fours)),
        ),
        Misconception("half of all", "Half of the weights are kept, but not two of EACH four neighbours.", _half_of_all),
        Misconception(
            "half of each row",
            "Half of each row is kept, but not two of EACH four neighbours.",
            lambda weight: _best(weight.abs(), weight.shape[1] // 2),
        ),
        Misconception(
            "the two smallest",
            "True means KEPT; this keeps the two smallest.",
            _fours(lambda f: _best(f.abs(), largest=False)),
        ),
        Misconception("one of four", "Two of each four stay, not one.", _fours(lambda fours: _best(fours.abs(), 1))),
        Misconception("three of four", "Two of each four go, not one.", _fours(lambda fours: _best(fours.abs(), 3))),
        Misconception(
            "the first two",
            "The first two of each four are kept, whatever they are; the two of the largest magnitude should be.",
            _fours(lambda fours: (torch.arange(4) < 2).expand(fours.shape)),
        ),
        Misconception(
            "every other one",
            "Every other weight is kept, whatever it is; the two of the largest magnitude should be.",
            _fours(lambda fours: (torch.arange(4) % 2 == 0).expand(fours.shape)),
        ),
        Misconception(
            "not neighbours",
            "The four are not neighbours: reshape(m, 4, n // 4) puts entries together that lie far apart; the 4 comes last.",
            _strided,
        ),
        Misconception("a threshold", _TIES, _fours(_above_median)),
        Misconception("a threshold", _TIES, _fours(_not_below_third)),
        Misconception(
            "down the columns",
            "Neighbours lie in a ROW: they are read by one output, one after the other.",
            _down_the_columns,
        ),
    ),
    view=_kept,
)
