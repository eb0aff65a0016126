"""A budget of whole epochs over the rounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception, identity, is_number
from course_lib.teaching.exercises.draws import integer


def split_budget(epochs: int, rounds: int) -> list[int]:
    """Whole epochs for each round that sum to `epochs`, as equal as possible, the larger ones last."""
    return [(epochs + number) // rounds for number in range(rounds)]


def _budgets(rng: torch.Generator) -> list[Case]:
    rounds, each = integer(rng, 3, 16), integer(rng, 2, 12)
    more = integer(rng, 2, rounds - 1)
    return [
        Case("six epochs, three rounds", (6, 3)),
        Case("one epoch is left over", (7, 3)),
        Case("several epochs are left over", (rounds * each + more, rounds)),
        Case("an even share", (rounds * each, rounds)),
        Case("all but one round get one more", (rounds * each + rounds - 1, rounds)),
        Case("a single round", (each + 3, 1), edge=True),
        Case("fewer epochs than rounds", (2, 5), edge=True),
        Case("nothing to spend", (0, 4), edge=True),
    ]


def _list(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if not isinstance(output, (list, tuple)) or not all(is_number(entry) for entry in output):
        raise CourseError("return a list with one number of epochs for each round")
    return identity(inputs, afterwards, list(output))


def _left_over(place: Callable[[int, int, int], bool]) -> Callable[[int, int], list[int]]:
    """place: (round, epochs left over, rounds) -> whether this round gets one more."""

    def wrong(epochs: int, rounds: int) -> list[int]:
        return [epochs // rounds + place(number, epochs % rounds, rounds) for number in range(rounds)]

    return wrong


EXERCISE = Exercise(
    "split_budget",
    lesson="08",
    points=1,
    reference=split_budget,
    cases=_budgets,
    misconceptions=(
        Misconception(
            "epochs lost",
            "What is left over by // is lost: the parts have to sum to the budget.",
            lambda epochs, rounds: [epochs // rounds] * rounds,
        ),
        Misconception(
            "overspent",
            "Rounded up, the parts sum to more than the budget.",
            lambda epochs, rounds: [math.ceil(epochs / rounds)] * rounds,
        ),
        Misconception(
            "the budget for each round",
            "Each round gets the whole budget here; their SUM is the budget.",
            lambda epochs, rounds: [epochs] * rounds,
        ),
        Misconception(
            "larger parts first",
            "What is left over goes to the LAST rounds: there the network has least to spare.",
            _left_over(lambda number, more, rounds: number < more),
        ),
        Misconception(
            "all that is left over to one round",
            "As equal as possible: no round gets more than one epoch more than another.",
            lambda epochs, rounds: [epochs // rounds] * (rounds - 1) + [epochs // rounds + epochs % rounds],
        ),
        Misconception(
            "parts of epochs",
            "Whole epochs are asked for, so that what is left over goes somewhere.",
            lambda epochs, rounds: [epochs / rounds] * rounds,
        ),
        Misconception(
            "rounded parts",
            "round() makes every part the same, so that their sum is not the budget.",
            lambda epochs, rounds: [round(epochs / rounds)] * rounds,
        ),
        Misconception(
            "sums instead of parts",
            "These are the epochs spent SO FAR; return what each round gets.",
            lambda epochs, rounds: [sum(split_budget(epochs, rounds)[: n + 1]) for n in range(rounds)],
        ),
    ),
    view=_list,
)
