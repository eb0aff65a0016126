"""Accuracy against size: the score, the front, the area below it, and the figure that shows all of them.

Points are CHOSEN on validation (`front`, `best`) and SHOWN on test (`plot`). A table has one row a point and the
columns method, seed, round, sparsity, unit_sparsity, kept_parameters, macs, epochs, val_accuracy, test_accuracy, score,
and the configuration's; round 0 of the method "dense" is the dense model. Accuracies and sparsities are shares in
[0, 1].
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.errors import CourseError
from course_lib.files import replacing
from course_lib.measure import standard_error

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DENSE = "dense"
FLOOR = 0.60  # the accuracy below which a compressed model does not count: the class challenge's rule

# Column -> (+1 if larger is better, -1 if smaller is, what its axis says).
AXES = {
    "sparsity": (+1, "sparsity (share of all parameters removed)"),
    "unit_sparsity": (+1, "unit sparsity (share of filters and neurons removed)"),
    "val_accuracy": (+1, "validation accuracy"),
    "test_accuracy": (+1, "test accuracy"),
    "score": (+1, "score, (accuracy + sparsity) / 2"),
    "kept_parameters": (-1, "kept parameters (log scale, fewer to the right)"),
    "macs": (-1, "MACs per image (log scale, fewer to the right)"),
    "tensor_bytes": (-1, "tensor bytes (log scale, fewer to the right)"),
    "file_bytes": (-1, "file bytes (log scale, fewer to the right)"),
    "gzip_bytes": (-1, "gzip bytes (log scale, fewer to the right)"),
    "latency_ms": (-1, "latency in ms (log scale, faster to the right)"),
    "epochs": (-1, "epochs of training (log scale, fewer to the right)"),
}

# Okabe and Ito's colours, which colour-blind readers tell apart; black is left to the dense model, yellow comes last
# because it is faint on white. The lists have coprime lengths, so that no two of the first 77 methods look the same.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))

# The course's reference project (own data): name, sparsity, accuracy, marker.
REFERENCES = (("SAP", 0.9643, 0.7084, "o"), ("activation", 0.8594, 0.6982, "s"))
REFERENCE_NOTE = "other data (25x25, 5 classes),\nnot comparable point for point"


def score(accuracy: Any, sparsity: Any) -> Any:
    """Return (accuracy + sparsity) / 2, the rule of the class challenge.

    Args:
        accuracy: A share in [0, 1], or an array or Series of them; NaN (not measured) stays NaN.
        sparsity: The same; the share of all the dense model's parameters that is gone.

    Raises:
        CourseError: if a value lies outside [0, 1], as percents do.
    """
    for name, values in (("accuracy", accuracy), ("sparsity", sparsity)):
        numbers = np.asarray(values, dtype=float)
        wrong = numbers[(numbers < 0) | (numbers > 1)]
        if wrong.size:
            raise CourseError(f"{name} is {wrong.flat[0]:g}, but a share in [0, 1] is expected, not a percent.")
    if isinstance(accuracy, (list, tuple)):
        accuracy = np.asarray(accuracy)
    return (accuracy + sparsity) / 2


def _measured(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the rows with a number in every one of `columns`, or say which column is missing or has no direction."""
    for column in columns:
        if column not in table.columns:
            raise CourseError(f"The table has no column {column!r}; it has {', '.join(map(str, table.columns))}.")
        if column not in AXES:
            raise CourseError(f"Whether larger is better is not known of {column!r}, only of {', '.join(AXES)}.")
    return table.dropna(subset=list(columns))


def front(table: pd.DataFrame, by: str = "val_accuracy", x: str = "sparsity") -> pd.DataFrame:
    """Return the rows that no other row dominates, sorted by `x`.

    One row dominates another if it is at least as good in both columns and better in one. Of rows equal in both the
    first is kept; a row with NaN in either is left out. Whether larger or smaller is better follows from the column
    (sparsity, accuracies: larger; kept_parameters, macs: smaller).

    Raises:
        CourseError: if a column is missing or its better direction is unknown.
    """
    rows = _measured(table, by, x)
    gain_x, gain_y = AXES[x][0] * rows[x].to_numpy(float), AXES[by][0] * rows[by].to_numpy(float)
    order = np.lexsort((-gain_y, -gain_x))  # best x first, best y first within it; stable, so duplicates keep their order
    rises = gain_y[order] > np.concatenate(([-np.inf], np.maximum.accumulate(gain_y[order])[:-1]))
    return rows.iloc[order[rises]].sort_values(x, kind="stable")


def hypervolume(
    table: pd.DataFrame,
    by: str = "val_accuracy",
    x: str = "sparsity",
    reference: tuple[float, float] = (0.0, FLOOR),
) -> float:
    """Return the area that the front dominates beyond `reference`; larger is better, 0.0 if no row is beyond it.

    Args:
        table: One row a point; NaN rows are left out.
        by: The column of the accuracy.
        x: The column of the size.
        reference: (x, by) of the worst point that still counts. Where smaller is better, as for kept_parameters, it
            must be given: the dense model's number is the natural choice. The area has the units of `x` times `by`.

    Raises:
        CourseError: if a column is missing, or smaller `x` is better and the reference leaves no room for it.
    """
    points = front(table, by, x)
    if AXES[x][0] < 0 and reference[0] <= 0:
        raise CourseError(f"The reference's {x} is {reference[0]:g}, but smaller is better: give the largest that counts.")
    gain_x = np.clip(AXES[x][0] * (points[x].to_numpy(float) - reference[0]), 0, None)
    gain_y = np.clip(AXES[by][0] * (points[by].to_numpy(float) - reference[1]), 0, None)
    order = np.argsort(gain_x)
    return float(np.sum(np.diff(gain_x[order], prepend=0.0) * gain_y[order]))


def best(table: pd.DataFrame, floor: float = FLOOR) -> pd.DataFrame:
    """Return for each method the row with the highest score on VALIDATION, best method first.

    The test accuracy is not read. A row is one seed's point: its validation score is the luckiest of its curve, its
    test accuracy is not. A method without a row whose validation accuracy reaches `floor` is left out; of equal
    scores the sparser row wins.
    """
    rows = _measured(table, "val_accuracy", "sparsity")
    rows = rows[rows["val_accuracy"] >= floor]
    rows = rows.assign(_score=score(rows["val_accuracy"], rows["sparsity"]))
    rows = rows.sort_values(["_score", "sparsity"], ascending=False, kind="stable")
    return rows.drop_duplicates("method").drop(columns="_score")


def _means(table: pd.DataFrame, by: str, x: str) -> pd.DataFrame:
    """Return one row for each point of each curve: means over seeds, and the lowest and highest `by`.

    Points of two seeds belong together if they share method and round; where a method has several points a round (a
    grid of targets, each pruned in one shot), also their rank by sparsity.
    """
    rows = table.sort_values(["method", "seed", "round", "sparsity"], kind="stable")
    rank = rows.groupby(["method", "seed", "round"]).cumcount().rename("rank")
    columns = {name: (name, "mean") for name in {x, by, "val_accuracy"}}
    spread = {"low": (by, "min"), "high": (by, "max"), "seeds": (by, "size")}
    return rows.groupby(["method", "round", rank]).agg(**columns, **spread).reset_index().sort_values(["method", x])


def _draw_curves(axis: Axes, rows: pd.DataFrame, means: pd.DataFrame, by: str, x: str) -> None:
    for index, (method, curve) in enumerate(means.groupby("method", sort=True)):
        colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
        if curve["seeds"].max() > 1:
            axis.fill_between(curve[x], curve["low"], curve["high"], color=colour, alpha=0.18, linewidth=0)
            own = rows[rows["method"] == method]
            axis.plot(own[x], own[by], ".", color=colour, alpha=0.45, markersize=3.5)
        dash = DASHES[index % len(DASHES)]
        line = axis.plot(curve[x], curve[by], color=colour, linestyle=dash, marker=marker, label=method, zorder=3)
        line[0].set(linewidth=1.7, markersize=6.5, markeredgecolor="white", markeredgewidth=0.7)


def _draw_front(axis: Axes, means: pd.DataFrame, by: str, x: str) -> None:
    chosen = front(means, "val_accuracy", x)
    label = "front, chosen on validation"
    axis.plot(chosen[x], chosen[by], color="#555555", alpha=0.22, linewidth=9, solid_capstyle="round", label=label)


def _draw_dense(axis: Axes, accuracy: float, n: int | None, sizes: pd.Series) -> None:
    error = f" ± {standard_error(accuracy, n):.3f}" if n else ""
    axis.axhline(accuracy, color="black", linewidth=1, linestyle=(0, (2, 2)))
    label = f"dense model ({accuracy:.3f}{error})"
    axis.plot(sizes[:1], [accuracy] * len(sizes[:1]), "*", color="black", markersize=14, label=label, zorder=4)


def _scale(axis: Axes, column: str) -> None:
    """Let better be to the right; what shrinks is read by its factors, so its axis is logarithmic."""
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


def _draw_references(axis: Axes) -> None:
    for name, sparsity, accuracy, marker in REFERENCES:
        label = f"reference project, {name}"
        axis.plot([sparsity], [accuracy], marker, color="black", markersize=9, markerfacecolor="none", label=label, zorder=5)
    legend = axis.legend(
        handles=axis.lines[-len(REFERENCES) :], loc="lower left", fontsize=9, title=REFERENCE_NOTE, title_fontsize=9
    )
    legend.set(alignment="left")


def _caption(pruned: pd.DataFrame, split_name: str, n: int | None) -> str:
    """Say what was measured, on how many images and seeds."""
    seeds = pruned.groupby("method")["seed"].nunique()
    low, high = seeds.min(), seeds.max()
    text = f"{n:,} {split_name} images" if n else f"{split_name} images"
    text += f", {low} seed{'s' if high > 1 else ''}" if low == high else f", {low} to {high} seeds"
    if high > 1:
        text += " (line: mean; band: lowest to highest; dots: single seeds)"
    return text + ("; ± is one standard error" if n else "")


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

    Over sparsity there is a second panel: the same points over kept parameters on a log axis, because 0.96 and 0.98
    look alike as sparsities although one model is twice the other. Better is always up and to the right.

    Args:
        table: One row a point; rows without `by` or `x` (NaN) are left out. A curve is a method: give a configuration
            that deserves a curve of its own a method name of its own.
        by: The accuracy on the vertical axis.
        x: The size on the horizontal axis; with "kept_parameters", "macs" and the like there is one log panel.
        split_name: What the caption calls the images; from `by` when None.
        dense: The dense model's accuracy, in [0, 1]; from the table's dense rows when None.
        references: Add the reference project's two points; for CIFAR-10 over sparsity only.
        title: A headline above the caption.
        n: The number of images behind each accuracy.

    Raises:
        CourseError: if a column is missing or unknown, no pruned point is left, or references are asked for elsewhere.
    """
    import matplotlib
    import pandas as pd
    from matplotlib.figure import Figure

    rows = _measured(table, by, x)
    pruned = rows[rows["method"] != DENSE]
    if pruned.empty:
        raise CourseError(f"The table has no pruned point with both {x} and {by}, so there is nothing to plot.")
    if references and x != "sparsity":
        raise CourseError(f"The reference points are known by sparsity only, but x is {x!r}.")
    start = rows[rows["method"] == DENSE]
    dense = float(start[by].mean()) if dense is None and len(start) else dense
    split_name = split_name or {"val_accuracy": "validation", "test_accuracy": "test"}.get(by, by)
    panels = [x, "kept_parameters"] if x == "sparsity" and "kept_parameters" in rows else [x]
    with matplotlib.rc_context({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 6), dpi=100, layout="constrained")
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axis, column in zip(axes, panels, strict=True):
            means = _means(rows, by, column)
            _draw_front(axis, means, by, column)
            _draw_curves(axis, pruned, means[means["method"] != DENSE], by, column)
            if dense is not None:
                _draw_dense(axis, dense, n, start[column] if len(start) or column != "sparsity" else pd.Series([0.0]))
            _scale(axis, column)
        handles, labels = axes[0].get_legend_handles_labels()
        columns = max(1, min(4, 110 // (max(map(len, labels)) + 6)))  # about 110 characters fit across the figure
        figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
        if references:
            _draw_references(axes[0])
        axes[0].set_ylabel(f"{split_name} accuracy (share of images)" if "accuracy" in by else AXES[by][1])
        axes[0].set_title(_caption(pruned, split_name, n), loc="left", fontsize=10, color="#444444")
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    return figure


def alt_text(table: pd.DataFrame, by: str = "test_accuracy") -> str:
    """Return what the figure of `table` shows, in at most three sentences for readers who cannot see it."""
    rows = _measured(table, by, "sparsity")
    pruned = rows[rows["method"] != DENSE]
    methods = sorted(pruned["method"].unique())
    name = AXES[by][1]
    text = f"{name.capitalize()} against sparsity for {len(methods)} pruning methods ({', '.join(methods)})"
    start = rows.loc[rows["method"] == DENSE, by]
    text += f"; the dense model reaches {start.mean():.3f}." if len(start) else "."
    top = best(pruned)
    if top.empty:
        return f"{text} No method has a point whose validation accuracy reaches {FLOOR:g}."
    row = top.iloc[0]
    return (
        f"{text} The best point by validation score is {row['method']} at sparsity {row['sparsity']:.3f} "
        f"({row['kept_parameters']:,.0f} parameters kept) with {name} {row[by]:.3f}."
    )


def save(figure: Figure, path_stem: str | Path, alt: str) -> tuple[Path, Path]:
    """Write `figure` as PNG and SVG, each whole or not at all, and return both paths.

    The same figure gives the same bytes on the same machine: no date, no random ids. `alt` goes into both files, in
    the SVG as its title, which screen readers speak.
    """
    import matplotlib

    png, svg = Path(f"{path_stem}.png"), Path(f"{path_stem}.svg")
    with matplotlib.rc_context({"svg.hashsalt": "course_lib"}):
        with replacing(png) as temporary:
            figure.savefig(temporary, format="png", dpi=150, metadata={"Description": alt})
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Title": alt, "Date": None})
    return png, svg
