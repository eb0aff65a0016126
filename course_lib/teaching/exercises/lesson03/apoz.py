"""The average percentage of zeros of each unit."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor

from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.lesson03.outputs import (
    EQUAL_SIZES,
    MIXED,
    ROUNDED,
    UNEQUAL,
    as_if_of_equal_sizes,
    batch_cases,
    joined,
    mean_of_batches,
    other_axes,
)


def apoz(batches: list[Tensor]) -> Tensor:
    """Average percentage of zeros of each unit over images and positions, in [0, 1] (Hu et al. 2016, section 3.1)."""
    zeros = reduce(torch.add, ((batch == 0).sum(other_axes(batch)) for batch in batches))
    return zeros / sum(batch.numel() // batch.shape[1] for batch in batches)


def _below(bound: float) -> Callable[[Tensor], Tensor]:
    return lambda outputs: (outputs.abs() < bound).float().mean(other_axes(outputs))


EXERCISE = Exercise(
    "apoz",
    lesson="03",
    points=1,
    reference=apoz,
    cases=batch_cases,
    misconceptions=(
        Misconception("mean of batch means", UNEQUAL, mean_of_batches(lambda b: (b == 0).float().mean(other_axes(b)))),
        Misconception(
            "share that is not zero",
            "This is the share that is NOT zero; that is the score, 1 - APoZ.",
            joined(lambda b: (b != 0).float().mean(other_axes(b))),
        ),
        Misconception(
            "negative taken for zero",
            "Only exact zeros count; a negative output is not silent.",
            joined(lambda b: (b <= 0).float().mean(other_axes(b))),
        ),
        Misconception(
            "percent",
            "This is a percentage; shares in this course lie between 0 and 1.",
            lambda batches: 100 * apoz(batches),
        ),
        Misconception(
            "number instead of share", "This is the number of zeros.", joined(lambda b: (b == 0).sum(other_axes(b)))
        ),
        Misconception(
            "silent everywhere",
            "This asks for images in which the whole map is zero; APoZ counts every position.",
            joined(lambda b: (b.flatten(2).sum(2) == 0).float().mean(0) if b.ndim == 4 else (b == 0).float().mean(0)),
        ),
        Misconception(
            "divided by the number of images",
            "A unit of a convolution has an output at each position: divide by images times rows times columns.",
            lambda batches: sum((b == 0).sum(other_axes(b)) for b in batches) / sum(len(b) for b in batches),
        ),
        Misconception(
            "one number for the layer",
            "One number for each UNIT, the second axis.",
            joined(lambda b: (b == 0).float().mean()),
        ),
        *(
            Misconception(
                "small taken for zero",
                "Only exact zeros count; a small output is not silent.",
                joined(_below(bound)),
            )
            for bound in (1e-6, 0.1)
        ),
        Misconception("sizes taken to be equal", EQUAL_SIZES, as_if_of_equal_sizes(lambda b: (b == 0).sum(other_axes(b)))),
        Misconception("last batch only", "This is the share of the last batch.", lambda batches: apoz(batches[-1:])),
        Misconception("axes mixed up", MIXED, joined(lambda b: (b.reshape(b.shape[1], -1) == 0).float().mean(1))),
        Misconception("rounded", ROUNDED, lambda batches: apoz(batches).round(decimals=2)),
        Misconception("rounded", ROUNDED, lambda batches: apoz(batches).round(decimals=3)),
    ),
)
