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
    many, eight = 10 * integer(rng, 100, 900) + 3, 8 * integer(rng, 1, 9)
    return [
        Case("ten weights, nine of which go", (10, 0.9)),
        Case("a whole number of many weights goes", (10_000, many / 10_000)),
        Case("a share that is a little more than a whole number of weights", (n, (gone + 0.3) / n)),
        Case("a share that is a little less than a whole number of weights", (n, (gone - 0.3) / n)),
        Case("a half whose even neighbour lies below", (eight + 2, 0.25), edge=True),
        Case("a half whose even neighbour lies above", (eight + 6, 0.25), edge=True),
        Case("half of an odd number of weights", (2 * integer(rng, 2, 20) + 1, 0.5), edge=True),
        Case("nothing goes", (n, 0.0), edge=True),
        Case("everything goes", (n, 1.0), edge=True),
        Case("a single weight, which goes", (1, 0.8), edge=True),
    ]


_GOES = "This is how many GO. Asked is how many are LEFT."
_WHOLE = "This is not always a whole number, and nobody removes a third of a weight: round what goes."
_NEAREST = "What goes is round(share * n), the NEAREST whole number; int() and // always round down, ceil() up."
_HALF = "A half goes to the EVEN neighbour: round(2.5) is 2, and round(3.5) is 4."
_REST = (
    "Round what GOES, and take it from n: of 5 weights half is 2.5, so round(2.5) = 2 go and 3 are left, not round(2.5) = 2."
)
_ALL = "Exactly round(share * n) go: with a share of 0 that is none, with a share of 1 all of them."
EXERCISE = Exercise(
    "weights_left",
    lesson="00",
    points=1,
    reference=weights_left,
    cases=_shares,
    misconceptions=(
        Misconception("what goes", _GOES, lambda n, share: share * n),
        Misconception("what goes", _GOES, lambda n, share: round(share * n)),
        Misconception("what is left is rounded", _REST, lambda n, share: round(n - share * n)),
        Misconception("what is left is rounded", _REST, lambda n, share: round((1 - share) * n)),
        Misconception("not a whole number", _WHOLE, lambda n, share: n - share * n),
        Misconception("not the nearest number", _NEAREST, lambda n, share: n - int(share * n)),
        # The same but for floats, which tell these two apart where a whole number is left.
        Misconception("not the nearest number", _NEAREST, lambda n, share: int((1 - share) * n)),
        Misconception("not the nearest number", _NEAREST, lambda n, share: int(n - share * n)),
        Misconception("not the nearest number", _NEAREST, lambda n, share: n - math.ceil(share * n)),
        Misconception(
            "a half rounded up", f"{_HALF} This always takes it up.", lambda n, share: n - math.floor(share * n + 0.5)
        ),
        Misconception(
            "a half rounded down", f"{_HALF} This always takes it down.", lambda n, share: n - math.ceil(share * n - 0.5)
        ),
        Misconception("never all, never none", _ALL, lambda n, share: max(1, n - round(share * n))),
        Misconception("never all, never none", _ALL, lambda n, share: n - max(1, round(share * n))),
        Misconception(
            "share rounded first",
            "Round the product, share * n, not the share: a hundredth of 10,000 weights is a hundred of them.",
            lambda n, share: n - round(round(share, 2) * n),
        ),
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
