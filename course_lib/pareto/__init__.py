"""Accuracy against size: points are chosen on validation (`front`, `best`) and shown on test (`plot`)."""

from __future__ import annotations

from course_lib.pareto.compare import Difference, against_dense, at_sparsity, by_method, end_points, interval, paired
from course_lib.pareto.figure import alt_text, plot, save
from course_lib.pareto.points import (
    AXES,
    DENSE,
    FLOOR,
    SCRATCH,
    ages,
    best,
    contestants,
    front,
    hypervolume,
    is_control,
    mean_curves,
    score,
    staircase,
    without_final,
)

__all__ = [
    "AXES",
    "DENSE",
    "FLOOR",
    "SCRATCH",
    "Difference",
    "against_dense",
    "ages",
    "alt_text",
    "at_sparsity",
    "best",
    "by_method",
    "contestants",
    "end_points",
    "front",
    "hypervolume",
    "interval",
    "is_control",
    "mean_curves",
    "paired",
    "plot",
    "save",
    "score",
    "staircase",
    "without_final",
]
