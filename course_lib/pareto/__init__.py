"""Accuracy against size: points are chosen on validation (`front`, `best`) and shown on test (`plot`)."""

from __future__ import annotations

from course_lib.pareto.compare import Difference, at_sparsity, by_method, paired
from course_lib.pareto.figure import alt_text, plot, save
from course_lib.pareto.points import AXES, FLOOR, best, front, hypervolume, mean_curves, score

__all__ = [
    "AXES",
    "FLOOR",
    "Difference",
    "alt_text",
    "at_sparsity",
    "best",
    "by_method",
    "front",
    "hypervolume",
    "mean_curves",
    "paired",
    "plot",
    "save",
    "score",
]
