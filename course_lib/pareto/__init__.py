"""Accuracy against size: points are chosen on validation (`front`, `best`) and shown on test (`plot`)."""

from __future__ import annotations

from course_lib.pareto.compare import LEVEL, Difference, by_method, family, interval, p_value, paired, paired_ends, readings
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
from course_lib.pareto.reading import against_dense, at_sparsity, end_points, losses, round_by_round

__all__ = [
    "AXES",
    "DENSE",
    "FLOOR",
    "LEVEL",
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
    "family",
    "front",
    "hypervolume",
    "interval",
    "losses",
    "mean_curves",
    "p_value",
    "paired",
    "paired_ends",
    "plot",
    "readings",
    "roles",
    "round_by_round",
    "save",
    "score",
    "scratch_name",
    "staircase",
    "unpruned",
    "without_final",
]
