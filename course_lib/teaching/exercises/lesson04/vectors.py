"""Vectors, labels and norms for the power mean and the index."""

from __future__ import annotations

import torch
from torch import Tensor

from course_lib.teaching.exercises.draws import integer

LABELS = (
    "three numbers",
    "a drawn vector",
    "a tensor of three axes",
    "a vector with zeros",
    "equal magnitudes",
    "a single entry",
)
MANY = "many numbers and p = 0.1, in float32"
FLOAT32 = (
    "In float32 the sum of 20,000 numbers, to the power 1/p = 10, overflows: compute in float64, and with means instead of "
    "sums."
)


def vectors(rng: torch.Generator) -> list[Tensor]:
    """Draw a vector for each of LABELS."""
    n = integer(rng, 5, 9)
    return [
        torch.tensor([1.0, -2.0, 3.0]),
        torch.randn(n, generator=rng),
        torch.randn(3, 2, 2, generator=rng),
        torch.cat([torch.randn(n, generator=rng), torch.zeros(3)]),
        torch.full((n,), -0.7),
        torch.tensor([2.5]),
    ]


def p_norm(w: Tensor, s: float) -> float:
    """Return (sum |w|^s)^(1/s) in float64."""
    return float(w.double().abs().pow(s).sum() ** (1 / s))
