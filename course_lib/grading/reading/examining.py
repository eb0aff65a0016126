"""What is read of one notebook: its answers, its words, and of which lesson it is; nothing is executed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from course_lib.grading.reading import finding, keeping, notebooks, words
from course_lib.grading.reading.finding import Answer
from course_lib.grading.reading.notebooks import Cell


@dataclass(frozen=True)
class Exercise:
    """What must be known of an exercise to find its answer. kind: `code` for a function, `value` for a value."""

    name: str
    lesson: str
    kind: str


@dataclass(frozen=True)
class Found:
    """What a notebook has. answers: exercise -> answer. written: grade_id -> words. problem: why nothing is there, or ""."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Found:
        """Return what `plain` describes."""
        answers = {name: _answer_of(answer) for name, answer in plain["answers"].items()}
        return cls(**{**plain, "answers": answers})


def _answer_of(plain: Mapping[str, Any]) -> Answer:
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return Answer(**given)


def examine(path: Path, lesson: str, course: Sequence[Exercise], template: Sequence[Cell]) -> Found:
    """Return what a notebook has for a lesson; whatever is in the file, this returns something.

    course: the exercises of all lessons, in order. template: the cells of the students' notebook.
    """
    try:
        cells = notebooks.read(path)
    except notebooks.Unreadable as error:
        return Found(problem=str(error))
    asked = [exercise for exercise in course if exercise.lesson == lesson]
    before = [exercise.name for exercise in course if exercise.kind == "code" and exercise.lesson < lesson]
    answers = finding.find(cells, asked, before)
    problem = "" if any(answer.cell for answer in answers.values()) else _other_lesson(lesson, cells, course)
    return Found(answers, words.written(cells, template), problem)


def _other_lesson(lesson: str, cells: Sequence[Cell], course: Sequence[Exercise]) -> str:
    text = "\n".join(cell.source for cell in cells)
    others = [asked.lesson for asked in course if asked.lesson != lesson and f"def {asked.name}(" in text]
    if others:
        return f"This is not lesson {lesson}: it looks like lesson {max(set(others), key=others.count)}."
    return f"Nothing of lesson {lesson} was found in it."


def answer(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer to a request of `reader`, both as JSON data: what was found, or the cells alone, or what is kept."""
    path = Path(request["path"])
    if "keep" in request:
        return {"kept": keeping.keep(path)}
    if "lesson" not in request:
        try:
            return {"cells": [asdict(cell) for cell in notebooks.read(path)]}
        except notebooks.Unreadable as error:
            return {"problem": str(error)}
    course = [Exercise(*exercise) for exercise in request["course"]]
    return examine(path, request["lesson"], course, list(map(cell_of, request["template"]))).plain()


def cell_of(plain: Mapping[str, Any]) -> Cell:
    """Return the cell that JSON data describe."""
    return Cell(**{**plain, "ids": tuple(plain["ids"])})
