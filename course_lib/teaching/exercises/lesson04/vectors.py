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


RANGE = (
    "float32 ends at 3e38 and begins at 1e-45; powers of ordinary weights leave that range, and what is left out is lost: "
    "compute in float64, w.abs().double(), before the power."
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


def negative_float64(rng: torch.Generator) -> Tensor:
    """Draw a float64 vector with a negative entry: w.double() is w itself here, not a copy of it."""
    w = torch.randn(5, generator=rng, dtype=torch.float64)
    w[0] = -1 - w[0].abs()
    return w


def p_norm(w: Tensor, s: float) -> float:
    """Return (sum |w|^s)^(1/s) in float64."""
    return float(w.double().abs().pow(s).sum() ** (1 / s))
