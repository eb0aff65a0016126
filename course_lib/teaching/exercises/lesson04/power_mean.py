"""The power mean of magnitudes."""

from __future__ import annotations

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.lesson04.vectors import LABELS, MANY, RANGE, negative_float64, p_norm, vectors
from course_lib.teaching.exercises.rounding import rounded
from course_lib.teaching.exercises.views import number


def power_mean(w: Tensor, s: float) -> float:
    """M_s = (mean |w|^s)^(1/s) of the entries of w (any shape), in float64 and after dividing by max|w|; 0 for zeros."""
    magnitudes = w.abs().double().flatten()
    largest = float(magnitudes.max())
    return largest * float((magnitudes / largest).pow(s).mean() ** (1 / s)) if largest else 0.0


def _means(rng: torch.Generator) -> list[Case]:
    exponents = (2.0, 0.5, 1.0, 0.5, 3.0, 0.5)
    cases = [Case(label, (w, s), w.numel() == 1) for label, w, s in zip(LABELS, vectors(rng), exponents, strict=True)]
    huge = torch.tensor([1e30] + 19 * [1e-30])
    return [
        *cases,
        Case("exponent 1", (torch.randn(6, generator=rng), 1.0)),
        Case("a float64 tensor", (negative_float64(rng), 3.0)),
        Case("numbers whose squares float32 cannot hold", (1e30 * torch.randn(4, generator=rng), 2.0), edge=True),
        Case("one huge number among tiny ones", (huge, 0.05), edge=True),
        Case(MANY, (torch.randn(20_000, generator=rng), 0.1), edge=True),
    ]


def _scaled_in_float32(w: Tensor, s: float) -> float:
    magnitudes = w.float().abs()
    return float(magnitudes.max() * (magnitudes / magnitudes.max()).pow(s).mean() ** (1 / s))


EXERCISE = Exercise(
    "power_mean",
    lesson="04",
    points=1,
    reference=power_mean,
    cases=_means,
    misconceptions=(
        Misconception(
            "no root", "The last step is missing: the s-th root.", lambda w, s: float(w.abs().double().pow(s).mean())
        ),
        Misconception("sum for mean", "This is a norm: take the MEAN of |w|^s, not the sum.", lambda w, s: p_norm(w, s)),
        Misconception(
            "no absolute value",
            "Take |w| first: a negative number to the power 0.5 is not a number, and odd powers cancel.",
            lambda w, s: (
                float((w.double().pow(s).mean()) ** (1 / s))
                if not isinstance(w.double().pow(s).mean() ** (1 / s), complex)
                else 0.0
            ),
        ),
        Misconception(
            "power s instead of 1/s",
            "The last step is the power 1/s, not s.",
            lambda w, s: float(w.abs().double().pow(s).mean() ** s),
        ),
        Misconception(
            "mean first", "First the power, then the mean.", lambda w, s: float(w.abs().double().mean().pow(s) ** (1 / s))
        ),
        Misconception(
            "zeros left out",
            "Zeros count: the mean is over ALL entries.",
            lambda w, s: float(w[w != 0].abs().double().pow(s).mean() ** (1 / s)),
        ),
        Misconception("float32", RANGE, lambda w, s: float((w.abs().float() ** s).sum() ** (1 / s)) / w.numel() ** (1 / s)),
        Misconception("float32", RANGE, lambda w, s: float((w.abs().float() ** s).mean() ** (1 / s))),
        Misconception("float32", RANGE, _scaled_in_float32),
        Misconception("largest", "This is the largest magnitude.", lambda w, s: float(w.abs().max())),
        Misconception(
            "length instead of size",
            "len(w) is the first axis only; the mean is over all w.numel() entries.",
            lambda w, s: p_norm(w, s) / len(w) ** (1 / s),
        ),
        *rounded(power_mean),
    ),
    view=number,
)
