"""Lesson 08: entries on the board, and what a run left of each layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from course_lib.pareto import FLOOR, score
from course_lib.pareto.looks import COLOURS, MARKERS
from course_lib.teaching.figures.picture import FAINT, HATCH, INK, Picture, single

LINES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)  # scores whose line is drawn


def leaderboard(entries: Mapping[str, tuple[float, float]], n: int = 0, title: str = "", own: str = "") -> Picture:
    """Draw entries by sparsity and accuracy, with the floor and lines of equal score.

    Args:
        entries: label -> (sparsity, accuracy). n: images behind each accuracy: bars of one standard error. own: the label
            that is circled.
    """
    picture, axis = single(8.4, 4.3)
    points = np.array(list(entries.values()), dtype=float)
    left, right = points[:, 0].min() - 0.05, 1.01
    bottom, top = min(FLOOR, points[:, 1].min()) - 0.06, points[:, 1].max() + 0.06
    for value in LINES:
        axis.plot([left, right], [2 * value - left, 2 * value - right], color=FAINT, lw=0.8, ls=(0, (4, 3)), zorder=0)
        if bottom < 2 * value - right < top:
            axis.text(right, 2 * value - right, f" {value:g}", fontsize=8, color="#555555", va="center")
    axis.axhspan(bottom, FLOOR, facecolor="none", edgecolor=FAINT, hatch=HATCH, lw=0, zorder=0)
    parts = []
    for number, (label, (sparsity, accuracy)) in enumerate(entries.items()):
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        error = np.sqrt(accuracy * (1 - accuracy) / n) if n else None
        axis.errorbar(sparsity, accuracy, yerr=error, ms=8, capsize=3, label=label, color=colour, marker=marker, ls="")
        if label == own:
            axis.plot(sparsity, accuracy, "o", ms=19, mfc="none", mec=INK, mew=1.8)
        reached = f"score {score(accuracy, sparsity):.3f}" if accuracy >= FLOOR else "below the floor"
        parts.append(f"{label}: sparsity {sparsity:.3f}, accuracy {accuracy:.3f}, {reached}")
    axis.set(xlim=(left, right), ylim=(bottom, top), xlabel="sparsity", ylabel="validation accuracy")
    axis.set_title(title or "dashed: equal score; hatched: below the floor", loc="left")
    picture.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    picture.alt = f"Entries on the board. {'; '.join(parts)}."
    return picture


def survivors(kept: Mapping[str, Mapping[str, tuple[int, int]]], title: str = "") -> Picture:
    """Draw how many weights of each layer are left, on a log axis: label -> layer -> (left, size)."""
    layers = list(next(iter(kept.values())))
    picture, axis = single(7.8, 0.75 * len(layers) + 1.6)
    height, parts = 0.8 / len(kept), []
    for number, (label, of_layers) in enumerate(kept.items()):
        places = np.arange(len(layers)) + height * (number - (len(kept) - 1) / 2)
        left = [of_layers[layer][0] for layer in layers]
        hatch = ("", "///", "...", "xx")[number % 4]
        axis.barh(places, np.maximum(left, 0.6), 0.9 * height, color=COLOURS[number], hatch=hatch, ec="white", label=label)
        for place, layer in zip(places, layers, strict=True):
            count, size = of_layers[layer]
            axis.text(max(count, 0.6) * 1.06, place, f"{count:,} ({count / size:.1%})", va="center", fontsize=8.5)
        parts.append(
            f"{label}: " + ", ".join(f"{layer} {of_layers[layer][0]:,} of {of_layers[layer][1]:,}" for layer in layers)
        )
    largest = max(size for of_layers in kept.values() for _, size in of_layers.values())
    axis.set(xscale="log", xlim=(0.5, 4 * largest), xlabel="weights left (log scale)")
    axis.set_yticks(range(len(layers)), layers)
    axis.invert_yaxis()
    axis.set_title(title, loc="left")
    picture.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    picture.alt = f"Weights left in each layer. {'; '.join(parts)}."
    return picture
