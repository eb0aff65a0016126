"""What units do: how scores rank them, how they answer to images, and which of them a threshold takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from course_lib.pareto.looks import COLOURS
from course_lib.teaching.figures.picture import (
    FAINT,
    GONE,
    HATCH,
    INK,
    KEPT,
    PAPER,
    Picture,
    canvas,
    curve_look,
    placed,
    single,
    styled,
    tile,
)
from course_lib.words import number_of, whole_percent


@styled
def rank_scatter(scores: Mapping[str, Tensor], share: float = 0.5, ringed: Sequence[int] = ()) -> Picture:
    """Draw the ranks of n units by two scores, {name: (n,), name: (n,)}; the lowest `share` of each would go.

    ringed: units that are named in the picture.
    """
    (first, left), (second, right) = ((name, values.detach().cpu()) for name, values in scores.items())
    ranks = [values.argsort().argsort().numpy() for values in (left, right)]
    n, cut = len(left), round(share * len(left)) - 0.5
    parts = {
        "both keep": (ranks[0] > cut) & (ranks[1] > cut),
        "both drop": (ranks[0] < cut) & (ranks[1] < cut),
        f"only {first} keeps": (ranks[0] > cut) & (ranks[1] < cut),
        f"only {second} keeps": (ranks[0] < cut) & (ranks[1] > cut),
    }
    looks = (("o", KEPT), ("x", FAINT), ("s", GONE), ("^", COLOURS[3]))
    picture, axis = single(4.6)
    for (label, mine), (marker, colour) in zip(parts.items(), looks, strict=True):
        axis.plot(ranks[0][mine], ranks[1][mine], marker, color=colour, ms=7, label=f"{label}: {int(mine.sum())}")
    axis.axvline(cut, color=INK, lw=1, ls=(0, (3, 2)))
    axis.axhline(cut, color=INK, lw=1, ls=(0, (3, 2)))
    axis.set(xlabel=f"rank by {first} (0: weakest)", ylabel=f"rank by {second} (0: weakest)")
    rho = float(np.corrcoef(ranks[0], ranks[1])[0, 1]) if n > 1 else float("nan")
    axis.set_title(f"rank correlation {rho:.2f} (1: the same order, 0: no relation)", loc="left")
    for unit in ringed:
        x, y = ranks[0][unit], ranks[1][unit]
        axis.plot(x, y, "o", ms=16, mfc="none", mec=INK, mew=1.5)
        axis.annotate(f"unit {unit}", (x, y), (12, 0), textcoords="offset points", va="center", bbox=PAPER)
    picture.legend(loc="outside lower center", ncols=2, frameon=False)
    counts = "; ".join(f"{label} {int(mine.sum())}" for label, mine in parts.items())
    picture.alt = f"{number_of(n, 'unit')} ranked by {first} and by {second}: rank correlation {rho:.2f}; {counts}."
    return picture


@styled
def feature_maps(images: Tensor, maps: Mapping[str, Tensor]) -> Picture:
    """Draw images (n, h, w) in a row, and below them how units answer: {name: (n, h, w)}, all on one scale."""
    limit = max(float(values.max()) for values in maps.values()) or 1.0
    n = len(images)
    picture, axes = canvas(1.3 * (len(maps) + 1), len(maps) + 1, n, 1.25 * n + 1.4)
    for column in range(n):
        axes[0, column].imshow(images[column].cpu().numpy(), cmap="gray")
        for row, values in enumerate(maps.values(), 1):
            shown = axes[row, column].imshow(values[column].detach().cpu().numpy(), cmap="viridis", vmin=0, vmax=limit)
    for axis in axes.flat:
        tile(axis)
    picture.colorbar(shown, ax=axes[1:, :], label="activation", fraction=0.02, pad=0.01)
    for row, name in enumerate(("image", *maps)):
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center")
    means = "; ".join(f"{name} {float(values.mean()):.3f}" for name, values in maps.items())
    picture.alt = f"{n} images and the maps that {len(maps)} units make of them. Mean over these images: {means}."
    return picture


@styled
def activity_strips(means: Mapping[str, Tensor], threshold: float) -> Picture:
    """Draw each unit of each layer, (n,), at its mean activation; what lies below the threshold would go."""
    picture, axis = single(0.62 * len(means) + 1.5)
    parts = []
    for place, (layer, values) in enumerate(means.items()):
        scores = values.detach().cpu().numpy()
        below = scores < threshold
        spread = (np.arange(len(scores)) * 0.618) % 1 - 0.5  # so that units of one score do not hide each other
        for mine, marker, colour, label in ((~below, "o", KEPT, "stays"), (below, "x", GONE, "goes")):
            axis.plot(scores[mine], place + 0.7 * spread[mine], marker, color=colour, ms=4, alpha=0.7, ls="",
                      clip_on=False, label=None if place else label)  # fmt: skip
        parts.append(f"{layer} {int(below.sum())} of {len(scores)}")
        axis.text(1.01, place, f"{whole_percent(below.mean())} ({parts[-1].removeprefix(layer + ' ')})",
                  transform=axis.get_yaxis_transform(), va="center")  # fmt: skip
    axis.axvline(threshold, color=INK, lw=1.2, ls=(0, (4, 2)), label=f"threshold {threshold:g}")
    axis.text(1.01, -0.75, "goes", transform=axis.get_yaxis_transform(), va="center")
    axis.set(yticks=range(len(means)), yticklabels=list(means), ylim=(len(means) - 0.45, -0.6))
    axis.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
    top = max(float(values.max()) for values in means.values())
    ends = [at for at in (0, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10) if at <= top]
    axis.set(xlim=(0, 1.05 * max(top, threshold)), xlabel="mean activation of a unit (square-root axis)")
    axis.set_xticks(ends, [f"{at:g}" for at in ends])
    axis.set_title("each mark is a unit", loc="left")
    picture.legend(loc="outside lower center", ncols=3, frameon=False)
    picture.alt = f"The mean activation of each unit, layer by layer. Below {threshold:g}: {', '.join(parts)}."
    return picture


@styled
def histories(epochs: Sequence[Tensor], chosen: Sequence[int], threshold: float) -> Picture:
    """Draw how the mean activation of units, (n,) for each epoch, moves while a network trains; `chosen` ones are named."""
    table = torch.stack(list(epochs)).detach().cpu().numpy()
    steps = np.arange(1, len(table) + 1)
    always = int((table < threshold).all(0).sum())
    picture, axis = single(4.0)
    axis.plot(steps, table, color="#D8D8D8", lw=0.5, zorder=0)
    axis.plot([], [], color="#D8D8D8", lw=2, label=f"all {number_of(table.shape[1], 'neuron')}")
    for number, unit in enumerate(chosen):
        axis.plot(steps, table[:, unit], lw=2, ms=6, label=f"neuron {unit}", **curve_look(number))
    axis.axhline(threshold, color=INK, lw=1.2, ls=(0, (4, 2)), label=f"threshold {threshold:g}")
    axis.set(xlabel="epoch", ylabel="mean activation while training (square-root axis)", xticks=steps)
    axis.set_yscale("function", functions=(lambda y: np.sqrt(np.maximum(y, 0)), np.square))
    axis.set_ylim(0, 1.05 * max(float(table.max()), threshold))
    axis.set_title(f"below {threshold:g} in every epoch: {always} of {table.shape[1]}", loc="left")
    picture.legend(loc="outside right upper", frameon=False)
    told = "; ".join(f"neuron {unit}: " + ", ".join(f"{value:.2f}" for value in table[:, unit]) for unit in chosen)
    picture.alt = f"Mean activation in each epoch; below {threshold:g} in every epoch: {always} of {table.shape[1]}. {told}."
    return picture


@styled
def unit_counts(gone: Mapping[str, Mapping[str, tuple[int, int]]], title: str = "") -> Picture:
    """Draw which share of each layer's units several rules take: rule -> layer -> (gone, units)."""
    layers = list(next(iter(gone.values())))
    picture, axis = single(3.2)
    place, width = np.arange(len(layers)), 0.8 / len(gone)
    for number, (rule, counts) in enumerate(gone.items()):
        shares = [counts[layer][0] / counts[layer][1] for layer in layers]
        bars = axis.bar(place + (number - (len(gone) - 1) / 2) * width, shares, 0.92 * width, color=COLOURS[number],
                        hatch=("", "//", "..", "xx")[number % 4], label=rule)  # fmt: skip
        axis.bar_label(bars, [str(counts[layer][0]) for layer in layers], fontsize=9, padding=1)
    axis.set(
        xticks=place, xticklabels=[f"{layer}\n{number_of(next(iter(gone.values()))[layer][1], 'unit')}" for layer in layers]
    )
    top = max(count / size for counts in gone.values() for count, size in counts.values())
    axis.set(ylabel="share of the units that go", ylim=(0, 1.15 * top or 1))
    axis.set_title(title, loc="left")
    picture.legend(loc="outside lower center", ncols=len(gone), frameon=False)
    counts_by_rule = "; ".join(
        f"{rule}: " + ", ".join(f"{layer} {c[0]} of {c[1]}" for layer, c in counts.items()) for rule, counts in gone.items()
    )
    picture.alt = f"Units that go, by layer. {counts_by_rule}."
    return picture


@styled
def overlap_bars(
    panels: Mapping[str, Sequence[tuple[str, float, float]]], guess: tuple[str, str, float] | None = None
) -> Picture:
    """Draw Jaccard overlaps beside what chance would give: title -> rows of (what is compared, overlap, chance).

    The panels have the same rows. guess: the title and the row that were asked for, and what the student said.
    """
    rows = [name for name, _, _ in next(iter(panels.values()))]
    picture, axes = canvas(0.45 * len(rows) + 1.5, 1, len(panels), sharey=True)
    parts = []
    for axis, (title, of_panel) in zip(axes[0], panels.items(), strict=True):
        for place, (_, overlap, chance) in enumerate(of_panel):
            axis.barh(place, overlap, 0.6, color=KEPT)
            axis.plot([chance, chance], [place - 0.38, place + 0.38], color=GONE, lw=3, label=None if place else "by chance")
            axis.text(overlap + 0.02, place, f"{overlap:.2f}", va="center")
        axis.set(xlim=(0, 1.18), xticks=np.arange(0, 1.1, 0.2), xlabel="overlap (Jaccard) of the sets that go")
        axis.set_title(title, loc="left")
        told = "; ".join(f"{name}: {overlap:.2f} (chance {chance:.2f})" for name, overlap, chance in of_panel)
        parts.append(f"{title}: {told}")
    axes[0, 0].set(yticks=range(len(rows)), yticklabels=rows, ylim=(len(rows) - 0.5, -0.5))
    if guess and isinstance(guess[2], (int, float)):
        axis = axes[0, list(panels).index(guess[0])]
        look = {"color": COLOURS[3], "ms": 15, "markeredgecolor": INK, "ls": ""}
        axis.plot(guess[2], rows.index(guess[1]), "*", label=f"your guess ({guess[2]:g})", **look)
    known = dict(pair[::-1] for axis in axes[0] for pair in zip(*axis.get_legend_handles_labels(), strict=True))
    picture.legend(known.values(), known, loc="outside lower center", ncols=2, frameon=False)
    picture.alt = f"Overlap of removed units. {'. '.join(parts)}."
    return picture


@dataclass(frozen=True)
class ThresholdState:
    """One position of the threshold slider.

    rule: "fixed" or "variable". value: the threshold, or the number of deviations. statistic: what the scores are.
    scores: layer -> (n,). keep: layer -> (n,) bool. cuts: layer -> its threshold. shown: the layer drawn large.
    sparsity: of all parameters. accuracy: on n images, nothing repaired.
    """

    rule: str
    value: float
    statistic: str
    scores: Mapping[str, Tensor]
    keep: Mapping[str, Tensor]
    cuts: Mapping[str, float]
    shown: str
    sparsity: float
    accuracy: float
    n: int

    def __str__(self) -> str:
        gone = sum(int((~keep).sum()) for keep in self.keep.values())
        units = sum(keep.numel() for keep in self.keep.values())
        rule = f"below {self.value:.2f}" if self.rule == "fixed" else f"below mean - {self.value:.2f} x std"
        return (
            f"{rule}: {gone} of {number_of(units, 'unit')} go, sparsity {self.sparsity:.3f}, accuracy without repair "
            f"{self.accuracy:.3f} (n={self.n:,})"
        )


def threshold_board(state: ThresholdState) -> Picture:
    """Draw one position of the threshold slider: the scores of one layer with their cut, and what goes in each layer."""
    with placed(3.4, (0.07, 0.17, 0.4, 0.7), (0.57, 0.17, 0.41, 0.7)) as (picture, (left, right)):
        _cut(left, state)
        _layers(right, state)
    counts = ", ".join(f"{name} {int((~keep).sum())} of {keep.numel()}" for name, keep in state.keep.items())
    picture.alt = f"{state}. Gone: {counts}. Drawn large: {state.shown}, cut at {state.cuts[state.shown]:.3f}."
    return picture


def _cut(axis: Axes, state: ThresholdState) -> None:
    scores, keep = state.scores[state.shown].numpy(), state.keep[state.shown].numpy()
    edges = np.linspace(0, max(float(scores.max()), 1e-6) * 1.02, 31)
    lower, heights = np.histogram(scores[~keep], edges)[0], np.histogram(scores[keep], edges)[0]
    axis.stairs(lower, edges, fill=True, facecolor=GONE, edgecolor="white", hatch=HATCH, lw=0)
    axis.stairs(lower + heights, edges, baseline=lower, fill=True, color=KEPT)
    axis.axvline(state.cuts[state.shown], color=INK, lw=1.5, ls=(0, (3, 2)))
    axis.set(
        xlabel=f"{state.statistic} of a unit of {state.shown}", ylabel="units", xlim=(min(0, state.cuts[state.shown]), None)
    )
    axis.text(0, 1.03, f"{state.shown}: {int((~keep).sum())} of {len(keep)} go (hatched)", transform=axis.transAxes)


def _layers(axis: Axes, state: ThresholdState) -> None:
    for place, keep in enumerate(state.keep.values()):
        share = float((~keep).float().mean())
        axis.barh(-place, 1, 0.7, color=KEPT)
        axis.barh(-place, share, 0.7, color=GONE, hatch=HATCH, edgecolor="white", lw=0)
        axis.text(1.02, -place, f"{int((~keep).sum())} of {keep.numel()}", va="center", fontsize=9)
    axis.set(yticks=[-place for place in range(len(state.keep))], yticklabels=list(state.keep), xlim=(0, 1.25))
    axis.set(xticks=[0, 0.5, 1], xlabel="share of the layer's units that go (hatched)")
    axis.text(0, 1.03, f"accuracy without repair {state.accuracy:.3f} (n={state.n:,})", transform=axis.transAxes)


@styled
def subsets(left: Tensor, right: Tensor, share: float, images: int, dead: int = 0) -> Picture:
    """Draw the scores (n,) of the same units on two sets of images against each other; each set drops its lowest `share`.

    Of equal scores the first go. dead: units that are left out, since they are silent on all images.
    """
    count, nothing = round(share * len(left)), torch.zeros(len(left), dtype=torch.bool)
    gone = [nothing.index_fill(0, values.argsort(stable=True)[:count], True) for values in (left, right)]
    both, either = int((gone[0] & gone[1]).sum()), int((gone[0] | gone[1]).sum())
    picture, axis = single(5.0)
    for label, mine, marker, colour in (
        ("kept by both", ~gone[0] & ~gone[1], "o", KEPT),
        ("gone in both", gone[0] & gone[1], "x", GONE),
        ("gone in one only", gone[0] ^ gone[1], "s", COLOURS[3]),
    ):
        axis.plot(left[mine], right[mine], marker, color=colour, ms=5, ls="", alpha=0.8, clip_on=False,
                  label=f"{label}: {int(mine.sum())}")  # fmt: skip
    top = float(torch.maximum(left, right).max()) * 1.05 or 1.0
    axis.plot([0, top], [0, top], color=FAINT, lw=1, zorder=0)
    for line, values, mine in zip((axis.axvline, axis.axhline), (left, right), gone, strict=True):
        if mine.any():
            line(float(values[mine].max()), color=INK, lw=1, ls=(0, (3, 2)), zorder=0)
    root = {"functions": (lambda x: np.sqrt(np.maximum(x, 0)), np.square)}
    ticks = [at for at in (0, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10) if at <= top]
    axis.set_xscale("function", **root)
    axis.set_yscale("function", **root)
    axis.set(xlim=(0, top), ylim=(0, top))
    axis.set_xticks(ticks, [f"{at:g}" for at in ticks])
    axis.set_yticks(ticks, [f"{at:g}" for at in ticks])
    axis.set(xlabel=f"mean activation on {images} images (square-root axes)", ylabel=f"on {images} other images")
    if dead:
        told = f"left out: {number_of(dead, 'unit')} silent on all images"
        axis.text(0.985, 0.03, told, transform=axis.transAxes, ha="right", bbox=PAPER)
    overlap = both / either if either else 1.0
    axis.set_title(f"overlap of the two removed sets: {overlap:.2f} (dashed: the two cuts)")
    picture.legend(loc="outside lower center", ncols=3, frameon=False)
    picture.alt = (
        f"Mean activations of {number_of(len(left), 'unit')} on two sets of {images} images, {dead} silent ones left out; "
        f"the removed sets overlap by {overlap:.2f}."
    )
    return picture
