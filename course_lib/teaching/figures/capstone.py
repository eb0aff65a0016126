"""Lesson 08: entries on the board, what a file claims, how epochs are spent, and what a run left of each layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from course_lib.pareto import FLOOR, score
from course_lib.pareto.looks import looks
from course_lib.teaching.figures.picture import FAINT, GONE, HATCH, INK, KEPT, PAPER, Picture, single, styled
from course_lib.words import number_of

START = "dense start"  # which is nobody's entry
CROWDED = 0.5  # sparsity from which entries are drawn; what lies before is where an arrow points to


@styled
def leaderboard(entries: Mapping[str, tuple[float, float]], n: int = 0, title: str = "", own: str = "") -> Picture:
    """Draw entries by sparsity and accuracy, numbered by their places, with lines of equal score and, if near, the floor.

    Args:
        entries: label -> (sparsity, accuracy). n: images behind each accuracy: bars of one standard error. own: the label
            that is circled.
    """
    picture, axis = single(4.3)
    points = np.array(list(entries.values()), dtype=float)
    near = [sparsity for sparsity in points[:, 0] if sparsity >= CROWDED]
    left, right = (min(near) - 0.03 if len(near) == len(points) else CROWDED if near else points[:, 0].min() - 0.05), 1.01
    bottom, top = points[:, 1].min() - 0.06, points[:, 1].max() + 0.06
    step = 50 if right - left + top - bottom < 0.5 else 20  # lines a unit: more of them where less is shown
    for value in (number / step for number in range(step)):
        axis.plot([left, right], [2 * value - left, 2 * value - right], color=FAINT, lw=0.8, ls=(0, (4, 3)), zorder=0)
        _score_line(axis, value, (left, right), (bottom, top))
    if bottom < FLOOR:
        axis.axhspan(bottom, FLOOR, facecolor="none", edgecolor=FAINT, hatch=HATCH, lw=0, zorder=0)
    styles, parts = looks(set(entries) - {START}), []
    numbered: list[tuple[float, float]] = []
    styles[START] = {"color": INK, "marker": "*"}
    order = sorted(entries, key=lambda label: (label == START, entries[label][1] < FLOOR, -score(*entries[label][::-1])))
    for place, label in enumerate(order, 1):
        sparsity, accuracy = entries[label]
        error = np.sqrt(accuracy * (1 - accuracy) / n) if n else None
        look = styles[label] | {"linestyle": ""}
        reached = f"score {score(accuracy, sparsity):.3f}" if accuracy >= FLOOR else "below the floor"
        if sparsity >= left:
            name = label if label == START else f"{place}. {label}"
            axis.errorbar(sparsity, accuracy, yerr=error, ms=8, capsize=3, label=f"{name}: {reached}", **look)
            if label != START:
                side = -1 if _crowded((sparsity, accuracy), numbered, (right - left, top - bottom)) else 1
                numbered.append((sparsity, accuracy))
                number = axis.annotate(f"{place}", numbered[-1], (14 * side, 7), textcoords="offset points")
                number.set(fontweight="bold", ha="center")
        else:
            words, at = f"{label}: {accuracy:.3f}\nat sparsity {sparsity:g}", (left + 0.05, accuracy)
            axis.annotate(
                words, (left, accuracy), at, va="center", bbox=PAPER, arrowprops={"arrowstyle": "->", "color": INK}
            )
        if label == own:
            axis.plot(sparsity, accuracy, "o", ms=19, mfc="none", mec=INK, mew=1.8)
        parts.append(f"{label}: sparsity {sparsity:.3f}, accuracy {accuracy:.3f}, {reached}")
    axis.set(xlim=(left, right), ylim=(bottom, top), xlabel="sparsity", ylabel="validation accuracy")
    hatched = "; hatched: below the floor" if bottom < FLOOR else ""
    bars = "; bars: one standard error" if n else ""
    axis.set_title(title or f"along a dashed line the score is equal{hatched}{bars}", loc="left", pad=18)
    picture.legend(loc="outside lower center", ncols=3, frameon=False)
    picture.alt = f"Entries on the board. {'; '.join(parts)}."
    return picture


def _crowded(at: tuple[float, float], numbered: Sequence[tuple[float, float]], room: tuple[float, float]) -> bool:
    """Whether the number of an entry would lie on that of another one; room: what the picture shows across and up."""
    return any(abs(x - at[0]) < 0.02 * room[0] and abs(y - at[1]) < 0.08 * room[1] for x, y in numbered)


def _score_line(axis: Axes, value: float, across: tuple[float, float], up: tuple[float, float]) -> None:
    """Write the score of a line where it enters the picture: above it, or at its left or right side."""
    (left, right), (bottom, top) = across, up
    if left <= 2 * value - top <= right:
        x, y, ha, va = 2 * value - top, top, "center", "bottom"
    elif bottom < 2 * value - left < top:
        x, y, ha, va = left + 0.004, 2 * value - left, "left", "bottom"
    elif bottom < 2 * value - right < top:
        x, y, ha, va = right + 0.004, 2 * value - right, "left", "center"
    else:
        return
    axis.text(x, y, f"{value:.2f}", ha=ha, va=va, fontsize=9, color="#555555")


@styled
def survivors(kept: Mapping[str, Mapping[str, tuple[int, int]]], title: str = "") -> Picture:
    """Draw which share of each layer's weights is left: label -> layer -> (left, size)."""
    layers = list(next(iter(kept.values())))
    picture, axis = single(0.75 * len(layers) + 1.6)
    height, parts, styles = 0.8 / len(kept), [], looks(kept)
    for number, (label, of_layers) in enumerate(kept.items()):
        places = np.arange(len(layers)) + height * (number - (len(kept) - 1) / 2)
        shares = [of_layers[layer][0] / of_layers[layer][1] for layer in layers]
        hatch = ("", "///", "...", "xx")[number % 4]
        axis.barh(places, shares, 0.9 * height, color=styles[label]["color"], hatch=hatch, ec="white", label=label)
        for place, layer, share in zip(places, layers, shares, strict=True):
            count, size = of_layers[layer]
            axis.text(share, place, f" {share:.1%}: {count:,} of {size:,}", va="center", fontsize=9)
        parts.append(
            f"{label}: " + ", ".join(f"{layer} {of_layers[layer][0]:,} of {of_layers[layer][1]:,}" for layer in layers)
        )
    largest = max(count / size for of_layers in kept.values() for count, size in of_layers.values())
    axis.set(xlim=(0, 1.5 * largest or 1), xlabel="share of the layer's weights that is left")
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.set_yticks(range(len(layers)), layers)
    axis.invert_yaxis()
    axis.set_title(title, loc="left")
    picture.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    picture.alt = f"Weights left in each layer. {'; '.join(parts)}."
    return picture


@styled
def claims(files: Mapping[str, tuple[float, float]]) -> Picture:
    """Draw two bars for each file: the sparsity that it claims and the one that is counted, both in [0, 1]."""
    picture, axis = single(0.8 * len(files) + 1.5)
    looked: tuple[tuple[str, int, dict[str, Any]], ...]
    looked = (("claimed", 0, {"color": "white", "ec": INK, "ls": "--"}), ("counted", 1, {"color": KEPT}))
    for words, which, look in looked:
        places = np.arange(len(files)) + 0.4 * (which - 0.5)
        bars = axis.barh(places, [pair[which] for pair in files.values()], 0.34, label=words, **look)
        axis.bar_label(bars, [f"{words} {pair[which]:.1%}" for pair in files.values()], padding=4, fontsize=9)
    axis.set(xlim=(0, 1.2), xticks=np.linspace(0, 1, 6), xlabel="sparsity")
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.set_yticks(range(len(files)), list(files))
    axis.invert_yaxis()
    told = (f"{' '.join(name.split())}: claimed {said:.1%}, counted {held:.1%}" for name, (said, held) in files.items())
    picture.alt = f"What files say and what they hold. {'; '.join(told)}."
    return picture


@styled
def spending(ways: Mapping[str, Sequence[tuple[float, float]]]) -> Picture:
    """Draw each way to spend epochs as a lane: a stripe is a prune to the sparsity written there, then so many epochs.

    ways: label -> (epochs, sparsity) of each round.
    """
    picture, axis = single(0.7 * len(ways) + 1.2)
    for lane, rounds in enumerate(ways.values()):
        spent = 0.0
        for number, (epochs, sparsity) in enumerate(rounds):
            axis.barh(lane, epochs, 0.6, left=spent, color=KEPT, alpha=0.25 if number % 2 else 0.45, lw=0)
            axis.plot([spent, spent], [lane - 0.36, lane + 0.36], color=GONE, lw=4, clip_on=False)
            axis.annotate(f"{sparsity:.2f}", (spent, lane), (6, 0), textcoords="offset points", va="center", fontsize=9)
            spent += epochs
    axis.set(yticks=range(len(ways)), yticklabels=list(ways), xlabel="epochs spent")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_title("stripe: a prune, to the sparsity beside it; block: the training after it")
    axis.invert_yaxis()
    told = (
        f"{label}: " + ", ".join(f"{sparsity:.2f} for {number_of(epochs, 'epoch')}" for epochs, sparsity in rounds)
        for label, rounds in ways.items()
    )
    picture.alt = f"Sparsity after each prune, and the epochs that follow. {'; '.join(told)}."
    return picture
