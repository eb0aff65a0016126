"""The L1 norm of each filter."""

from __future__ import annotations

import torch
from torch import Tensor

from course_lib.axes import scores as library
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer


def filter_l1(weight: Tensor) -> Tensor:
    """(n, c, h, w) -> (n,): the sum of absolute weights of each filter (Li et al. 2017, section 3.1)."""
    return library.l1_norm(weight.flatten(1))


def _weights(rng: torch.Generator) -> list[Case]:
    def weight(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=rng)

    n, c = integer(rng, 3, 6), integer(rng, 7, 9)
    plain = weight(n, c, 3, 3)
    return [
        Case("three filters of 2x2", (weight(3, 1, 2, 2),)),
        Case("filters of 3x3 over many channels", (plain,)),
        Case("the same filters, a thousand times as large", (1000 * plain,)),
        Case("filters in another order", (plain[torch.randperm(n, generator=rng)],)),
        Case("filters of 1x3", (weight(c, n, 1, 3),)),
        Case("weights in memory format channels_last", (weight(n, c, 3, 3).contiguous(memory_format=torch.channels_last),)),
        Case("a view that is not contiguous", (weight(c, n, 3, 3).transpose(0, 1),)),
        Case("a single filter", (weight(1, c, 3, 3),), edge=True),
        Case("filters of zeros", (torch.zeros(2, 3, 3, 3),), edge=True),
        Case("float64", (weight(n, 2, 3, 3).double(),), edge=True),
    ]


_ROUNDED = "The norms are rounded: filters that differ by less would be ranked by chance."
EXERCISE = Exercise(
    "filter_l1",
    lesson="02",
    points=2,
    reference=filter_l1,
    cases=_weights,
    misconceptions=(
        Misconception("no absolute value", "Without abs positive and negative weights cancel.", lambda w: w.sum((1, 2, 3))),
        Misconception(
            "absolute value of the sum",
            "The absolute value comes last here, when the weights have already cancelled: take it of each weight.",
            lambda w: w.sum((1, 2, 3)).abs(),
        ),
        Misconception(
            "wrong axis",
            "This is one number for each INPUT channel. Filter j is weight[j]: sum over all other axes.",
            lambda w: w.abs().sum((0, 2, 3)),
        ),
        Misconception(
            "one norm per kernel",
            "This is one number for each kernel; a filter is all the kernels of its output channel together.",
            lambda w: w.abs().sum((2, 3)),
        ),
        Misconception("L2 norm", "This is the L2 norm; the L1 norm does not square.", lambda w: w.flatten(1).norm(dim=1)),
        Misconception("mean instead of sum", "This is the mean; a norm is a sum.", lambda w: w.abs().mean((1, 2, 3))),
        Misconception("largest weight", "This is the largest weight of each filter.", lambda w: w.abs().amax((1, 2, 3))),
        Misconception(
            "positive weights only",
            "This leaves the negative weights out; their absolute values count as well.",
            lambda w: w.clamp(min=0).sum((1, 2, 3)),
        ),
        Misconception(
            "one input channel only",
            "This reads the first input channel only; a filter spans all of them.",
            lambda w: w[:, 0].abs().sum((1, 2)),
        ),
        Misconception(
            "squares", "These are sums of squares; the L1 norm does not square.", lambda w: w.square().sum((1, 2, 3))
        ),
        Misconception("sorted", "Entry j belongs to filter j: do not sort.", lambda w: w.abs().sum((1, 2, 3)).sort().values),
        Misconception("rounded", _ROUNDED, lambda w: w.abs().sum((1, 2, 3)).round(decimals=3)),
        Misconception("rounded", _ROUNDED, lambda w: w.abs().sum((1, 2, 3)).int()),
        Misconception("one number for all", "This is one number for the layer.", lambda w: w.abs().sum()),
    ),
)
