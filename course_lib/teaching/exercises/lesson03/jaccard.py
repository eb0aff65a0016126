"""How much two sets of units overlap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.studies.stability import jaccard as library_jaccard
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.views import lenient_number


def jaccard(one: Tensor, other: Tensor) -> float:
    """Units in both sets over units in either: |A and B| / |A or B|; 1.0 if both are empty. one, other: (n,) bool."""
    return library_jaccard(one, other)


def _sets(rng: torch.Generator) -> list[Case]:
    n = integer(rng, 12, 20)
    sizes: list[int] = []
    while len(set(sizes)) < 5 or 0 in sizes:  # whatever a mistake divides by, it is another number
        one, other = torch.rand(n, generator=rng) < 0.5, torch.rand(n, generator=rng) < 0.3
        one[:3], other[:3] = torch.tensor([True, True, False]), torch.tensor([True, False, True])
        sizes = [int(found.sum()) for found in (one, other, one ^ other, one | other)] + [n]
    nothing = torch.zeros(n, dtype=torch.bool)
    return [
        Case("one unit in common", (torch.tensor([True, True, False, False]), torch.tensor([False, True, True, False]))),
        Case("two sets drawn at random", (one, other)),
        Case("a set and itself", (one, one)),
        Case("sets that have nothing in common", (one, ~one)),
        Case("one set empty", (one, nothing), edge=True),
        Case("both sets empty", (nothing, nothing), edge=True),
        Case("a set within the other", (one & other, one)),
        Case("a set around the other", (one, one & other)),
    ]


def _over(
    part: Callable[[Tensor, Tensor], Tensor], whole: Callable[[Tensor, Tensor], Any]
) -> Callable[[Tensor, Tensor], float]:
    def wrong(one: Tensor, other: Tensor) -> float:
        size = float(whole(one, other))
        return float(part(one, other).sum()) / size if size else 1.0

    return wrong


_ROUNDED = "The overlap is rounded: return it as it is, and round where you print."
EXERCISE = Exercise(
    "jaccard",
    lesson="03",
    points=1,
    reference=jaccard,
    cases=_sets,
    misconceptions=(
        Misconception(
            "divides by nothing",
            "Two empty sets are equal: answer 1.0 before you divide by zero.",
            lambda a, b: float((a & b).sum() / (a | b).sum()) if (a | b).any() else float("nan"),
        ),
        Misconception(
            "divides by nothing",
            "Two empty sets are equal: answer 1.0 before you divide by zero.",
            lambda a, b: int((a & b).sum()) / int((a | b).sum()),
        ),
        Misconception(
            "empty sets at 0",
            "Two empty sets are equal: their overlap is 1.0.",
            lambda a, b: library_jaccard(a, b) if (a | b).any() else 0.0,
        ),
        Misconception(
            "agreement of all units",
            "This counts units that are in NEITHER set as agreement: with few units gone, any two sets would look alike.",
            lambda a, b: float((a == b).float().mean()),
        ),
        Misconception(
            "share of the first set",
            "This divides by the size of the first set only; divide by the units in either.",
            _over(lambda a, b: a & b, lambda a, b: a.sum()),
        ),
        Misconception(
            "share of the second set",
            "This divides by the size of the second set only; divide by the units in either.",
            _over(lambda a, b: a & b, lambda a, b: b.sum()),
        ),
        Misconception(
            "share of all units",
            "This divides by all units of the layer; divide by the units in either set.",
            _over(lambda a, b: a & b, lambda a, b: len(a)),
        ),
        Misconception(
            "Dice coefficient",
            "This counts the common units twice (the Dice coefficient).",
            _over(lambda a, b: torch.cat([a & b, a & b]), lambda a, b: a.sum() + b.sum()),
        ),
        Misconception(
            "common units counted twice",
            "The union counts a unit that is in both sets once: (one | other), not the sum of the sizes.",
            _over(lambda a, b: a & b, lambda a, b: a.sum() + b.sum()),
        ),
        Misconception(
            "nothing in common taken for equal",
            "Sets that have nothing in common overlap by 0; only two EMPTY sets are equal.",
            lambda a, b: library_jaccard(a, b) if (a & b).any() else 1.0,
        ),
        Misconception(
            "one empty set taken for equal",
            "An empty set and another one have nothing in common: 0. Only TWO empty sets are equal.",
            lambda a, b: library_jaccard(a, b) if a.any() and b.any() else 1.0,
        ),
        Misconception(
            "share of the smaller set",
            "This divides by the size of the smaller set; divide by the units in either.",
            lambda a, b: (
                int((a & b).sum()) / int(min(a.sum(), b.sum())) if a.any() and b.any() else float(not (a | b).any())
            ),
        ),
        Misconception(
            "share of the larger set",
            "This divides by the size of the larger set; divide by the units in either.",
            _over(lambda a, b: a & b, lambda a, b: max(a.sum(), b.sum())),
        ),
        Misconception(
            "sets turned round",
            "True means IN the set; this compares the units that are not.",
            lambda a, b: library_jaccard(~a, ~b),
        ),
        Misconception(
            "in one only",
            "This divides by the units that are in ONE of the sets only (^); those in both are in either, too (|).",
            _over(lambda a, b: a & b, lambda a, b: (a ^ b).sum()),
        ),
        Misconception(
            "fractions thrown away",
            "// throws the fraction away: divide with /.",
            lambda a, b: int(library_jaccard(a, b)),
        ),
        *(Misconception("rounded", _ROUNDED, lambda a, b, d=d: round(library_jaccard(a, b), d)) for d in (2, 3, 4)),
        Misconception("distance", "This is the distance, 1 - overlap.", lambda a, b: 1 - library_jaccard(a, b)),
        Misconception(
            "union over everything",
            "The common part belongs on top: & is 'in both', | is 'in either'.",
            _over(lambda a, b: a | b, lambda a, b: len(a)),
        ),
    ),
    view=lenient_number,
)
