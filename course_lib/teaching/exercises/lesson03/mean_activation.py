"""The mean activation of each unit."""

from __future__ import annotations

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
    rows,
)


def mean_activation(batches: list[Tensor]) -> Tensor:
    """Mean activation of each unit over all images and positions of batches (b, c) or (b, c, h, w): (c,)."""
    total = reduce(torch.add, (batch.sum(other_axes(batch)) for batch in batches))
    return total / sum(batch.numel() // batch.shape[1] for batch in batches)


EXERCISE = Exercise(
    "mean_activation",
    lesson="03",
    points=1,
    reference=mean_activation,
    cases=batch_cases,
    misconceptions=(
        Misconception("mean of batch means", UNEQUAL, mean_of_batches(lambda b: b.mean(other_axes(b)))),
        Misconception(
            "divided by the number of images",
            "A unit of a convolution has an output at each position: divide by images times rows times columns.",
            lambda batches: sum(b.sum(other_axes(b)) for b in batches) / sum(len(b) for b in batches),
        ),
        Misconception(
            "divided by the number of batches",
            "Divide by the number of outputs of a unit, not by the number of batches.",
            lambda batches: sum(b.sum(other_axes(b)) for b in batches) / len(batches),
        ),
        Misconception("one number for the layer", "One number for each UNIT, the second axis.", joined(lambda b: b.mean())),
        Misconception(
            "one number an image",
            "These are means of images; units are the second axis.",
            joined(lambda b: b.flatten(1).mean(1)),
        ),
        Misconception(
            "only where it is active",
            "This is the mean of the outputs that are not zero: a unit that speaks once, loudly, looks like a busy one.",
            joined(lambda b: b.sum(other_axes(b)) / (b != 0).sum(other_axes(b)).clamp(min=1)),
        ),
        Misconception(
            "largest activation", "This is the largest output of each unit.", joined(lambda b: b.amax(other_axes(b)))
        ),
        Misconception(
            "absolute values", "Take the outputs as they are, without abs.", joined(lambda b: b.abs().mean(other_axes(b)))
        ),
        Misconception("sum instead of mean", "This is the sum.", joined(lambda b: b.sum(other_axes(b)))),
        Misconception(
            "last batch only",
            "This is the mean of the last batch.",
            lambda batches: batches[-1].mean(other_axes(batches[-1])),
        ),
        Misconception("median", "This is the median; the mean is asked for.", joined(lambda b: rows(b).median(1).values)),
        Misconception("sizes taken to be equal", EQUAL_SIZES, as_if_of_equal_sizes(lambda b: b.sum(other_axes(b)))),
        Misconception(
            "smaller batches left out",
            "Batches that are smaller than the first are left out; their images count as well.",
            lambda batches: mean_activation([b for b in batches if len(b) == len(batches[0])]),
        ),
        Misconception(
            "rectified",
            "The outputs come as they are, negative ones too: no ReLU here.",
            joined(lambda b: b.relu().mean(other_axes(b))),
        ),
        Misconception("axes mixed up", MIXED, joined(lambda b: b.reshape(b.shape[1], -1).mean(1))),
        Misconception("rounded", ROUNDED, lambda batches: mean_activation(batches).round(decimals=2)),
        Misconception(
            "first batch only",
            "This is the mean of the first batch.",
            lambda batches: batches[0].mean(other_axes(batches[0])),
        ),
    ),
)
