"""The score of a point: the mean of accuracy and sparsity, above a floor."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception, identity
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.rounding import rounded


def score(accuracy: Tensor, sparsity: Tensor, floor: float = 0.6) -> Tensor:
    """(accuracy + sparsity) / 2 of each point, 0 where the accuracy lies below the floor."""
    return torch.where(accuracy >= floor, (accuracy + sparsity) / 2, 0.0)


def _scored(rng: torch.Generator) -> list[Case]:
    n = integer(rng, 6, 9)
    drawn = 0.3 + 0.69 * torch.rand(n, generator=rng), torch.rand(n, generator=rng)
    doubled = torch.rand(2 * n, generator=rng, dtype=torch.float64)
    return [
        Case("three points", (torch.tensor([0.8, 0.7, 0.5]), torch.tensor([0.0, 0.9, 0.99]))),
        Case("drawn points", drawn),
        Case("a higher floor", (torch.tensor([0.65, 0.7, 0.8]), torch.rand(3, generator=rng), 0.75)),
        Case("a lower floor", (torch.tensor([0.3, 0.45, 0.2]), torch.rand(3, generator=rng), 0.25)),
        Case("an accuracy that equals the floor", (torch.tensor([0.5, 0.75, 1.0]), torch.tensor([0.9, 0.9, 0.9]), 0.75)),
        Case("an accuracy just below the floor", (torch.tensor([0.75 - 2**-22, 0.875]), torch.tensor([0.9, 0.9]), 0.75)),
        Case("every accuracy below the floor", (torch.tensor([0.1, 0.2]), torch.tensor([1.0, 0.95]))),
        Case("nothing gone, and everything", (torch.tensor([0.9, 0.7]), torch.tensor([0.0, 1.0])), edge=True),
        Case("every other entry of a float64 tensor", (doubled[::2], doubled[1::2])),
    ]


def _a_little_more(accuracy: Tensor) -> Tensor:
    return accuracy + 1e-6


def _three_digits(accuracy: Tensor) -> Tensor:
    return (accuracy * 1000).round() / 1000


def _scores(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if not isinstance(output, Tensor):
        raise CourseError("return a tensor with one score for each point (torch.tensor(...) makes one of a list)")
    return identity(inputs, afterwards, output)


EXERCISE = Exercise(
    "score",
    lesson="06",
    points=1,
    reference=score,
    cases=_scored,
    misconceptions=(
        Misconception(
            "no floor",
            "A network that only guesses must not win by being empty: below the floor the score is 0.",
            lambda a, s, floor=0.6: (a + s) / 2,
        ),
        Misconception(
            "strict floor",
            "An accuracy that EQUALS the floor counts: `>=`, not `>`.",
            lambda a, s, floor=0.6: torch.where(a > floor, (a + s) / 2, 0.0),
        ),
        Misconception(
            "floor of the score",
            "The floor is one of the ACCURACY, not of the score.",
            lambda a, s, floor=0.6: torch.where((a + s) / 2 >= floor, (a + s) / 2, 0.0),
        ),
        Misconception(
            "half a zero",
            "Below the floor the whole score is 0, not only the accuracy's part of it.",
            lambda a, s, floor=0.6: (torch.where(a >= floor, a, 0.0) + s) / 2,
        ),
        Misconception(
            "floor fixed",
            "The floor is an argument; 0.6 is only its default.",
            lambda a, s, floor=0.6: torch.where(a >= 0.6, (a + s) / 2, 0.0),
        ),
        Misconception(
            "sum",
            "Take the MEAN of accuracy and sparsity: divide by 2.",
            lambda a, s, floor=0.6: torch.where(a >= floor, a + s, 0.0),
        ),
        Misconception(
            "product",
            "The rule is the mean of the two, not their product.",
            lambda a, s, floor=0.6: torch.where(a >= floor, a * s, 0.0),
        ),
        Misconception(
            "density",
            "Sparsity is the share that is GONE; this rewards what is kept.",
            lambda a, s, floor=0.6: torch.where(a >= floor, (a + 1 - s) / 2, 0.0),
        ),
        Misconception(
            "points left out",
            "Every point gets a score: 0 below the floor, so that the result has the shape of the input.",
            lambda a, s, floor=0.6: ((a + s) / 2)[a >= floor],
        ),
        Misconception(
            "floor itself",
            "Below the floor the score is 0; raising the accuracy to the floor would reward bad networks.",
            lambda a, s, floor=0.6: (a.clamp(min=floor) + s) / 2,
        ),
        *(
            Misconception(
                "nearly the floor",
                "An accuracy below the floor earns nothing, however little it lies below: compare it as it is, not rounded.",
                lambda a, s, floor=0.6, near=near: torch.where(near(a) >= floor, (a + s) / 2, 0.0),
            )
            for near in (_a_little_more, _three_digits)
        ),
        *rounded(score),
    ),
    view=_scores,
)
