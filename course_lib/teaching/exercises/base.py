"""What an exercise is: a reference, cases, and the mistakes that are known by name.

`Exercise.judge` sees nothing but plain data: what went in, what the inputs were afterwards, what came out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import Attempt, Callee, Case, Failure, Layer, attempt, pristine, same
from course_lib.teaching.verdict import CORRECT, NOT_ATTEMPTED, NOT_YET, Verdict

UNATTEMPTED = "Write your answer in the cell above, run it, and then run this one."


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that is known by name: `sentence` is told to a student whose results equal those of `function`."""

    name: str
    sentence: str
    function: Callable[..., Any]


def identity(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """The usual view of a result: the output itself, and the inputs must be as they were."""
    return output, afterwards


@dataclass(frozen=True)
class Exercise:
    """A function that students write.

    Args:
        name: of the function; unique in the course. lesson: such as "02". points: for a correct answer.
        reference: the library's version; the lesson goes on with it.
        cases: seeded generator -> inputs, the plainest first; fresh ones for every check.
        misconceptions: known mistakes, the most telling first.
        view: (inputs, inputs afterwards, output) -> what counts of them: two results with equal views are equally right.
            Failure where the output is not of the form asked for.
    """

    name: str
    lesson: str
    points: float
    reference: Callable[..., Any]
    cases: Callable[[torch.Generator], list[Case]]
    misconceptions: Sequence[Misconception] = ()
    view: Callable[[tuple[Any, ...], tuple[Any, ...], Any], Any] = identity
    kind: str = field(default="code", init=False)

    def judge(self, before: Sequence[Case], after: Sequence[tuple[Any, ...]], outputs: Sequence[Any]) -> Verdict:
        """Return the verdict on what `attempt` returned for the cases `before`."""
        if all(isinstance(output, Failure) and output.type == "NotImplementedError" for output in outputs):
            return self.not_attempted()
        given = self._views(before, (after, outputs))
        expected_attempt = attempt(self.reference, before)
        expected = self._views(before, expected_attempt)
        failing = [i for i in range(len(before)) if not same(given[i], expected[i])]
        if not failing:
            return Verdict(CORRECT, self.points, self.points)
        reason = _told(
            self.name, before[failing[0]], outputs[failing[0]], given[failing[0]], expected_attempt[1][failing[0]]
        )
        known = self._looks_like(before, given, failing)
        if known:
            return Verdict(NOT_YET, 0, self.points, f"{known.sentence} ({reason})", known.name)
        constant = all(same(output, outputs[0]) for output in outputs) and not isinstance(outputs[0], Failure)
        if constant and not all(same(wanted, expected_attempt[1][0]) for wanted in expected_attempt[1]):
            told = (
                "It returns None: is a `return` missing?" if outputs[0] is None else "It returns the same for every input."
            )
            return Verdict(NOT_YET, 0, self.points, f"{told} ({reason})", "hard-coded result")
        untouched = [(*pristine(case), now[-1]) for case, now in zip(before, after, strict=True)]
        if all(map(same, self._views(before, (untouched, outputs)), expected)):
            return Verdict(NOT_YET, 0, self.points, "It changes its arguments; work on a copy.", "mutated input")
        return Verdict(NOT_YET, 0, self.points, reason)

    def _looks_like(self, before: Sequence[Case], given: Sequence[Any], failing: Sequence[int]) -> Misconception | None:
        """Return the first mistake that gives the same on every case, or else the first that does where this is wrong."""
        partly = None
        for known in self.misconceptions:
            looks = self._views(before, attempt(known.function, before))
            if all(map(same, given, looks)):
                return known
            if partly is None and all(same(given[i], looks[i]) for i in failing):
                partly = known
        return partly

    def _views(self, before: Sequence[Case], result: Attempt) -> list[Any]:
        views = []
        for case, now, output in zip(before, *result, strict=True):
            try:
                views.append(output if isinstance(output, Failure) else self.view(case.inputs, now, output))
            except Exception as error:  # an output of a form that the view cannot read is wrong, not a crash
                form = (str(output.dtype), list(output.shape)) if isinstance(output, Tensor) else type(output).__name__
                views.append((Failure(type(error).__name__, str(error)), form))
        return views

    def not_attempted(self, reason: str = UNATTEMPTED) -> Verdict:
        """Return the verdict on a stub."""
        return Verdict(NOT_ATTEMPTED, 0, self.points, reason)


@dataclass(frozen=True)
class Value:
    """A value that students fill in: a prediction, or an answer to choose.

    judge_value: value -> (share of the points, reason).
    """

    name: str
    lesson: str
    points: float
    judge_value: Callable[[Any], tuple[float, str]]
    kind: str = field(default="value", init=False)

    def judge(self, value: Any) -> Verdict:
        """Return the verdict on `value`; None is not attempted."""
        if value is None or value is ...:
            return Verdict(NOT_ATTEMPTED, 0, self.points, UNATTEMPTED)
        share, reason = self.judge_value(value)
        return Verdict(CORRECT if share == 1 else NOT_YET, share * self.points, self.points, reason)


def prediction(name: str, lesson: str, low: float, high: float, points: float = 1) -> Value:
    """Return an exercise whose points are for locking a number in, not for being right."""

    def judge(value: Any) -> tuple[float, str]:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
            return 1.0, f"Locked in: {value:g}. Read on to see how close it is."
        return 0.0, f"{value!r} was given; predict a number between {low:g} and {high:g}."

    return Value(name, lesson, points, judge)


def choices(name: str, lesson: str, answers: Mapping[str, Any], points: float) -> Value:
    """Return an exercise with one answer per question, given as a dict; each right one earns its share."""

    def judge(value: Any) -> tuple[float, str]:
        if not isinstance(value, Mapping) or set(value) - set(answers):
            return 0.0, f"{value!r} was given; expected is a dict with the keys {', '.join(map(repr, answers))}."
        right = [key for key in answers if key in value and value[key] == answers[key]]
        wrong = [key for key in answers if key not in right]
        return len(right) / len(answers), f"Look again at {', '.join(wrong)}." if wrong else ""

    return Value(name, lesson, points, judge)


def _told(name: str, case: Case, output: Any, view: Any, expected: Any) -> str:
    """Say on which inputs it went wrong, what came, and what was expected, in one sentence."""
    arguments = ", ".join(map(_short, case.inputs))
    where = f"On {case.label}, {name}({arguments})"
    if isinstance(output, Failure):
        return f"{where} ended in {output.type}: {output.message}" + ("" if output.message.endswith(".") else ".")
    if same(output, expected):
        return (
            f"{where} did not do with its arguments what it should."
            if output is None
            else f"{where} gave the right result, but not all calls on the way were as asked."
        )
    unread = isinstance(view, tuple) and view and isinstance(view[0], Failure) and view[0].type == "CourseError"
    problem = f" ({view[0].message})" if unread else ""
    return f"{where} gave {_short(output)}{problem}; expected was {_short(expected)}."


def _short(value: Any) -> str:
    if isinstance(value, Tensor):
        if value.numel() > 16 or value.ndim > 1:
            return f"a {str(value.dtype).removeprefix('torch.')} tensor of shape {tuple(value.shape)}"
        return f"tensor({_short(value.tolist())})"
    if isinstance(value, Layer):
        return f"a {value.kind}({', '.join(f'{k}={v}' for k, v in value.arguments.items())})"
    if isinstance(value, Callee):
        return value.name
    if isinstance(value, list):
        return f"[{', '.join(map(_short, value))}]"
    text = f"{value:.4g}" if isinstance(value, float) else repr(value)
    return text if len(text) < 200 else text[:197] + "..."
