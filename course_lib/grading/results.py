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
class Held:
    """What the gradebook holds of a graded cell. points: by hand or the grader's, with extra credit. waits: for a person."""

    points: float
    out_of: float
    waits: bool = False


@dataclass(frozen=True)
class Scored:
    """What the gradebook holds of one submission: the truth that every table and page shows.

    cells: grade_id -> what it earned. points: their sum, exercises and answers in words, with what a person changed.
    penalty: points that are taken off it. comments: grade_id of an answer -> what a person wrote.
    """

    cells: Mapping[str, Held]
    points: float
    penalty: float = 0.0
    comments: Mapping[str, str] = field(default_factory=dict)

    @property
    def out_of(self) -> float:
        """The most points without extra credit."""
        return sum(cell.out_of for cell in self.cells.values())

    @property
    def score(self) -> float:
        """Points after the penalty, as `nbgrader export` has them."""
        return max(0.0, self.points - self.penalty)

    @property
    def waits(self) -> bool:
        """Whether a person still has to grade something."""
        return any(cell.waits for cell in self.cells.values())


@dataclass(frozen=True)
class Graded:
    """A result and whether it came in time. lesson: its name. days: begun days late. share: of everything earned, taken off.

    scored: what the gradebook holds of it. submitted: None for a student of the roster who handed in nothing; source: where
    that time is known from. others: notebooks that were not taken. name: the student's, as it was written. roster: what the
    roster says: column -> text. number: the platform's, of the student; prefix: what it put before the name of his file.
    notes: for the instructor.
    """

    lesson: str
    result: Result
    submitted: datetime | None
    days: int
    share: float
    scored: Scored
    others: tuple[str, ...] = ()
    name: str = ""
    source: str = ""
    roster: Mapping[str, str] = field(default_factory=dict)
    number: str = ""
    prefix: str = ""
    notes: tuple[str, ...] = ()

    @property
    def penalty(self) -> float:
        """Points that are taken off."""
        return self.scored.penalty

    @property
    def score(self) -> float:
        """Points after the penalty, answers in words and what a person changed included."""
        return self.scored.score
