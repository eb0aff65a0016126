"""What a network is worth: sizes, accuracies over sparsity, and how things move over steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

from course_lib.measure import standard_error
from course_lib.pareto.looks import COLOURS, DASHES, MARKERS
from course_lib.teaching.figures.picture import FAINT, GONE, HATCH, INK, KEPT, Picture, curve_look, single, styled
from course_lib.words import whole_percent

SIZES = ("non-zeros", "tensor bytes", "file bytes", "gzip bytes", "MACs", "latency median (ms)")
QUARTILES = "latency quartiles (ms)"  # (low, high) of the times, where they are known


@styled
def size_panel(reports: Mapping[str, Mapping[str, Any]], guess: float | None = None) -> Picture:
    """Draw "is it really smaller?": each measure of each network as a share of the first one's.

    reports: label -> measure -> value, as a column of `measure.report`; with `sizes.compared` a bar shows the quartiles.
    guess: the share of the parameters that a student lets go: what it leaves is a star below the last network's non-zeros.
    """
    first, *others = reports
    picture, axis = single(0.75 * len(SIZES) + 1.1)
    parts, spread = [], False
    shares = {
        measure: [float(reports[label][measure]) / (float(reports[first][measure]) or 1.0) for label in others]
        for measure in SIZES
    }
    right = max(1.3, *(1.1 * share for of_measure in shares.values() for share in of_measure))
    for row, measure in enumerate(SIZES):
        axis.barh(-row, 1, height=0.85, color="#EEEEEE")
        for number, label in enumerate(others):
            look: dict[str, Any] = {"color": COLOURS[number], "lw": 2}
            share = end = shares[measure][number]
            place = -row + 0.28 - 0.56 * (number + 0.5) / len(others)
            axis.plot([0, share], [place, place], ls=DASHES[number], **look)
            if "ms" in measure and QUARTILES in reports[label]:
                low, high = (value / float(reports[first][measure]) for value in reports[label][QUARTILES])
                end, spread = min(high, right), True  # on a busy machine it reaches far, and ends open
                bars: dict[str, Any] = {"color": INK, "lw": 2, "capsize": 4 if end == high else 0, "zorder": 3}
                axis.errorbar(share, place, xerr=[[share - low], [end - share]], **bars)
            marker = axis.plot(share, place, MARKERS[number], color=COLOURS[number], ms=8)[0]
            marker.set_label(label if not row else None)
            axis.text(end + 0.02, place, f"{share:.2f}", fontsize=9, va="center")
            parts.append(f"{label}: {measure} {share:.2f}")
    for row, measure in enumerate(SIZES):
        axis.text(right + 0.15, -row, _amount(reports[first][measure], measure), va="center", fontsize=9)
    axis.text(right + 0.15, 0.75, first, va="center", fontsize=9)
    axis.axvline(1, color=INK, lw=1, ls=(0, (2, 2)))
    if isinstance(guess, (int, float)) and 0 <= guess <= 1:
        star: dict[str, Any] = {"color": COLOURS[3], "ms": 13, "markeredgecolor": INK, "ls": ""}
        axis.plot(1 - guess, -0.36, marker="*", label=f"left by your prediction ({1 - guess:.2f})", **star)
        parts.append(f"left by the prediction: non-zeros {1 - guess:.2f}")
    bar = "; bars: the middle half of the times" if spread else ""
    axis.set(yticks=[-row for row in range(len(SIZES))], yticklabels=SIZES, xlabel=f"share of {first!r}{bar}")
    axis.set(xlim=(0, right + 0.34), ylim=(-len(SIZES) + 0.45, 0.6))
    axis.set_title("Is it really smaller?", loc="left")
    axis.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.4, -0.12), ncols=len(others) + 1)
    picture.alt = f"Sizes as shares of {first}: " + "; ".join(parts) + "."
    return picture


@styled
def file_bars(files: Mapping[str, tuple[float, float]], limit: float) -> Picture:
    """Draw the KB of each file, hatched as far as its numbers are zeros, and the limit in KB as a dashed line.

    files: label -> (KB, share of the numbers in it that are zeros).
    """
    picture, axis = single(0.75 * len(files) + 1.2)
    for row, (kb, zeros) in enumerate(files.values()):
        axis.barh(-row, kb * (1 - zeros), 0.6, color=KEPT)
        axis.barh(-row, kb * zeros, 0.6, kb * (1 - zeros), color=GONE, ec="white", hatch=HATCH, lw=0)
        axis.annotate(f"{kb:,.0f} KB", (kb, -row), (6, 0), textcoords="offset points", va="center")
    axis.axvline(limit, color=INK, lw=2, ls=(0, (3, 2)))
    axis.set(yticks=[-row for row in range(len(files))], yticklabels=files, xlabel="KB of the file (1,024 bytes)")
    axis.set_xlim(0, 1.12 * max(limit, *(kb for kb, _ in files.values())))
    axis.set_title(f"limit {limit:,.0f} KB (dashed); hatched: zeros", loc="left")
    told = (f"{label}: {kb:,.0f} KB, {whole_percent(zeros)} of them zeros" for label, (kb, zeros) in files.items())
    picture.alt = f"Files, and a limit of {limit:,.0f} KB. {'; '.join(told)}."
    return picture


def _amount(value: Any, measure: str) -> str:
    value = float(value)
    if "ms" in measure:
        return f"{value:.2f} ms"
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:g}"


@styled
def lines(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    xlabel: str,
    ylabel: str,
    title: str = "",
    log: bool = False,
    log_y: bool = False,
    levels: Mapping[str, float] | None = None,
) -> Picture:
    """Draw label -> (x, y) as lines, each with its own colour, dash and marker; log, log_y: the scales of x and y.

    levels: label -> y of horizontal lines to compare with, named at their right end.
    """
    picture, axis = single(3.2)
    for number, (label, (x, y)) in enumerate(curves.items()):
        look = curve_look(number)
        axis.plot(x, y, label=label, lw=1.8, ms=5, markevery=max(1, len(x) // 12), **look)
    for label, level in (levels or {}).items():
        axis.axhline(level, color=INK, lw=1, ls=(0, (2, 2)), zorder=1)
        axis.text(1.01, level, label, transform=axis.get_yaxis_transform(), va="center")
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.set_title(title, loc="left")
    if log:
        axis.set_xscale("log")
    elif all(float(value).is_integer() for x, _ in curves.values() for value in x):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if log_y:
        axis.set_yscale("log")
        for side in (axis.xaxis, axis.yaxis) if log else (axis.yaxis,):
            side.set_major_locator(LogLocator(subs=(1, 2, 5)))
            side.set_major_formatter("{x:g}")
            side.set_minor_formatter("")
    axis.grid(color="#E5E5E5", lw=0.6)
    axis.legend(frameon=False)
    ends = "; ".join(f"{label} goes from {y[0]:.3g} to {y[-1]:.3g}" for label, (_, y) in curves.items())
    picture.alt = f"{ylabel} over {xlabel}: {ends}."
    if levels:
        picture.alt += " To compare: " + ", ".join(f"{label} {level:.3f}" for label, level in levels.items()) + "."
    return picture


@styled
def accuracy_curves(
    curves: Mapping[str, Sequence[Sequence[float]]],
    dense: float | None = None,
    guess: float | None = None,
    reference: float | None = None,
    n: int | None = None,
    xlabel: str = "sparsity (share of all parameters gone)",
    title: str = "",
    zoom: bool = False,
    longer: float | None = None,
) -> Picture:
    """Draw accuracy over sparsity.

    Args:
        curves: label -> rows of (sparsity, accuracy) or (sparsity, mean, low, high).
        dense: the dense model's accuracy; longer: after as much training as the curves had.
        guess: the student's prediction, a sparsity.
        reference: the sparsity beyond which the course's reference project says that L1 falls sharply.
        n: images behind each accuracy; +- one standard error at the dense model's accuracy is written above.
        zoom: show the range of the curves only; the axis then says that it does not start at 0.
    """
    picture, axis = single(4.4)
    for number, (label, rows) in enumerate(curves.items()):
        table = np.asarray(rows, dtype=float)
        look = curve_look(number)
        axis.plot(table[:, 0], table[:, 1], label=label, lw=1.8, ms=6, **look)
        if table.shape[1] == 4:
            axis.fill_between(table[:, 0], table[:, 2], table[:, 3], color=COLOURS[number], alpha=0.18, lw=0)
    if dense is not None:
        axis.axhline(dense, color=INK, lw=1, ls=(0, (2, 2)), label=f"dense model ({dense:.3f})")
    if longer is not None:
        axis.axhline(longer, color=INK, lw=1.2, ls=(0, (8, 3)), label=f"dense model, trained as long ({longer:.3f})")
    top = axis.get_ylim()[1]
    if isinstance(guess, (int, float)):
        axis.axvline(guess, color=COLOURS[3], lw=2, label=f"your guess ({guess:g})")
    if reference is not None:
        axis.axvline(reference, color=FAINT, lw=5, zorder=0, label=f'reference project: "beyond {reference:.2f}"')
    if n and dense is not None:
        title = (
            f"{title}\n".lstrip()
            + f"{n:,} images, ± {standard_error(dense, n):.3f} (one standard error at the dense accuracy)"
        )
    axis.set(xlabel=xlabel, ylabel="validation accuracy (axis cut)" if zoom else "validation accuracy")
    if not zoom:
        axis.set_ylim(0, max(1.0, top) if top > 0.95 else 1.02 * top)  # no marker is cut
    axis.set_title(title, loc="left")
    axis.grid(color="#E5E5E5", lw=0.6)
    picture.legend(loc="outside lower center", ncols=2, frameon=False)
    ends = "; ".join(
        f"{label}: {rows[0][1]:.3f} at {rows[0][0]:.2f} to {rows[-1][1]:.3f} at {rows[-1][0]:.2f}"
        for label, rows in curves.items()
    )
    picture.alt = f"Accuracy over sparsity. {ends}." + (f" Dense model: {dense:.3f}." if dense is not None else "")
    picture.alt += f" Dense model, trained as long: {longer:.3f}." if longer is not None else ""
    return picture


@styled
def triptych(rows: Sequence[Sequence[float]], filters: Sequence[float], dense: float | None = None) -> Picture:
    """Draw (sparsity, pruned, recalibrated, tuned) after each round: the three accuracies side by side.

    filters: the share of them that is gone after each round.
    """
    picture, axis = single(3.4)
    names = ("just pruned", "BatchNorm recalibrated", "fine-tuned")
    place = np.arange(len(rows))
    for number, name in enumerate(names):
        heights = [row[1 + number] for row in rows]
        bars = axis.bar(
            place + 0.27 * (number - 1), heights, 0.25, color=COLOURS[number], label=name, hatch=("", "//", "..")[number]
        )
        axis.bar_label(bars, fmt="%.2f", fontsize=9, padding=1)
    if dense is not None:
        axis.axhline(dense, color=FAINT, lw=1.5, ls=(0, (2, 2)), zorder=0, label=f"dense model ({dense:.3f})")
    told = [
        f"{share:.0%} of the filters,\n{row[0]:.0%} of the parameters gone" for share, row in zip(filters, rows, strict=True)
    ]
    axis.set(xticks=place, xticklabels=[f"round {i + 1}\n{shares}" for i, shares in enumerate(told)])
    axis.set(ylabel="validation accuracy", ylim=(0, 1.02))
    picture.legend(loc="outside upper center", frameon=False, ncols=4)
    rounds = "; ".join(f"round {i + 1} at {r[0]:.2f}: {r[1]:.3f}, {r[2]:.3f}, {r[3]:.3f}" for i, r in enumerate(rows))
    picture.alt = f"Accuracy just pruned, recalibrated and fine-tuned. {rounds}."
    return picture
