"""Filters: what they look like, how they score, which stay, and what reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from torch import Tensor

from course_lib.pareto.looks import COLOURS, MARKERS
from course_lib.teaching.figures.picture import (
    FAINT,
    GONE,
    HATCH,
    INK,
    KEPT,
    ON_HATCH,
    Picture,
    canvas,
    single,
    styled,
    tile,
)
from course_lib.words import number_of

if TYPE_CHECKING:
    from course_lib.network.units import Group


@styled
def kernels(weight: Tensor, scores: Tensor | None = None, keep: Tensor | None = None, item: str = "filter") -> Picture:
    """Draw every kernel of a small layer with its numbers: weight (n, c, h, w), scores (n,), keep (n,) bool.

    item: what the n are called; outputs of a layer are drawn in the same way, with an image in each column.
    """
    weight = weight.detach().cpu()
    n, channels, height, width = weight.shape
    picture, axes = canvas(1.5 * channels + 0.7, channels, n, 1.6 * n + 0.6)
    limit = float(weight.abs().max()) or 1.0
    for j in range(n):
        for c in range(channels):
            axis = axes[c, j]
            axis.imshow(weight[j, c].numpy(), cmap="PuOr", vmin=-2.2 * limit, vmax=2.2 * limit)  # light enough for words
            tile(axis)
            axis.hlines(np.arange(height + 1) - 0.5, -0.5, width - 0.5, color=FAINT, lw=0.8)  # a zero is nearly white
            axis.vlines(np.arange(width + 1) - 0.5, -0.5, height - 0.5, color=FAINT, lw=0.8)
            for row, column in np.ndindex(height, width):
                axis.text(column, row, f"{weight[j, c, row, column]:g}", ha="center", va="center", color=INK)
            if keep is not None and not keep[j]:
                axis.plot(
                    [-0.5, width - 0.5], [-0.5, height - 0.5], [-0.5, width - 0.5], [height - 0.5, -0.5], color=GONE, lw=3
                )
        title = f"{item} {j}" if scores is None else f"{item} {j}: {float(scores[j]):g}"
        axes[0, j].set_title(title + (", goes" if keep is not None and not keep[j] else ""))
    if item != "filter" and channels > 1:
        for c in range(channels):
            axes[c, 0].set_ylabel(f"unit {c}", rotation=0, ha="right", va="center")
    picture.alt = f"{number_of(n, item)} of {height}x{width} over {number_of(channels, 'channel')}, drawn with their numbers"
    if scores is not None:
        picture.alt += "; scores " + ", ".join(f"{float(s):g}" for s in scores)
    if keep is not None:
        picture.alt += "; crossed out: " + (", ".join(f"filter {j}" for j in range(n) if not keep[j]) or "none")
    return picture


@styled
def score_bars(scores: Tensor, keep: Tensor) -> Picture:
    """Draw the scores (n,) of one layer in their order, largest first; keep (n,) bool."""
    scores, keep = scores.detach().cpu(), keep.cpu()
    order = scores.argsort(descending=True, stable=True)
    picture, axis = single(2.8)
    places = np.arange(len(order))
    for stays, colour, hatch, label in ((True, KEPT, None, "kept"), (False, GONE, HATCH, "goes")):
        mine = (keep[order] == stays).numpy()
        axis.bar(
            places[mine], scores[order].numpy()[mine], color=colour, hatch=hatch, width=0.85, label=f"{label}: {mine.sum()}"
        )
    axis.set(
        xlabel="filters, largest score first",
        ylabel="score",
        title="There is no gap that shows where to cut",
        xlim=(-1, len(order)),
    )
    picture.legend(loc="outside lower center", ncols=2, frameon=False)
    picture.alt = f"The scores of {number_of(len(order), 'filter')} in falling order, without a gap; {int(keep.sum())} kept."
    return picture


def _histogram(axis: Axes, scores: Tensor, keep: Tensor, bins: Sequence[float]) -> None:
    scores, keep = scores.detach().cpu(), keep.cpu()
    parts = [scores[keep].numpy(), scores[~keep].numpy()]
    axis.hist(parts, bins=bins, stacked=True, color=[KEPT, GONE], hatch=["", HATCH], label=["kept", "goes"])
    if not keep.all():
        axis.axvline(float(scores[~keep].max()), color=INK, lw=1.2, ls=(0, (4, 2)), label="cut")


@styled
def global_rankings(scores: Mapping[str, Tensor], sizes: Mapping[str, int]) -> Picture:
    """Draw the filters of all layers in one ranking, by sum and by mean of |w|, the lower half of all of them crossed.

    scores: layer -> sum of |w| of each filter, (n,). sizes: layer -> weights of one filter.
    """
    sums = {name: values.detach().cpu().numpy() for name, values in scores.items()}
    picture, axes = canvas(3.6, 1, 2, sharey=True)
    parts = []
    for axis, (kind, divided) in zip(axes[0], (("sum", False), ("mean", True)), strict=True):
        values = {name: own / sizes[name] if divided else own for name, own in sums.items()}
        cut = float(np.median(np.concatenate(list(values.values()))))
        gone = {name: float((own < cut).mean()) for name, own in values.items()}
        for row, own in enumerate(values.values()):
            places = -row + np.linspace(-0.28, 0.28, len(own))
            axis.plot(own[own >= cut], places[own >= cut], "o", color=KEPT, ms=3.5)
            axis.plot(own[own < cut], places[own < cut], "x", color=GONE, ms=4.5)
        axis.axvline(cut, color=INK, lw=1.2, ls=(0, (4, 2)))
        axis.set(xscale="log", xlabel=f"{kind} of |w| of a filter (log scale)")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        worst = max(gone, key=gone.__getitem__)
        axis.set_title(f"Half of all filters, by the {kind}: of {worst} {gone[worst]:.0%} go")
        axis.grid(color="#E5E5E5", lw=0.6, axis="x")
        parts.append(f"by the {kind}: " + ", ".join(f"{name} {share:.2f}" for name, share in gone.items()))
    axes[0, 0].set(yticks=[-row for row in range(len(sums))], yticklabels=list(sums))
    picture.legend(handles=_signs(), loc="outside lower center", ncols=2, frameon=False)
    picture.alt = f"Share of each layer's filters that goes if the lower half of all goes: {'; '.join(parts)}."
    return picture


def _signs() -> list[Line2D]:
    return [
        Line2D([], [], color=KEPT, marker="o", ls="", label="kept"),
        Line2D([], [], color=GONE, marker="x", ls="", label="goes"),
    ]


@styled
def channel_dots(values: Mapping[str, Tensor], gone: Tensor, ylabel: str = "mean activation") -> Picture:
    """Draw one value per channel, (n,), for each of several states of a network; gone (n,) bool marks the pruned."""
    gone = gone.cpu()
    picture, axes = canvas(3.0, 1, len(values), sharey=True)
    speaking = {}
    for axis, (name, channels) in zip(axes[0], values.items(), strict=True):
        place = np.arange(len(channels))
        axis.axhline(0, color=FAINT, lw=1)
        axis.plot(place[~gone], channels[~gone].numpy(), "o", ms=4, color=KEPT, label="kept")
        axis.plot(place[gone], channels[gone].numpy(), "X", ms=6, color=GONE, label="chosen to go")
        speaking[name] = int((channels[gone].abs() > 1e-6).sum())
        axis.set(title=f"{name}\n{speaking[name]} of the {int(gone.sum())} chosen speak", xlabel="channel")
    axes[0, 0].set_ylabel(ylabel)
    picture.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    counts = "; ".join(f"{name}: {count}" for name, count in speaking.items())
    picture.alt = f"{ylabel} of each channel. Pruned channels (of {int(gone.sum())}) that are not silent: {counts}."
    return picture


@styled
def flatten_map(channels: int, height: int, width: int, columns: Sequence[int]) -> Picture:
    """Draw how the maps of a convolution become the columns of a linear layer, and mark those `columns`."""
    size = height * width
    picture, axis = single(1.9)
    for channel in range(channels):
        for cell in range(size):
            column = channel * size + cell
            out = column in columns
            axis.bar(
                column, 1, width=0.92, color=GONE if out else KEPT, hatch=HATCH if out else None, alpha=1 if out else 0.55
            )
            axis.text(
                column, 0.5, str(column), ha="center", va="center", fontsize=9, **(ON_HATCH if out else {"color": INK})
            )
        axis.text(channel * size + (size - 1) / 2, 1.12, f"channel {channel}", ha="center", color=INK)
        axis.axvline(channel * size - 0.5, color=INK, lw=1)
    axis.set(
        xlim=(-0.6, channels * size - 0.4), ylim=(0, 1.35), yticks=[], xticks=[], xlabel="input columns of the linear layer"
    )
    axis.spines["left"].set_visible(False)
    axis.set_title(f"Each {height}x{width} map fills {number_of(size, 'column')}")
    fill = f"fill{'s' if channels == 1 else ''} {number_of(channels * size, 'column')}"
    sentence = f"{number_of(channels, 'channel')} of {height}x{width} {fill}, {size} in a row each"
    picture.alt = f"{sentence}; marked columns: {', '.join(map(str, sorted(columns)))}."
    return picture


@styled
def coupling(groups: Sequence[Group]) -> Picture:
    """Draw the layers of a network in forward order; layers that must lose the same filters share letter and colour."""
    layers = [(producer, index) for index, group in enumerate(groups) for producer in group.producers]
    shared = [index for index, group in enumerate(groups) if len(group.producers) > 1]
    layers.sort(key=lambda pair: _natural(pair[0]))
    picture, axis = single(0.34 * len(layers) + 0.8)
    for place, (name, index) in enumerate(layers):
        tied = index in shared
        colour = COLOURS[shared.index(index) % len(COLOURS)] if tied else FAINT
        axis.barh(-place, 1, height=0.8, color=colour, alpha=0.75 if tied else 0.35)
        axis.text(0.02, -place, name, va="center", color=INK)
        letter = chr(ord("A") + shared.index(index)) if tied else "free"
        axis.text(0.98, -place, letter, va="center", ha="right", color=INK, fontweight="bold" if tied else "normal")
    for number, index in enumerate(shared):
        places = [-place for place, (_, mine) in enumerate(layers) if mine == index]
        x = 1.06 + 0.12 * number
        colour = COLOURS[number % len(COLOURS)]
        axis.plot([x] * len(places), places, "-", marker=MARKERS[number % len(MARKERS)], color=colour, lw=2, ms=7)
    axis.set(xlim=(0, 1.2 + 0.12 * len(shared)), ylim=(-len(layers) + 0.4, 0.6), xticks=[], yticks=[])
    axis.set_title("Layers that one shortcut joins share a letter: they lose the same filters, or none")
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)
    together = "; ".join(" with ".join(groups[index].producers) for index in shared)
    picture.alt = f"{number_of(len(layers), 'layer')}; tied together: {together or 'none'}; all others are free."
    return picture


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key: the stem first, blocks by their number, the shortcut after the convolutions of its block."""
    digits = "".join(c for c in name.split(".")[0] if c.isdigit())
    return [(int(digits or 0), name.replace("shortcut", "x"))]
