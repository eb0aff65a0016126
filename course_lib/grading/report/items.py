"""What a question tells about a class: how hard it was, and whether those who know more got it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 5  # students: fewer tell nothing about a question
EASY, HARD, WEAK = 0.95, 0.2, 0.1


@dataclass(frozen=True)
class Item:
    """One question.

    mean: of the points. difficulty: the share of all points that were earned (high is easy). discrimination: the correlation
    of its points with the sum of all other questions; None where it cannot be had.
    """

    name: str
    mean: float
    out_of: float
    difficulty: float
    discrimination: float | None

    @property
    def remark(self) -> str:
        """What an instructor could look at, or ""; points say nothing of a question that gives none (practice)."""
        if not self.out_of:
            return ""
        if self.discrimination is not None and self.discrimination < WEAK:
            return "those who did well elsewhere did not do better here: is the question clear?"
        if self.difficulty >= EASY:
            return "nearly all points were earned"
        return "few points were earned" if self.difficulty <= HARD else ""


def items(names: Sequence[str], most: Sequence[float], points: Sequence[Sequence[float]]) -> list[Item]:
    """Return the statistics of each question.

    names, most: of the questions. points: a row for each student who handed in something.
    """
    found = []
    for place, (name, out_of) in enumerate(zip(names, most, strict=True)):
        own = [row[place] for row in points]
        rest = [math.fsum(row) - row[place] for row in points]
        mean = math.fsum(own) / len(own) if own else 0.0
        found.append(Item(name, mean, out_of, mean / out_of if out_of else 0.0, correlation(own, rest)))
    return found


def correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Return Pearson's correlation; None for fewer than FEWEST pairs, or where one side does not vary.

    >>> correlation([0, 1, 2, 3, 4], [1, 3, 5, 7, 9])
    1.0
    """
    if len(left) < FEWEST:
        return None
    first, second = (math.fsum(values) / len(values) for values in (left, right))
    spread = [math.fsum((value - mean) ** 2 for value in side) for side, mean in ((left, first), (right, second))]
    if min(spread) < 1e-12:
        return None
    return math.fsum((a - first) * (b - second) for a, b in zip(left, right, strict=True)) / math.sqrt(spread[0] * spread[1])
