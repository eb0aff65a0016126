"""One submission: what is found in it is called in the sandbox, and judged here on fresh inputs."""

from __future__ import annotations

import ast
import builtins
import hashlib
import inspect
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_lib.grading import reading
from course_lib.grading.reading import Answer
from course_lib.grading.sandbox import Ended, Limits, Sandbox
from course_lib.teaching import exercises
from course_lib.teaching.exercises import Exercise, Value
from course_lib.teaching.exercises.attempts import Case, Failure, attempt
from course_lib.teaching.exercises.measures import MEASURES
from course_lib.teaching.verdict import NOT_YET, Verdict

MOST = 1_000_000  # entries, or the size of a number, that another exercise's function is called with
ERRORS = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)}


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
    """What came of one submission.

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
    """A result with what the clock says. lesson: its name. penalty: points taken off. days: begun days late."""

    lesson: str
    result: Result
    submitted: datetime
    days: int
    penalty: float
    others: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """Points after the penalty; what a person grades comes on top of it."""
        return self.result.points - self.penalty


def mark(
    path: Path, student: str, lesson: str, seed: int, limits: Limits, unsafe: bool = False, written: Sequence[str] = ()
) -> Result:
    """Grade one notebook; whatever it is, this returns.

    Args:
        path: of the notebook. lesson: such as "02". seed: of the inputs that its functions are called with.
        limits, unsafe: of the sandbox. written: grade_ids of the questions that a person grades.
    """
    started = time.perf_counter()
    asked = exercises.of(lesson)
    digest = hash_of(path)
    try:
        cells = reading.read(path)
    except reading.Unreadable as error:
        marks = tuple(Mark(one.name, NOT_YET, 0.0, one.points, "The notebook could not be read.") for one in asked)
        return Result(student, digest, marks, str(error), seconds=time.perf_counter() - started)
    found = reading.find(cells, asked)
    with Sandbox(limits, unsafe) as sandbox:
        marks = tuple(_mark(one, found[one.name], sandbox, seed) for one in asked)
    texts = {grade_id: text for grade_id in written if (text := reading.explained(cells, grade_id)) is not None}
    problem = _other_lesson(lesson, cells) if not any(answer.cell for answer in found.values()) else ""
    return Result(student, digest, marks, problem, texts, time.perf_counter() - started)


def hash_of(path: Path) -> str:
    """Return what tells one submission from another: the hash of the file's bytes."""
    if path.is_symlink() or not path.is_file():
        return "no file"
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _slow_hash(stream)


def _slow_hash(stream: Any) -> str:
    found = hashlib.sha256()  # Python 3.10
    for block in iter(lambda: stream.read(1 << 20), b""):
        found.update(block)
    return found.hexdigest()


def _mark(exercise: Exercise | Value, answer: Answer, sandbox: Sandbox, seed: int) -> Mark:
    verdict = _verdict(exercise, answer, sandbox, seed)
    notes = list(answer.notes)
    if isinstance(exercise, Exercise) and answer.program and _same_text(answer.source, exercise):
        notes.append("the text is the library's own")
    points = min(max(float(verdict.points), 0.0), float(exercise.points))
    return Mark(
        exercise.name, verdict.state, points, exercise.points, verdict.reason, verdict.misconception, answer.cell,
        answer.source[:20_000], tuple(notes),
    )  # fmt: skip


def _verdict(exercise: Exercise | Value, answer: Answer, sandbox: Sandbox, seed: int) -> Verdict:
    nothing = Verdict(NOT_YET, 0, exercise.points)
    if answer.problem:
        return replace(nothing, reason=answer.problem)
    if answer.stub:
        return exercise.not_attempted() if isinstance(exercise, Exercise) else exercise.judge(None)
    if reading.uses_course_lib(answer.program):
        return replace(nothing, reason="It uses course_lib; an answer has to be your own code.")
    cases = exercise.cases(torch.Generator().manual_seed(seed)) if isinstance(exercise, Exercise) else None
    request = {"program": answer.program, "name": answer.name, "supplied": list(answer.supplied), "cases": cases}
    try:
        given = sandbox.ask(request, lambda message: _serve(message, exercise.lesson, set(answer.supplied)))
    except Ended as error:
        return replace(nothing, reason=str(error))
    if isinstance(given, Failure):
        return replace(nothing, reason=f"Its cell ended in {_named(given).type} before the function could be called.")
    try:
        return _judged(exercise, cases, given)
    except Exception as error:  # a stranger's data: whatever they do to a judge, the class is graded
        return replace(nothing, reason=f"Its result could not be judged ({type(error).__name__}).")


def _judged(exercise: Exercise | Value, cases: Any, given: Any) -> Verdict:
    if isinstance(exercise, Value):
        return exercise.judge(given)
    after, outputs = given
    if len(after) != len(cases) or len(outputs) != len(cases):
        return Verdict(NOT_YET, 0, exercise.points, "It did not answer every call.")
    return exercise.judge(cases, [tuple(one) for one in after], list(map(_named, outputs)))


def _named(output: Any) -> Any:
    """Keep an error's type and drop its words, which could carry the inputs to the next submission."""
    if not isinstance(output, Failure):
        return output
    kind = output.type if output.type in ERRORS else "an error of its own"
    return Failure(kind, "(its words are shown in the notebook's own check only)")


def _serve(message: Mapping[str, Any], lesson: str, supplied: set[str]) -> Any:
    """Answer what a student's function asks for: another exercise's function, supplied correct, or a measure."""
    arguments, named = message["arguments"], message["named"]
    if not isinstance(arguments, list) or not isinstance(named, dict) or not _small([arguments, named]):
        return Failure("ValueError", f"called with more than {MOST:,} entries, or a number beyond that")
    if "measure" in message:
        function = MEASURES.get(message["measure"])
    else:
        name = message.get("call")
        function = exercises.find(name).reference if name in supplied else None
    if function is None:
        return Failure("NameError", "there is no such function")
    return _call(function, arguments, named)


def _call(function: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Return a reference's output for arguments that came from a stranger, with its errors as data."""

    def call(*values: Any) -> Any:
        return function(*values[: len(arguments)], **dict(zip(named, values[len(arguments) :], strict=True)))

    _, (output,) = attempt(call, [Case("asked for", (*arguments, *named.values()))])
    return output


def _small(value: Any) -> bool:
    """Return whether a reference that is called with `value` is sure to return soon."""
    if isinstance(value, Tensor):
        return value.numel() <= MOST
    if isinstance(value, (int, float)):
        return abs(value) <= MOST or value != value
    if isinstance(value, (list, tuple, set)):
        return len(value) <= MOST and all(map(_small, value))
    if isinstance(value, dict):
        return len(value) <= MOST and all(map(_small, value.values()))
    return value is None or (isinstance(value, str) and len(value) <= MOST)


def _other_lesson(lesson: str, cells: Sequence[reading.Cell]) -> str:
    names = {exercise.name: exercise.lesson for exercise in exercises.everything() if exercise.lesson != lesson}
    text = "\n".join(cell.source for cell in cells)
    others = [number for name, number in names.items() if f"def {name}(" in text]
    if others:
        return f"This is not lesson {lesson}: it looks like lesson {max(set(others), key=others.count)}."
    return f"Nothing of lesson {lesson} was found in it."


def _same_text(source: str, exercise: Exercise) -> bool:
    """Whether an answer is the library's, whatever its names are; one or two lines say nothing, everybody writes those."""
    try:
        theirs = textwrap.dedent(inspect.getsource(exercise.reference))
        return _normal(source) == _normal(theirs) and sum(isinstance(n, ast.stmt) for n in ast.walk(ast.parse(source))) > 3
    except (OSError, TypeError, SyntaxError, IndexError):
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
