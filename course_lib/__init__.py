"""A course on pruning neural networks: the library that the lessons stand on."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

# The lessons read the studies by these names; they are loaded when one asks for them.
_STUDIES = ("phases", "stability", "study")


def __getattr__(name: str) -> ModuleType:
    if name in _STUDIES:
        return import_module(f"course_lib.studies.{name}")
    raise AttributeError(f"module 'course_lib' has no attribute {name!r}")
