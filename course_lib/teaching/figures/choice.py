"""What somebody would choose among all points of a frontier, by a preference or within a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from course_lib.teaching.figures.frontier import Points, looks_of
from course_lib.teaching.figures.picture import FAINT, INK, Picture, placed
from course_lib.words import number_of

NEAR = 0.45  # sparsity


@dataclass(frozen=True)
class ChoiceState:
    """One position of a slider that chooses among points.

    points: method -> rows of (size, accuracy). chosen: (method, size, accuracy), or None where no point qualifies.
    size: what the horizontal axis says. rule: the choice in words. floor: the accuracy below which nothing is chosen.
    line: (slope, offset) of the points of equal value. largest: the largest size allowed. log: whether sizes are drawn on
    a log axis, fewer to the right. near: whether only the points of sparsity from one half are shown, or sizes in percent,
    more to the right, and the points of a method joined.
    """

    points: Mapping[str, Points]
    chosen: tuple[str, float, float] | None
    size: str
    rule: str
    floor: float
    line: tuple[float, float] | None = None
    largest: float | None = None
    log: bool = False
    near: bool = False

    def __str__(self) -> str:
        return f"{self.rule}: {self.choice}"

    @property
    def choice(self) -> str:
        """The chosen point in words."""
        if self.chosen is None:
            return "no point qualifies"
        method, size, accuracy = self.chosen
        number = f"{size:.1f} % of the largest" if self.log and self.near else f"{size:,.0f}" if self.log else f"{size:.3f}"
        return f"{method}, {self.size} {number}, validation accuracy {accuracy:.3f}"


def choice_board(state: ChoiceState) -> Picture:
    """Draw one position of the preference or of the budget slider: all points, the rule, and the chosen point."""
    with placed(4.1, (0.09, 0.14, 0.62, 0.76)) as (picture, (axis,)):
        sizes = np.array([row[0] for rows in state.points.values() for row in rows], dtype=float)
        accuracies = np.array([row[1] for rows in state.points.values() for row in rows], dtype=float)
        for label, look in looks_of(list(state.points)).items():
            rows = np.asarray(state.points[label], dtype=float)
            joined = {"lw": 1.3} if state.near else {"linestyle": ""}
            axis.plot(rows[:, 0], rows[:, 1], label=label, **{**look, "markersize": 6, "alpha": 0.8, **joined})
        if state.log:
            axis.set_xscale("log")
            axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
            axis.xaxis.set_major_formatter("{x:g} %" if state.near else EngFormatter(sep=""))
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.set_xlim(sizes.max() * 1.3, sizes.min() / 1.3)
        else:
            axis.set_xlim(NEAR if state.near else -0.03, 1.02 if state.near else 1.03)
        if state.near:
            axis.set_ylim(accuracies.min() - 0.03, accuracies.max() + 0.04)
            _beyond(axis, state)
        else:
            axis.set_ylim(min(0.3, accuracies.min()) - 0.02, accuracies.max() + 0.05)
        lowest, _ = axis.get_ylim()
        if state.floor > lowest:
            axis.axhspan(lowest, state.floor, color=FAINT, alpha=0.25, lw=0, label="below the floor")
        if state.line is not None:
            slope, offset = state.line
            axis.axline((0, offset), slope=slope, color=INK, lw=1.2, ls=(0, (4, 2)), label="equal value")
        if state.largest is not None:
            axis.axvline(state.largest, color=INK, lw=1.2, ls=(0, (4, 2)), label="budget")
        if state.chosen is not None:
            axis.plot(*state.chosen[1:], "o", ms=17, mfc="none", mec=INK, mew=2, label="chosen")
        how = f"{', percent of the largest' * state.near}, fewer to the right" if state.log else ""
        axis.set(xlabel=state.size + how, ylabel=f"validation accuracy{' (axis cut)' * state.near}")
        axis.text(0, 1.03, f"chosen: {state.choice}" if state.chosen else "no point qualifies", transform=axis.transAxes)
        axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=9)
    picture.alt = f"{number_of(len(sizes), 'point')}. {state}."
    return picture


def _beyond(axis: Axes, state: ChoiceState) -> None:
    """Point to the methods all of whose points lie to the left of a picture that starts at `NEAR`."""
    for label, rows in state.points.items() if not state.log else ():
        size, accuracy = rows[-1]
        if size < NEAR:
            arrow = {"arrowstyle": "->", "color": INK}
            words, end = f"{label}: {accuracy:.3f}\nat {size:g}", (NEAR, accuracy)
            axis.annotate(words, end, (0.02, 0.45), textcoords="axes fraction", fontsize=9, arrowprops=arrow)
