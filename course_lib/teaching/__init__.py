"""What the lessons are made of: exercises that answer in words, figures, widgets and run modes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_lib.teaching.boards import budget
    from course_lib.teaching.checks import check, use
    from course_lib.teaching.points import SoFar as so_far

__all__ = ["budget", "check", "so_far", "use"]


def __getattr__(name: str) -> object:
    if name == "budget":  # what lesson 01 calls the board of that name
        return import_module("course_lib.teaching.boards.budget")
    if name in ("check", "use"):  # loaded when a notebook asks for them: `borrowing` alone takes no torch
        return getattr(import_module("course_lib.teaching.checks"), name)
    if name == "so_far":
        return import_module("course_lib.teaching.points").SoFar
    raise AttributeError(f"module 'course_lib.teaching' has no attribute {name!r}")
