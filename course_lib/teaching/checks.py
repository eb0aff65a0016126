"""What a notebook calls: `check` an answer, and `use` it if it is correct."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from types import CodeType, FunctionType, ModuleType
from typing import Any

import torch

from course_lib.errors import CourseError
from course_lib.teaching import exercises
from course_lib.teaching.exercises.attempts import attempt
from course_lib.teaching.exercises.base import Exercise, Value
from course_lib.teaching.verdict import CORRECT, NOT_ATTEMPTED, NOT_YET, Verdict

__all__ = ["check", "judge", "use"]


def check(answer: Any, name: str | None = None) -> Verdict:
    """Return the verdict on an answer; in a notebook it is shown in words.

    Args:
        answer: the student's function, or the value of an exercise that asks for one.
        name: of the exercise; needed for values, a function has its own.
    """
    if name is None:
        name = getattr(answer, "__name__", None)
        if name is None:
            raise CourseError(f"check({answer!r}) was called without a name; give check(value, 'name of the exercise').")
    exercise = exercises.find(name)
    if not isinstance(exercise, Exercise):
        return _locked(exercise, answer) if exercise.locks else exercise.judge(answer)
    if not callable(answer):
        return exercise.not_attempted(f"{name} is {answer!r}; it should be a function.")
    if _is_library(answer):
        return exercise.not_attempted("This is the library's version: run the cell with your own function, then this one.")
    if borrowed := _borrowed(answer):
        reason = f"It uses {borrowed}, which is course_lib's; an answer is your own code and needs its arguments only."
        return Verdict(NOT_YET, 0, exercise.points, reason, "borrowed")
    return judge(exercise.lesson, name, answer, secrets.randbits(32))


# Name -> the first prediction of this session: who has seen the result does not predict.
_PREDICTED: dict[str, Any] = {}


def _locked(exercise: Value, answer: Any) -> Verdict:
    verdict = exercise.judge(answer)
    if verdict.state != CORRECT:
        return verdict
    first = _PREDICTED.setdefault(exercise.name, answer)
    if first == answer:
        return verdict
    shown = f"{first:g}" if isinstance(first, (int, float)) else repr(first)
    return replace(
        exercise.judge(first), reason=f"Your first prediction, {shown}, stays: you may have seen the result by now."
    )


def judge(lesson: str, exercise: str, function: Callable[..., Any], seed: int) -> Verdict:
    """Return the verdict on `function` on the cases that `seed` draws; the same seed gives the same cases."""
    asked = exercises.find(exercise)
    if asked.lesson != lesson or not isinstance(asked, Exercise):
        raise CourseError(f"{exercise!r} was given; lesson {lesson} has no function of that name to judge.")
    if _is_stub(function):
        return asked.not_attempted()
    cases = asked.cases(torch.Generator().manual_seed(seed))
    return asked.judge(cases, *attempt(function, cases))


def use(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the student's function if it is correct, and otherwise, saying so, the library's version."""
    exercise = exercises.find(function.__name__)
    if not isinstance(exercise, Exercise):
        raise CourseError(f"use({exercise.name}) was called, but {exercise.name} asks for a value; use takes a function.")
    state = CORRECT if _is_library(function) else check(function).state
    if state == CORRECT:
        return function
    problem = "has no answer yet" if state == NOT_ATTEMPTED else "is not correct yet"
    print(f"{exercise.name} {problem}, so the lesson goes on with the library's version (it earns no points).")
    return exercise.reference


def _is_library(function: Callable[..., Any]) -> bool:
    return str(getattr(function, "__module__", "")).split(".")[0] == "course_lib"


def _borrowed(function: Callable[..., Any]) -> str:
    """Return a name of the library that the function, or one of the notebook's that it calls, reads; "" if there is none.

    Other exercises' functions are not borrowed, whoever wrote them: the grader supplies those as well.
    """
    waiting, seen = [function], set()
    while waiting:
        called = waiting.pop()
        codes = [code] if (code := getattr(called, "__code__", None)) else []
        seen.add(called)
        while codes:
            code = codes.pop()
            codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
            for name in code.co_names:
                value = called.__globals__.get(name)
                home = value.__name__ if isinstance(value, ModuleType) else str(getattr(value, "__module__", ""))
                known = {exercise.name for exercise in exercises.everything()}
                if name.split(".")[0] == "course_lib" or (home.split(".")[0] == "course_lib" and name not in known):
                    return name
                if isinstance(value, FunctionType) and value not in seen and home.split(".")[0] != "course_lib":
                    waiting.append(value)
    return ""


def _empty() -> None: ...


def _empty_with_docstring() -> None:
    """A docstring moves None to another place among the constants."""


def _is_stub(function: Callable[..., Any]) -> bool:
    """Return whether the function does nothing at all: a docstring, `...`, `pass`."""
    code = getattr(function, "__code__", None)
    if code is None or set(code.co_consts) - {None, function.__doc__}:  # `return 0.7` compiles to the same bytes
        return False
    return code.co_code in (_empty.__code__.co_code, _empty_with_docstring.__code__.co_code)
