"""How many weights are left when a share of them goes."""

from __future__ import annotations

import math

import torch

from course_lib.axes.amounts import share as whole_share
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer


def weights_left(n: int, share: float) -> int:
    """How many of n weights are left when round(share * n) of them have gone, as in torch.nn.utils.prune."""
    return n - whole_share(share, n)


def _shares(rng: torch.Generator) -> list[Case]:
    n = integer(rng, 60, 200)
    gone = integer(rng, 10, n - 20)
    return [
        Case("ten weights, nine of which go", (10, 0.9)),
        Case("a whole number of weights goes", (n, gone / n)),
        Case("a share that is a little more than a whole number of weights", (n, (gone + 0.3) / n)),
        Case("a share that is a little less than a whole number of weights", (n, (gone - 0.3) / n)),
        Case("nothing goes", (n, 0.0), edge=True),
        Case("everything goes", (n, 1.0), edge=True),
        Case("a single weight, which goes", (1, 0.8), edge=True),
    ]


_GOES = "This is how many GO. Asked is how many are LEFT."
_WHOLE = "This is not always a whole number, and nobody removes a third of a weight: round what goes."
_NEAREST = "What goes is round(share * n), the NEAREST whole number; int() and // always round down, ceil() up."
EXERCISE = Exercise(
    "weights_left",
    lesson="00",
    points=1,
    reference=weights_left,
    cases=_shares,
    misconceptions=(
        Misconception("what goes", _GOES, lambda n, share: share * n),
        Misconception("what goes", _GOES, lambda n, share: round(share * n)),
        Misconception("not a whole number", _WHOLE, lambda n, share: n - share * n),
        Misconception("not the nearest number", _NEAREST, lambda n, share: n - int(share * n)),
        Misconception("not the nearest number", _NEAREST, lambda n, share: int((1 - share) * n)),
        Misconception("not the nearest number", _NEAREST, lambda n, share: n - math.ceil(share * n)),
        Misconception("a share, not a number", "This is a share; asked is a number of weights.", lambda n, share: 1 - share),
        Misconception(
            "share for number", "`share` is a part of n, not a number: multiply it by n.", lambda n, share: n - share
        ),
        Misconception(
            "percent",
            "`share` is a number between 0 and 1, not a percentage: do not divide by 100.",
            lambda n, share: n - round(share * n / 100),
        ),
    ),
)
