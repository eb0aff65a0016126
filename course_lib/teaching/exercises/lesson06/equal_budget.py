"""The rows that may be compared: same seeds, same budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception, identity
from course_lib.teaching.exercises.draws import integer

Row = dict[str, Any]
Spent = Mapping[str, Mapping[int, tuple[float, ...]]]  # method -> seed -> the epochs of its points


def equal_budget(rows: list[Row]) -> list[Row]:
    """The rows of seeds that every method ran, of no more epochs than every method has spent on those seeds."""
    seeds = _common(rows)
    return [row for row in rows if row["seed"] in seeds and row["epochs"] <= _budget(rows, seeds)]


def _common(rows: list[Row]) -> set[int]:
    methods = {row["method"] for row in rows}
    return set.intersection(*({row["seed"] for row in rows if row["method"] == method} for method in methods))


def _budget(rows: list[Row], seeds: set[int]) -> float:
    """The smallest of the methods' longest trainings on `seeds`; 0 where there are none."""
    longest: dict[str, float] = {}
    for row in rows:
        if row["seed"] in seeds:
            longest[row["method"]] = max(row["epochs"], longest.get(row["method"], 0))
    return min(longest.values(), default=0)


def _table(rng: torch.Generator, spent: Spent) -> list[Row]:
    """Return rows of drawn accuracies: method -> seed -> the epochs of its points."""
    accuracies = iter((0.5 + 0.4 * torch.rand(64, generator=rng)).tolist())
    return [
        {"method": method, "seed": seed, "epochs": epochs, "accuracy": round(next(accuracies), 3)}
        for method, seeds in spent.items()
        for seed, points in seeds.items()
        for epochs in points
    ]


def _studies(rng: torch.Generator) -> list[Case]:
    long, short_, first = integer(rng, 20, 30), integer(rng, 9, 12), integer(rng, 3, 5)
    fair: Spent = {"SAP": {0: (first, short_)}, "L1": {0: (first, short_)}}
    longer: Spent = {"SAP": {0: (first, short_, long)}, "L1": {0: (first, short_)}}
    seeds: Spent = {"SAP": {0: (first,), 1: (first,), 2: (first,)}, "L1": {0: (first,), 2: (first,)}}
    both: Spent = {"SAP": {0: (first, long), 1: (first, long)}, "L1": {1: (first, short_), 2: (first, short_)}}
    lonely: Spent = {"SAP": {0: (first, short_)}, "L1": {0: (first,), 1: (first, short_)}}
    studies: dict[str, Spent] = {
        "a fair comparison": fair,
        "one method trained longer": longer,
        "one method without a seed": seeds,
        "another seed and more epochs": both,
        "a long training of a seed that only one method has": lonely,
        "three methods": {"SAP": {0: (first, long)}, "L1": {0: (first, short_, long)}, "random": {0: (first, short_ + 0.5)}},
        "points at other epochs": {"SAP": {0: (2, 4, 6)}, "L1": {0: (1.5, 4.5)}},
        "a method at its last epoch": {"SAP": {0: (short_,)}, "L1": {0: (short_, short_ + 1)}},
        "a single method": {"SAP": {0: (first, short_), 1: (first,)}},
        "no seed in common": {"SAP": {0: (first,)}, "L1": {1: (first,)}},
    }
    edges = ("a single method", "no seed in common")
    return [Case(label, (_table(rng, spent),), label in edges) for label, spent in studies.items()]


def _rows(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if not isinstance(output, list) or not all(isinstance(row, Mapping) for row in output):
        raise CourseError("return a list of those rows that may be compared")
    return identity(inputs, afterwards, output)


def _described(rows: list[Row]) -> str:
    return "; ".join(f"{r['method']} seed {r['seed']} epochs {r['epochs']:g}" for r in rows) or "no row at all"


def _within(rows: list[Row], seeds: set[int], budget: float) -> list[Row]:
    return [row for row in rows if row["seed"] in seeds and row["epochs"] <= budget]


def _all_seeds(rows: list[Row]) -> set[int]:
    return {row["seed"] for row in rows}


def _shortest(rows: list[Row]) -> float:
    return min((row["epochs"] for row in rows if row["seed"] in _common(rows)), default=0)


def _common_epochs(rows: list[Row]) -> list[Row]:
    """Only epochs at which every method has a point."""
    seeds = _common(rows)
    rows = [row for row in rows if row["seed"] in seeds]
    methods = {row["method"] for row in rows}
    shared = [{row["epochs"] for row in rows if row["method"] == method} for method in methods]
    return [row for row in rows if row["epochs"] in set.intersection(*shared)] if shared else []


EXERCISE = Exercise(
    "equal_budget",
    lesson="06",
    points=3,
    reference=equal_budget,
    cases=_studies,
    misconceptions=(
        Misconception("nothing mended", "This returns every row: nothing is mended.", lambda rows: list(rows)),
        Misconception(
            "seeds ignored",
            "The epochs are equal now, the seeds are not: leave out those that a method did not run.",
            lambda rows: _within(rows, _all_seeds(rows), _budget(rows, _all_seeds(rows))),
        ),
        Misconception(
            "epochs ignored",
            "The seeds are equal now, the epochs are not: the budget is the SMALLEST of the methods' longest trainings.",
            lambda rows: _within(rows, _common(rows), float("inf")),
        ),
        Misconception(
            "budget before seeds",
            "First the seeds, then the budget: a long training on a seed that is left out must not count.",
            lambda rows: _within(rows, _common(rows), _budget(rows, _all_seeds(rows))),
        ),
        Misconception(
            "strictly less",
            "A row that has spent exactly the budget is fair: `<=`.",
            lambda rows: [row for row in equal_budget(rows) if row["epochs"] < _budget(rows, _common(rows))],
        ),
        Misconception(
            "only the last rows",
            "Rows of FEWER epochs than the budget are fair as well: keep the whole curve up to there.",
            lambda rows: [row for row in equal_budget(rows) if row["epochs"] == _budget(rows, _common(rows))],
        ),
        Misconception(
            "shortest row",
            "The budget is the LONGEST training of each method, and of these the smallest; not the smallest of all rows.",
            lambda rows: _within(rows, _common(rows), _shortest(rows)),
        ),
        Misconception(
            "same epochs only",
            "Points need not lie at the same epochs; they must only lie within the common budget.",
            _common_epochs,
        ),
    ),
    view=_rows,
    wanted=lambda inputs, wanted: _described(wanted),
)
