"""One submission: its answers are called in the sandbox on fresh inputs, and what they return is judged here."""

from __future__ import annotations

import ast
import builtins
import contextlib
import inspect
import textwrap
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from course_lib.grading import examining, finding, reader, reading
from course_lib.grading.finding import Answer
from course_lib.grading.reading import Cell
from course_lib.grading.results import Mark, Result
from course_lib.grading.sandbox import Ended, Limits, Sandbox
from course_lib.grading.serving import serve
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
    digest = reading.hash_of(path)
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
    if lacks and (missing := reading.missing_modules(answer.modules)):
        verdict = replace(verdict, reason=f"{verdict.reason} Grading has no module {', '.join(missing)}.")
    notes = list(answer.notes)
    if verdict.state != CORRECT:
        notes += answer.doubts
    if isinstance(exercise, Exercise) and answer.program and _same_text(answer.source, exercise):
        notes.append("the text is the library's own")
    points = min(max(float(verdict.points), 0.0), float(exercise.points))
    return Mark(
        exercise.name, verdict.state, points, exercise.points, reading.clean(verdict.reason[:REASON]), verdict.misconception,
        answer.cell, answer.source[:20_000], tuple(notes),
    )  # fmt: skip


def _verdict(exercise: Exercise | Value, answer: Answer, sandbox: Sandbox, seed: int) -> Verdict:
    nothing = Verdict(NOT_YET, 0, exercise.points)
    if answer.problem:
        return replace(nothing, reason=answer.problem, misconception="not found")
    given: list[Any] = []

    def run(cases: Sequence[Case]) -> Any:
        """Run the answer in the sandbox."""
        measures = {value.name for case in cases for value in case.inputs if isinstance(value, Measure)}
        request = {
            "program": answer.program, "name": answer.name, "supplied": list(answer.supplied),
            "cases": list(cases) if isinstance(exercise, Exercise) else None,
        }  # fmt: skip
        given.append(sandbox.ask(request, lambda message: serve(message, set(answer.supplied), measures)))
        if isinstance(given[0], Failure):
            raise Ended(f"Its cell ended in {_wordless(given[0]).type} before the function could be called.")
        return given[0]

    try:
        verdict = decide(exercise, seed, run, stub=answer.stub, borrowed=answer.borrowed)
    except Ended as error:
        return replace(nothing, reason=str(error))
    if not given or isinstance(exercise, Value) or verdict.state != NOT_YET or verdict.misconception:
        return verdict  # then the reason is the library's own sentence
    return replace(verdict, reason=decide(exercise, seed, lambda _: _wordless(given[0])).reason)


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


def _same_text(source: str, exercise: Exercise) -> bool:
    """Return whether an answer is the library's text under any names; everybody writes the same one or two lines."""
    try:
        theirs = textwrap.dedent(inspect.getsource(exercise.reference))
        return _normal(source) == _normal(theirs) and sum(isinstance(n, ast.stmt) for n in ast.walk(ast.parse(source))) > 3
    except (OSError, TypeError, IndexError, *finding.UNREADABLE):
        return False


def _normal(source: str) -> str:
    """Return a function's syntax tree without its names, annotations and docstring."""
    function = ast.parse(source).body[0]
    names: dict[str, str] = {}
    if isinstance(function, ast.FunctionDef) and ast.get_docstring(function) is not None:
        function.body = function.body[1:]
    for node in ast.walk(function):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns, node.decorator_list = None, []
            node.name = ""
        elif isinstance(node, ast.arg):
            node.annotation = None
            node.arg = names.setdefault(node.arg, f"v{len(names)}")
        elif isinstance(node, ast.Name) and (isinstance(node.ctx, ast.Store) or node.id in names):
            node.id = names.setdefault(node.id, f"v{len(names)}")
    return ast.dump(function)
