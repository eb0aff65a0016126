"""Outputs of a layer in batches, for the exercises on mean activation and APoZ."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.draws import integer

UNEQUAL = (
    "This is a mean of batch means: a last batch of one image would count as much as a full one. Divide once, in the end."
)

MIXED = (
    "reshape does not exchange axes: the numbers of several units land in one row. Bring the units to the front first, with "
    "transpose(0, 1)."
)
EQUAL_SIZES = "Batches have different sizes: add up how many outputs there really are."
ROUNDED = "The result is rounded: return it as it is, and round where you print."


def rectified(rng: torch.Generator, *shape: int) -> Tensor:
    """Outputs behind a ReLU: many exact zeros, each channel with a share of its own."""
    shift = torch.randn(shape[1], generator=rng).view(1, -1, *[1] * (len(shape) - 2))
    return (torch.randn(*shape, generator=rng) + shift).clamp(min=0)


def other_axes(outputs: Tensor) -> list[int]:
    """Return all axes of outputs (b, c) or (b, c, h, w) but that of the units, 1."""
    return [axis for axis in range(outputs.ndim) if axis != 1]


def batch_cases(rng: torch.Generator) -> list[Case]:
    """Draw lists of batches: of equal and unequal sizes, with and without positions."""
    c, h, w = integer(rng, 7, 9), 2, 3

    def unequal(*sizes: int, shape: tuple[int, ...] = (h, w)) -> list[Tensor]:
        # The last batch is louder, so that a mean of batch means is far off.
        return [rectified(rng, size, c, *shape) * (1 + 2 * k) for k, size in enumerate(sizes)]

    dead = unequal(3, 5)
    for batch in dead:
        batch[:, 2] = 0
    faint = unequal(4, 2)
    for batch in faint:
        batch[:, 1] = batch[:, 1].clamp(min=1e-20)
    return [
        Case("one batch of two images", ([rectified(rng, 2, 3, 2, 2)],)),
        Case("two batches of the same size", (unequal(4, 4),)),
        Case("a last batch that is smaller", (unequal(6, 6, 1),)),
        Case("neurons, without rows and columns", (unequal(5, 2, shape=()),)),
        Case("a unit that is always silent", (dead,), edge=True),
        Case("outputs that are tiny, and not zero", (faint,), edge=True),
        Case(
            "outputs that can be negative",
            ([torch.randn(4, c, h, w, generator=rng), torch.randn(2, c, h, w, generator=rng)],),
        ),
    ]


def mean_of_batches(of_batch: Callable[[Tensor], Tensor]) -> Callable[[list[Tensor]], Tensor]:
    """Return a wrong answer: the mean of what `of_batch` says of each batch."""
    return lambda batches: torch.stack([of_batch(batch) for batch in batches]).mean(0)


def rows(outputs: Tensor) -> Tensor:
    """Return outputs with one row for each unit."""
    return outputs.transpose(0, 1).flatten(1)


def as_if_of_equal_sizes(of_batch: Callable[[Tensor], Tensor]) -> Callable[[list[Tensor]], Tensor]:
    """Return a wrong answer: the sum of what `of_batch` says, divided as if every batch were as large as the first."""
    return lambda batches: reduce(torch.add, map(of_batch, batches)) / (len(batches) * batches[0][:, 0].numel())


def joined(of: Callable[[Tensor], Tensor]) -> Callable[[list[Tensor]], Tensor]:
    """Return an answer that takes all batches as one."""
    return lambda batches: of(torch.cat(batches))
