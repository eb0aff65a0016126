"""Lesson 06: how much seeds and luck do, and criteria in a duel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.pareto.looks import COLOURS, DASHES, MARKERS
from course_lib.teaching.figures.picture import FAINT, GONE, INK, KEPT, Picture, canvas, placed, single, styled
from course_lib.words import number_of, whole_percent


@styled
def crowd(groups: Mapping[str, Sequence[float]], title: str = "") -> Picture:
    """Draw one dot per seed, and the mean with one standard deviation: label -> accuracies."""
    picture, axis = single(0.9 * len(groups) + 1.4)
    parts = []
    for place, (label, values) in enumerate(groups.items()):
        mean, spread = float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
        offsets = np.linspace(-0.18, 0.18, len(values))
        axis.plot(values, -place + offsets, MARKERS[place], color=COLOURS[place], ms=6, alpha=0.75)
        axis.plot([mean, mean], [-place - 0.32, -place + 0.32], color=INK, lw=2)
        axis.plot([mean - spread, mean + spread], [-place - 0.32] * 2, color=INK, lw=2)
        axis.text(mean, -place + 0.34, f"{mean:.3f} ± {spread:.3f}", ha="center", va="bottom", fontsize=9)
        parts.append(f"{label}: {number_of(len(values), 'seed')}, mean {mean:.3f}, standard deviation {spread:.3f}")
    axis.set(yticks=[-place for place in range(len(groups))], yticklabels=list(groups), ylim=(0.6 - len(groups), 0.65))
    axis.set(xlabel="validation accuracy")
    axis.set_title(title, loc="left")
    picture.alt = "One dot per seed. " + "; ".join(parts) + "."
    return picture


@styled
def sides(rows: Mapping[str, Sequence[float]], left: str, right: str, title: str = "") -> Picture:
    """Draw on which side of 0 differences of accuracy lie, one dot per seed: label -> differences.

    left, right: what it means to lie there.
    """
    picture, axis = single(0.33 * len(rows) + 1.5)
    parts = []
    for place, (label, values) in enumerate(rows.items()):
        points = [100 * value for value in values]
        agree = all(value > 0 for value in points) or all(value < 0 for value in points)
        axis.plot(points, [-place] * len(points), "o", color=INK, mfc=INK if agree else "white", ms=7, mew=1.5)
        parts.append(f"{label}: {', '.join(f'{value:+.1f}' for value in points)}")
    reach = 1.15 * max((100 * abs(value) for values in rows.values() for value in values), default=0.0) or 1.0
    axis.axvline(0, color=INK, lw=1, zorder=0)
    axis.set(yticks=[-place for place in range(len(rows))], yticklabels=list(rows), ylim=(0.5 - len(rows), 0.5))
    axis.set(xlim=(-reach, reach), xlabel="points of test accuracy (filled: all seeds on one side)")
    for x, words, side in ((0.0, f"← {left}", "left"), (1.0, f"{right} →", "right")):
        axis.text(x, 1.02, words, transform=axis.transAxes, ha=side, va="bottom", fontsize=9)
    axis.set_title(title, loc="left", pad=20)
    axis.grid(color="#E5E5E5", lw=0.6, axis="x")
    picture.alt = f"Differences in points of accuracy, one per seed; below 0: {left}, above: {right}. {'; '.join(parts)}."
    return picture


@styled
def winners_curse(rows: Sequence[Sequence[float]], guess: float | None = None, title: str = "") -> Picture:
    """Draw (candidates, accuracy on the images that chose, accuracy on fresh images): the gap is the optimism.

    guess: the student's prediction of the last gap, in points.
    """
    numbers, claimed, fresh = np.asarray(rows, dtype=float).T
    picture, axis = single(3.9)
    axis.fill_between(numbers, fresh, claimed, color=GONE, alpha=0.15, lw=0)
    axis.plot(numbers, claimed, color=GONE, ls=DASHES[1], marker="s", label="reported: on the images that chose it")
    axis.plot(numbers, fresh, color=KEPT, ls=DASHES[0], marker="o", label="true: on fresh images")
    gap = 100 * float(claimed[-1] - fresh[-1])
    if isinstance(guess, (int, float)):
        axis.plot(
            numbers[-1],
            fresh[-1] + guess / 100,
            "*",
            color=COLOURS[3],
            ms=15,
            label=f"your guess ({number_of(guess, 'point')})",
        )
    axis.set(xlabel="networks to choose from", ylabel="accuracy of the chosen one", xticks=numbers)
    axis.set_title(f"{title}\ngap at {int(numbers[-1])}: {gap:.1f} points".lstrip(), loc="left")
    axis.grid(color="#E5E5E5", lw=0.6)
    picture.legend(loc="outside lower center", ncols=3, frameon=False)
    rows_in_words = "; ".join(f"of {int(n)}: {a:.3f} claimed, {b:.3f} fresh" for n, a, b in rows)
    picture.alt = f"Accuracy of the network chosen on test images. {rows_in_words}. Gap at the end: {gap:.1f} points."
    return picture


@styled
def duel(overlaps: Mapping[str, Mapping[str, float]], accuracies: Mapping[str, Sequence[float]], chance: float) -> Picture:
    """Draw a criterion duel: the Jaccard overlaps of what goes, and the accuracies after tuning, one dot per seed."""
    names = list(overlaps)
    picture, axes = canvas(4.0, 1, 2, width_ratios=(1.25, 1))
    left, right = axes[0]
    matrix = np.array([[overlaps[row][column] for column in names] for row in names])
    left.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(matrix.shape):
        shade = "white" if matrix[row, column] > 0.6 else INK
        left.text(column, row, f"{matrix[row, column]:.2f}", ha="center", va="center", fontsize=9, color=shade)
    left.set(xticks=range(len(names)), yticks=range(len(names)), yticklabels=names)
    left.set_xticklabels(names, rotation=30, ha="right")
    left.set_title(f"overlap of what goes (by chance {chance:.2f})", loc="left")
    parts = []
    for place, name in enumerate(names):
        values = accuracies[name]
        right.plot(values, [-place] * len(values), MARKERS[place], color=COLOURS[place % len(COLOURS)], ms=7, alpha=0.8)
        right.plot([np.mean(values)] * 2, [-place - 0.3, -place + 0.3], color=INK, lw=2)
        parts.append(f"{name} {np.mean(values):.3f} (with {names[0]}: {overlaps[names[0]][name]:.2f})")
    right.set(yticks=[-place for place in range(len(names))], yticklabels=names, xlabel="validation accuracy, tuned")
    right.set_title("one dot per seed, line: mean", loc="left")
    right.grid(color="#E5E5E5", lw=0.6)
    picture.alt = f"Criteria at equal budget: mean accuracy and overlap (chance {chance:.2f}). " + "; ".join(parts) + "."
    return picture


@dataclass(frozen=True)
class SeedsState:
    """One position of the seeds slider: k seeds of each of two settings, drawn at random.

    drawn: label -> accuracies of the drawn seeds. everyone: label -> all accuracies. wrong: in what share of many draws of
    k seeds the means stand in the other order than those of all seeds.
    """

    drawn: Mapping[str, Sequence[float]]
    everyone: Mapping[str, Sequence[float]]
    wrong: float

    def __str__(self) -> str:
        parts = [f"{label} {np.mean(values):.3f} ± {_spread(values)}" for label, values in self.drawn.items()]
        count = len(next(iter(self.drawn.values())))
        words = f"{count} seed{'s' if count > 1 else ''}: {', '.join(parts)}"
        return f"{words}; draws of {count} that name the wrong winner: {whole_percent(self.wrong)}"


def _spread(values: Sequence[float]) -> str:
    return f"{np.std(values, ddof=1):.3f}" if len(values) > 1 else "unknown"


def seeds_board(state: SeedsState) -> Picture:
    """Draw one position of the seeds slider: all seeds pale, the drawn ones full, their mean and deviation."""
    with placed(2.9, (0.2, 0.2, 0.77, 0.66)) as (picture, (axis,)):
        for place, (label, values) in enumerate(state.drawn.items()):
            everyone, mean = state.everyone[label], np.mean(values)
            axis.plot(everyone, [-place] * len(everyone), MARKERS[place], color=FAINT, ms=6)
            axis.plot(values, [-place] * len(values), MARKERS[place], color=COLOURS[place], ms=8)
            axis.plot([mean, mean], [-place - 0.3, -place + 0.3], color=INK, lw=2.5)
            if len(values) > 1:
                spread = np.std(values, ddof=1)
                axis.fill_betweenx(
                    [-place - 0.3, -place + 0.3], mean - spread, mean + spread, color=COLOURS[place], alpha=0.2
                )
        axis.set(yticks=[0, -1], yticklabels=list(state.drawn), ylim=(-1.5, 0.5), xlabel="validation accuracy")
        count = number_of(len(next(iter(state.drawn.values()))), "seed")
        words = f"{whole_percent(state.wrong)} of draws of {count} name the wrong winner; shaded: one standard deviation"
        axis.text(0, 1.04, words, transform=axis.transAxes)
    picture.alt = f"{state}."
    return picture
