"""Accuracy against size: points are chosen on validation (`front`, `best`) and shown on test (`plot`)."""

from __future__ import annotations

from course_lib.pareto.compare import Difference, against_dense, at_sparsity, by_method, end_points, interval, paired
from course_lib.pareto.example import example
from course_lib.pareto.figure import alt_text, plot, save
from course_lib.pareto.points import (
    AXES,
    DENSE,
    FLOOR,
    ROLES,
    SCRATCH,
    ages,
    best,
    contestants,
    contesting,
    front,
    hypervolume,
    mean_curves,
    roles,
    score,
    scratch_name,
    staircase,
    unpruned,
    without_final,
)

__all__ = [
    "AXES",
    "DENSE",
    "FLOOR",
    "ROLES",
    "SCRATCH",
    "Difference",
    "against_dense",
    "ages",
    "alt_text",
    "at_sparsity",
    "best",
    "by_method",
    "contestants",
    "contesting",
    "end_points",
    "example",
    "front",
    "hypervolume",
    "interval",
    "mean_curves",
    "paired",
    "plot",
    "roles",
    "save",
    "score",
    "scratch_name",
    "staircase",
    "unpruned",
    "without_final",
]
