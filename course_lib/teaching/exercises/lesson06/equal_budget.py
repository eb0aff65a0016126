"""The rows that may be compared: same seeds, same budget."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
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
    # Between the smallest of the longest trainings and their mean, median or sum lies a point of the longer method.
    between: Spent = {"SAP": {0: (first, short_, short_ + 1, long)}, "L1": {0: (first, short_)}}
    uneven: Spent = {
        "SAP": {1: (first,), 0: (long, first + 1)},
        "L1": {1: (short_, first), 0: (short_, first + 2)},
    }
    pairs: Spent = {
        "SAP": {0: (first,), 1: (first, long)},
        "L1": {0: (first,), 1: (first, long)},
        "random": {0: (first, short_), 2: (first,)},
    }
    studies: dict[str, Spent] = {
        "a fair comparison": fair,
        "one method trained longer": longer,
        "one method without a seed": seeds,
        "another seed and more epochs": both,
        "a long training of a seed that only one method has": lonely,
        "three methods": {"SAP": {0: (first, long)}, "L1": {0: (first, short_, long)}, "random": {0: (first, short_ + 0.5)}},
        "many points of the method that trained longer": between,
        "seeds of uneven length, the last rows first": uneven,
        "a seed that only two of three methods ran": pairs,
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
    return identity(inputs, afterwards, sorted(output, key=_in_table))  # in which order is not asked


def _in_table(row: Row) -> tuple[str, ...]:
    return tuple(f"{key}: {row[key]}" for key in sorted(row, key=str))


def _described(rows: list[Row]) -> str:
    return "; ".join(f"{r['method']} seed {r['seed']} epochs {r['epochs']:g}" for r in rows) or "no row at all"


def _within(rows: list[Row], seeds: set[int], budget: float) -> list[Row]:
    return [row for row in rows if row["seed"] in seeds and row["epochs"] <= budget]


def _all_seeds(rows: list[Row]) -> set[int]:
    return {row["seed"] for row in rows}


def _shortest(rows: list[Row]) -> float:
    return min((row["epochs"] for row in rows if row["seed"] in _common(rows)), default=0)


def _spent_by(
    rows: list[Row],
    of: Callable[[list[float]], float],
    longest: Callable[[list[float]], float] = max,
) -> float:
    """of: what is made of the methods' trainings; longest: what is taken for the training of one."""
    spent: dict[str, list[float]] = {}
    for row in rows:
        if row["seed"] in _common(rows):
            spent.setdefault(row["method"], []).append(row["epochs"])
    return of([longest(epochs) for epochs in spent.values()]) if spent else 0


def _often(rows: list[Row]) -> set[int]:
    """Seeds that two methods ran, or the only one."""
    ran = {(row["method"], row["seed"]) for row in rows}
    least = min(2, len({method for method, _ in ran}))
    return {seed for _, seed in ran if sum(other == seed for _, other in ran) >= least}


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
        *(
            Misconception(
                "larger budget",
                "The budget is what EVERY method has spent: the SMALLEST of the longest, not their mean or median.",
                lambda rows, of=of: _within(rows, _common(rows), _spent_by(rows, of)),
            )
            for of in (statistics.fmean, statistics.median)
        ),
        Misconception(
            "sum of the epochs",
            "`epochs` is what a network had been trained for so far: the longest of them is the method's, not their sum.",
            lambda rows: _within(rows, _common(rows), _spent_by(rows, min, sum)),
        ),
        Misconception(
            "last row for the longest",
            "Rows come in any order: the longest training is the MAXIMUM, not the last row.",
            lambda rows: _within(rows, _common(rows), _spent_by(rows, min, lambda epochs: epochs[-1])),
        ),
        Misconception(
            "a budget for each seed",
            "The longest training of each METHOD, over all common seeds: one budget for all rows.",
            lambda rows: [
                row for row in rows if row["seed"] in _common(rows) and row["epochs"] <= _budget(rows, {row["seed"]})
            ],
        ),
        Misconception(
            "shortest seed",
            "The longest training of each METHOD, over all common seeds; not the shortest of all its runs.",
            lambda rows: _within(rows, _common(rows), min((_budget(rows, {s}) for s in _common(rows)), default=0)),
        ),
        Misconception(
            "seeds of some methods",
            "A seed counts only if EVERY method ran it.",
            lambda rows: _within(rows, _often(rows), _budget(rows, _often(rows))),
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
