"""Measures of sparsity that students' properties are tried on: vector -> number, by name."""

from __future__ import annotations

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
    "Gini index": _gini,
    "share of zeros": lambda w: float((w == 0).double().mean()),
    "L1 norm": lambda w: float(w.abs().sum()),
    "mean magnitude": lambda w: float(w.abs().double().mean()),
    "mean, signs kept": lambda w: float(w.double().mean()),
    "1 / number of entries": lambda w: 1 / w.numel(),
    "1 for four entries, else 0": lambda w: float(w.numel() == 4),
    "largest magnitude, with rounding noise": lambda w: float(w.abs().max()) + 5e-8 * w.numel(),
    "largest magnitude, and 2e-6 for each entry": lambda w: float(w.abs().max()) + 2e-6 * w.numel(),
}
