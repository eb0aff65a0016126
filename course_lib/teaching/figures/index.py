"""The PQ index: vectors, their power means, and where the index comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from torch import Tensor

from course_lib.measure import standard_error
from course_lib.pareto.looks import COLOURS, DASHES, MARKERS
from course_lib.teaching.figures.picture import (
    FAINT,
    GONE,
    HATCH,
    INK,
    KEPT,
    Picture,
    canvas,
    curve_look,
    placed,
    single,
    styled,
)
from course_lib.words import number_of


@styled
def vectors(
    named: Mapping[str, Tensor], numbers: Mapping[str, float] | None = None, guess: tuple[str, float | None] | None = None
) -> Picture:
    """Draw small vectors as bars, largest first, each relative to its largest.

    numbers: the index of each, from 0 to 1, written above it and marked on one scale below all. guess: the student's number
    for one of them; what is no number from 0 to 1 is not drawn.
    """
    rows = 1 if numbers is None else 2
    picture, axes = canvas(1.8 * rows + 0.3, rows, len(named), sharey="row", height_ratios=(2, 1.1)[:rows])
    for axis, (name, values) in zip(axes[0], named.items(), strict=True):
        magnitudes = (values.abs() / values.abs().max().clamp(min=1e-12)).sort(descending=True).values.numpy()
        axis.bar(np.arange(len(magnitudes)), magnitudes, color=KEPT, width=0.85)
        axis.plot(np.flatnonzero(magnitudes == 0), magnitudes[magnitudes == 0], "x", color=GONE, ms=5)
        axis.set(xticks=[], title=name if numbers is None else f"{name}: {numbers[name]:.3f}")
    axes[0, 0].set_ylabel("|w| / largest")
    entries = "; ".join(f"{name} {[round(v, 2) for v in values.tolist()]}" for name, values in named.items())
    picture.alt = f"Magnitudes of {number_of(len(named), 'vector')} (x marks zeros): {entries}"
    if numbers is not None:
        picture.alt += "; numbers: " + ", ".join(f"{name} {value:.3f}" for name, value in numbers.items())
        for axis in axes[1]:
            axis.remove()
        picture.alt += _scale(picture.add_subplot(axes[1, 0].get_gridspec()[1, :]), numbers, guess)
    return picture


def _scale(axis: Axes, numbers: Mapping[str, float], guess: tuple[str, float | None] | None) -> str:
    """Mark the numbers, and the guess as a star, on one scale from 0 to 1; return the guess in words, if there is one."""
    for place, (name, value) in enumerate(numbers.items()):
        axis.plot(value, 0, MARKERS[place % len(MARKERS)], color=COLOURS[place % len(COLOURS)], ms=9)
        axis.text(value, 0.55, name, ha="center", va="center")
    axis.set(xlim=(-0.04, 1.04), ylim=(-1.6, 1), yticks=[], xlabel="index: 0 all equal, below 1")
    axis.spines["left"].set_visible(False)
    who, guessed = guess or ("", None)
    if not isinstance(guessed, (int, float)) or not 0 <= guessed <= 1:
        return ""
    axis.plot(guessed, -0.95, "*", color=COLOURS[3], ms=15, markeredgecolor=INK)
    beside, side = (guessed + 0.02, "left") if guessed < 0.6 else (guessed - 0.02, "right")
    axis.text(beside, -0.95, f"your prediction for {who}: {guessed:g}", va="center", ha=side)
    return f"; predicted: {who} {guessed:g}"


@styled
def index_against(points: Mapping[str, tuple[float, float]], whole: float, n: int, ylabel: str) -> Picture:
    """Draw each layer's (PQ index, accuracy on n images when it is pruned); whole: the accuracy when nothing is."""
    picture, axis = single(3.8)
    axis.axhline(whole, color=INK, lw=1, ls=(0, (2, 2)), label=f"nothing pruned ({whole:.3f})")
    for place, (name, (index, accuracy)) in enumerate(points.items()):
        look: dict[str, Any] = {"color": COLOURS[place % len(COLOURS)], "fmt": MARKERS[place % len(MARKERS)]}
        axis.errorbar(index, accuracy, standard_error(accuracy, n), ms=9, capsize=4, **look)
        axis.annotate(name, (index, accuracy), (8, -14), textcoords="offset points")
    axis.set(xlabel="PQ index of the layer, p = 0.5, q = 1", ylabel=ylabel, ylim=(0, 1.02))
    axis.margins(x=0.12)
    axis.set_title("If the index knew, the points would rise from left to right")
    axis.grid(color="#E5E5E5", lw=0.6)
    axis.legend(frameon=False, loc="lower right")
    parts = "; ".join(f"{name}: index {index:.3f}, {accuracy:.3f}" for name, (index, accuracy) in points.items())
    picture.alt = f"PQ index of each layer and {ylabel}. {parts}. Nothing pruned: {whole:.3f}."
    return picture


@styled
def bounds(named: Mapping[str, Tensor], bound: Mapping[str, float]) -> Picture:
    """Draw small vectors, largest entry first, with a line at the bound r, and hatched what it lets go: floor(d - r)."""
    picture, axes = canvas(2.7, 1, len(named), sharey=True)
    parts = []
    for axis, (name, values) in zip(axes[0], named.items(), strict=True):
        heights = (values.abs() / values.abs().max()).sort(descending=True).values.numpy()
        place, stays = np.arange(len(heights)), len(heights) - int(len(heights) - bound[name] + 1e-9)
        zero = heights == 0
        goes: dict[str, Any] = {"facecolor": GONE, "hatch": HATCH, "edgecolor": "white", "lw": 0}
        signs = [
            axis.bar(place[:stays], heights[:stays], 0.85, color=KEPT),
            axis.bar(place[stays:], heights[stays:], 0.85, **goes),
            *axis.plot(place[zero], heights[zero], "x", color=GONE, ms=5),
            axis.axvline(bound[name] - 0.5, color=INK, lw=1.8, ls=(0, (3, 2))),
        ]
        axis.set(xticks=[], xlim=(-0.6, len(heights) - 0.4))
        axis.set_title(f"{name}\nr = {bound[name]:.2f}, needed: {(~zero).sum()}")
        parts.append(f"{name}: r = {bound[name]:.3f}, {(~zero).sum()} are not zero, {len(heights) - stays} go")
    axes[0, 0].set_ylabel("|w| / largest")
    signs[1] = Patch(**goes)  # the bars of an axis where nothing goes have no looks
    picture.legend(signs, ["stays", "goes", "a zero", "bound r"], loc="outside lower center", ncols=4, frameon=False)
    picture.alt = f"What the bound lets go of {number_of(len(named), 'vector')}. {'; '.join(parts)}."
    return picture


@styled
def bite(shares: Sequence[float], lost: Mapping[str, Sequence[float]], at: float, indices: Mapping[str, float]) -> Picture:
    """Draw which share of the sum of |w| goes with the smallest weights: over all shares, and as bars at one of them.

    shares: of the weights that go, `at` among them; lost: layer -> share of the sum, at each. indices: of the layers.
    """
    picture, axes = canvas(3.5, 1, 2, width_ratios=(1.5, 1))
    left, right = axes[0]
    left.plot([0, 1], [0, 1], color=FAINT, lw=1.5, ls=(0, (2, 2)), label="all magnitudes equal")
    nearest = int(np.abs(np.asarray(shares) - at).argmin())
    heights = [values[nearest] for values in lost.values()]
    for number, (name, values) in enumerate(lost.items()):
        left.plot(shares, values, label=name, lw=1.8, ms=5, markevery=2, **curve_look(number))
        right.bar(number, heights[number], 0.6, color=COLOURS[number], hatch=("", "//", "..")[number % 3])
        right.text(number, heights[number], f"{heights[number]:.1%}", ha="center", va="bottom")
    left.axvline(at, color=INK, lw=1)
    left.set(xlabel="share of the weights that goes, smallest first", ylabel="share of the sum of |w| lost")
    left.set_title(f"Who says {at:.0%}?")
    left.grid(color="#E5E5E5", lw=0.6)
    left.legend(frameon=False)
    right.set(xticks=range(len(lost)), xticklabels=[f"{name}\nindex {indices[name]:.3f}" for name in lost], yticks=[])
    right.set_ylim(0, 1.12 * max(heights))
    right.set_title(f"... at {at:.0%}: every layer pays its own price")
    picture.alt = f"The sum of |w| that is lost with the smallest {at:.0%} of the weights. " + "; ".join(
        f"{name}: {height:.3f}, PQ index {indices[name]:.3f}" for name, height in zip(lost, heights, strict=True)
    )
    return picture


@styled
def weight_histogram(weights: Tensor, title: str = "") -> Picture:
    """Draw the distribution of a layer's weights, with the share of exact zeros and of small ones."""
    values = weights.detach().cpu().flatten().numpy()
    spread = float(values.std())
    small, zeros = float((np.abs(values) < spread / 2).mean()), float((values == 0).mean())
    picture, axis = single(2.9)
    axis.hist(values, bins=101, range=(-4 * spread, 4 * spread), color=KEPT)
    axis.axvspan(-spread / 2, spread / 2, color=FAINT, alpha=0.35, lw=0)
    shares = f"{zeros:.1%} are exactly zero, {small:.1%} within half a standard deviation of it"
    axis.set(xlabel="weight", ylabel="number", title=f"{title}\n{shares} (grey)")
    picture.alt = f"Histogram of {number_of(len(values), 'weight')}: {shares}."
    return picture


@styled
def shapes(named: Mapping[str, Tensor]) -> Picture:
    """Draw small histograms of several distributions side by side, in units of the mean magnitude, to one log scale."""
    picture, axes = canvas(2.1, 1, len(named), sharex=True, sharey=True)
    edges, parts = np.linspace(-8, 8, 65), []
    for axis, (name, values) in zip(axes[0], named.items(), strict=True):
        relative = (values / values.abs().mean()).detach().cpu().flatten().numpy()
        axis.stairs(np.histogram(relative, edges)[0] / len(relative), edges, fill=True, color=KEPT)
        beyond = float((np.abs(relative) > 4).mean())
        for side in (-1, 1):
            axis.axvspan(4 * side, 8 * side, color=FAINT, alpha=0.35, lw=0, zorder=0)
        axis.set_title(f"{name}\nbeyond 4: {beyond:.1%}")
        parts.append(f"{name}, {beyond:.1%} beyond 4 times the mean magnitude")
    axes[0, 0].set(ylabel="share (log scale)", xticks=[-8, -4, 0, 4, 8], xlim=(-8, 8), yscale="log", ylim=(3e-5, 0.3))
    picture.supxlabel("weight / mean magnitude", fontsize=10)
    picture.alt = f"Histograms of {number_of(len(named), 'distribution')}: {'; '.join(parts)}."
    return picture


@dataclass(frozen=True)
class IndexState:
    """One position of the index slider: the weights are u^shape of evenly spread u, with p and q of the index."""

    p: float
    q: float
    shape: float
    magnitudes: np.ndarray
    index: float
    gini: float
    curve: Sequence[tuple[float, float, float]]  # (shape, PQ index, Gini index)

    def __str__(self) -> str:
        return f"p = {self.p:g}, q = {self.q:g}, shape {self.shape:g}: PQ index {self.index:.3f}, Gini index {self.gini:.3f}"


def index_board(state: IndexState) -> Picture:
    """Draw one position of the index slider: the vector, and index and Gini index over all shapes."""
    with placed(3.2, (0.07, 0.17, 0.38, 0.7), (0.56, 0.17, 0.42, 0.7)) as (picture, (left, right)):
        left.bar(np.arange(len(state.magnitudes)), state.magnitudes, color=KEPT, width=0.9)
        left.set(xticks=[], ylim=(0, 1.05), xlabel="entries, largest first", ylabel="|w| / largest")
        left.text(0, 1.03, f"PQ index {state.index:.3f}", transform=left.transAxes)
        shapes, indices, ginis = np.asarray(state.curve).T
        right.plot(shapes, indices, color=COLOURS[0], ls=DASHES[0], label=f"PQ index, p = {state.p:g}, q = {state.q:g}")
        right.plot(shapes, ginis, color=COLOURS[1], ls=DASHES[1], label="Gini index")
        right.plot(state.shape, state.index, "o", color=COLOURS[0], ms=9)
        right.set(xlabel="shape: 0 all equal, 1 uniform, then ever fewer large", ylim=(0, 1.02))
        right.legend(frameon=False, loc="upper left")
    picture.alt = f"{state}."
    return picture


@dataclass(frozen=True)
class SurvivorState:
    """One position of the pruning slider: a share of a layer's smallest weights is gone.

    survivors: the index of what is left; with_zeros: of all entries, the zeros counted. curve: the same at all shares.
    """

    share: float
    survivors: float
    with_zeros: float
    magnitudes: np.ndarray
    cut: float
    curve: Sequence[tuple[float, float, float]]

    def __str__(self) -> str:
        indices = f"index of the survivors {self.survivors:.3f}, with the zeros counted {self.with_zeros:.3f}"
        return f"{self.share:.0%} gone: {indices}"


def survivor_board(state: SurvivorState) -> Picture:
    """Draw one position of the pruning slider: magnitudes with their cut, and both indices over all shares."""
    with placed(3.2, (0.08, 0.17, 0.37, 0.7), (0.56, 0.17, 0.42, 0.7)) as (picture, (left, right)):
        top = float(np.quantile(state.magnitudes, 0.999))
        bins = int(np.clip(round(40 * state.cut / top), 1, 39)) if state.cut > 0 else 0
        for low, high, number, look in (
            (0.0, state.cut, bins, {"facecolor": GONE, "edgecolor": "white", "hatch": HATCH, "lw": 0}),
            (max(state.cut, 0.0), top, 40 - bins, {"color": KEPT}),
        ):  # no bin reaches over the cut: half full, it would look like a step
            if number:
                edges = np.linspace(low, high, number + 1)
                heights = np.histogram(state.magnitudes, edges)[0] / len(state.magnitudes) / np.diff(edges)
                left.stairs(heights, edges, fill=True, **look)
        left.set(xlabel="|w| (gone: hatched)", ylabel="density of the weights", yticks=[])
        left.text(0, 1.03, f"{state.share:.0%} gone", transform=left.transAxes)
        shares, alone, zeros = np.asarray(state.curve).T
        right.plot(shares, alone, color=COLOURS[0], ls=DASHES[0], label="of the survivors")
        right.plot(shares, zeros, color=COLOURS[1], ls=DASHES[1], label="zeros counted (wrong)")
        right.plot([state.share] * 2, [state.survivors, state.with_zeros], "o", color=INK, ms=7)
        right.set(xlabel="share of the weights gone", ylabel="PQ index", ylim=(0, 1.02))
        right.legend(frameon=False, loc="upper left")
    picture.alt = f"{state}."
    return picture
