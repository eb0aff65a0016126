"""Lesson 06: many networks in one arena, the front, the area below it, and the choice of one point."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from course_lib.pareto import DENSE, SCRATCH
from course_lib.pareto.figure import REFERENCE_NOTE, REFERENCES
from course_lib.pareto.looks import looks
from course_lib.teaching.figures.picture import FAINT, GONE, INK, KEPT, PAPER, Picture, canvas, placed, single, styled
from course_lib.words import number_of

PALE = "#9A9A9A"  # of curves that are only there to compare with
NEAR = 0.45  # sparsity
Points = Sequence[Sequence[float]]  # rows of (size, accuracy) or (size, mean, low, high)


def _looks(labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Label -> how it is drawn: new weights under a method's masks in the looks of that method, but hollow."""
    styles = looks({label.removesuffix(SCRATCH) for label in labels} - {DENSE})
    styles[DENSE] = {"color": INK, "marker": "*", "linestyle": ""}
    hollow = {"linestyle": "", "markerfacecolor": "white", "markersize": 9, "markeredgewidth": 2}
    return {label: styles[label.removesuffix(SCRATCH)] | (hollow if label.endswith(SCRATCH) else {}) for label in labels}


def _draw(
    axis: Axes, curves: Mapping[str, Points], front: Points = (), bright: Collection[str] = (), fewer: bool = False
) -> None:
    """bright: methods that are coloured and named at the right ends of their curves; none: all are coloured, none is named.

    fewer: whether the sizes are drawn with fewer to the right.
    """
    if len(front):
        sizes, accuracies = np.asarray(front, dtype=float).T
        axis.plot(sizes, accuracies, color=INK, alpha=0.16, lw=10, solid_capstyle="round", label="front")
    for label, look in _looks(list(curves)).items():
        rows = np.asarray(curves[label], dtype=float)
        named = label in bright
        if bright and label.removesuffix(SCRATCH) not in bright:
            look = look | {"color": PALE, "lw": 1.2, "markersize": 4.5, "zorder": 1}
        elif rows.shape[1] == 4:
            axis.fill_between(rows[:, 0], rows[:, 2], rows[:, 3], color=look["color"], alpha=0.15, lw=0)
        line = {"lw": 1.7, "markersize": 5.5, **look}
        axis.plot(rows[:, 0], rows[:, 1], label=f"_{label}" if named else label, **line)
        if named:
            end = rows[np.lexsort((rows[:, 1], rows[:, 0]))[0]] if fewer else rows[-1]
            words = axis.annotate(label, end[:2], (8, 0), textcoords="offset points", annotation_clip=False)
            words.set(color=look["color"], va="center", fontsize=9)
    axis.grid(color="#E5E5E5", lw=0.6)


@styled
def arena(
    curves: Mapping[str, Points],
    dense: float | None = None,
    front: Points = (),
    references: bool = False,
    guesses: Mapping[float, tuple[str | None, str]] | None = None,
    ylabel: str = "test accuracy",
    title: str = "",
    bottom: float | None = None,
    bright: Collection[str] = (),
    gaps: Mapping[float, Sequence[float]] | None = None,
    gap: str = "difference",
    at: float | None = None,
    stretched: bool = False,
    pointed: str = "",
) -> Picture:
    """Draw accuracy over sparsity, one curve a method.

    Args:
        curves: label -> rows of (sparsity, accuracy) or (sparsity, mean, low, high); "..., from scratch" is drawn hollow.
        dense: the dense model's accuracy. front: (sparsity, accuracy) of the points that nothing dominates.
        references: add the reference project's two points, which come from other data.
        guesses: sparsity -> (the student's guess or None, the winner). bottom: the lowest accuracy that is shown.
        bright: the methods that are coloured and named at the ends of their curves, the others being grey.
        gaps: sparsity -> differences of accuracy, one per seed, drawn as dots in a panel below; gap: what they are.
        at: a sparsity that the text speaks of, marked by a broad grey line. stretched: the closer to 1, the more room a step
            of sparsity has. pointed: the curve whose end an arrow points to.
    """
    panels: dict[str, Any] = {"sharex": True, "height_ratios": (2.6, 1)} if gaps else {}
    picture, axes = canvas(6.4 if gaps else 4.7, 2 if gaps else 1, 1, **panels)
    axis = axes[0, 0]
    _draw(axis, curves, front, bright)
    parts = [
        f"{label}: {rows[0][1]:.3f} at {rows[0][0]:.2f} to {rows[-1][1]:.3f} at {rows[-1][0]:.2f}"
        for label, rows in curves.items()
    ]
    if references:
        for name, sparsity, accuracy, marker in REFERENCES:
            axis.plot(sparsity, accuracy, marker, color=INK, ms=11, mfc="none", mew=1.8, label=f"reference project, {name}")
            parts.append(f"reference project, {name} (other data): {accuracy:.4f} at {sparsity:.4f}")
        axis.set_title(f"hollow: {REFERENCE_NOTE}".replace("\n", " "), loc="right", fontsize=9, color="#555555")
    if dense is not None:
        axis.axhline(dense, color=INK, lw=1, ls=(0, (2, 2)), label=f"dense model ({dense:.3f})")
        parts.append(f"dense model {dense:.3f}")
    if at is not None:
        axis.axvline(at, color=FAINT, lw=6, alpha=0.5, zorder=0)
    if stretched:
        _stretch(axis)
    if pointed:
        end, ink = tuple(curves[pointed][-1][:2]), {"arrowstyle": "->", "color": INK}
        axis.plot(*end, "o", ms=15, mfc="none", mec=INK, mew=1.5, zorder=5)
        axis.annotate(pointed, end, (-90, -70), textcoords="offset points", arrowprops=ink | {"shrinkB": 8}, bbox=PAPER)
    parts += _guesses(axis, guesses or {})
    axis.set(ylabel=ylabel)
    axis.set_ylim(bottom=bottom)
    axis.set_title(title, loc="left", pad=28 if guesses else None)
    parts += _gaps(axes[1, 0], gaps, gap) if gaps else []
    axes[-1, 0].set_xlabel(f"sparsity (share of all parameters gone){', stretched towards 1' if stretched else ''}")
    picture.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
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


def _gaps(axis: Axes, gaps: Mapping[float, Sequence[float]], name: str) -> list[str]:
    """Draw differences in points of accuracy, one hollow dot per seed; return them in words."""
    for sparsity, values in gaps.items():
        axis.plot([sparsity] * len(values), [100 * value for value in values], "o", color=INK, mfc="none", ms=6)
    axis.axhline(0, color=INK, lw=1)
    axis.set(ylabel="points")
    axis.set_title(f"{name}: one dot per seed", loc="left")
    axis.grid(color="#E5E5E5", lw=0.6)
    told = (f"{', '.join(f'{100 * value:+.1f}' for value in values)} at {sparsity:g}" for sparsity, values in gaps.items())
    return [f"{name}, points per seed: {'; '.join(told)}"]


@styled
def three_axes(
    panels: Mapping[str, tuple[Mapping[str, Points], Points]], bright: Collection[str] = (), title: str = ""
) -> Picture:
    """Draw the same runs over several sizes, fewer to the right: size -> (curves, front); bright: see `arena`."""
    picture, axes = canvas(4.3, 1, len(panels), sharey=True)
    parts = []
    for axis, (name, (curves, front)) in zip(axes[0], panels.items(), strict=True):
        _draw(axis, curves, front, bright, fewer=True)
        axis.set(xscale="log", xlabel=f"{name} (fewer to the right)")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.invert_xaxis()
        labels = {tuple(row[:2]): label for label, rows in curves.items() for row in rows}
        holders = list(dict.fromkeys(labels[tuple(point)] for point in front if tuple(point) in labels))
        axis.set_title("front: " + (", ".join(holders) if len(holders) < 4 else f"{len(holders)} methods"), loc="left")
        parts.append(f"over {name} the front holds points of {', '.join(holders)}")
    axes[0, 0].set_ylabel("test accuracy")
    picture.suptitle(title, x=0.01, ha="left", fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
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
        axis.set_title("Grey: here something else is as good in both, better in one", loc="left")
    else:
        axis.plot(*reference, "s", color=INK, ms=8)
        axis.annotate("reference", reference, (8, -12), textcoords="offset points")
        axis.set_title(f"area beyond the reference: {area:.4f}", loc="left")
        picture.alt += f" Area beyond ({start:g}, {floor:g}): {area:.4f}."
    axis.set(xlabel="sparsity", ylabel="accuracy", xlim=(-0.03, 1.05))
    axis.grid(color="#E5E5E5", lw=0.6)
    return picture


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
        for label, look in _looks(list(state.points)).items():
            rows = np.asarray(state.points[label], dtype=float)
            joined = {"lw": 1.3} if state.near else {"linestyle": ""}
            axis.plot(rows[:, 0], rows[:, 1], label=label, **{**look, "markersize": 6, "alpha": 0.8, **joined})
        if state.log:
            axis.set_xscale("log")
            axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
            axis.xaxis.set_major_formatter("{x:g} %" if state.near else EngFormatter(sep=""))
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.set_xlim(*sorted((sizes.max() * 1.3, sizes.min() / 1.3), reverse=not state.near))
        else:
            axis.set_xlim(NEAR if state.near else -0.03, 1.02 if state.near else 1.03)
        if state.near:
            axis.set_ylim(accuracies.min() - 0.03, accuracies.max() + 0.04)
            axis.axhline(state.floor, color=GONE, lw=1.5, ls=(0, (1, 1)), label="floor")
            _beyond(axis, state)
        else:
            axis.set_ylim(min(0.3, accuracies.min()) - 0.02, accuracies.max() + 0.05)
            axis.axhspan(0, state.floor, color=FAINT, alpha=0.25, lw=0)
        if state.line is not None:
            slope, offset = state.line
            axis.axline((0, offset), slope=slope, color=INK, lw=1.2, ls=(0, (4, 2)), label="equal value")
        if state.largest is not None:
            axis.axvline(state.largest, color=INK, lw=1.2, ls=(0, (4, 2)), label="budget")
        if state.chosen is not None:
            axis.plot(*state.chosen[1:], "o", ms=17, mfc="none", mec=INK, mew=2, label="chosen")
        how = (", percent of the largest" if state.near else ", fewer to the right") if state.log else ""
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
