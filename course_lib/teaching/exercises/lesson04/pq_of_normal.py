"""The PQ index of infinitely many normal weights."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.rounding import rounded
from course_lib.teaching.exercises.views import number


def pq_of_normal(p: float, q: float) -> float:
    """The index of infinitely many normal weights: E|z|^s = 2^(s/2) Gamma((s+1)/2) / sqrt(pi)."""

    def moment(s: float) -> float:
        return (2 ** (s / 2) * math.gamma((s + 1) / 2) / math.sqrt(math.pi)) ** (1 / s)

    return 1 - moment(p) / moment(q)


def _normal(
    by: Callable[[float], float], form: Callable[[float, float], float] = lambda a, b: 1 - a / b
) -> Callable[[float, float], float]:
    return lambda p, q: form(by(p), by(q))


def _moment(s: float) -> float:
    return 2 ** (s / 2) * math.gamma((s + 1) / 2) / math.sqrt(math.pi)


def _norms(rng: torch.Generator) -> list[Case]:
    p = 0.2 + 0.6 * float(torch.rand((), generator=rng))
    q = 1.1 + float(torch.rand((), generator=rng))
    return [
        Case("the paper's p and q", (1.0, 2.0)),
        Case("the paper's other p and q", (0.5, 1.0)),
        Case("drawn p and q", (p, q)),
        Case("p and q close together", (1.0, 1.01), edge=True),
    ]


EXERCISE = Exercise(
    "pq_of_normal",
    lesson="04",
    points=0,
    reference=pq_of_normal,
    cases=_norms,
    misconceptions=(
        Misconception("roots missing", "M_s is the s-th ROOT of E|z|^s.", _normal(_moment)),
        Misconception(
            "root of pi missing",
            "E|z|^s is divided by the square root of pi; it does not cancel, because the roots differ.",
            _normal(lambda s: (2 ** (s / 2) * math.gamma((s + 1) / 2)) ** (1 / s)),
        ),
        Misconception(
            "pi for its root",
            "The denominator is the SQUARE ROOT of pi.",
            _normal(lambda s: (2 ** (s / 2) * math.gamma((s + 1) / 2) / math.pi) ** (1 / s)),
        ),
        Misconception(
            "Gamma of s/2",
            "The argument of Gamma is (s + 1) / 2.",
            _normal(lambda s: (2 ** (s / 2) * math.gamma(s / 2) / math.sqrt(math.pi)) ** (1 / s)),
        ),
        Misconception(
            "Gamma of s + 1",
            "The argument of Gamma is (s + 1) / 2.",
            _normal(lambda s: (2 ** (s / 2) * math.gamma(s + 1) / math.sqrt(math.pi)) ** (1 / s)),
        ),
        Misconception(
            "ratio instead of index",
            "This is the ratio; the index is 1 minus that.",
            _normal(lambda s: _moment(s) ** (1 / s), lambda a, b: a / b),
        ),
        Misconception(
            "p and q swapped", "M_q stands below.", _normal(lambda s: _moment(s) ** (1 / s), lambda a, b: 1 - b / a)
        ),
        Misconception(
            "for one p and q only",
            "This is the value for p = 1 and q = 2 only; use the arguments.",
            lambda p, q: 1 - math.sqrt(2 / math.pi),
        ),
        *rounded(pq_of_normal),
    ),
    view=number,
)
