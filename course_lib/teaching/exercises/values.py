"""Values that students fill in: predictions, which are locked in, and answers to choose."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from course_lib.teaching.exercises.plain import plain
from course_lib.teaching.exercises.wording import short
from course_lib.teaching.verdict import CORRECT, NOT_ATTEMPTED, NOT_YET, Verdict

UNATTEMPTED = "Write your answer in the cell above, run it, and then run this one."


def is_number(value: Any) -> bool:
    """Return whether `value` is an int or a float; True and False are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True)
class Value:
    """A value that students fill in: a prediction, or an answer to choose.

    points: for a right one; 0 where the check shows what is right and no grade depends on it (practice).
    judge_value: plain data (see `plain`; a tensor with one entry is its number) -> (share of the points, reason).
    locks: the first value that earns its points is the one that counts.
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
            return self.not_attempted()
        value = numbers(value)
        try:
            share, reason = self.judge_value(value)
        except (TypeError, ValueError, AttributeError, LookupError):  # such as a list where a word is expected
            share, reason = 0.0, f"{short(value)} was given, which is no answer to this question."
        state = CORRECT if share == 1 else NOT_YET
        heading = "locked in" if self.locks and share == 1 else ""
        return Verdict(state, share * self.points, self.points, reason, heading=heading)

    def not_attempted(self) -> Verdict:
        """Return the verdict on nothing."""
        return Verdict(NOT_ATTEMPTED, 0, self.points, UNATTEMPTED)


def numbers(value: Any) -> Any:
    """Return a value as plain data, in which each tensor of one entry is its number."""
    return _numbers(plain(value, keys=True))


def _numbers(value: Any) -> Any:
    if isinstance(value, Tensor) and value.numel() == 1:
        return value.item()
    if isinstance(value, Mapping):
        return {key: _numbers(entry) for key, entry in value.items()}
    return value


def prediction(name: str, lesson: str, low: float, high: float, points: float = 1, *, counts: bool = False) -> Value:
    """Return an exercise whose points are for locking a number in, not for being right.

    low, high: the range of what can be predicted; from 0 to 1 it is a share. counts: whether things are counted. A percent
    that is given for a share, or a share for a count, is asked about and not locked.
    """

    def judge(value: Any) -> tuple[float, str]:
        mistaken = is_number(value) and counts and 0 < value < 1
        if is_number(value) and low <= value <= high and not mistaken:
            return 1.0, f"You said {value:g}. The point is for saying it; read on to see how close it is."
        asked = f"{short(value)} was given; predict a number between {low:g} and {high:g}."
        if is_number(value) and (low, high) == (0, 1) and 1 < value <= 100:
            return 0.0, f"{asked} Did you mean {value / 100:g}, which is {value:g} %?"
        if mistaken:
            return 0.0, f"{asked} Did you mean {value:g} of {high:g}, which is {round(value * high)}?"
        return 0.0, asked

    return Value(name, lesson, points, judge, locks=True)


def pick(name: str, lesson: str, options: Sequence[str], points: float = 1) -> Value:
    """Return an exercise whose points are for locking one of `options` in, not for being right."""

    def judge(value: Any) -> tuple[float, str]:
        if isinstance(value, str) and value in options:
            return 1.0, f"You said {value!r}. The point is for saying it; read on to see whether it is so."
        return 0.0, f"{short(value)} was given; choose one of {', '.join(map(repr, options))}."

    return Value(name, lesson, points, judge, locks=True)


def choices(name: str, lesson: str, answers: Mapping[str, Any], why: Mapping[str, Mapping[Any, str]] | None = None) -> Value:
    """Return an exercise with one answer per question, given as a dict. It is practice: the answers lie in the library.

    answers: question -> the right answer, or a set of answers that are equally right.
    why: question -> answer -> the sentence that a student reads who gives that answer, right or wrong.
    """
    why = why or {}

    def judge(value: Any) -> tuple[float, str]:
        if not isinstance(value, Mapping) or set(value) - set(answers):
            return 0.0, f"{short(value)} was given; expected is a dict with the keys {', '.join(map(repr, answers))}."
        given = {key: _line(entry) for key, entry in value.items()}
        right = [key for key in answers if key in given and _is_one_of(given[key], answers[key])]
        sentences = []
        for key in answers:
            sentence = _sentence(why.get(key, {}), given.get(key))
            if key not in right:
                sentences.append(f"{key}: look again. {sentence}".strip())
            elif sentence:
                sentences.append(f"{key}: {sentence}")
        return len(right) / len(answers), " ".join(sentences)

    return Value(name, lesson, 0, judge)


def _line(given: Any) -> Any:
    """Return a number that was written as text as a number."""
    return int(given) if isinstance(given, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", given) else given


def _is_one_of(given: Any, right: Any) -> bool:
    accepted: Collection[Any] = right if isinstance(right, (set, frozenset)) else (right,)
    return (is_number(given) or isinstance(given, str)) and any(given == answer for answer in accepted)


def _sentence(sentences: Mapping[Any, str], given: Any) -> str:
    return sentences.get(given, "") if given is None or isinstance(given, (int, float, str)) else ""
