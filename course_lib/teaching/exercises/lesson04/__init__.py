"""Lesson 04, the PQ index (Diao et al. 2023): what students write, and how it goes wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.pruning import pq_index as library_index
from course_lib.teaching.exercises.attempts import Case, Measure
from course_lib.teaching.exercises.base import Exercise, Misconception, choices, identity, prediction
from course_lib.teaching.exercises.measures import MEASURES

LESSON = "04"
Index = Callable[[Tensor], float]


def _int(rng: torch.Generator, low: int, high: int) -> int:
    return int(torch.randint(low, high + 1, (), generator=rng))


def _number(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, Tensor) and output.numel() == 1:
        output = output.item()
    if not isinstance(output, (int, float)) or isinstance(output, bool):
        raise CourseError("return one number")
    if math.isnan(output):
        output = "not a number"  # NaN is equal to nothing, not even to the same mistake
    return identity(inputs, afterwards, output)


# ---- power_mean, pq_index


def power_mean(w: Tensor, s: float) -> float:
    """M_s = (mean |w|^s)^(1/s) of the entries of w (any shape), in float64 and after dividing by max|w|; 0 for zeros."""
    magnitudes = w.abs().double().flatten()
    largest = float(magnitudes.max())
    return largest * float((magnitudes / largest).pow(s).mean() ** (1 / s)) if largest else 0.0


def pq_index(w: Tensor, p: float = 0.5, q: float = 1.0) -> float:
    """I = 1 - M_p / M_q = 1 - d^(1/q - 1/p) ||w||_p / ||w||_q (Diao et al. 2023, section 3.1)."""
    return library_index(w, p, q)


def _vectors(rng: torch.Generator) -> list[Tensor]:
    n = _int(rng, 5, 9)
    return [
        torch.tensor([1.0, -2.0, 3.0]),
        torch.randn(n, generator=rng),
        torch.randn(3, 2, 2, generator=rng),
        torch.cat([torch.randn(n, generator=rng), torch.zeros(3)]),
        torch.full((n,), -0.7),
        torch.tensor([2.5]),
    ]


_LABELS = (
    "three numbers",
    "a drawn vector",
    "a tensor of three axes",
    "a vector with zeros",
    "equal magnitudes",
    "a single entry",
)
_MANY = "many numbers and p = 0.1, in float32"


def _means(rng: torch.Generator) -> list[Case]:
    exponents = (2.0, 0.5, 1.0, 0.5, 3.0, 0.5)
    cases = [Case(label, (w, s), w.numel() == 1) for label, w, s in zip(_LABELS, _vectors(rng), exponents, strict=True)]
    return [
        *cases,
        Case("exponent 1", (torch.randn(6, generator=rng), 1.0)),
        Case(_MANY, (torch.randn(20_000, generator=rng), 0.1), edge=True),
    ]


def _indices(rng: torch.Generator) -> list[Case]:
    norms = ((1.0, 2.0), (0.5, 1.0), (1.0, 2.0), (0.5, 1.0), (0.5, 2.0), (1.0, 2.0))
    cases = [Case(label, (w, *pq), w.numel() == 1) for label, w, pq in zip(_LABELS, _vectors(rng), norms, strict=True)]
    drawn = torch.randn(_int(rng, 6, 9), generator=rng)
    return [
        *cases,
        Case("p and q as they are by default", (drawn,)),
        Case("the same vector, a thousand times as large", (1000 * drawn,)),
        Case(_MANY, (torch.randn(20_000, generator=rng), 0.1, 1.0), edge=True),
    ]


def _norm(w: Tensor, s: float) -> float:
    return float(w.double().abs().pow(s).sum() ** (1 / s))


def _index_by(form: Callable[[int, float, float, float, float], float]) -> Callable[..., float]:
    """form: (d, ||w||_p, ||w||_q, p, q) -> the index."""
    return lambda w, p=0.5, q=1.0: form(w.numel(), _norm(w, p), _norm(w, q), p, q)


_FLOAT32 = (
    "In float32 the sum of 20,000 numbers, to the power 1/p = 10, overflows: compute in float64, and with means instead of "
    "sums."
)
POWER_MEAN = Exercise(
    "power_mean",
    LESSON,
    1,
    power_mean,
    _means,
    (
        Misconception(
            "no root", "The last step is missing: the s-th root.", lambda w, s: float(w.abs().double().pow(s).mean())
        ),
        Misconception("sum for mean", "This is a norm: take the MEAN of |w|^s, not the sum.", lambda w, s: _norm(w, s)),
        Misconception(
            "no absolute value",
            "Take |w| first: a negative number to the power 0.5 is not a number, and odd powers cancel.",
            lambda w, s: (
                float((w.double().pow(s).mean()) ** (1 / s))
                if not isinstance(w.double().pow(s).mean() ** (1 / s), complex)
                else 0.0
            ),
        ),
        Misconception(
            "power s instead of 1/s",
            "The last step is the power 1/s, not s.",
            lambda w, s: float(w.abs().double().pow(s).mean() ** s),
        ),
        Misconception(
            "mean first", "First the power, then the mean.", lambda w, s: float(w.abs().double().mean().pow(s) ** (1 / s))
        ),
        Misconception(
            "zeros left out",
            "Zeros count: the mean is over ALL entries.",
            lambda w, s: float(w[w != 0].abs().double().pow(s).mean() ** (1 / s)),
        ),
        Misconception(
            "float32", _FLOAT32, lambda w, s: float((w.abs().float() ** s).sum() ** (1 / s)) / w.numel() ** (1 / s)
        ),
        Misconception("largest", "This is the largest magnitude.", lambda w, s: float(w.abs().max())),
    ),
    _number,
)
PQ_INDEX = Exercise(
    "pq_index",
    LESSON,
    2,
    pq_index,
    _indices,
    (
        Misconception(
            "sign of the exponent",
            "The exponent of d is 1/q - 1/p, which is NEGATIVE; with the other sign the index leaves [0, 1].",
            _index_by(lambda d, a, b, p, q: 1 - d ** (1 / p - 1 / q) * a / b),
        ),
        Misconception(
            "factor missing",
            "The factor d^(1/q - 1/p) is missing (or: take means, not sums): without it a longer vector looks denser.",
            _index_by(lambda d, a, b, p, q: 1 - a / b),
        ),
        Misconception(
            "ratio instead of index",
            "This is M_p / M_q, which is 1 for a dense vector; the index is 1 minus that.",
            _index_by(lambda d, a, b, p, q: d ** (1 / q - 1 / p) * a / b),
        ),
        Misconception(
            "p and q swapped",
            "M_q stands below: 1 - M_p / M_q.",
            _index_by(lambda d, a, b, p, q: 1 - d ** (1 / p - 1 / q) * b / a),
        ),
        Misconception(
            "q - p for 1/q - 1/p",
            "The exponent is the difference of the reciprocals, 1/q - 1/p.",
            _index_by(lambda d, a, b, p, q: 1 - d ** (p - q) * a / b),
        ),
        Misconception(
            "roots missing",
            "The roots are missing: ||w||_p is the p-th root of the sum of |w|^p.",
            lambda w, p=0.5, q=1.0: 1 - float(w.double().abs().pow(p).mean() / w.double().abs().pow(q).mean()),
        ),
        Misconception(
            "zeros left out",
            "Zeros count: d is the number of ALL entries.",
            lambda w, p=0.5, q=1.0: library_index(w[w != 0], p, q),
        ),
        Misconception(
            "defaults ignored",
            "p and q are not fixed: use the arguments.",
            lambda w, p=0.5, q=1.0: library_index(w, 0.5, 1.0),
        ),
        Misconception(
            "length instead of size",
            "len(w) is the first axis only; d is w.numel().",
            lambda w, p=0.5, q=1.0: 1 - len(w) ** (1 / q - 1 / p) * _norm(w, p) / _norm(w, q),
        ),
        Misconception(
            "float32",
            _FLOAT32,
            lambda w, p=0.5, q=1.0: (
                1
                - w.numel() ** (1 / q - 1 / p)
                * float((w.abs().float() ** p).sum() ** (1 / p))
                / float((w.abs().float() ** q).sum() ** (1 / q))
            ),
        ),
    ),
    _number,
)


# ---- clone_test, babies_test


def clone_test(index: Index, w: Tensor) -> bool:
    """Whether the index of w and that of w beside a copy of itself are equal, up to 1e-6 (property D4)."""
    return abs(index(torch.cat([w, w])) - index(w)) < 1e-6


def babies_test(index: Index, w: Tensor) -> bool:
    """Whether appending a zero raises the index by more than 1e-6 (property P2)."""
    return index(torch.cat([w, torch.zeros(1)])) > index(w) + 1e-6


def _measured(rng: torch.Generator) -> list[Case]:
    vectors = (torch.tensor([1.0, 2.0, 3.0]), torch.randn(_int(rng, 5, 8), generator=rng), torch.tensor([0.5, 0.0, 2.0]))
    return [
        Case(f"the measure called {name}", (Measure(name), vectors[k % len(vectors)])) for k, name in enumerate(MEASURES)
    ] + [Case("the PQ index of a drawn vector", (Measure("PQ index"), vectors[1]))]


def _truth(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, Tensor) and output.numel() == 1 and output.dtype == torch.bool:
        output = output.item()
    if not isinstance(output, bool):
        raise CourseError("return True or False")
    return output, afterwards


def _always(value: bool) -> Callable[..., bool]:
    return lambda index, w: value


CLONE_TEST = Exercise(
    "clone_test",
    LESSON,
    1,
    clone_test,
    _measured,
    (
        Misconception("always true", "This says True of every measure: call `index` on both vectors.", _always(True)),
        Misconception("always false", "This says False of every measure.", _always(False)),
        Misconception(
            "entries doubled",
            "w + w doubles the NUMBERS (that is scaling); a clone stands beside the original: torch.cat([w, w]).",
            lambda index, w: abs(index(w + w) - index(w)) < 1e-6,
        ),
        Misconception(
            "exact equality",
            "Floating-point numbers: compare with a tolerance, such as 1e-6.",
            lambda index, w: index(torch.cat([w, w])) == index(w),
        ),
        Misconception(
            "one-sided",
            "This accepts any value that is smaller: take the absolute difference.",
            lambda index, w: index(torch.cat([w, w])) - index(w) < 1e-6,
        ),
        Misconception(
            "zeros appended",
            "A clone is a copy of w, not zeros.",
            lambda index, w: abs(index(torch.cat([w, torch.zeros_like(w)])) - index(w)) < 1e-6,
        ),
        Misconception(
            "too tolerant",
            "This tolerance lets measures pass that visibly change.",
            lambda index, w: abs(index(torch.cat([w, w])) - index(w)) < 0.5,
        ),
        Misconception("answer inverted", "True means that the property HOLDS.", lambda index, w: not clone_test(index, w)),
    ),
    _truth,
)
BABIES_TEST = Exercise(
    "babies_test",
    LESSON,
    1,
    babies_test,
    _measured,
    (
        Misconception("always true", "This says True of every measure: call `index` on both vectors.", _always(True)),
        Misconception(
            "always false",
            "This says False of every measure. Is the zero a new ENTRY, torch.cat([w, torch.zeros(1)])?",
            _always(False),
        ),
        Misconception(
            "not smaller",
            "The index has to RISE; one that stays the same fails.",
            lambda index, w: index(torch.cat([w, torch.zeros(1)])) >= index(w),
        ),
        Misconception(
            "only different",
            "The index has to rise, not only to change.",
            lambda index, w: abs(index(torch.cat([w, torch.zeros(1)])) - index(w)) > 1e-6,
        ),
        Misconception(
            "falls",
            "With a zero appended the vector is SPARSER, so the index has to rise.",
            lambda index, w: index(torch.cat([w, torch.zeros(1)])) < index(w) - 1e-6,
        ),
        Misconception(
            "ones appended", "Babies are zeros.", lambda index, w: index(torch.cat([w, torch.ones(1)])) > index(w) + 1e-6
        ),
    ),
    _truth,
)


# ---- pq_of_normal


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


PQ_OF_NORMAL = Exercise(
    "pq_of_normal",
    LESSON,
    2,
    pq_of_normal,
    _norms,
    (
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
    ),
    _number,
)

_BUGS = {
    "A": {
        1: "The number of entries is right.",
        2: "The p-norm is right.",
        3: "The q-norm is right.",
        4: "The exponent's sign is wrong: 1/q - 1/p is negative.",
    },
    "B": {
        1: "Pruning the smallest is fine.",
        2: "The masked weights are set to zero, as they should be.",
        3: "The zeros of the mask count as weights here, so the index rises with every round, whatever the survivors do.",
    },
    "C": {
        1: "20,000 weights are many, but no mistake.",
        2: "0.1 is a legal p.",
        3: "This sum to the power 10 is larger than float32 can hold: inf, and the index is NaN or 0.",
        4: "The q-norm is harmless.",
        5: "The formula is right.",
    },
}
EXERCISES = (
    prediction("index_of_five", LESSON, 0, 1),
    POWER_MEAN,
    PQ_INDEX,
    CLONE_TEST,
    BABIES_TEST,
    PQ_OF_NORMAL,
    choices("index_bugs", LESSON, {"A": 4, "B": 3, "C": 3}, 3, _BUGS),
)
