"""What an exercise is: a reference, cases, and the mistakes that are known by name.

`Exercise.judge` sees nothing but plain data: what went in, what the inputs were afterwards, what came out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import FUNCTIONS, Case, Failure, Layer, Network, attempt, pristine, same
from course_lib.teaching.verdict import CORRECT, NOT_ATTEMPTED, NOT_YET, Verdict

PARTIAL = 0.5  # of the points, for an answer that is right on everything but edge cases
NEARLY = "(The plain inputs are right: half of the points.)"
AUTOGRAD = "A parameter that records gradients cannot be changed in place: do it under torch.no_grad()."
UNATTEMPTED = "Write your answer in the cell above, run it, and then run this one."


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that is known by name: a student whose results equal those of `function` reads `sentence`."""

    name: str
    sentence: str
    function: Callable[..., Any]


def is_number(value: Any) -> bool:
    """Return whether `value` is an int or a float; True and False are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


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
        if all(isinstance(output, Failure) and output.type == "NotImplementedError" for output in outputs):
            return self.not_attempted()
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
        if known := self._looks_like(before, given, failing):
            reason, name = known.sentence, known.name
        elif constant and not all(same(wanted, expected_attempt[1][0]) for wanted in expected_attempt[1]):
            none = "It returns None: is a `return` missing?"
            reason, name = none if outputs[0] is None else "It returns the same for every input.", "hard-coded result"
        elif all(map(same, self._views(before, (untouched, outputs)), expected)):
            reason, name = "It changes its arguments; work on a copy.", "mutated input"
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
                lines += [("its calls", _calls(after[-1])), ("expected", _calls(rightly[-1]))]
            return f"On {case.label} the result is not the expected one.", tuple(lines)
        if not same(after[-1], rightly[-1]):
            lines += [("its calls", _calls(after[-1])), ("expected", _calls(rightly[-1]))]
            return f"On {case.label} the result is right, but the calls on the way are not.", tuple(lines)
        lines += _first_difference(case.inputs, after, rightly)
        return f"On {case.label} it does not leave its arguments as it should.", tuple(lines)

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


@dataclass(frozen=True)
class Value:
    """A value that students fill in: a prediction, or an answer to choose.

    judge_value: value -> (share of the points, reason). locks: the first value that earns its points is the one that counts.
    """

    name: str
    lesson: str
    points: float
    judge_value: Callable[[Any], tuple[float, str]]
    locks: bool = False
    kind: str = field(default="value", init=False)

    def judge(self, value: Any) -> Verdict:
        """Return the verdict on `value`; None is not attempted."""
        if value is None or value is ...:
            return Verdict(NOT_ATTEMPTED, 0, self.points, UNATTEMPTED)
        share, reason = self.judge_value(value)
        state = CORRECT if share == 1 else NOT_YET
        heading = "locked in" if self.locks and share == 1 else ""
        return Verdict(state, share * self.points, self.points, reason, heading=heading)


def prediction(name: str, lesson: str, low: float, high: float, points: float = 1) -> Value:
    """Return an exercise whose points are for locking a number in, not for being right."""

    def judge(value: Any) -> tuple[float, str]:
        if is_number(value) and low <= value <= high:
            return 1.0, f"You said {value:g}. The point is for saying it; read on to see how close it is."
        return 0.0, f"{value!r} was given; predict a number between {low:g} and {high:g}."

    return Value(name, lesson, points, judge, locks=True)


def pick(name: str, lesson: str, options: Sequence[str], points: float = 1) -> Value:
    """Return an exercise whose points are for locking one of `options` in, not for being right."""

    def judge(value: Any) -> tuple[float, str]:
        if value in options:
            return 1.0, f"You said {value!r}. The point is for saying it; read on to see whether it is so."
        return 0.0, f"{value!r} was given; choose one of {', '.join(map(repr, options))}."

    return Value(name, lesson, points, judge, locks=True)


def choices(
    name: str, lesson: str, answers: Mapping[str, Any], points: float, why: Mapping[str, Mapping[Any, str]] | None = None
) -> Value:
    """Return an exercise with one answer per question, given as a dict; each right one earns its share.

    why: question -> answer -> the sentence that a student reads who gives that answer, right or wrong.
    """
    why = why or {}

    def judge(value: Any) -> tuple[float, str]:
        if not isinstance(value, Mapping) or set(value) - set(answers):
            return 0.0, f"{value!r} was given; expected is a dict with the keys {', '.join(map(repr, answers))}."
        given = {key: int(v) if isinstance(v, str) and v.isdigit() else v for key, v in value.items()}
        right = [key for key in answers if key in given and given[key] == answers[key]]
        sentences = []
        for key in answers:
            sentence = why.get(key, {}).get(given.get(key), "")
            if key not in right:
                sentences.append(f"{key}: look again. {sentence}".strip())
            elif sentence:
                sentences.append(f"{key}: {sentence}")
        return len(right) / len(answers), " ".join(sentences)

    return Value(name, lesson, points, judge)


def _broken(output: Any) -> bool:
    """Whether an output, or a part of it, is an exception or of a type that nobody can read."""
    return isinstance(output, Failure) or (isinstance(output, (tuple, list)) and any(map(_broken, output)))


def _calls(log: Sequence[tuple[Any, ...]]) -> str:
    return " -> ".join(f"{name}({', '.join(map(short, arguments))})" for name, *arguments in log) or "none"


def _first_difference(inputs: Sequence[Any], after: Sequence[Any], rightly: Sequence[Any]) -> list[tuple[str, str]]:
    """Show the first entry of an argument that is not as it should be."""
    for place, (value, now, wanted) in enumerate(zip(inputs, after, rightly, strict=False), 1):
        if same(now, wanted):
            continue
        if not isinstance(value, (Layer, Network)):
            return [(f"argument {place}", short(now)), ("expected", short(wanted))]
        for name, tensor in wanted.items():
            entries = (now[name] != tensor).nonzero() if now[name].shape == tensor.shape else []
            if len(entries):
                index = tuple(entries[0].tolist())
                where = f"argument {place} (a {value.kind}): {name}[{', '.join(map(str, index))}] is"
                return [(where, short(float(now[name][index]))), ("expected", short(float(tensor[index])))]
    return []


def short(value: Any) -> str:
    """Return a value in at most 200 characters, as verdicts show it: small tensors whole, large ones by type and shape."""
    if isinstance(value, Tensor):
        if value.numel() > 16 or value.ndim > 1:
            return f"a {str(value.dtype).removeprefix('torch.')} tensor of shape {tuple(value.shape)}"
        if value.dtype == torch.bool and value.ndim:
            return f"[{' '.join(f'{entry!s:5}' for entry in value.tolist()).strip()}]"  # in columns, to be compared
        return f"tensor({short(value.tolist())})"
    if isinstance(value, Layer):
        return f"a {value.kind}({', '.join(f'{k}={v}' for k, v in value.arguments.items())})"
    if isinstance(value, Network):
        return f"a network of {', '.join(f'{name} ({layer.kind})' for name, layer in value.layers.items())}"
    if isinstance(value, FUNCTIONS):
        return value.name
    if isinstance(value, Mapping) and any(isinstance(entry, Tensor) for entry in value.values()):
        zeros = {name: int((entry == 0).sum()) for name, entry in value.items()}
        return f"{{{', '.join(f'{name}: {zeros[name]} of {value[name].numel()} are zero' for name in value)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(short, value))}]"
    text = f"{value:.4g}" if isinstance(value, float) else repr(value)
    return text if len(text) < 200 else text[:197] + "..."
