"""What the lessons are made of: exercises that answer in words, figures, widgets and run modes."""

from importlib import import_module
from types import ModuleType

from course_lib.teaching.checks import check, use

__all__ = ["check", "use"]


def __getattr__(name: str) -> ModuleType:
    if name == "budget":  # what lesson 01 calls the board of that name
        return import_module("course_lib.teaching.boards.budget")
    raise AttributeError(f"module 'course_lib.teaching' has no attribute {name!r}")
