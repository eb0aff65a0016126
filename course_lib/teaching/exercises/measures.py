"""Measures of sparsity that students' properties are tried on: vector -> number, by name."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.axes.pqindex import pq_index


def _gini(w: Tensor) -> float:
    """Gini index of the magnitudes (Hurley & Rickard 2009, section II): 0 for equal ones, towards 1 for a single one."""
    magnitudes = w.abs().double().flatten().sort().values
    n = len(magnitudes)
    weights = (n - torch.arange(1, n + 1, dtype=torch.float64) + 0.5) / n
    return float(1 - 2 * (magnitudes / magnitudes.sum() * weights).sum())


MEASURES: dict[str, Callable[[Tensor], float]] = {
    "PQ index": lambda w: pq_index(w, 1.0, 2.0),
    "PQ index with rounding noise": lambda w: pq_index(w, 0.5, 1.0) + 1e-9 * w.numel(),
    "Gini index": _gini,
    "share of zeros": lambda w: float((w == 0).double().mean()),
    "L1 norm": lambda w: float(w.abs().sum()),
    "largest magnitude": lambda w: float(w.abs().max()),
    "mean magnitude": lambda w: float(w.abs().mean()),
    "1 / number of entries": lambda w: 1 / w.numel(),
    "a tenth of log(number of entries)": lambda w: math.log(w.numel()) / 10,
}
