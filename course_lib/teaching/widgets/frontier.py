"""Lesson 06: which point is best for whom, and how many seeds it takes to tell two settings apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np

from course_lib.errors import CourseError
from course_lib.teaching import figures
from course_lib.teaching.figures.choice import ChoiceState
from course_lib.teaching.figures.frontier import Points
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.figures.seeds import SeedsState
from course_lib.teaching.widgets.skin import Skin

if TYPE_CHECKING:
    import pandas as pd

SIZES = {"kept_parameters": "kept parameters", "macs": "MACs", "file_bytes": "bytes"}
DRAWS = 2000


class PreferenceSlider(Skin):
    """Say how much accuracy counts against sparsity, and see which point is then the best; 50 % is the challenge's score.

    near: show what is near the best, and join the points of a method.
    """

    def __init__(self, table: pd.DataFrame, near: bool = False) -> None:
        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            state = replace(preferred(table, values["weight"], values["floor"]), near=near)
            return figures.choice_board(state), str(state)

        controls = {
            "weight": ipywidgets.FloatSlider(
                value=0.5, min=0, max=1, step=0.05, description="weight of accuracy", readout_format=".0%"
            ),
            "floor": ipywidgets.FloatSlider(value=0.6, min=0, max=1, step=0.05, description="accuracy floor"),
        }
        super().__init__(controls, draw)


class BudgetSlider(Skin):
    """Set the largest size that may be shipped, and see which point is the most accurate within it.

    size: the column of `table` that the menu starts with; None: the first of them. near: sizes in percent of the largest,
    and the points of a method joined.
    """

    def __init__(self, table: pd.DataFrame, size: str | None = None, near: bool = False) -> None:
        names = [(words, column) for column, words in SIZES.items() if column in table]

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            state = affordable(table, values["size"], values["share"], values["floor"], near)
            return figures.choice_board(state), str(state)

        controls = {
            "size": ipywidgets.Dropdown(options=names, value=size or names[0][1], description="size"),
            "share": ipywidgets.FloatLogSlider(
                value=0.2, min=-2, max=0, step=0.05, description="budget, share of dense", readout_format=".1%"
            ),
            "floor": ipywidgets.FloatSlider(value=0.6, min=0, max=1, step=0.05, description="accuracy floor"),
        }
        super().__init__(controls, draw)


class SeedsSlider(Skin):
    """Draw k seeds of each of two settings and see what would be reported; groups: label -> accuracies, one a seed."""

    def __init__(self, groups: Mapping[str, Sequence[float]]) -> None:
        least = min(map(len, groups.values()))
        if len(groups) != 2 or least < 2:
            raise CourseError(
                f"{len(groups)} settings were given, with at least {least} seeds; two of two seeds are expected."
            )

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            state = drawn(groups, min(values["seeds"], least), values["draw"])
            return figures.seeds_board(state), str(state)

        controls = {
            "seeds": ipywidgets.IntSlider(value=min(3, least), min=1, max=least, description="seeds"),
            "draw": ipywidgets.IntSlider(value=0, min=0, max=30, description="another draw"),
        }
        super().__init__(controls, draw, idle=lambda values: {"draw"} if values["seeds"] == least else ())


def preferred(table: pd.DataFrame, weight: float, floor: float) -> ChoiceState:
    """Return the choice of the largest weight * accuracy + (1 - weight) * sparsity, by validation, at or above `floor`."""
    rows = table[table["val_accuracy"] >= floor]
    value = weight * rows["val_accuracy"] + (1 - weight) * rows["sparsity"]
    chosen = rows.loc[value.idxmax()] if len(rows) else None
    line = None
    if chosen is not None and weight > 0:  # with weight 0 the line is upright
        line = (1 - 1 / weight, float(value.max()) / weight)
    rule = f"{weight:.0%} accuracy, {1 - weight:.0%} sparsity, floor {floor:g}"
    return ChoiceState(_points(table, "sparsity"), _named(chosen, "sparsity"), "sparsity", rule, floor, line=line)


def affordable(table: pd.DataFrame, size: str, share: float, floor: float, near: bool = False) -> ChoiceState:
    """Return the choice of the most accurate point, by validation, that needs at most `share` of the largest size.

    near: sizes are in percent of the largest.
    """
    if size not in SIZES or size not in table:
        raise CourseError(f"size={size!r} was given; the table has {', '.join(c for c in SIZES if c in table)}.")
    largest = share * float(table[size].max())
    rows = table[(table[size] <= largest) & (table["val_accuracy"] >= floor)]
    rows = rows.sort_values(["val_accuracy", size], ascending=[False, True], kind="stable")
    chosen = rows.iloc[0] if len(rows) else None
    rule = f"at most {largest:,.0f} {SIZES[size]} ({share:.1%}), floor {floor:g}"
    if near:
        percent = table.assign(**{size: 100 * table[size] / table[size].max()})
        chosen = None if chosen is None else percent.loc[chosen.name]
        points, named = _points(percent, size), _named(chosen, size)
        return ChoiceState(points, named, SIZES[size], rule, floor, largest=100 * share, log=True, near=True)
    return ChoiceState(_points(table, size), _named(chosen, size), SIZES[size], rule, floor, largest=largest, log=True)


def drawn(groups: Mapping[str, Sequence[float]], seeds: int, draw: int) -> SeedsState:
    """Return `seeds` seeds of each setting, and how often such a draw names a different winner than all seeds do."""
    rng = np.random.default_rng(draw)
    shown = {label: rng.choice(values, seeds, replace=False).tolist() for label, values in groups.items()}
    first, second = (np.asarray(values) for values in groups.values())
    many = np.random.default_rng(0)
    means = [many.permuted(np.tile(values, (DRAWS, 1)), axis=1)[:, :seeds].mean(1) for values in (first, second)]
    truth = first.mean() - second.mean()
    wrong = float(((means[0] - means[1]) * np.sign(truth) < 0).mean()) if truth else float("nan")
    return SeedsState(shown, {label: list(values) for label, values in groups.items()}, wrong)


def _points(table: pd.DataFrame, size: str) -> dict[str, Points]:
    return {str(method): rows[[size, "val_accuracy"]].to_numpy(float).tolist() for method, rows in table.groupby("method")}


def _named(row: pd.Series | None, size: str) -> tuple[str, float, float] | None:
    return None if row is None else (str(row["method"]), float(row[size]), float(row["val_accuracy"]))
