"""The figure that comes first: how many points of accuracy are lost when the net is so many times smaller."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.errors import CourseError
from course_lib.pareto.compare import by_method
from course_lib.pareto.figure import REFERENCE_DENSE, REFERENCES
from course_lib.pareto.looks import CONTROL_MARKERS, RESERVED, of_table
from course_lib.pareto.points import contestants, roles
from course_lib.pareto.reading import losses, round_by_round

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.transforms import Bbox

WORST = 25.0  # points lost: beyond that a net is of no use to anybody, and the others need the room
ROOM = 2.7  # times the smallest net: where the labels of the curves that reach it stand
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
INK = "#333333"
HOLLOW = {"o": "\u25cb", "s": "\u25a1"}  # markers as characters


def told(table: pd.DataFrame) -> list[str]:
    """Return the about five methods that tell a study: those of `RESERVED`'s first, and the best of each other family.

    Left out are families that are there to be beaten ("random"); a control at SAP's own pace is added. Only methods
    that have a loss against an unpruned net of their age.

    >>> from course_lib import pareto
    >>> told(pareto.example())  # there is no such net
    []
    """
    rows = contestants(table)
    families = roles(rows)["family"].groupby(rows["method"]).first()
    chosen = [method for method in RESERVED[:3] if method in families.index]
    for method in by_method(rows)["method"]:
        if families[method] not in {"random", *families[chosen]}:
            chosen.append(method)
    others = table.loc[roles(table)["role"] == "control", "method"].unique()
    sap = next((method for method in chosen if families[method] == "SAP"), None)
    chosen += [other for other in others if sap and len(round_by_round(table, sap, other))][:1]
    return [method for method in chosen if len(losses(table, method))]


def mean_losses(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the mean of a method's losses over seeds: one row a round that all its seeds have, by sparsity.

    Columns: sparsity, smaller (times, of the mean sparsity), lost (points, hundredths of accuracy).

    >>> import pandas as pd
    >>> from course_lib import pareto
    >>> trained_on = pareto.example().head(1).assign(method="dense, trained on", round=1, epochs=5.0, test_accuracy=0.90)
    >>> mean_losses(pd.concat([pareto.example(), trained_on]), "A").round(1).values.tolist()
    [[0.5, 2.0, 2.0], [0.9, 10.0, 12.0]]
    """
    rows = losses(table, method)
    means = rows.groupby("round").agg(sparsity=("sparsity", "mean"), lost=("lost", "mean"), seeds=("seed", "nunique"))
    means = means[means["seeds"] == rows["seed"].nunique()].sort_values("sparsity")
    return means.assign(smaller=1 / (1 - means["sparsity"]), lost=100 * means["lost"])[["sparsity", "smaller", "lost"]]


def plot_losses(
    table: pd.DataFrame, methods: Sequence[str] | None = None, *, references: bool = False, title: str | None = None
) -> Figure:
    """Draw the points lost against the unpruned net of the same age over how many times smaller a net is.

    Better is up and to the right: no loss is at the top. Each curve is named where it ends; there is no legend.

    Args:
        table: One row a point, with an unpruned control that was trained as long as the curves.
        methods: Which curves; None: `told`.
        references: Add the class project's two points, hollow: what they lost against its own dense net, on other images.
        title: A headline.

    Raises:
        CourseError: if no method has a loss: no unpruned net was trained as long.

    >>> import pandas as pd
    >>> from course_lib import pareto
    >>> trained_on = pareto.example().head(1).assign(method="dense, trained on", round=1, epochs=5.0, test_accuracy=0.90)
    >>> figure = plot_losses(pd.concat([pareto.example(), trained_on]), ["A", "B"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['B', 'A']
    """
    import matplotlib
    import pandas as pd
    from matplotlib.figure import Figure

    methods = told(table) if methods is None else methods
    curves = {method: mean_losses(table, method) for method in methods if len(losses(table, method))}
    if not curves:
        raise CourseError("No loss can be drawn: the table has no unpruned net that was trained as long as its curves.")
    styles, seeds = of_table(table), table["seed"].nunique()
    with matplotlib.rc_context({"font.size": 12, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 6.2), dpi=100, layout="constrained")
        axis = figure.subplots()
        ends = [_draw(axis, losses(table, method), curve, styles[method], method) for method, curve in curves.items()]
        if references:
            _draw_references(axis)
        _scale(axis, pd.concat(curves.values()))
        images = f"{int(table['test_images'].iloc[0]):,} test images" if "test_images" in table else "test images"
        seen = "one seed" if seeds == 1 else f"{seeds} seeds (line: mean; dots: single seeds)"
        axis.set_title(f"{images}, {seen}", loc="left", fontsize=11, color=INK)
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
        _label(figure, axis, ends)
    return figure


def alt_losses(table: pd.DataFrame) -> str:
    """Describe the figure of `plot_losses` in words: what each of its methods loses on the way and where it ends.

    >>> from course_lib import pareto
    >>> alt_losses(pareto.example())
    'Points of test accuracy lost against the unpruned net of the same age, over how many times smaller the net is.'
    """
    found = []
    for method in told(table):
        curve = mean_losses(table, method)
        last = curve.iloc[-1]
        end = f"{last['lost']:.1f} at its end, {last['smaller']:.0f} times smaller"
        read = {times: float(np.interp(1 - 1 / times, curve["sparsity"], curve["lost"])) for times in (2, 10)}
        ways = [
            f"{round(lost, 1) + 0.0:.1f} where it is {times} times smaller"
            for times, lost in read.items()
            if curve["smaller"].iloc[0] <= times <= last["smaller"]
        ]
        found.append(f"{method} loses {', '.join([*ways, end])}")
    start = "Points of test accuracy lost against the unpruned net of the same age, over how many times smaller the net is"
    return f"{start}: {'; '.join(found)}." if found else f"{start}."


End = tuple[str, float, float, str]  # what stands where a curve ends, and its colour


def _draw(axis: Axes, rows: pd.DataFrame, curve: pd.DataFrame, look: dict[str, Any], name: str) -> End:
    seen = _until_worst(curve)
    shown = curve.iloc[: len(seen) + 1]  # and the way out of the figure
    dots = rows[rows["round"].isin(shown.index)]
    axis.plot(dots["smaller"], 100 * dots["lost"], ".", color=look["color"], alpha=0.4, markersize=4)
    line = {"linewidth": 2, "markersize": 6, "markeredgecolor": "white", "markeredgewidth": 0.6, "zorder": 3, **look}
    if look["marker"] in CONTROL_MARKERS:  # these have no face: a white edge would hide them
        line |= {"markeredgecolor": look["color"], "markeredgewidth": 1.4}
    axis.plot(shown["smaller"], shown["lost"], **line, label=name)
    last = (seen if len(seen) else curve).iloc[-1]
    return name, float(last["smaller"]), min(float(last["lost"]), WORST), look["color"]


def _until_worst(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the points of a mean curve before it leaves the figure; what comes back after a collapse is not of interest."""
    return curve[(curve["lost"] <= WORST).cummin()]


def _draw_references(axis: Axes) -> None:
    for _, sparsity, accuracy, marker in REFERENCES:
        smaller, lost = 1 / (1 - sparsity), 100 * (REFERENCE_DENSE - accuracy)
        axis.plot([smaller], [lost], marker, color="black", markersize=10, markerfacecolor="none", zorder=5)
    named = ", ".join(f"{HOLLOW[marker]} {name}" for name, _, _, marker in REFERENCES)
    note = f"hollow: the class project, {named}\n(other images; lost against its own net)"
    axis.text(
        0.995, 0.5, note, transform=axis.get_yaxis_transform(), ha="right", va="top", fontsize=10.5, color=INK
    )  # below the line of no loss


def _scale(axis: Axes, points: pd.DataFrame) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    seen, worst = points[points["lost"] <= WORST], min(WORST, 1.1 * float(points["lost"].max()))
    smallest = float(seen["smaller"].max())
    axis.set_xscale("log")
    axis.set_xlim(1, ROOM * smallest)
    axis.xaxis.set_major_locator(FixedLocator([tick for tick in TICKS if tick <= 1.5 * smallest]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axis.set_ylim(worst, min(-1.0, float(seen["lost"].min()) - 1))
    axis.axhline(0, color="black", linewidth=1, linestyle=(0, (2, 2)))
    axis.set_xlabel("times smaller (parameters of the unpruned net / parameters kept)")
    axis.set_ylabel("points of accuracy lost\nagainst the unpruned net of the same age")
    axis.grid(color="#dddddd", linewidth=0.6)
    axis.set_axisbelow(True)


def _label(figure: Figure, axis: Axes, ends: Sequence[End]) -> None:
    """Name the curves to the right of where they end, as near to it as neither another name nor a curve is covered."""
    labels = [
        axis.annotate(
            name, (x, y), xytext=(9, 0), textcoords="offset points", va="center", color=_dark(colour), fontsize=11,
            fontweight="bold",
        )
        for name, x, y, colour in sorted(ends, key=lambda end: end[2])
    ]  # fmt: skip
    figure.draw_without_rendering()
    taken = [text.get_window_extent() for text in axis.texts if text not in labels]
    points = np.concatenate([_along(axis, line) for line in axis.lines])
    for label in labels:
        box = label.get_window_extent().padded(1)
        shifts = sorted((shift for step in range(0, 160, 2) for shift in (-step, step)), key=abs)
        free = (shift for shift in shifts if _is_free(box.translated(0, shift), taken, points, axis))
        shift = next(free, 0)
        label.set_position((9, shift * 72 / figure.dpi))
        taken.append(box.translated(0, shift))


def _along(axis: Axes, line: Line2D) -> np.ndarray:
    """Return points along a line, in pixels, close enough to each other that no name fits between them."""
    corners = line.get_transform().transform(line.get_xydata())
    steps = np.linspace(0, 1, 60)[:, None]
    between = (
        [first + steps * (second - first) for first, second in pairwise(corners)] if line.get_linestyle() != "None" else []
    )
    return np.concatenate([corners, *between])


def _is_free(box: Bbox, taken: Sequence[Bbox], points: np.ndarray, axis: Axes) -> bool:
    inside = axis.bbox.y0 < box.y0 and box.y1 < axis.bbox.y1
    return inside and not any(box.overlaps(other) for other in taken) and not box.count_contains(points)


def _dark(colour: str) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple(
        0.72 * part for part in to_rgb(colour)
    )  # text is thinner than lines: as light as they are it would be faint
