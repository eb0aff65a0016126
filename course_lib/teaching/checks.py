"""What a notebook calls: `check` an answer, and `use` it if it is correct."""

from __future__ import annotations

import html
import secrets
import sys
from collections.abc import Callable
from dataclasses import replace
from types import CodeType, FrameType
from typing import Any

from course_lib.errors import CourseError
from course_lib.notebook import OutOfTime, cell, time_limit, unread
from course_lib.teaching import another, exercises, points
from course_lib.teaching.another import after
from course_lib.teaching.borrowing import LIBRARY, borrowed, fingerprint
from course_lib.teaching.deciding import decide
from course_lib.teaching.exercises.attempts import attempt
from course_lib.teaching.exercises.base import Exercise, Value, short
from course_lib.teaching.exercises.plain import plain, same
from course_lib.teaching.exercises.values import numbers
from course_lib.teaching.verdict import CORRECT, NOT_ATTEMPTED, NOT_YET, Verdict

__all__ = ["check", "judge", "use"]

SECONDS = 10  # for one check; a right answer takes a twentieth of one


def check(answer: Any, name: str | None = None) -> Verdict:
    """Return the verdict on an answer; in a notebook it is shown in words. What has no end gets one after `SECONDS`.

    Args:
        answer: the student's function, or the value of an exercise that asks for one.
        name: of the exercise; needed for values, a function has its own.
    """
    name = name or _name_of(answer, sys._getframe(1))
    if name is None:
        raise CourseError(f"check({_shown(answer)}) was called without a name; give check(value, 'name of the exercise').")
    exercise = exercises.find(name)
    if not isinstance(exercise, Exercise):
        return _with_points(exercise, _locked(exercise, answer))
    verdict = _with_points(exercise, _checked(exercise, answer), fingerprint(answer) if after.WRONG else "")
    if verdict.state != CORRECT:
        return verdict
    return replace(verdict, below=verdict.below + another.way(exercise.lesson, exercise.name).html())


def _with_points(exercise: Exercise | Value, verdict: Verdict, answer: str = "") -> Verdict:
    """Keep the points of a verdict, and return it with those of the whole course below it, where they count.

    answer: its fingerprint, where wrong answers are counted.
    """
    earns = bool(verdict.points) or verdict.state == CORRECT
    if not points.counted() or not (earns or (answer and verdict.state == NOT_YET)):
        return verdict
    problem = points.keep(exercise, verdict, answer, _PREDICTED.get(exercise.name))
    kept, said = points.of(exercise.name), []
    if problem:
        said = [f"Your points so far could not be kept: {problem}."]
    elif earns:
        said = [f"{points.line()}.", "(None for this one: you have looked at a solution.)" if kept.seen else ""]
    if after.WRONG and len(kept.wrong) >= after.WRONG and not (kept.correct or kept.seen):
        said.append(f"`course solution {exercise.name}` in a terminal now shows one way; it costs the points here.")
    words = html.escape(" ".join(filter(None, said)), quote=False)
    return replace(verdict, below=f'<div style="margin-top: 0.3em">{words}</div>' if words else "")


def _checked(exercise: Exercise, answer: Any) -> Verdict:
    if _is_library(answer):
        return exercise.not_attempted("This is the library's version: run the cell with your own function, then this one.")
    if error := unread(exercise.name):
        reason = f"Python could not read your function, so its cell did not run (line {error.lineno}: {error.msg})."
        return Verdict(NOT_YET, 0, exercise.points, reason)
    try:
        with time_limit(SECONDS):
            return _decided(exercise, answer, secrets.randbits(32), borrowed(answer, exercises.earlier(exercise.name)))
    except KeyboardInterrupt as stopped:
        if isinstance(stopped, OutOfTime):
            reason = f"It did not end within {SECONDS} seconds: is there a loop in it that never ends?"
        elif cell() is not None:
            reason = "You stopped it before it had answered: is there a loop in it that never ends?"
        else:
            raise
    return Verdict(NOT_YET, 0, exercise.points, reason, "no end")


# Name -> the first prediction: who has seen the result does not predict.
_PREDICTED: dict[str, Any] = {}


def _locked(exercise: Value, answer: Any) -> Verdict:
    verdict = decide(exercise, 0, lambda _: [answer], stub=answer is None or answer is ...)
    if not exercise.locks:
        return verdict
    answer = numbers(answer)
    first = _PREDICTED.get(exercise.name, points.predicted(exercise))
    if first is None and verdict.state == CORRECT:
        first = answer
    _PREDICTED[exercise.name] = first
    if first is None or same(first, answer, tolerance=0.0):
        return verdict
    shown = f"{first:g}" if isinstance(first, (int, float)) else repr(first)
    reason = f"Your first answer, {shown}, counts: you may have seen the result by now."
    reason += " (Pictures draw what the cell says now.)"
    if verdict.state != CORRECT:  # whoever grades the notebook reads what stands in it
        reason += " Please write it into the cell again, for that is what you hand in."
    return replace(exercise.judge(first), reason=reason)


def judge(lesson: str, exercise: str, function: Callable[..., Any], seed: int) -> Verdict:
    """Return the verdict on `function` on the cases that `seed` draws; the same seed gives the same cases."""
    asked = exercises.find(exercise)
    if asked.lesson != lesson or not isinstance(asked, Exercise):
        raise CourseError(f"{exercise!r} was given; lesson {lesson} has no function of that name to judge.")
    return _decided(asked, function, seed, "")


def _decided(exercise: Exercise, function: Any, seed: int, library: str) -> Verdict:
    return decide(exercise, seed, lambda cases: attempt(function, cases), stub=_is_stub(function), borrowed=library)


def use(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the student's function if it is correct, and otherwise, saying so, the library's version."""
    name = _name_of(function, sys._getframe(1))
    if name is None:
        raise CourseError(f"use({_shown(function)}) was called; use takes a function that has the name of its exercise.")
    exercise = exercises.find(name)
    if not isinstance(exercise, Exercise):
        raise CourseError(f"use({exercise.name}) was called, but {exercise.name} asks for a value; use takes a function.")
    state = CORRECT if _is_library(function) else _checked(exercise, function).state
    if state == CORRECT:
        return function
    problem = "has no answer yet" if state == NOT_ATTEMPTED else "is not correct yet"
    print(f"{exercise.name} {problem}, so the lesson goes on with the library's version (it earns no points).")
    return exercise.reference


def _name_of(answer: Any, caller: FrameType) -> str | None:
    """Return the name of the exercise that `answer` is for.

    A lambda, a `partial`, what a decorator gives back and an object with `__call__` have other names or none; then it is
    the exercise's name that the notebook gave it. None for what has no name at all.
    """
    own = _attribute(answer, "__name__")
    known = [exercise.name for exercise in exercises.everything()]
    scopes = (caller.f_locals, caller.f_globals)
    given = [name for name in known if any(name in scope and scope[name] is answer for scope in scopes)]
    if own in known or not given or not callable(answer):
        return own if isinstance(own, str) else None
    return given[0]


def _attribute(value: Any, name: str) -> Any:
    try:
        return getattr(value, name, None)
    except Exception:  # an object may answer as it likes
        return None


def _shown(value: Any) -> str:
    return short(plain(value))


def _is_library(function: Any) -> bool:
    return str(_attribute(function, "__module__") or "").split(".")[0] == LIBRARY


def _empty() -> None: ...


def _empty_with_docstring() -> None:
    """A docstring moves None to another place among the constants."""


def _is_stub(function: Any) -> bool:
    """Return whether the function does nothing at all: a docstring, `...`, `pass`."""
    code = _attribute(function, "__code__")
    if not isinstance(code, CodeType):
        return False
    nothing = (None, _attribute(function, "__doc__"))
    if any(all(constant is not one for one in nothing) for constant in code.co_consts):
        return False  # `return 0.7` compiles to the same bytes
    return code.co_code in (_empty.__code__.co_code, _empty_with_docstring.__code__.co_code)
