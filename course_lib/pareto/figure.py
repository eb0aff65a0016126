"""The figure of a table of points: one curve a method, the dense model, and the front that validation chose."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.errors import CourseError
from course_lib.files import replacing
from course_lib.measure import standard_error
from course_lib.pareto.compare import by_method
from course_lib.pareto.looks import CONTROL, looks
from course_lib.pareto.points import AXES, DENSE, FLOOR, contestants, contesting, front, mean_curves, measured, without_final

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MANY = 10  # methods: beyond that the figure is higher and shows only accuracies that count
CROWDED = 12  # points of a curve: beyond that its markers are smaller
WIDE = 115  # characters of a caption: so many fit across the figure
# The course's reference project (own data): name, sparsity, accuracy, marker.
REFERENCES = (("SAP", 0.9643, 0.7084, "o"), ("activation", 0.8594, 0.6982, "s"))
REFERENCE_DENSE = 0.76  # about: the accuracy of its unpruned net
REFERENCE_NOTE = "other data (25x25, 5 classes),\nnot comparable point for point"


def _draw_curves(axis: Axes, rows: pd.DataFrame, means: pd.DataFrame, by: str, x: str) -> None:
    seeds = rows["seed"].nunique()
    controls = _controls(rows)
    styles = looks(means["method"], controls)
    for method in sorted(styles):
        own = rows[rows["method"] == method]
        curve = means[means["method"] == method]
        if not curve.empty:
            _draw_curve(
                axis, own, curve, by, x, styles[method], thin=curve["seeds"].max() < seeds, control=method in controls
            )


def _draw_curve(
    axis: Axes, own: pd.DataFrame, curve: pd.DataFrame, by: str, x: str, look: dict[str, Any], thin: bool, control: bool
) -> None:
    """Draw one method. thin: it has fewer seeds than the others, so it is an impression, not a comparison."""
    ends = curve["round"] == curve["round"].max() if _has_final(own) else curve["round"] < 0
    if curve["seeds"].max() > 1:
        band = curve[~ends]
        axis.fill_between(band[x], band["low"], band["high"], color=look["color"], alpha=0.18, linewidth=0)
        axis.plot(own[x], own[by], ".", color=look["color"], alpha=0.45, markersize=3.5)
    label = str(curve["method"].iloc[0]) + (f" (n={curve['seeds'].max()})" if thin else "")
    if control and len(curve) > 1 and curve[x].nunique() == 1:  # unpruned, but trained: what pruned nets are compared with
        last = float(curve[by].iloc[-1])
        axis.axhline(last, linewidth=1, **CONTROL)
        label += f" ({last:.3f})"
    drawn = axis.plot(curve.loc[~ends, x], curve.loc[~ends, by], **look, label=label, zorder=3)
    drawn += axis.plot(curve.loc[ends, x], curve.loc[ends, by], **{**look, "linestyle": "none"}, zorder=3)
    crowded = len(curve) > CROWDED
    for line, size in zip(drawn, (4 if thin else 6.5, 7 if thin else 11), strict=True):
        line.set(linewidth=1.0 if thin else 1.7, markersize=0.6 * size if crowded else size)
        if not control and not crowded:
            line.set(markeredgecolor="white", markeredgewidth=0.7)


def _controls(rows: pd.DataFrame) -> set[str]:
    return set(rows.loc[~contesting(rows), "method"])


def _has_final(rows: pd.DataFrame) -> bool:
    return any(len(without_final(curve)) < len(curve) for _, curve in rows.groupby(["method", "seed"]))


def _draw_front(axis: Axes, rows: pd.DataFrame, by: str, x: str) -> None:
    import pandas as pd

    rows = pd.concat([rows[rows["method"] == DENSE], contestants(rows)])
    chosen = front(mean_curves(rows, by, x), "val_accuracy", x)
    chosen = chosen[chosen["val_accuracy"] >= FLOOR]
    look: dict[str, Any] = {
        "color": "#555555",
        "alpha": 0.22,
        "linewidth": 7,
        "solid_capstyle": "round",
        "solid_joinstyle": "round",
    }
    look["drawstyle"] = "steps-pre" if AXES[x][0] > 0 else "steps-post"  # no network was trained between two points
    axis.plot(chosen[x], chosen[by], **look, label="front, chosen on validation")


def _draw_dense(axis: Axes, accuracy: float, n: int | None, sizes: pd.Series) -> None:
    error = f" ± {standard_error(accuracy, n):.3f}" if n else ""
    axis.axhline(accuracy, color="black", linewidth=1, linestyle=(0, (2, 2)))
    label = f"dense model ({accuracy:.3f}{error})"
    axis.plot(sizes[:1], [accuracy] * len(sizes[:1]), "*", color="black", markersize=14, label=label, zorder=4)


def _scale(axis: Axes, column: str) -> None:
    """Let better be to the right. Sizes that shrink are compared by factors, so their axis is logarithmic."""
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    axis.set_xlabel(AXES[column][1])
    axis.grid(color="#dddddd", linewidth=0.6)
    axis.set_axisbelow(True)
    if AXES[column][0] < 0:
        axis.set_xscale("log")
        low, high = axis.get_xlim()
        decades = math.log10(high / low)  # labels must neither collide over many decades nor be missing within one
        subs = range(1, 10) if decades < 1 else (1, 2, 5) if decades < 2.5 else (1,)
        axis.xaxis.set_major_locator(LogLocator(subs=subs))
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.invert_xaxis()


def _draw_legend(figure: Figure) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    columns = max(1, min(4, 110 // (max(map(len, labels)) + 6)))  # about 110 characters fit across the figure
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)


def _draw_references(axis: Axes) -> None:
    for name, sparsity, accuracy, marker in REFERENCES:
        label = f"reference project, {name}"
        axis.plot([sparsity], [accuracy], marker, color="black", markersize=9, markerfacecolor="none", label=label, zorder=5)
    legend = axis.legend(
        handles=axis.lines[-len(REFERENCES) :], loc="lower left", fontsize=9, title=REFERENCE_NOTE, title_fontsize=9
    )
    legend.set(alignment="left")


def _caption(pruned: pd.DataFrame, split_name: str, n: int | None, low_cut: bool) -> str:
    """Say what was measured, on how many images and seeds."""
    seeds = pruned.groupby("method")["seed"].nunique()
    low, high = seeds.min(), seeds.max()
    images = f"{n:,} {split_name} images" if n else f"{split_name} images"
    parts = [f"{images}, {low} seed{'s' if high > 1 else ''}" if low == high else f"{images}, {low} to {high} seeds"]
    if high > 1:
        parts[0] += " (line: mean; band: lowest to highest; dots: single seeds)"
    if _has_final(pruned):
        parts.append("large: after final epochs")
    if low_cut:
        parts.append(f"from {FLOOR:g} on")
    if n:
        parts.append("± is one standard error")
    whole = "; ".join(parts)
    return whole if len(whole) <= WIDE else f"{parts[0]}\n{'; '.join(parts[1:])}"


def plot(
    table: pd.DataFrame,
    *,
    by: str = "test_accuracy",
    x: str = "sparsity",
    split_name: str | None = None,
    dense: float | None = None,
    references: bool = False,
    title: str | None = None,
    n: int | None = None,
) -> Figure:
    """Draw one curve a method, the dense model, and the front that validation chose.

    Over sparsity there is a second panel: the same points over kept parameters on a log axis, because sparsities of 0.96
    and 0.98 look alike although one model is twice as large as the other. Better is always up and to the right.

    Args:
        table: One row a point; rows without `by` or `x` (NaN) are left out. A curve is a method: a configuration that
            deserves a curve of its own needs a method name of its own.
        by: The accuracy on the vertical axis.
        x: The size on the horizontal axis; with "kept_parameters", "macs" and the like there is one log panel.
        split_name: What the caption calls the images; from `by` when None.
        dense: The dense model's accuracy, in [0, 1]; from the table's dense rows when None.
        references: Add the reference project's two points; for CIFAR-10 over sparsity only.
        title: A headline above the caption.
        n: The number of images behind each accuracy.

    Raises:
        CourseError: if a column is missing or unknown, no pruned point is left, or references are asked for elsewhere.

    >>> from course_lib import pareto
    >>> len(pareto.plot(pareto.example()).axes)  # over sparsity, and over kept parameters
    2
    """
    import matplotlib

    rows = measured(table, by, x)
    pruned = rows[rows["method"] != DENSE]
    if pruned.empty:
        raise CourseError(f"The table has no pruned point with both {x} and {by}, so there is nothing to plot.")
    if references and x != "sparsity":
        raise CourseError(f"The reference points are known by sparsity only, but x is {x!r}.")
    split_name = split_name or {"val_accuracy": "validation", "test_accuracy": "test"}.get(by, by)
    start = rows.loc[rows["method"] == DENSE, by]
    dense = float(start.mean()) if dense is None and len(start) else dense
    cut = pruned["method"].nunique() > MANY and pruned[by].max() > FLOOR  # so many curves need the room
    with matplotlib.rc_context({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False}):
        figure = _panels(rows, by, x, dense, n, cut)
        axes = figure.axes
        if references:
            _draw_references(axes[0])
        axes[0].set_ylabel(f"{split_name} accuracy (share of images)" if "accuracy" in by else AXES[by][1])
        axes[0].set_title(_caption(pruned, split_name, n, cut), loc="left", fontsize=10, color="#444444")
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    return figure


def _panels(rows: pd.DataFrame, by: str, x: str, dense: float | None, n: int | None, cut: bool) -> Figure:
    """Return a figure with one panel a size, and a legend for all. cut: leave out accuracies that do not count."""
    import pandas as pd
    from matplotlib.figure import Figure

    start, pruned = rows[rows["method"] == DENSE], rows[rows["method"] != DENSE]
    columns = [x, "kept_parameters"] if x == "sparsity" and "kept_parameters" in rows else [x]
    figure = Figure(figsize=(10, 6 if pruned["method"].nunique() <= MANY else 9), dpi=100, layout="constrained")
    axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axis, column in zip(axes, columns, strict=True):
        _draw_front(axis, rows, by, column)
        _draw_curves(axis, pruned, mean_curves(pruned, by, column), by, column)
        if dense is not None:
            _draw_dense(axis, dense, n, start[column] if len(start) or column != "sparsity" else pd.Series([0.0]))
        if cut and AXES[column][0] < 0:
            shown = rows.loc[rows[by] > FLOOR, column]
            axis.set_xlim(shown.min() / 1.2, shown.max() * 1.2)
        _scale(axis, column)
    if cut:
        axes[0].set_ylim(bottom=FLOOR)
    _draw_legend(figure)
    return figure


def alt_text(table: pd.DataFrame, by: str = "test_accuracy") -> str:
    """Describe the figure of `table` in at most three sentences, for readers who cannot see it.

    >>> from course_lib import pareto
    >>> print(pareto.alt_text(pareto.example()).partition(" (A")[0])
    Test accuracy against sparsity for 2 pruning methods
    """
    rows = measured(table, by, "sparsity")
    pruned = rows[rows["method"] != DENSE]
    methods = sorted(pruned.loc[contesting(pruned), "method"].unique())
    name = AXES[by][1]
    words = "pruning methods" if len(methods) > 1 else "pruning method"
    text = f"{name.capitalize()} against sparsity for {len(methods)} {words} ({'; '.join(methods)})"
    start = rows.loc[rows["method"] == DENSE, by]
    text += f"; the dense model reaches {start.mean():.3f}." if len(start) else "."
    top = by_method(contestants(pruned))
    if top.empty:
        return f"{text} No method has a point whose validation accuracy reaches {FLOOR:g}."
    best = "; then ".join(
        f"{row['method']}: sparsity {row['sparsity']:.3f} ({row['kept_parameters']:,.0f} parameters kept) with {name} "
        f"{row[by]:.3f}" + (f", means of {row['seeds']} seeds" if row["seeds"] > 1 else "")
        for row in top.head(2).to_dict("records")
    )
    return f"{text} The best points by validation score are those of {best}."


def save(figure: Figure, path_stem: str | Path, alt: str) -> tuple[Path, Path]:
    """Write `figure` as PNG and SVG, each whole or not at all, and return both paths.

    The same figure gives the same bytes on the same machine: no date, no random ids. `alt` goes into both files; in the
    SVG it is the title, which screen readers speak.

    >>> import tempfile
    >>> from course_lib import pareto
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.suffix for path in pareto.save(pareto.plot(pareto.example()), f"{folder}/pareto", "two curves")]
    ['.png', '.svg']
    """
    import matplotlib

    png, svg = Path(f"{path_stem}.png"), Path(f"{path_stem}.svg")
    with matplotlib.rc_context({"svg.hashsalt": "course_lib"}):
        with replacing(png) as temporary:
            figure.savefig(temporary, format="png", dpi=150, metadata={"Description": alt})
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Title": alt, "Date": None})
    return png, svg
