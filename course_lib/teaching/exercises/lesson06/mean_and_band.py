"""Mean and deviation over the curves of several seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.rounding import rounded

Curve = tuple[Tensor, Tensor]


def mean_and_band(curves: list[Curve], at: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and sample standard deviation over seeds of the accuracies at common sparsities, interpolated, each (m,)."""
    return _band(curves, at, lambda values: values.std(0, correction=1))


def _interpolated(curves: list[Curve], at: Tensor) -> Tensor:
    return torch.tensor(np.array([np.interp(at.numpy(), s.numpy(), a.numpy()) for s, a in curves]))


def _band(curves: list[Curve], at: Tensor, spread: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    values = _interpolated(curves, at)
    return values.mean(0), spread(values)


def _curve(rng: torch.Generator, points: int, dtype: torch.dtype = torch.float32) -> Curve:
    steps = 0.05 + torch.rand(points, generator=rng, dtype=dtype)
    reach = steps.cumsum(0) / steps.sum()
    return torch.cat([torch.zeros(1, dtype=dtype), 0.97 * reach]), 0.9 - 0.4 * torch.rand(
        points + 1, generator=rng, dtype=dtype
    )


def _curves(rng: torch.Generator) -> list[Case]:
    ends = torch.tensor([0.0, 0.5, 0.9])
    toy = [(ends, torch.tensor([0.8, 0.7, 0.5])), (torch.tensor([0.0, 0.6, 0.9]), torch.tensor([0.9, 0.8, 0.4]))]
    same = [(ends, torch.rand(3, generator=rng)) for _ in range(4)]
    wide = torch.rand(8, generator=rng, dtype=torch.float64).sort().values
    return [
        Case("two curves, at sparsities that both have", (toy, torch.tensor([0.0, 0.9]))),
        Case("two curves, between their points", (toy, torch.tensor([0.3, 0.55, 0.75]))),
        Case("three drawn curves", ([_curve(rng, 5) for _ in range(3)], 0.97 * torch.rand(4, generator=rng).sort().values)),
        Case("four curves over the same points", (same, ends)),
        Case("curves of different lengths", ([_curve(rng, k) for k in (2, 4, 7)], torch.tensor([0.2, 0.8]))),
        Case("sparsities in no order", ([_curve(rng, 4) for _ in range(3)], torch.tensor([0.9, 0.1, 0.5]))),
        Case("a single curve, of which no spread is known", ([_curve(rng, 3)], torch.tensor([0.25, 0.5])), edge=True),
        Case(
            "every other entry of a float64 tensor",
            ([_curve(rng, 4, torch.float64) for _ in range(3)], 0.9 * wide[::2]),
        ),
    ]


def _two(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    pair = isinstance(output, (tuple, list)) and len(output) == 2
    if not pair or not all(isinstance(part, Tensor) and part.shape == inputs[1].shape for part in output):
        raise CourseError(
            "return two tensors, mean and deviation, one entry for each sparsity (torch.tensor(...) makes one of an array)"
        )
    # NaN is equal to nothing, yet of a single curve it is the right deviation: -1 can be nobody's result by chance
    return tuple(torch.nan_to_num(part.double(), nan=-1.0) for part in output), afterwards


def _nearest(curves: list[Curve], at: Tensor) -> tuple[Tensor, Tensor]:
    values = torch.stack([a[(s - at[:, None]).abs().argmin(1)] for s, a in curves])
    return values.mean(0), values.std(0)


def _pooled(curves: list[Curve], at: Tensor) -> tuple[Tensor, Tensor]:
    values = _interpolated(curves, at)
    return values.mean(0), values.flatten().std().expand(len(at)).clone()


EXERCISE = Exercise(
    "mean_and_band",
    lesson="06",
    points=2,
    reference=mean_and_band,
    cases=_curves,
    misconceptions=(
        Misconception(
            "population deviation",
            "Seeds are a sample of all seeds: divide by n - 1 (std with correction=1); n makes the band too narrow.",
            lambda curves, at: _band(curves, at, lambda v: v.std(0, correction=0)),
        ),
        Misconception(
            "standard error",
            "This is the error of the mean, the deviation over the root of n; asked is the deviation itself.",
            lambda curves, at: _band(curves, at, lambda v: v.std(0) / len(v) ** 0.5),
        ),
        Misconception(
            "variance",
            "The band is the standard deviation, the ROOT of the variance.",
            lambda curves, at: _band(curves, at, lambda v: v.var(0)),
        ),
        Misconception(
            "range",
            "Highest minus lowest grows with the number of seeds; asked is the standard deviation.",
            lambda curves, at: _band(curves, at, lambda v: v.amax(0) - v.amin(0)),
        ),
        Misconception(
            "best seed",
            "This is the luckiest seed at each sparsity, not the mean.",
            lambda curves, at: (_interpolated(curves, at).amax(0), _interpolated(curves, at).std(0)),
        ),
        Misconception(
            "median",
            "This is the median over seeds; asked is the mean.",
            lambda curves, at: (_interpolated(curves, at).quantile(0.5, 0), _interpolated(curves, at).std(0)),
        ),
        Misconception(
            "nearest point",
            "The seeds' points lie at different sparsities: interpolate on the straight line between two points.",
            _nearest,
        ),
        Misconception(
            "one band for all",
            "Each sparsity has a deviation of its own: over the seeds, axis 0, only.",
            _pooled,
        ),
        Misconception(
            "over the wrong axis",
            "The mean is over the seeds, one number for each sparsity.",
            lambda curves, at: (_interpolated(curves, at).mean(1), _interpolated(curves, at).std(1)),
        ),
        Misconception(
            "no spread for nan",
            "Of one seed the spread is not 0, it is not known: nan, as values.std(0) says.",
            lambda curves, at: _band(curves, at, lambda v: v.std(0) if len(v) > 1 else torch.zeros(len(at))),
        ),
        *rounded(mean_and_band),
    ),
    view=_two,
)
