"""Figures of differences with their intervals: one method minus each other, and what each trick is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from course_lib.errors import CourseError
from course_lib.pareto.compare import LEVEL, Difference
from course_lib.pareto.looks import MARKERS
from course_lib.words import number_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 0.235  # inches of a row
INK = "#333333"
BAR = "#8A9BA8"  # no method's colour: a trick is no method
Looks = Mapping[str, Mapping[str, Any]]


def plot_differences(differences: Sequence[Difference], looks: Looks, title: str | None = None) -> Figure:
    """Draw differences as points with their unadjusted 95 % intervals as bars: a group a pair, a row a sparsity.

    The hardest rivals come first. A filled marker is a clear difference, a hollow one is not; a pair that was read round by
    round says so.

    Args:
        differences: Of three seeds or more, in the order of their pairs; a family's, so that they can be clear.
        looks: Method -> colour and marker (`looks.of_table`); a group has those of its second method.
        title: A headline.

    Raises:
        CourseError: if no difference has an interval.

    >>> from course_lib import pareto
    >>> found = pareto.Difference("A", "B", 0.5, 3, 0.01, -0.01, 0.03, 0.005, (4.0, 4.0))
    >>> figure = plot_differences([found], {"B": {"color": "black", "marker": "o"}})
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['0.5']
    """
    import matplotlib
    from matplotlib.figure import Figure

    shown = [difference for difference in differences if difference.low is not None]
    if not shown:
        raise CourseError("No difference can be drawn: an interval needs three seeds or more.")
    groups = [(pair, list(own)) for pair, own in groupby(shown, key=lambda difference: (difference.one, difference.other))]
    groups.sort(key=lambda group: sum(difference.mean for difference in group[1]) / len(group[1]))
    with matplotlib.rc_context({"font.size": 12, "axes.spines.top": False, "axes.spines.right": False}):
        height = 1.9 + ROW * (len(shown) + 1.2 * len(groups))
        figure = Figure(figsize=(10, height), dpi=100, layout="constrained")
        axis, row, ticks = figure.subplots(), 0.0, []
        several = len({one for (one, _), _ in groups}) > 1
        for (one, other), own in groups:
            top = row
            for difference in own:
                _bar(axis, difference, row, looks[other])
                ticks.append((row, f"{difference.sparsity:.4g}"))
                row += 1
            name = f"{one}\n- {other}" if several else other
            name += "\n(round by round)" if own[0].round else ""
            middle = (top + row - 1) / 2
            axis.text(
                -0.085, middle, name, transform=axis.get_yaxis_transform(), ha="right", va="center",
                fontsize=9.5 if several else 12, linespacing=1.0,
            )  # fmt: skip
            row += 0.9 if len(own) > 2 or not several else 1.7
            axis.axhline(row - 0.95, color="#dddddd", linewidth=0.8)
        _frame(axis, "" if several else shown[0].one, ticks)
        what = f"{shown[0].seeds} seeds; filled: clear (adjusted p at most {LEVEL:g}, one sign on every seed)"
        axis.set_title(f"{what};\nhollow: not clear; bars: unadjusted 95 % intervals", loc="left", fontsize=11, color=INK)
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    return figure


def alt_differences(differences: Sequence[Difference]) -> str:
    """Describe the figure of `plot_differences` in words, pair by pair.

    >>> from course_lib import pareto
    >>> found = pareto.Difference("A", "B", 0.5, 3, 0.01, -0.01, 0.03, 0.005, (4.0, 4.0))
    >>> alt_differences([found])
    'Differences of test accuracy with their intervals. A minus B: +1.0 points at 0.5 (none clear).'
    """
    parts = []
    shown = [difference for difference in differences if difference.low is not None]
    for (one, other), group in groupby(shown, key=lambda difference: (difference.one, difference.other)):
        own = list(group)
        first, last, clear = own[0], own[-1], [difference for difference in own if difference.clear]
        way = f"{100 * first.mean:+.1f} points at {first.sparsity:.4g}"
        if len(own) > 1:
            way = f"from {way} to {100 * last.mean:+.1f} at {last.sparsity:.4g}"
        sure = "all clear" if len(clear) == len(own) else f"{len(clear)} of {len(own)} clear" if clear else "none clear"
        parts.append(f"{one} minus {other}: {way} ({sure})")
    return f"Differences of test accuracy with their intervals. {'; '.join(parts)}."


def alt_tricks(differences: Sequence[Difference], names: Mapping[str, str]) -> str:
    """Describe the figure of `plot_tricks` in words.

    >>> from course_lib import pareto
    >>> found = pareto.Difference("all", "all but one", 0.98, 3, 0.05, 0.03, 0.07, 0.005, (32.0, 32.0))
    >>> alt_tricks([found], {"all but one": "no floor"})
    'Bars of the points of test accuracy that are lost at the end with one change each, at sparsity 0.98: no floor: +5.0.'
    """
    order = sorted(differences, key=lambda difference: -difference.mean)
    bars = "; ".join(f"{names[difference.other]}: {100 * difference.mean:+.1f}" for difference in order)
    where = f"at sparsity {order[0].sparsity:.4g}"
    return f"Bars of the points of test accuracy that are lost at the end with one change each, {where}: {bars}."


def _bar(axis: Axes, difference: Difference, row: float, look: Mapping[str, Any]) -> None:
    low, high = difference.low or 0.0, difference.high or 0.0
    axis.plot([100 * low, 100 * high], [row, row], color=look["color"], linewidth=2.2, solid_capstyle="butt", alpha=0.65)
    face = look["color"] if difference.clear else "white"
    marker = look["marker"] if look["marker"] in MARKERS else "o"  # those of controls have no inside
    axis.plot(
        [100 * difference.mean], [row], marker, color=look["color"], markerfacecolor=face, markersize=7, zorder=3,
        markeredgewidth=1.4,
    )  # fmt: skip
    axis.text(
        1.0, row, f"{100 * difference.mean:+.1f}", transform=axis.get_yaxis_transform(), ha="right", va="center",
        fontsize=10, color=INK,
    )  # fmt: skip


def _frame(axis: Axes, one: str, ticks: Sequence[tuple[float, str]]) -> None:
    axis.axvline(0, color="black", linewidth=1)
    axis.set_yticks([row for row, _ in ticks], [label for _, label in ticks], fontsize=10)
    axis.text(-0.01, -1.1, "sparsity", transform=axis.get_yaxis_transform(), ha="right", va="center", fontsize=10, color=INK)
    axis.set_ylim(max(row for row, _ in ticks) + 0.8, -1.4)
    low, high = axis.get_xlim()
    axis.set_xlim(low, high + 0.08 * (high - low))  # room for the numbers
    what = f"{one} minus the method on the left" if one else "the first minus the second"
    axis.set_xlabel(f"points of test accuracy: {what}")
    axis.grid(axis="x", color="#dddddd", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(axis="y", length=0)


def plot_tricks(differences: Sequence[Difference], names: Mapping[str, str], title: str | None = None) -> Figure:
    """Draw what each trick is worth as bars with their unadjusted 95 % intervals, the largest first.

    Args:
        differences: The method with all tricks minus that without one, where both end (`paired_ends`).
        names: The method without the trick -> what stands beside its bar, such as "no floor".
        title: A headline.

    Raises:
        CourseError: if there is no difference.

    >>> from course_lib import pareto
    >>> found = pareto.Difference("all", "all but one", 0.98, 3, 0.05, 0.03, 0.07, 0.005, (32.0, 32.0))
    >>> figure = plot_tricks([found], {"all but one": "no floor"})
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['no floor']
    """
    import matplotlib
    from matplotlib.figure import Figure

    if not differences:
        raise CourseError("Nothing can be drawn: no method was run without one of its tricks.")
    order = sorted(differences, key=lambda difference: -difference.mean)
    with matplotlib.rc_context({"font.size": 12, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 1.9 + 0.55 * len(order)), dpi=100, layout="constrained")
        axis = figure.subplots()
        for row, difference in enumerate(order):
            value, low, high = (100 * (part or 0.0) for part in (difference.mean, difference.low, difference.high))
            axis.barh(row, value, height=0.62, color=BAR)
            if difference.low is not None:
                axis.plot([low, high], [row, row], color=INK, linewidth=1.8)
            end = max(value, high) if difference.low is not None else value
            axis.annotate(f"{value:+.1f}", (max(end, 0), row), xytext=(6, 0), textcoords="offset points", va="center")
        axis.axvline(0, color="black", linewidth=1)
        axis.set_yticks(range(len(order)), [names[difference.other] for difference in order])
        axis.set_ylim(len(order) - 0.4, -0.6)
        axis.margins(x=0.08)
        axis.set_xlabel("points of test accuracy that are lost at the end with this change")
        axis.grid(axis="x", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
        axis.tick_params(axis="y", length=0)
        bars = "" if order[0].low is None else "; line: unadjusted 95 % interval"
        seeds = number_of(order[0].seeds, "seed")
        axis.set_title(f"at sparsity {order[0].sparsity:.4g}, {seeds}{bars}", loc="left", fontsize=11, color=INK)
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    return figure
