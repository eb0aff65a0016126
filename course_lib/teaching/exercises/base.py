"""What an exercise is: a reference, cases, and the mistakes that are known by name.

`Exercise.judge` sees nothing but plain data: what went in, what the inputs were afterwards, what came out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import NO_FUNCTION, Case, attempt, pristine
from course_lib.teaching.exercises.plain import Failure, same
from course_lib.teaching.exercises.values import UNATTEMPTED, Value, choices, is_number, pick, prediction
from course_lib.teaching.exercises.wording import calls, difference, short
from course_lib.teaching.verdict import CORRECT, NOT_ATTEMPTED, NOT_YET, Verdict

# What a lesson's modules make exercises with.
__all__ = [
    "AUTOGRAD", "NEARLY", "PARTIAL", "Exercise", "Misconception", "Value", "choices", "identity", "is_number", "pick",
    "prediction", "short",
]  # fmt: skip

PARTIAL = 0.5  # of the points, for an answer that is right on everything but edge cases
NEARLY = "(The plain inputs are right: half of the points.)"
AUTOGRAD = "A parameter that records gradients cannot be changed in place: do it under torch.no_grad()."


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that is known by name: a student whose results equal those of `function` reads `sentence`."""

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
        name: of the function; unique in the course. lesson: such as "02". points: for a correct answer; half of them for one
            that is wrong on edge cases only.
        reference: the library's version; the lesson goes on with it.
        cases: seeded generator -> inputs, the plainest first; fresh ones for every check.
        misconceptions: known mistakes, the most telling first.
        view: (inputs, inputs afterwards, output) -> what counts of them: two results with equal views are equally right.
            Failure where the output is not of the form asked for.
        wanted: (inputs, the reference's output) -> in words what was expected, where the output itself would mislead.
    """

    name: str
    lesson: str
    points: float
    reference: Callable[..., Any]
    cases: Callable[[torch.Generator], list[Case]]
    misconceptions: Sequence[Misconception] = ()
    view: Callable[[tuple[Any, ...], tuple[Any, ...], Any], Any] = identity
    wanted: Callable[[tuple[Any, ...], Any], str] | None = None
    kind: str = field(default="code", init=False)

    def judge(self, before: Sequence[Case], after: Sequence[tuple[Any, ...]], outputs: Sequence[Any]) -> Verdict:
        """Return the verdict on what `attempt` returned for the cases `before`."""
        if _all_failed(outputs, "NotImplementedError"):
            return self.not_attempted()
        if _all_failed(outputs, NO_FUNCTION):
            return self.not_attempted(f"{self.name} is of the type {outputs[0].message}; it should be a function.")
        given = self._views(before, (after, outputs))
        expected_attempt = attempt(self.reference, before)
        expected = self._views(before, expected_attempt)
        failing = [i for i in range(len(before)) if not same(given[i], expected[i])]
        if not failing:
            return Verdict(CORRECT, self.points, self.points)
        first = failing[0]
        reason, evidence = self._explained(
            before[first],
            (after[first], outputs[first]),
            given[first],
            (expected_attempt[0][first], expected_attempt[1][first]),
        )
        name = ""
        constant = all(same(output, outputs[0]) for output in outputs) and not _broken(outputs[0])
        untouched = [(*pristine(case), now[-1]) for case, now in zip(before, after, strict=True)]
        known, perhaps = self._mistakes(before, given, failing)
        if known:
            reason, name = known.sentence, known.name
        elif constant and not all(same(wanted, expected_attempt[1][0]) for wanted in expected_attempt[1]):
            none = "It returns None: is a `return` missing?"
            reason, name = none if outputs[0] is None else "It returns the same for every input.", "hard-coded result"
        elif all(map(same, self._views(before, (untouched, outputs)), expected)):
            reason, name = "It changes its arguments; work on a copy.", "mutated input"
        elif perhaps:
            reason = f"{reason} Perhaps: {perhaps.sentence}"
        points = self.points * PARTIAL if all(before[i].edge for i in failing) else 0
        return Verdict(NOT_YET, points, self.points, f"{reason} {NEARLY}" if points else reason, name, evidence)

    def _explained(
        self, case: Case, given: tuple[Any, Any], view: Any, expected: tuple[Any, Any]
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return one sentence on what is wrong with a case, and the lines that show it. given, expected: (after, output)."""
        (after, output), (rightly, wanted) = given, expected
        call = f"{self.name}({', '.join(map(short, case.inputs))})"
        lines = [("case", case.label), ("call", call)]
        if isinstance(output, Failure):
            reason = f"On {case.label} it ended in {output.type}: {output.message}"
            return reason + ("" if reason.endswith(".") else "."), tuple(lines)
        unread = isinstance(view, tuple) and view and isinstance(view[0], Failure) and view[0].type == "CourseError"
        right = same(output, wanted)
        if not (right and output is None):
            described = self.wanted(case.inputs, wanted) if self.wanted else short(wanted)
            lines += [("it gave", short(output)), ("expected", described)]
        if unread:
            return f"On {case.label}: {view[0].message}.", tuple(lines)
        if not right:
            if after[-1] or rightly[-1]:
                lines += [("its calls", calls(after[-1]))]
                lines += [] if same(after[-1], rightly[-1]) else [("expected", calls(rightly[-1]))]
            return f"On {case.label} the result is not the expected one.", tuple(lines)
        if not same(after[-1], rightly[-1]):
            lines += [("its calls", calls(after[-1])), ("expected", calls(rightly[-1]))]
            return f"On {case.label} the result is right, but the calls on the way are not.", tuple(lines)
        lines += difference(case.inputs, after, rightly)
        return f"On {case.label} it does not leave its arguments as it should.", tuple(lines)

    def _mistakes(
        self, before: Sequence[Case], given: Sequence[Any], failing: Sequence[int]
    ) -> tuple[Misconception | None, Misconception | None]:
        """Return the mistake that an answer is, and the one that it may be.

        It is the first one that gives the same on every case: that explains all that fails, and what is right is right with
        that mistake as well. It may be one that explains the most of what fails, and at least two cases, where nothing that
        is right speaks against it.
        """
        right = [i for i in range(len(before)) if i not in failing]
        explained: list[tuple[int, Misconception]] = []
        for known in self.misconceptions:
            if not all(self._agrees(known, before[i], given[i]) for i in right):
                continue
            count = sum(self._agrees(known, before[i], given[i]) for i in failing)
            if count == len(failing):
                return known, None
            explained.append((count, known))
        most = max((count for count, _ in explained), default=0)
        return None, next((known for count, known in explained if count == most >= 2), None)

    def _agrees(self, known: Misconception, case: Case, given: Any) -> bool:
        """Return whether an answer with that mistake gives `given` on a case."""
        return same(given, self._views([case], attempt(known.function, [case]))[0])

    def _views(self, before: Sequence[Case], result: tuple[Sequence[tuple[Any, ...]], Sequence[Any]]) -> list[Any]:
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


def _all_failed(outputs: Sequence[Any], kind: str) -> bool:
    return all(isinstance(output, Failure) and output.type == kind for output in outputs)


def _broken(output: Any) -> bool:
    """Whether an output, or a part of it, is an exception or of a type that nobody can read."""
    return isinstance(output, Failure) or (isinstance(output, (tuple, list)) and any(map(_broken, output)))
