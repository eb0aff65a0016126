"""The points so far in this course: kept in one small file of the student's own, to help the student; no grade reads it.

They are counted where a person has opened the notebook. What builds, validates, tests or grades lessons starts its kernels
itself and counts nothing; nor do the solutions.
"""

from __future__ import annotations

import ast
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from course_lib.files import reason, write_json
from course_lib.notebook import opened
from course_lib.teaching import exercises
from course_lib.teaching.exercises.base import Exercise, Value
from course_lib.teaching.verdict import CORRECT, NOT_YET, Verdict
from course_lib.words import number_of

NAME = "points.json"
NOT_HERE = "Points are counted where you have opened the notebook in JupyterLab or VS Code."


@dataclass(frozen=True)
class Kept:
    """What is known of an exercise: the best points, whether it was correct, and what different answers were wrong.

    seen: whether a solution was looked at before it was correct; then its points are gone.
    first: the first answer to a prediction, as Python writes it; "" if there is none.
    """

    points: float = 0.0
    correct: bool = False
    wrong: tuple[str, ...] = ()
    seen: bool = False
    first: str = ""


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


def keep(exercise: Exercise | Value, verdict: Verdict, answer: str = "", first: Any = None) -> str:
    """Keep the best verdict on an exercise, and which wrong answers there were; return why that could not be done, or "".

    Of two notebooks that check within the same millisecond one can lose its points; its next check brings them back.
    answer: what tells a wrong answer from another one; "" if wrong answers are not counted.
    first: the first answer to a prediction, plain numbers and words; None if there is none.
    """
    try:
        known = _read()
        before = known.get(exercise.name, Kept())
        now = replace(before, points=max(before.points, verdict.points), correct=before.correct or verdict.state == CORRECT)
        if answer and verdict.state == NOT_YET and answer not in before.wrong:
            now = replace(now, wrong=(*before.wrong, answer))
        if first is not None and not before.first:
            now = replace(now, first=repr(first))
        if now != before:
            _write({**known, exercise.name: now})
    except OSError as error:
        return reason(error)
    return ""


def look(name: str) -> str:
    """Note that a solution of the exercise `name` is looked at; return why that could not be done, or ""."""
    try:
        known = _read()
        _write({**known, name: replace(known.get(name, Kept()), seen=True)})
    except OSError as error:
        return reason(error)
    return ""


def of(name: str) -> Kept:
    """Return what is known of an exercise; a file that is damaged or not there says nothing."""
    try:
        return _read().get(name, Kept())
    except OSError:
        return Kept()


def predicted(exercise: Value) -> Any:
    """Return the first answer to a prediction, of this day or another; None if none is known, or what is kept is none."""
    try:
        first = ast.literal_eval(of(exercise.name).first) if counted() else None
        return first if exercise.judge(first).state == CORRECT else None
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def rows() -> list[Row]:
    """Return how far each lesson is; a file that is damaged or not there counts as no points."""
    try:
        known = _read()
    except OSError:
        known = {}
    everything = exercises.everything()
    return [_row(lesson, everything, known) for lesson in sorted({exercise.lesson for exercise in everything})]


def line() -> str:
    """Return "5 of 94 points so far in this course"."""
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


def _row(lesson: str, everything: list[Exercise | Value], known: Mapping[str, Kept]) -> Row:
    asked = [(exercise, known.get(exercise.name, Kept())) for exercise in everything if exercise.lesson == lesson]
    points = sum(0.0 if kept.seen else min(kept.points, one.points) for one, kept in asked)
    still = [one for one, kept in asked if not kept.correct]
    predictions = frozenset(one.name for one in still if isinstance(one, Value) and one.locks)
    return Row(lesson, points, sum(one.points for one, _ in asked), tuple(one.name for one in still), predictions)


def _read() -> dict[str, Kept]:
    """Return name -> what is kept of it; what of the file is damaged is left out.

    Raises:
        OSError: if the file is there and cannot be read; then it must not be replaced either.
    """
    try:
        entries = json.loads(file().read_text(encoding="utf-8"))["exercises"].items()
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}
    return {name: kept for name, entry in entries if (kept := _kept(entry))}


def _kept(entry: Any) -> Kept | None:
    points = entry.get("points") if isinstance(entry, dict) else None
    if not isinstance(points, (int, float)) or not math.isfinite(points) or points < 0:
        return None
    wrong = entry.get("wrong")
    answers = tuple(one for one in wrong if isinstance(one, str)) if isinstance(wrong, list) else ()
    first = entry.get("first")
    return Kept(
        float(points),
        entry.get("correct") is True,
        answers,
        entry.get("seen") is True,
        first if isinstance(first, str) else "",
    )


def _write(known: Mapping[str, Kept]) -> None:
    write_json(file(), {"exercises": {name: asdict(kept) for name, kept in known.items()}})
