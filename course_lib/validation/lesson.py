"""The outcome of executing one lesson, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Asked(NamedTuple):
    """An exercise and the verdict that its check cell showed: "correct", "not yet", "not attempted" or "no verdict"."""

    name: str
    state: str
    points: float
    out_of: float


class Timed(NamedTuple):
    """A cell, the seconds it ran, and its first line."""

    cell: str
    seconds: float
    line: str


@dataclass
class Lesson:
    """The outcome of one lesson. problem: why it is not well, in one sentence, or ""."""

    name: str
    seconds: float = 0.0
    problem: str = ""
    exercises: list[Asked] = field(default_factory=list)
    slowest: list[Timed] = field(default_factory=list)
