"""Accuracy against size: points are chosen on validation (`front`, `best`) and shown on test (`plot`)."""

from __future__ import annotations

from course_lib.pareto.figure import alt_text, plot, save
from course_lib.pareto.points import AXES, FLOOR, best, front, hypervolume, score

__all__ = ["AXES", "FLOOR", "alt_text", "best", "front", "hypervolume", "plot", "save", "score"]
