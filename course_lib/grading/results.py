"""Marks and results of submissions, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Mark:
    """The verdict on one exercise, as plain data. cell, source: what was graded. notes: for the instructor only."""

    exercise: str
    state: str
    points: float
    out_of: float
    reason: str = ""
    misconception: str = ""
    cell: int = 0
    source: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """The marks of one submission.

    digest: of the file. problem: why nothing in it could be graded, or "". written: grade_id -> a written answer.
    """

    student: str
    digest: str
    marks: tuple[Mark, ...]
    problem: str = ""
    written: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def points(self) -> float:
        """The sum over all exercises."""
        return sum(mark.points for mark in self.marks)

    def plain(self) -> dict[str, Any]:
        """Return the result as JSON data."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Result:
        """Return the result that `plain` describes."""
        marks = tuple(Mark(**{**mark, "notes": tuple(mark["notes"])}) for mark in plain["marks"])
        return cls(**{**plain, "marks": marks})


@dataclass(frozen=True)
class Graded:
    """A result and whether it came in time. lesson: its name. penalty: points taken off. days: begun days late.

    submitted: None for a student of the roster who handed in nothing; source: where that time is known from. others:
    notebooks that were not taken. name: the student's, as it was written. roster: what the roster says: column -> text.
    notes: for the instructor.
    """

    lesson: str
    result: Result
    submitted: datetime | None
    days: int
    penalty: float
    others: tuple[str, ...] = ()
    name: str = ""
    source: str = ""
    roster: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """Points after the penalty; what a person grades comes on top of it."""
        return self.result.points - self.penalty
