"""The points so far in this course: kept in one small file of the student's own, to help the student; no grade reads it.

They are counted where a person has opened the notebook: Jupyter's server then tells the kernel its name. What builds,
validates, tests or grades lessons starts its kernels without, and counts nothing; nor do the solutions.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from course_lib.files import reason, write_json
from course_lib.notebook import opened
from course_lib.teaching import exercises
from course_lib.teaching.exercises.base import Exercise, Value
from course_lib.teaching.verdict import CORRECT, Verdict
from course_lib.words import number_of

NAME = "points.json"
NOT_HERE = "Points are counted where you have opened the notebook in JupyterLab."


@dataclass(frozen=True)
class Row:
    """A lesson. points: of `possible`, so far. open: the names of what is not correct yet, in the lesson's order.

    predictions: those of them that are locked in.
    """

    lesson: str
    points: float
    possible: float
    open: tuple[str, ...]
    predictions: frozenset[str]


def file() -> Path:
    """Return where the points are kept: below the user's data folder, or in COURSE_POINTS_DIR."""
    return Path(os.environ.get("COURSE_POINTS_DIR") or platformdirs.user_data_dir("course_lib")).expanduser() / NAME


def counted() -> bool:
    """Return whether what is checked here counts."""
    notebook = opened()
    return notebook is not None and notebook.parent.name != "solutions"


def keep(exercise: Exercise | Value, verdict: Verdict) -> str:
    """Keep an exercise's best verdict, if it counts here; return why that could not be done, or "".

    Of two notebooks that check within the same millisecond one can lose its points; its next check brings them back.
    """
    if not counted():
        return ""
    try:
        known = _read()
        earned, done = known.get(exercise.name, (0.0, False))
        best = (max(earned, verdict.points), done or verdict.state == CORRECT)
        if best != (earned, done):
            known[exercise.name] = best
            kept = {name: {"points": points, "correct": correct} for name, (points, correct) in known.items()}
            write_json(file(), {"exercises": kept})
    except OSError as error:
        return reason(error)
    return ""


def rows() -> list[Row]:
    """Return how far each lesson is; a file that is damaged or not there counts as no points."""
    try:
        known = _read()
    except OSError:
        known = {}
    everything = exercises.everything()
    return [_row(lesson, everything, known) for lesson in sorted({exercise.lesson for exercise in everything})]


def line() -> str:
    """Return "5 of 98 points so far in this course"."""
    found = rows()
    points, possible = sum(row.points for row in found), sum(row.possible for row in found)
    return f"{points:g} of {number_of(possible, 'point')} so far in this course"


class SoFar:
    """What stands at the end of a lesson: the points so far, here and in the course, and what is open in this lesson."""

    def __init__(self, lesson: str) -> None:
        self.lesson = lesson

    def _lines(self) -> list[str]:
        if not counted():
            return [NOT_HERE]
        (row,) = [row for row in rows() if row.lesson == self.lesson]
        still = ", ".join(row.open)
        here = f"{row.points:g} of {number_of(row.possible, 'point')} in this lesson. "
        return [f"{line()}.", here + (f"Open: {still}." if still else "Nothing is open.")]

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_html_(self) -> str:
        first, *more = self._lines()
        return f'<div class="course-points"><b>{first}</b>{"".join(f"<br>{words}" for words in more)}</div>'


def _row(lesson: str, everything: list[Exercise | Value], known: Mapping[str, tuple[float, bool]]) -> Row:
    asked = [exercise for exercise in everything if exercise.lesson == lesson]
    points = sum(min(known[one.name][0], one.points) for one in asked if one.name in known)
    still = [one for one in asked if not known.get(one.name, (0.0, False))[1]]
    predictions = frozenset(one.name for one in still if isinstance(one, Value) and one.locks)
    return Row(lesson, points, sum(one.points for one in asked), tuple(one.name for one in still), predictions)


def _read() -> dict[str, tuple[float, bool]]:
    """Return name -> (points, whether correct); what of the file is damaged is left out.

    Raises:
        OSError: if the file is there and cannot be read; then it must not be replaced either.
    """
    try:
        kept = json.loads(file().read_text(encoding="utf-8"))["exercises"].items()
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}
    found = {}
    for name, entry in kept:
        points = entry.get("points") if isinstance(entry, dict) else None
        if isinstance(points, (int, float)) and math.isfinite(points) and points >= 0:
            found[name] = (float(points), entry.get("correct") is True)
    return found
