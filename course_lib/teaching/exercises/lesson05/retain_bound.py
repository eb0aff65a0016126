"""How many weights have to stay, by theorem 2 of SAP."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from course_lib.axes import pqindex as library
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.rounding import rounded
from course_lib.teaching.exercises.views import number


def retain_bound(d: int, index: float, p: float, q: float, eta: float = 0.0) -> float:
    """r = d (1 + eta)^(-q/(q-p)) (1 - I)^(pq/(q-p)) (Diao et al. 2023, theorem 2)."""
    return library.retain_bound(d, index, p, q, eta)


def _bounds(rng: torch.Generator) -> list[Case]:
    d, index = integer(rng, 50, 500), 0.2 + 0.3 * float(torch.rand((), generator=rng))
    eta = 0.2 + 0.3 * float(torch.rand((), generator=rng))
    return [
        Case("p = 1, q = 2, nothing lost", (100, 0.3, 1.0, 2.0, 0.0)),
        Case("p = 0.5, q = 1, nothing lost", (d, index, 0.5, 1.0, 0.0)),
        Case("p = 1, q = 2, something lost", (d, index, 1.0, 2.0, eta)),
        Case("p = 0.5, q = 1, something lost", (d, index, 0.5, 1.0, eta)),
        Case("other norms", (d, index, 0.6, 1.7, eta)),
        Case("eta left out", (d, index, 1.0, 2.0)),
        Case("three weights", (3, 1 / 3, 1.0, 2.0, 0.0)),
        Case("index 0: all magnitudes equal", (d, 0.0, 1.0, 2.0, 0.0), edge=True),
        Case("a single weight", (1, 0.0, 0.5, 1.0, eta), edge=True),
    ]


def _bound(form: Callable[[int, float, float, float, float], float]) -> Callable[..., float]:
    return lambda d, index, p, q, eta=0.0: form(d, index, p, q, eta)


EXERCISE = Exercise(
    "retain_bound",
    lesson="05",
    points=1,
    reference=retain_bound,
    cases=_bounds,
    misconceptions=(
        Misconception(
            "share instead of number",
            "This is the share r / d; the bound is a number of weights: multiply by d.",
            _bound(lambda d, i, p, q, e: library.retain_bound(1, i, p, q, e)),
        ),
        Misconception(
            "what goes",
            "This is d - r, what may go; r is what has to STAY.",
            _bound(lambda d, i, p, q, e: d - library.retain_bound(d, i, p, q, e)),
        ),
        Misconception(
            "index for 1 - index",
            "The base is 1 - I: the sparser the weights, the fewer have to stay.",
            _bound(lambda d, i, p, q, e: d * (1 + e) ** (-q / (q - p)) * i ** (p * q / (q - p))),
        ),
        Misconception(
            "sign of eta's exponent",
            "The exponent of 1 + eta is NEGATIVE: who may lose more has to keep fewer.",
            _bound(lambda d, i, p, q, e: d * (1 + e) ** (q / (q - p)) * (1 - i) ** (p * q / (q - p))),
        ),
        Misconception(
            "eta ignored",
            "eta is not used: the factor (1 + eta)^(-q/(q-p)) is missing.",
            _bound(lambda d, i, p, q, e: library.retain_bound(d, i, p, q, 0)),
        ),
        Misconception(
            "1 - eta for 1 + eta",
            "The sum of all is at most (1 + eta) times that of the kept, because eta is measured against the KEPT: 1 + eta.",
            _bound(lambda d, i, p, q, e: d * (1 - e) ** (q / (q - p)) * (1 - i) ** (p * q / (q - p))),
        ),
        Misconception(
            "exponent of the index missing",
            "1 - I needs its exponent pq/(q-p); it is 1 for (0.5, 1) only by luck.",
            _bound(lambda d, i, p, q, e: d * (1 + e) ** (-q / (q - p)) * (1 - i)),
        ),
        Misconception(
            "one exponent for both",
            "The two exponents differ: q/(q-p) for eta, pq/(q-p) for the index.",
            _bound(lambda d, i, p, q, e: d * ((1 - i) / (1 + e)) ** (q / (q - p))),
        ),
        Misconception(
            "one exponent for both",
            "The two exponents differ: q/(q-p) for eta, pq/(q-p) for the index.",
            _bound(lambda d, i, p, q, e: d * ((1 - i) / (1 + e)) ** (p * q / (q - p))),
        ),
        Misconception(
            "reciprocal of the exponent",
            "The last step raises both sides to the power pq/(q-p), the reciprocal of 1/p - 1/q.",
            _bound(lambda d, i, p, q, e: d * (1 + e) ** (-q / (q - p)) * (1 - i) ** (1 / p - 1 / q)),
        ),
        Misconception(
            "whole number",
            "Do not round: r is a bound, and the rounding comes with the amount.",
            _bound(lambda d, i, p, q, e: math.ceil(library.retain_bound(d, i, p, q, e))),
        ),
        Misconception(
            "whole number",
            "Do not round: r is a bound, and the rounding comes with the amount.",
            _bound(lambda d, i, p, q, e: int(library.retain_bound(d, i, p, q, e))),
        ),
        Misconception(
            "whole number",
            "Do not round: r is a bound, and the rounding comes with the amount.",
            _bound(lambda d, i, p, q, e: round(library.retain_bound(d, i, p, q, e))),
        ),
        Misconception(
            "at least one",
            "r may lie below 1: it is a bound, and nothing in the formula keeps one weight.",
            _bound(lambda d, i, p, q, e: max(1.0, library.retain_bound(d, i, p, q, e))),
        ),
        *rounded(retain_bound),
    ),
    view=number,
)
