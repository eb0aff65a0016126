"""One submission: its answers are called in the sandbox on fresh inputs, and what they return is judged here."""

from __future__ import annotations

import builtins
import contextlib
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from course_lib.grading.copies import copied
from course_lib.grading.reading import examining, notebooks, reader
from course_lib.grading.reading.finding import Answer
from course_lib.grading.reading.notebooks import Cell
from course_lib.grading.results import Mark, Result
from course_lib.grading.sandbox.box import Ended, Limits, Sandbox
from course_lib.grading.sandbox.serving import serve
from course_lib.teaching import exercises
from course_lib.teaching.deciding import decide
from course_lib.teaching.exercises import Exercise, Value
from course_lib.teaching.exercises.attempts import Case, Measure
from course_lib.teaching.exercises.plain import Failure
from course_lib.teaching.verdict import CORRECT, NOT_YET, Verdict

REASON = 500  # characters of a reason that are kept: it may show a value that the student chose
ERRORS = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)}


def mark(
    path: Path,
    student: str,
    lesson: str,
    seed: int,
    limits: Limits,
    unsafe: bool = False,
    written: Sequence[str | Cell] = (),
    sandbox: Sandbox | None = None,
) -> Result:
    """Grade one notebook; whatever is in it, this returns a result.

    Args:
        path: of the notebook. lesson: such as "02". seed: of the inputs that its functions are called with.
        limits, unsafe: of the sandbox. written: the cells of the students' notebook, among them the questions that a person
            grades; or the grade_ids of these alone.
        sandbox: one that is open already, for tests; None: one of its own, as every student gets.
    """
    started = time.perf_counter()
    asked = exercises.of(lesson)
    digest = notebooks.hash_of(path)
    template = [question if isinstance(question, Cell) else Cell(0, False, "", (question,)) for question in written]
    found = reader.examine(path, lesson, _course(), template)
    if not found.answers:
        return _nothing(student, digest, asked, found.problem, time.perf_counter() - started)
    marks: dict[str, Mark] = {}
    with contextlib.nullcontext(sandbox) if sandbox else Sandbox(limits, unsafe) as place:
        # Values first: pages show them as they are, so they come from a sandbox that has not seen any drawn input yet.
        for exercise in sorted(asked, key=lambda exercise: isinstance(exercise, Exercise)):
            marks[exercise.name] = _mark(exercise, found.answers[exercise.name], place, seed)
    ordered = tuple(marks[exercise.name] for exercise in asked)
    return Result(student, digest, ordered, found.problem, found.written, time.perf_counter() - started)


@cache
def _course() -> list[examining.Exercise]:
    return [examining.Exercise(asked.name, asked.lesson, asked.kind) for asked in exercises.everything()]


def _nothing(student: str, digest: str, asked: Sequence[Exercise | Value], why: str, seconds: float) -> Result:
    reason = "The notebook could not be read."
    marks = tuple(Mark(exercise.name, NOT_YET, 0.0, exercise.points, reason, "not readable") for exercise in asked)
    return Result(student, digest, marks, why, seconds=seconds)


def _mark(exercise: Exercise | Value, answer: Answer, sandbox: Sandbox, seed: int) -> Mark:
    verdict = _verdict(exercise, answer, sandbox, seed)
    # Named from the program's text: the words of the error could carry the inputs to a reader.
    lacks = any(error in verdict.reason for error in ("ModuleNotFoundError", "NameError"))
    if lacks and (missing := notebooks.missing_modules(answer.modules)):
        verdict = replace(verdict, reason=f"{verdict.reason} Grading has no module {', '.join(missing)}.")
    notes = list(answer.notes)
    if verdict.state != CORRECT:
        notes += answer.doubts
    if isinstance(exercise, Exercise) and copied(answer.program, exercise):
        notes.append("the text is the library's own")
    points = min(max(float(verdict.points), 0.0), float(exercise.points))
    return Mark(
        exercise.name, verdict.state, points, exercise.points, notebooks.clean(verdict.reason[:REASON]),
        verdict.misconception, answer.cell, answer.source[:20_000], tuple(notes),
    )  # fmt: skip


def _verdict(exercise: Exercise | Value, answer: Answer, sandbox: Sandbox, seed: int) -> Verdict:
    nothing = Verdict(NOT_YET, 0, exercise.points)
    if answer.problem:
        return replace(nothing, reason=answer.problem, misconception="not found")
    given: list[Any] = []

    def run(cases: Sequence[Case]) -> Any:
        """Run the answer in the sandbox."""
        order = random.Random(seed).sample(range(len(cases)), len(cases))
        asked, measures = _unnamed([cases[place] for place in order])
        request = {
            "program": answer.program, "name": answer.name, "supplied": list(answer.supplied),
            "cases": asked if isinstance(exercise, Exercise) else None,
        }  # fmt: skip
        given.append(sandbox.ask(request, lambda message: serve(message, set(answer.supplied), measures)))
        if isinstance(given[0], Failure):
            raise Ended(f"Its cell ended in {_wordless(given[0]).type} before the function could be called.")
        if isinstance(exercise, Exercise) and isinstance(given[0], list):
            given[0] = [_in_order(results, order) for results in given[0]]
        return given[0]

    try:
        verdict = decide(exercise, seed, run, stub=answer.stub, borrowed=answer.borrowed)
    except Ended as error:
        return replace(nothing, reason=str(error))
    if not given or isinstance(exercise, Value) or verdict.state != NOT_YET or verdict.misconception:
        return verdict  # then the reason is the library's own sentence
    return replace(verdict, reason=decide(exercise, seed, lambda _: _wordless(given[0])).reason)


def _unnamed(cases: Sequence[Case]) -> tuple[list[Case], dict[str, str]]:
    """Return cases as a sandbox gets them, and what the measures in them are called there -> their names.

    An answer can look at whatever is sent: a label, or the name of a measure, could tell it what to return.
    """
    measures: dict[str, str] = {}

    def unnamed(value: Any) -> Any:
        if not isinstance(value, Measure):
            return value
        called = f"measure {len(measures)}"
        measures[called] = value.name
        return Measure(called)

    return [Case("", tuple(map(unnamed, case.inputs))) for case in cases], measures


def _in_order(results: Any, order: Sequence[int]) -> Any:
    """Return the results of cases that were asked in `order` in the cases' own."""
    if not isinstance(results, list) or len(results) != len(order):
        return results  # forged: `decide` says what is wrong with it
    return [result for _, result in sorted(zip(order, results, strict=True), key=lambda pair: pair[0])]


def _wordless(given: Any) -> Any:
    """Keep the types of errors anywhere in `given` and drop their words, which could carry the inputs to a reader."""
    if isinstance(given, Failure):
        kind = given.type if isinstance(given.type, str) and given.type in ERRORS else "an error of its own"
        return Failure(kind, "(its words are shown in the notebook's own check only)")
    if isinstance(given, (list, tuple)):
        return type(given)(map(_wordless, given))
    if isinstance(given, dict):
        return {key: _wordless(value) for key, value in given.items()}
    return given
