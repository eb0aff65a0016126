"""Outputs of a layer in batches, for the exercises on mean activation and APoZ."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.draws import integer

UNEQUAL = (
    "This is a mean of batch means: a last batch of one image would count as much as a full one. Divide once, in the end."
)


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
    return [
        Case("one batch of two images", ([rectified(rng, 2, 3, 2, 2)],)),
        Case("two batches of the same size", (unequal(4, 4),)),
        Case("a last batch that is smaller", (unequal(6, 6, 1),)),
        Case("neurons, without rows and columns", (unequal(5, 2, shape=()),)),
        Case("a unit that is always silent", (dead,), edge=True),
        Case(
            "outputs that can be negative",
            ([torch.randn(4, c, h, w, generator=rng), torch.randn(2, c, h, w, generator=rng)],),
        ),
    ]


def mean_of_batches(of_batch: Callable[[Tensor], Tensor]) -> Callable[[list[Tensor]], Tensor]:
    """Return a wrong answer: the mean of what `of_batch` says of each batch."""
    return lambda batches: torch.stack([of_batch(batch) for batch in batches]).mean(0)


def joined(of: Callable[[Tensor], Tensor]) -> Callable[[list[Tensor]], Tensor]:
    """Return an answer that takes all batches as one."""
    return lambda batches: of(torch.cat(batches))
