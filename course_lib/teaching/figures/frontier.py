"""Lesson 06: many networks in one arena, the front, and the area below it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from course_lib.pareto import DENSE
from course_lib.pareto.figure import REFERENCES
from course_lib.pareto.looks import looks
from course_lib.teaching.figures.picture import FAINT, GONE, INK, KEPT, PAPER, Picture, canvas, single, styled
from course_lib.words import number_of

PALE, SOFT = "#9A9A9A", "#666666"  # of curves that are only there to compare with, and of their names
APART = 12  # points of height: names nearer to each other could not be read
Points = Sequence[Sequence[float]]  # rows of (size, accuracy) or (size, mean, low, high)
Ends = dict[str, Sequence[float]]  # label -> the right end of its curve


def looks_of(labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return label -> how matplotlib draws its curve."""
    styles = looks(set(labels) - {DENSE}) | {DENSE: {"color": INK, "marker": "*", "linestyle": ""}}
    return {label: styles[label] for label in labels}


def _draw(
    axis: Axes,
    curves: Mapping[str, Points],
    front: Points = (),
    named: bool = False,
    pale: Collection[str] = (),
    fewer: bool = False,
) -> Ends:
    """Draw the curves and return their right ends.

    named: they will be named there, and are in no legend. pale: those that are grey. fewer: whether the sizes are drawn with
    fewer to the right.
    """
    ends: Ends = {}
    if len(front):
        sizes, accuracies = np.asarray(front, dtype=float).T
        axis.plot(sizes, accuracies, color=INK, alpha=0.16, lw=10, solid_capstyle="round", label="front")
    for label, look in looks_of(list(curves)).items():
        rows = np.asarray(curves[label], dtype=float)
        if label in pale:
            look = look | {"color": PALE, "zorder": 1}
        if rows.shape[1] == 4:
            axis.fill_between(rows[:, 0], rows[:, 2], rows[:, 3], color=look["color"], alpha=0.15, lw=0)
        line = {"lw": 1.7, "markersize": 5.5, **look}
        axis.plot(rows[:, 0], rows[:, 1], label=f"_{label}" if named else label, **line)
        ends[label] = rows[np.lexsort((rows[:, 1], rows[:, 0]))[0]] if fewer else rows[-1]
    axis.grid(color="#E5E5E5", lw=0.6)
    return ends


def _name(axis: Axes, ends: Ends, height: float, pale: Collection[str] = ()) -> None:
    """Write each name beside its end, pushed up where it would lie on another, in a picture of `height` inches.

    The limits of the axis have to be set.
    """
    bottom, top = axis.get_ylim()
    scale, last = 0.7 * 72 * height / (top - bottom), -np.inf  # points of height to 1 of accuracy, about
    for label, end in sorted(ends.items(), key=lambda item: item[1][1]):
        last = max(scale * end[1], last + APART)
        place = (8, last - scale * end[1])
        words = axis.annotate(label, (end[0], end[1]), place, textcoords="offset points", annotation_clip=False)
        words.set(color=SOFT if label in pale else INK, va="center", fontsize=9)


def _legend(picture: Picture, axis: Axes) -> None:
    handles, labels = axis.get_legend_handles_labels()
    if handles:
        picture.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)


def _in_words(curves: Mapping[str, Points]) -> list[str]:
    return [
        f"{label}: {rows[0][1]:.3f} at {rows[0][0]:.2f} to {rows[-1][1]:.3f} at {rows[-1][0]:.2f}"
        for label, rows in curves.items()
    ]


@styled
def claim() -> Picture:
    """Draw the two networks that the reference project's claim rests on."""
    picture, axis = single(2.7)
    for name, sparsity, accuracy, marker in REFERENCES:
        axis.plot(sparsity, accuracy, marker, color=INK, ms=11, mfc="none", mew=1.8)
        axis.annotate(name, (sparsity, accuracy), (0, 11), textcoords="offset points", ha="center")
    axis.set(xlim=(0.8, 1.0), ylim=(0.66, 0.74), xticks=(0.8, 0.85, 0.9, 0.95, 1), yticks=(0.66, 0.7, 0.74))
    axis.set(xlabel="sparsity (share of all parameters gone)", ylabel="accuracy")
    axis.set_title("The two networks that the class project reports", loc="left")
    axis.grid(color="#E5E5E5", lw=0.6)
    told = (f"{name}, accuracy {accuracy:.4f} at sparsity {sparsity:.4f}" for name, sparsity, accuracy, _ in REFERENCES)
    picture.alt = f"Two networks of the class project: {'; '.join(told)}."
    return picture


@styled
def arena(
    curves: Mapping[str, Points],
    dense: float | None = None,
    front: Points = (),
    guesses: Mapping[float, tuple[str | None, str]] | None = None,
    ylabel: str = "test accuracy",
    title: str = "",
    bottom: float | None = None,
    named: bool = False,
    at: float | None = None,
    stretched: bool = False,
    pointed: str = "",
) -> Picture:
    """Draw accuracy over sparsity, one curve a method.

    Args:
        curves: label -> rows of (sparsity, accuracy) or (sparsity, mean, low, high).
        dense: the dense model's accuracy. front: (sparsity, accuracy) of the points that nothing dominates.
        guesses: sparsity -> (the student's guess or None, the winner). bottom: the lowest accuracy that is shown.
        named: name the methods at the ends of their curves and not in a legend.
        at: a sparsity that the text speaks of, marked by a broad grey line. stretched: the closer to 1, the more room a step
            of sparsity has. pointed: the curve whose end an arrow points to.
    """
    picture, axis = single(4.7)
    ends, parts = _draw(axis, curves, front, named), _in_words(curves) or ["no run is at hand"]
    if dense is not None:
        axis.axhline(dense, color=INK, lw=1, ls=(0, (2, 2)), label=f"dense model ({dense:.3f})")
        parts.append(f"dense model {dense:.3f}")
    if at is not None:
        axis.axvline(at, color=FAINT, lw=6, alpha=0.5, zorder=0)
    if stretched and curves:
        _stretch(axis)
    if pointed:
        (x, y, *_), ink = curves[pointed][-1], {"arrowstyle": "->", "color": INK}
        axis.plot(x, y, "o", ms=15, mfc="none", mec=INK, mew=1.5, zorder=5)
        axis.annotate(pointed, (x, y), (-90, -70), textcoords="offset points", arrowprops=ink | {"shrinkB": 8}, bbox=PAPER)
    parts += _guesses(axis, guesses or {})
    axis.set(xlabel=f"sparsity (share of all parameters gone){', stretched towards 1' if stretched else ''}", ylabel=ylabel)
    axis.set_ylim(bottom=bottom)
    if named:
        _name(axis, ends, 4.7)
    axis.set_title(title, loc="left", pad=28 if guesses else None)
    _legend(picture, axis)
    parts += [f"{number_of(len(front), 'point')} on the front"] if len(front) else []
    picture.alt = f"Accuracy over sparsity. {'; '.join(parts)}."
    return picture


def _stretch(axis: Axes) -> None:
    """Let sparsity have as much room from 0.9 to 0.99 as from 0 to 0.9: what is left is on a logarithmic scale."""
    left, right = axis.dataLim.x0, min(axis.dataLim.x1, 0.999)
    axis.set_xscale("function", functions=(lambda x: -np.log10(1 - np.minimum(x, 0.999)), lambda x: 1 - 10.0**-x))
    room = 10 ** (0.05 * np.log10((1 - left) / (1 - right)))
    axis.set_xlim(1 - (1 - left) * room, 1 - (1 - right) / room)
    axis.set_xticks([tick for tick in (0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99) if left - 0.05 <= tick <= right])


def _guesses(axis: Axes, guesses: Mapping[float, tuple[str | None, str]]) -> list[str]:
    """Write the winner and the guess above each sparsity; return them in words."""
    for place, (sparsity, (guess, winner)) in enumerate(guesses.items()):
        axis.axvline(sparsity, color=FAINT, lw=1.2, zorder=0)
        words = f"{winner}\n(you: {guess or 'no guess'})"
        side = "center" if place % 2 == 0 else "right"  # labels of neighbours must not collide
        axis.text(sparsity, 1.01, words, transform=axis.get_xaxis_transform(), ha=side, va="bottom", fontsize=8)
    return [f"best at {sparsity:g}: {winner} (guess: {guess or 'none'})" for sparsity, (guess, winner) in guesses.items()]


@styled
def kinds(panels: Mapping[str, Mapping[str, Points]], pale: Collection[str] = (), title: str = "") -> Picture:
    """Draw accuracy over sparsity in panels side by side: panel -> curves, as for `arena`; pale: those that are grey."""
    picture, axes = canvas(3.8, 1, len(panels), sharey=True)
    ends = [_draw(axis, curves, (), True, pale) for axis, curves in zip(axes[0], panels.values(), strict=True)]
    for axis, name, of_panel in zip(axes[0], panels, ends, strict=True):
        _name(axis, of_panel, 3.8, pale)
        axis.set_title(name, loc="left")
        axis.set_xlabel("sparsity")
    axes[0, 0].set_ylabel("test accuracy")
    picture.suptitle(title, x=0.01, ha="left", fontsize=10)
    told = (f"{name}: {'; '.join(_in_words(curves))}" for name, curves in panels.items())
    picture.alt = f"Accuracy over sparsity. {'. '.join(told)}."
    return picture


@styled
def three_axes(panels: Mapping[str, tuple[Mapping[str, Points], Points]], title: str = "") -> Picture:
    """Draw the same runs over several sizes, fewer to the right, each curve named at its end: size -> (curves, front)."""
    picture, axes = canvas(4.0, 1, len(panels), sharey=True)
    parts, ends = [], []
    for axis, (name, (curves, front)) in zip(axes[0], panels.items(), strict=True):
        ends.append(_draw(axis, curves, front, named=True, fewer=True))
        axis.set(xscale="log", xlabel=f"{name} (fewer to the right)")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.invert_xaxis()
        labels = {tuple(row[:2]): label for label, rows in curves.items() for row in rows}
        holders = list(dict.fromkeys(labels[tuple(point)] for point in front if tuple(point) in labels))
        axis.set_title(f"front: {', '.join(holders)}", loc="left")
        parts.append(f"over {name} the front holds points of {', '.join(holders)}")
    for axis, of_panel in zip(axes[0], ends, strict=True):
        _name(axis, of_panel, 4.0)
    axes[0, 0].set_ylabel("test accuracy")
    picture.suptitle(title, x=0.01, ha="left", fontsize=10)
    _legend(picture, axes[0, 0])
    picture.alt = "The same runs over several sizes: " + "; ".join(parts) + "."
    return picture


@styled
def staircase(
    points: Mapping[str, tuple[float, float]], front: Sequence[str], reference: tuple[float, float] | None = None
) -> Picture:
    """Draw named points (sparsity, accuracy), dots on the front, crosses dominated, and the area beyond `reference`."""
    picture, axis = single(3.8)
    start, floor = reference or (0.0, min(accuracy for _, accuracy in points.values()))
    area, last, path = 0.0, start, []
    for sparsity, accuracy in sorted(points[name] for name in front):
        width, height = max(sparsity - last, 0), max(accuracy - floor, 0)
        path += [(last, floor + height), (last + width, floor + height)]
        area, last = area + width * height, last + width
    xs, ys = zip(*path, (last, floor), strict=True)
    axis.plot(xs, ys, color=KEPT, lw=1.3)
    axis.fill_between(xs, ys, floor, color=FAINT if reference is None else KEPT, alpha=0.2, lw=0)
    for name, (sparsity, accuracy) in points.items():
        on = name in front
        axis.plot(sparsity, accuracy, "o" if on else "x", color=KEPT if on else GONE, ms=8, mew=2)
        axis.annotate(name, (sparsity, accuracy), (5, 5), textcoords="offset points")
    picture.alt = f"{number_of(len(points), 'point')} by sparsity and accuracy; on the front: {', '.join(front) or 'none'}."
    if reference is None:
        axis.set_title("Dots: the front. Crosses: some dot is as good in both, and better in one", loc="left")
    else:
        axis.plot(*reference, "s", color=INK, ms=8)
        axis.annotate("reference", reference, (8, -12), textcoords="offset points")
        axis.set_title(f"area beyond the reference: {area:.4f}", loc="left")
        picture.alt += f" Area beyond ({start:g}, {floor:g}): {area:.4f}."
    axis.set(xlabel="sparsity", ylabel="accuracy", xlim=(-0.03, 1.05))
    axis.grid(color="#E5E5E5", lw=0.6)
    return picture
