"""Grading a class: students' code runs in isolation, its points are decided outside, and nbgrader's gradebook keeps them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_lib.grading.results import Graded, Mark, Result
    from course_lib.grading.run import grade, preflight
    from course_lib.grading.sandbox.box import Limits

__all__ = ["Graded", "Limits", "Mark", "Result", "grade", "preflight"]

# Loaded when somebody asks for them: the process that reads notebooks holds no torch.
_PLACES = {
    "Graded": "results",
    "Limits": "sandbox.box",
    "Mark": "results",
    "Result": "results",
    "grade": "run",
    "preflight": "run",
}


def __getattr__(name: str) -> object:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    if find_spec(f"{__name__}.{name}"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
