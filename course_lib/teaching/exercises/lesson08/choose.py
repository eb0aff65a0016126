"""Which round of a run to hand in: within the budget, not below the floor, by score on validation images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception, identity
from course_lib.teaching.exercises.draws import integer

Row = dict[str, float]
Rows = list[Row]


def choose(rows: Rows, budget: float, floor: float = 0.6) -> int | None:
    """The index of the best score among rows within budget and floor, the first of equals; None if there is none."""
    return _best(rows, budget, floor)


def _score(row: Row) -> float:
    return (row["accuracy"] + row["sparsity"]) / 2


def _best(
    rows: Rows,
    budget: float,
    floor: float,
    value: Callable[[Row], float] = _score,
    last: bool = False,
    strict: bool = False,
) -> int | None:
    found = None
    for place, row in enumerate(rows):
        inside = row["epochs"] < budget and row["accuracy"] > floor if strict else None
        inside = row["epochs"] <= budget and row["accuracy"] >= floor if inside is None else inside
        better = found is None or value(row) > value(rows[found]) or (last and value(row) == value(rows[found]))
        if inside and better:
            found = place
    return found


def _rows(*points: tuple[float, float, float]) -> Rows:
    return [{"epochs": epochs, "sparsity": sparsity, "accuracy": accuracy} for epochs, sparsity, accuracy in points]


def _runs(rng: torch.Generator) -> list[Case]:
    # Steps of 1/64: sums and ties are exact.
    shift = int(torch.randint(0, 12, (), generator=rng)) / 64
    high, mid, low = 0.75 + shift, 0.6875 + shift, 0.625 + shift
    usual = _rows((1, 0.5, high), (2, 0.75, mid), (3, 0.875, low), (4, 0.9375, 0.3125))
    order, step = torch.randperm(4, generator=rng).tolist(), integer(rng, 1, 4)
    return [
        Case("a run of four rounds, the last one below the floor", (usual, 4)),
        Case("every round is good enough", (_rows((1, 0.25, high), (2, 0.5, high), (3, 0.625, mid), (4, 0.875, mid)), 4)),
        Case("the best round is over the budget", (usual, 2)),
        Case("rounds in another order", ([{**usual[k], "epochs": step * usual[k]["epochs"]} for k in order], 3 * step)),
        Case("the sparsest round is not the best", (_rows((1, 0.75, high), (2, 0.8125, high - 0.125)), 2)),
        Case("the most accurate round is not the best", (_rows((1, 0.25, high + 0.0625), (2, 0.75, high)), 2)),
        Case("a sparse round and an accurate one", (_rows((1, 0.75, 0.8125), (2, 0.9375, 0.640625)), 2)),
        Case("a lower floor", (_rows((1, 0.5, high), (2, 0.96875, 0.5625)), 2, 0.5)),
        Case("a higher floor", (_rows((1, 0.5, high), (2, 0.9375, 0.65625)), 2, 0.7)),
        Case("a round below the floor comes first", (_rows((3, 0.9375, 0.3125), (1, 0.5, high), (2, 0.75, mid)), 3)),
        Case("the winner comes first", (_rows((1, 0.9375, high), (2, 0.9375, mid), (3, 0.9375, low)), 3)),
        Case("an accuracy that equals the floor", (_rows((1, 0.5, 0.75), (2, 0.9375, 0.625)), 2, 0.625), edge=True),
        Case("epochs that equal the budget", (_rows((1, 0.5, high), (2.5, 0.9375, high)), 2.5), edge=True),
        Case("two rounds of equal score", (_rows((1, 0.5, 0.75), (2, 0.625, 0.625), (3, 0.5, 0.75)), 3), edge=True),
        Case("no round reaches the floor", (_rows((1, 0.9375, 0.5), (2, 0.96875, 0.3125)), 2), edge=True),
        Case("no round is within the budget", (usual, 0.5), edge=True),
        Case("a run without rounds", ([], 3), edge=True),
    ]


def _index(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, bool) or not (output is None or isinstance(output, int)):
        raise CourseError("return the index of a row, a whole number, or None")
    return identity(inputs, afterwards, output)


def _instead(nothing: Any) -> Callable[..., Any]:
    def wrong(rows: Rows, budget: float, floor: float = 0.6) -> Any:
        found = choose(rows, budget, floor)
        return nothing(rows) if found is None else found

    return wrong


def _filtered(rows: Rows, budget: float, floor: float = 0.6) -> int | None:
    """The index among the rows that are left."""
    left = [row for row in rows if row["epochs"] <= budget and row["accuracy"] >= floor]
    return choose(left, budget, floor)


EXERCISE = Exercise(
    "choose",
    lesson="08",
    points=2,
    reference=choose,
    cases=_runs,
    misconceptions=(
        Misconception(
            "floor ignored",
            "An accuracy below the floor does not count, whatever the score.",
            lambda rows, budget, floor=0.6: _best(rows, budget, -1.0),
        ),
        Misconception(
            "budget ignored",
            "A round that took more epochs than the budget may not be handed in.",
            lambda rows, budget, floor=0.6: _best(rows, float("inf"), floor),
        ),
        Misconception(
            "floor and budget ignored",
            "Only rounds within the budget and not below the floor may be handed in.",
            lambda rows, budget, floor=0.6: _best(rows, float("inf"), -1.0),
        ),
        Misconception(
            "most accurate",
            "This takes the best ACCURACY; the board ranks by the mean of accuracy and sparsity.",
            lambda rows, budget, floor=0.6: _best(rows, budget, floor, lambda row: row["accuracy"]),
        ),
        Misconception(
            "sparsest",
            "This takes the highest SPARSITY; the board ranks by the mean of accuracy and sparsity.",
            lambda rows, budget, floor=0.6: _best(rows, budget, floor, lambda row: row["sparsity"]),
        ),
        Misconception(
            "product for mean",
            "The score is the mean of accuracy and sparsity, not their product.",
            lambda rows, budget, floor=0.6: _best(rows, budget, floor, lambda row: row["accuracy"] * row["sparsity"]),
        ),
        Misconception(
            "last round",
            "The last round that may be handed in is not always the best one.",
            lambda rows, budget, floor=0.6: _best(rows, budget, floor, lambda row: 0.0, last=True),
        ),
        Misconception(
            "last of equals",
            "Of equal scores the FIRST round counts: it took fewer epochs.",
            lambda rows, budget, floor=0.6: _best(rows, budget, floor, last=True),
        ),
        Misconception(
            "strictly better than floor and budget",
            "What equals the floor or the budget counts: `>=` and `<=`.",
            lambda rows, budget, floor=0.6: _best(rows, budget, floor, strict=True),
        ),
        Misconception(
            "own floor",
            "The floor is an argument: use it, not 0.6.",
            lambda rows, budget, floor=0.6: _best(rows, budget, 0.6),
        ),
        Misconception(
            "index among the rows left",
            "This is the index among the rows that are left; the one in `rows` is asked for.",
            _filtered,
        ),
        Misconception(
            "a number for none", "If no round may be handed in, return None, not a number.", _instead(lambda rows: 0)
        ),
        Misconception(
            "a number for none", "If no round may be handed in, return None, not a number.", _instead(lambda rows: -1)
        ),
        Misconception(
            "last row for none",
            "If no round may be handed in, return None, not the last one.",
            _instead(lambda rows: len(rows) - 1),
        ),
    ),
    view=_index,
)
