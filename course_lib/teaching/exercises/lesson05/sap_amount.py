"""How many weights go in one round of SAP."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.axes import pqindex as library
from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception, identity, is_number
from course_lib.teaching.exercises.draws import few_large, integer
from course_lib.teaching.exercises.views import unwrapped


def sap_amount(w: Tensor, p: float, q: float, eta: float = 0.0, gamma: float = 1.0, beta: float = 0.9) -> int:
    """c = floor(d * min(gamma * (1 - r/d), beta)) of the kept weights w (Diao et al. 2023, algorithm 1)."""
    return library.sap_amount(w, p, q, eta, gamma, beta)


def _kept_weights(rng: torch.Generator) -> list[Case]:
    n = integer(rng, 300, 400)
    drawn, uneven = torch.randn(n, generator=rng), few_large(rng, 11, n // 7)
    # k equal entries among zeros: in exact arithmetic d - k go, and floor() of the computed number may give one less.
    d, k = ((5, 1), (10, 2), (11, 9))[integer(rng, 0, 2)]
    whole = torch.cat([torch.full((k,), 0.7), torch.zeros(d - k)])
    return [
        Case("normal weights", (drawn, 1.0, 2.0)),
        Case("a matrix with few large weights", (uneven, 0.5, 1.0)),
        Case("the paper's other p and q", (drawn, 0.5, 1.0)),
        Case("eta above 0", (drawn, 1.0, 2.0, 0.3)),
        Case("a small gamma", (uneven, 1.0, 2.0, 0.0, 0.5)),
        Case("gamma above 1", (drawn, 0.5, 1.0, 0.0, 2.5)),
        Case("so large a gamma that beta binds", (uneven, 1.0, 2.0, 0.0, 8.0, 0.6)),
        Case("weights of which some are zero, but not masked", (torch.cat([drawn, torch.zeros(100)]), 1.0, 2.0)),
        Case("four weights", (torch.tensor([9.0, -4.0, 1.0, 0.0], dtype=torch.float64), 0.5, 1.0, 0.0, 2.4, 0.95)),
        Case("equal magnitudes", (torch.full((7,), -0.3), 1.0, 2.0), edge=True),
        Case("a single weight", (torch.tensor([2.0]), 1.0, 2.0), edge=True),
        Case("a single weight that may go", (torch.tensor([2.0]), 0.5, 1.0, 0.5, 2.0, 1.0), edge=True),
        Case("a whole number in exact arithmetic", (whole, 1.0, 2.0, 0.0, 1.0, 1.0), edge=True),
        Case("a limit that is a whole number in exact arithmetic", (drawn[:100], 1.0, 2.0, 0.0, 8.0, 0.57), edge=True),
        # 60 of 100, but for 4e-11, which is less than 1e-12 * d, and but for 1e-7, which is more
        Case("a whole number but for a hair", (drawn[:100], 1.0, 2.0, 0.0, 8.0, 0.6 - 4e-13), edge=True),
        Case("a whole number but for more than a hair", (drawn[:100], 1.0, 2.0, 0.0, 8.0, 0.6 - 1e-9), edge=True),
        Case("gamma so large that everything goes", (drawn, 1.0, 2.0, 0.0, 50.0, 1.0), edge=True),
    ]


def _count(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    output = unwrapped(output)
    if not is_number(output):
        raise CourseError("return one whole number")
    if output != int(output):
        return "not a whole number", output  # a share, or the floor is missing
    if isinstance(output, float):
        raise CourseError("return a whole number of type int, with which a list can be cut: math.floor or int gives one")
    return identity(inputs, afterwards, output)


def _share(d: int, stays: float, gamma: float, beta: float) -> float:
    return d * min(gamma * (1 - stays), beta)


def _amount(
    form: Callable[[int, float, float, float], float] = _share,
    hair: Callable[[int], float] = lambda d: 1e-12 * d,
    bound: Callable[[float], float] = float,
) -> Callable[..., int]:
    """form: (d, r/d, gamma, beta) -> x; rounded down after the hair that floats may lack; bound: what becomes of r first."""

    def wrong(w: Tensor, p: float = 0.5, q: float = 1.0, eta: float = 0.0, gamma: float = 1.0, beta: float = 0.9) -> int:
        d = w.numel()
        r = bound(library.retain_bound(d, library.pq_index(w, p, q), p, q, eta))
        return max(0, math.floor(form(d, r / d, gamma, beta) + hair(d)))

    return wrong


_HAIR = (
    "Where exact arithmetic gives a whole number, floats may come out a hair below, and floor takes one too few: use "
    "round_down, which stands above the function."
)
EXERCISE = Exercise(
    "sap_amount",
    lesson="05",
    points=2,
    reference=sap_amount,
    cases=_kept_weights,
    misconceptions=(
        Misconception("a hair below", _HAIR, _amount(hair=lambda d: 0)),
        Misconception(
            "a hair for one weight",
            "The error of the product grows with the number of weights, and 1e-12 is too little: use round_down.",
            _amount(hair=lambda d: 1e-12),
        ),
        Misconception(
            "more than a hair",
            "This adds more than a hair: what lies below a whole number by more than floats err is rounded down.",
            _amount(hair=lambda d: 1e-6),
        ),
        Misconception(
            "limit rounded by itself",
            "Round once, at the end, with round_down: here the limit, d * beta, is rounded by itself.",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: min(
                sap_amount(w, p, q, eta, gamma, 1.0), int(beta * w.numel())
            ),
        ),
        *(
            Misconception(
                "r rounded first",
                "Do not round r: it is scaled by gamma first, and only what goes is rounded, once, in the end.",
                _amount(bound=bound),
            )
            for bound in (math.ceil, math.floor, round)
        ),
        Misconception(
            "one weight kept",
            "Nothing in the formula keeps one weight: r may lie below 1, and with beta = 1 everything can go.",
            _amount(bound=lambda r: max(1.0, r)),
        ),
        Misconception(
            "one weight kept",
            "Nothing in the formula keeps one weight: r may lie below 1, and with beta = 1 everything can go.",
            lambda w, *rest: min(sap_amount(w, *rest), w.numel() - 1),
        ),
        Misconception(
            "one weight taken",
            "A round may take nothing at all: where all magnitudes are equal, c is 0.",
            lambda w, *rest: max(sap_amount(w, *rest), 1),
        ),
        Misconception("what stays", "This is what stays; the amount is what GOES.", _amount(lambda d, r, g, b: d * r)),
        Misconception(
            "what stays",
            "This is what stays; the amount is what GOES.",
            _amount(lambda d, r, g, b: d - math.floor(d * min(g * (1 - r), b) + 1e-12 * d)),
        ),
        Misconception(
            "gamma on r",
            "gamma scales what goes, 1 - r/d, not r.",
            _amount(lambda d, r, g, b: d * min(1 - g * r, b)),
        ),
        Misconception(
            "beta ignored",
            "beta is the largest share that one round may take: min(..., beta).",
            _amount(lambda d, r, g, b: d * min(g * (1 - r), 1)),
        ),
        Misconception(
            "max for min", "beta is an upper limit: take the MINIMUM.", _amount(lambda d, r, g, b: d * max(g * (1 - r), b))
        ),
        Misconception("gamma ignored", "gamma is not used.", _amount(lambda d, r, g, b: d * min(1 - r, b))),
        Misconception(
            "gamma outside the limit",
            "Scale first, then limit: with gamma outside of the minimum more than beta can go.",
            _amount(lambda d, r, g, b: d * g * min(1 - r, b)),
        ),
        Misconception(
            "round for floor",
            "Round DOWN (floor): the bound says what has to stay, so no more may go.",
            _amount(lambda d, r, g, b: round(d * min(g * (1 - r), b)) + 0.5),
        ),
        Misconception(
            "rounded up",
            "Round DOWN (floor): the bound says what has to stay, so no more may go.",
            _amount(lambda d, r, g, b: math.ceil(d * min(g * (1 - r), b) - 1e-12 * d) + 0.5),
        ),
        Misconception(
            "eta ignored",
            "eta is not handed on to retain_bound.",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: sap_amount(w, p, q, 0.0, gamma, beta),
        ),
        Misconception(
            "p and q ignored",
            "p and q are not fixed: hand them on to pq_index and to retain_bound.",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: sap_amount(w, 0.5, 1.0, eta, gamma, beta),
        ),
        Misconception(
            "the index is the share",
            "The share that goes is the index for (0.5, 1) with eta = 0 only; take it from the bound.",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: math.floor(
                w.numel() * min(gamma * library.pq_index(w, p, q), beta) + 1e-12 * w.numel()
            ),
        ),
        Misconception(
            "zeros left out",
            "A weight that is zero but not masked is a kept weight, and counts.",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: sap_amount(w[w != 0], p, q, eta, gamma, beta),
        ),
        Misconception(
            "length instead of size",
            "len(w) is the first axis only; d is w.numel().",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: math.floor(
                len(w) * min(gamma * (1 - library.retain_bound(1, library.pq_index(w, p, q), p, q, eta)), beta)
                + 1e-12 * len(w)
            ),
        ),
        Misconception(
            "share instead of number",
            "This is a share; the amount is a whole number of weights.",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: min(
                gamma * (1 - library.retain_bound(1, library.pq_index(w, p, q), p, q, eta)), beta
            ),
        ),
        Misconception(
            "floor missing",
            "Weights go whole: round down, floor(...).",
            lambda w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9: (
                w.numel() * min(gamma * (1 - library.retain_bound(1, library.pq_index(w, p, q), p, q, eta)), beta)
            ),
        ),
    ),
    view=_count,
)
