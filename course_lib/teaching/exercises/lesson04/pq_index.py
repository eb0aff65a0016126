"""The PQ index of a tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.pruning import pq_index as library_index
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.lesson04.vectors import FLOAT32, LABELS, MANY, RANGE, negative_float64, p_norm, vectors
from course_lib.teaching.exercises.rounding import rounded
from course_lib.teaching.exercises.views import number


def pq_index(w: Tensor, p: float = 0.5, q: float = 1.0) -> float:
    """I = 1 - M_p / M_q = 1 - d^(1/q - 1/p) ||w||_p / ||w||_q (Diao et al. 2023, section 3.1)."""
    return library_index(w, p, q)


def _indices(rng: torch.Generator) -> list[Case]:
    norms = ((1.0, 2.0), (0.5, 1.0), (1.0, 2.0), (0.5, 1.0), (0.5, 2.0), (1.0, 2.0))
    cases = [Case(label, (w, *pq), w.numel() == 1) for label, w, pq in zip(LABELS, vectors(rng), norms, strict=True)]
    drawn = torch.randn(integer(rng, 6, 9), generator=rng)
    return [
        *cases,
        Case("p and q as they are by default", (drawn,)),
        Case("the same vector, a thousand times as large", (1000 * drawn,)),
        Case("a float64 tensor", (negative_float64(rng), 1.0, 2.0)),
        Case("the same vector, as small as float32 allows", (1e-30 * drawn, 1.0, 2.0), edge=True),
        Case(MANY, (torch.randn(20_000, generator=rng), 0.1, 1.0), edge=True),
    ]


def _index_by(form: Callable[[int, float, float, float, float], float]) -> Callable[..., float]:
    """form: (d, ||w||_p, ||w||_q, p, q) -> the index."""
    return lambda w, p=0.5, q=1.0: form(w.numel(), p_norm(w, p), p_norm(w, q), p, q)


def _index_in_float32(total: Callable[[Tensor], Tensor], form: Callable[[Tensor], Any]) -> Callable[..., float]:
    """total: the sum, as the paper's form has it, or the mean; form: of what is divided, whose division by 0 differs."""

    def wrong(w: Tensor, p: float = 0.5, q: float = 1.0) -> float:
        small, large = (form(total(w.abs().float() ** s) ** (1 / s)) for s in (p, q))
        return float(1 - (w.numel() ** (1 / q - 1 / p) if total is torch.sum else 1) * small / large)

    return wrong


EXERCISE = Exercise(
    "pq_index",
    lesson="04",
    points=2,
    reference=pq_index,
    cases=_indices,
    misconceptions=(
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
            lambda w, p=0.5, q=1.0: 1 - len(w) ** (1 / q - 1 / p) * p_norm(w, p) / p_norm(w, q),
        ),
        *(Misconception("float32", FLOAT32, _index_in_float32(torch.sum, form)) for form in (float, torch.Tensor.clone)),
        *(Misconception("float32", RANGE, _index_in_float32(torch.mean, form)) for form in (float, torch.Tensor.clone)),
        Misconception(
            "something added",
            "Nothing is added to the norm below: no constant is small beside all weights, and the index ignores scale.",
            _index_by(lambda d, a, b, p, q: 1 - d ** (1 / q - 1 / p) * a / (b + 1e-12)),
        ),
        *rounded(library_index),
    ),
    view=number,
)
