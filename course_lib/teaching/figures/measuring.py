"""Lesson 01: what a mask does to numbers, where weights and arithmetic are, what a file holds, how time is measured."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator
from torch import Tensor

from course_lib.measure import standard_error
from course_lib.pareto.looks import COLOURS, DASHES, MARKERS
from course_lib.teaching.figures.picture import FAINT, GONE, HATCH, INK, Picture, canvas, curve_look, single, styled
from course_lib.words import number_of


@styled
def number_cells(panels: Mapping[str, Tensor]) -> Picture:
    """Draw small tensors (rows, columns) cell by cell, each entry written in its cell: zeros hatched, NaN crossed out."""
    picture, axes = canvas(2.1, 1, len(panels), 2.05 * len(panels) + 0.4)
    panel_texts = []
    for axis, (name, values) in zip(axes[0], panels.items(), strict=True):
        rows, columns = values.shape
        for row in range(rows):
            for column in range(columns):
                value = float(values[row, column]) + 0.0  # no -0
                if value:
                    cell = Rectangle((column, row), 0.94, 0.9, color="#F6D5C3" if math.isnan(value) else "#CFE3F1")
                else:
                    cell = Rectangle((column, row), 0.94, 0.9, facecolor="#EFEFEF", edgecolor="#BBBBBB", hatch=HATCH)
                axis.add_patch(cell)
                axis.text(column + 0.47, row + 0.47, f"{value:g}", ha="center", va="center", fontsize=11, color=INK)
                if math.isnan(value):
                    axis.plot([column, column + 0.94], [row, row + 0.9], color=GONE, lw=2)
        axis.set(xlim=(-0.1, columns + 0.05), ylim=(rows, -0.1), xticks=[], yticks=[])
        axis.set_title(name, loc="left")
        for spine in axis.spines.values():
            spine.set_visible(False)
        panel_texts.append(f"{name}: {'; '.join(' '.join(f'{float(v) + 0.0:g}' for v in row) for row in values)}")
    picture.alt = "Small tensors, entry by entry. " + ". ".join(panel_texts) + "."
    return picture


@styled
def conv_places(size: tuple[int, int], kernel: int, stride: int = 1, padding: int = 0) -> Picture:
    """Draw an image with its padding, the kernel at its first two places, and a dot in the middle of every place.

    What the kernel never reaches is hatched.
    """
    height, width = size
    places = [(side + 2 * padding - kernel) // stride + 1 for side in size]
    reach = [stride * (place - 1) + kernel for place in places]
    picture, axis = single(0.34 * (height + 2 * padding) + 0.9)
    for row in range(-padding, height + padding):
        for column in range(-padding, width + padding):
            inside = 0 <= row < height and 0 <= column < width
            face = "#CFE3F1" if inside else "#F4F4F4"
            missed = row + padding >= reach[0] or column + padding >= reach[1]
            if missed:  # dark enough for a white hatch
                face = "#8FB8D6" if inside else "#BBBBBB"
            edge, hatch = ("#999999", HATCH) if missed else (FAINT, "")
            axis.add_patch(Rectangle((column, row), 0.95, 0.95, lw=0.5, facecolor=face, edgecolor=edge, hatch=hatch))
    for number in range(min(2, places[1])):
        corner, dash = (-padding + stride * number, -padding), ("-", (0, (3, 2)))[number]
        axis.add_patch(Rectangle(corner, kernel - 0.05, kernel - 0.05, fill=False, edgecolor=GONE, lw=2.5, ls=dash))
    middles = [
        (-padding + kernel / 2 + stride * column, -padding + kernel / 2 + stride * row)
        for row in range(places[0])
        for column in range(places[1])
    ]
    axis.plot(*np.asarray(middles).T - 0.025, "o", color=INK, ms=5)
    axis.set(
        xlim=(-padding - 0.3, width + padding + 0.3),
        ylim=(height + padding + 0.2, -padding - 0.3),
        aspect="equal",
        anchor="W",
    )
    axis.axis("off")
    setting = f"image {height}x{width}, kernel {kernel}x{kernel}, stride {stride}, padding {padding}"
    axis.set_title(f"{setting}: {places[0]} x {places[1]} = {number_of(places[0] * places[1], 'place')} (dots)", loc="left")
    picture.alt = (
        f"An {setting}: the kernel fits in {places[0]} times {places[1]} = {number_of(places[0] * places[1], 'place')}."
    )
    return picture


@styled
def layer_shares(counts: Mapping[str, Mapping[str, int]], title: str = "") -> Picture:
    """Draw quantity -> layer -> count: each layer's share of each quantity, as bars side by side."""
    layers = list(next(iter(counts.values())))
    picture, axis = single(0.5 * len(layers) + 1.3)
    parts = []
    height = 0.8 / len(counts)
    for number, (quantity, of_layers) in enumerate(counts.items()):
        total = sum(of_layers.values())
        shares = [of_layers[layer] / total for layer in layers]
        places = np.arange(len(layers)) + height * (number - (len(counts) - 1) / 2)
        drawn = axis.barh(places, shares, 0.9 * height, color=COLOURS[number], hatch=("", "//", "..")[number % 3])
        drawn.set_label(f"{quantity} ({total:,} in all)")
        axis.bar_label(drawn, [f"{share:.3f}" for share in shares], padding=3, fontsize=9)
        parts += [f"{quantity}: " + ", ".join(f"{layer} {share:.3f}" for layer, share in zip(layers, shares, strict=True))]
    axis.set(yticks=range(len(layers)), yticklabels=layers, xlabel="share of the whole network", xlim=(0, 1.08))
    axis.invert_yaxis()
    axis.set_title(title, loc="left")
    axis.legend(frameon=False, loc="center right")
    picture.alt = "Shares of the layers. " + "; ".join(parts) + "."
    return picture


@dataclass(frozen=True)
class FormatState:
    """How a weight of `density` is stored: with values of `value_bits`, and 1 bit a weight or `index_bits` a value.

    measured: (density, gzip's bytes as a share of the dense ones). guess: the student's, for density 0.1.
    """

    density: float
    value_bits: int = 32
    index_bits: int = 32
    measured: tuple[tuple[float, float], ...] = ()
    guess: float | None = None

    def size(self, form: str, density: float) -> float:
        """Return the size as a share of the weight stored whole with as many bits a value."""
        bits = {
            "dense": 1.0,
            "bitmap": density + 1 / self.value_bits,
            "indices": density * (1 + self.index_bits / self.value_bits),
        }
        return bits[form]

    def break_even(self, form: str) -> float:
        """Return the density below which `form` is smaller than the weight stored whole."""
        return {"bitmap": 1 - 1 / self.value_bits, "indices": 1 / (1 + self.index_bits / self.value_bits)}[form]

    def __str__(self) -> str:
        sizes = ", ".join(f"{form} {self.size(form, self.density):.3f}" for form in ("bitmap", "indices"))
        ends = ", ".join(f"{form} below {self.break_even(form):.3f}" for form in ("bitmap", "indices"))
        return (
            f"density {self.density:.2f}, {self.value_bits}-bit values, {self.index_bits}-bit indices: {sizes} of the dense "
            f"size; smaller than dense: {ends}"
        )


@styled
def formats_board(state: FormatState) -> Picture:
    """Draw the size of each format over the density, with the density at which it begins to pay."""
    picture, axis = single(3.9)
    densities = np.linspace(0, 1, 101)
    for number, form in enumerate(("dense", "bitmap", "indices")):
        sizes = [state.size(form, density) for density in densities]
        label = {"bitmap": "1 bit a weight + values", "indices": f"{state.index_bits}-bit index + value"}.get(
            form, f"stored whole, {state.value_bits} bits a weight"
        )
        axis.plot(densities, sizes, color=COLOURS[number], ls=DASHES[number], lw=2, label=label)
        if form != "dense":
            end = state.break_even(form)
            axis.plot(end, 1, MARKERS[number], color=COLOURS[number], ms=9, label=f"pays below density {end:.3f}")
    if state.measured:
        axis.plot(*np.asarray(state.measured).T, "D", color=INK, ms=6, label="gzip, measured")
    if isinstance(state.guess, (int, float)):
        axis.plot(0.1, state.guess, "*", color=COLOURS[3], ms=16, label=f"your guess ({state.guess:g})")
    axis.axvline(state.density, color=FAINT, lw=1.5, zorder=0)
    axis.set(xlabel="density (share of the weights that is not zero)", ylabel="size, as a share of the dense one")
    axis.set(xlim=(-0.02, 1.02), ylim=(0, 1.55))
    bitmap, indices = (state.size(form, state.density) for form in ("bitmap", "indices"))
    axis.set_title(f"density {state.density:.2f} (grey): bitmap {bitmap:.3f}, index {indices:.3f}", loc="left")
    axis.grid(color="#E5E5E5", lw=0.6)
    picture.legend(loc="outside right upper", frameon=False)
    gzip_sizes = "; ".join(f"{share:.3f} at {density:.2f}" for density, share in state.measured)
    picture.alt = f"Size over density. {state}." + (f" gzip measured: {gzip_sizes}." if gzip_sizes else "")
    return picture


@styled
def timings(times: Mapping[str, Sequence[float]], warmup: int = 0, runs: int | None = None, unit: str = "ms") -> Picture:
    """Draw label -> the time of each call, in their order, and how many of `runs` calls after the warm-up took how long.

    The thin lines are the medians of these calls.
    """
    picture, axes = canvas(3.6, 1, 2, sharey=True, gridspec_kw={"width_ratios": (4, 1)})
    calls, heaps = axes[0]
    counted = {label: list(of_calls)[warmup : None if runs is None else warmup + runs] for label, of_calls in times.items()}
    ends = np.log([min(map(min, times.values())), max(map(max, times.values()))])
    edges = np.exp(np.linspace(ends[0] - 0.02, ends[1] + 0.02, 31))
    parts: list[str] = []
    medians: list[float] = []
    for number, (label, of_calls) in enumerate(times.items()):
        low, median, high = np.quantile(counted[label], [0.25, 0.5, 0.75])
        colour, marker, dash = COLOURS[number], MARKERS[number], DASHES[number]
        calls.plot(range(1, len(of_calls) + 1), of_calls, marker, color=colour, ms=4.5, alpha=0.75)
        calls.plot([], [], marker, color=colour, ms=4.5, ls=dash, label=f"{label}: median {median:.3g} {unit}")
        calls.hlines(median, warmup + 0.5, warmup + len(counted[label]) + 0.5, color=_dark(colour), ls=dash, lw=1.2)
        heaps.axhline(median, color=_dark(colour), ls=dash, lw=1.2)
        heap = np.histogram(counted[label], edges)[0]
        heaps.stairs(heap, edges, orientation="horizontal", fill=True, color=colour, alpha=0.25, lw=0)
        heaps.stairs(heap, edges, orientation="horizontal", color=colour, ls=dash, lw=1.8)
        mean = statistics.mean(counted[label])
        medians.append(float(median))
        parts.append(
            f"{label} median {median:.3g}, quartiles {low:.3g} and {high:.3g}, mean {mean:.3g}, first call {of_calls[0]:.3g}"
        )
    if warmup:
        calls.axvspan(
            0.5, warmup + 0.5, facecolor="#EEEEEE", edgecolor="white", hatch=HATCH, zorder=0, label="warm-up, not counted"
        )
    calls.set(
        xlabel="call", ylabel=f"time ({unit}, log scale)", yscale="log", xlim=(0.3, max(map(len, times.values())) + 0.7)
    )
    heaps.set(xlabel="counted calls")
    heaps.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    for axis in (calls, heaps):
        axis.grid(color="#E5E5E5", lw=0.6)
    calls.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    calls.yaxis.set_major_formatter("{x:g}")
    calls.yaxis.set_minor_formatter("")
    if len(times) > 1:
        calls.set_title(
            f"median of {number_of(len(counted[label]), 'call')}: {label} / {next(iter(times))} = "
            f"{medians[-1] / medians[0]:.2f}",
            loc="left",
        )
    picture.legend(loc="outside lower center", ncols=3, frameon=False)
    picture.alt = f"Time of each call in {unit}, {number_of(warmup, 'call')} of warm-up. " + "; ".join(parts) + "."
    return picture


@styled
def sensitivity_curves(
    curves: Mapping[str, Sequence[tuple[float, float]]],
    dense: float,
    guess: str | None = None,
    n: int | None = None,
    xlabel: str = "share of this layer's weights that is gone; all others stay",
) -> Picture:
    """Draw layer -> (sparsity of this layer alone, accuracy); the curve of the layer that was `guess`ed is drawn thick.

    A step to the right is twice as long where half as much is left, since there the curves part.
    """
    picture, axis = single(4.4)
    levels = sorted({sparsity for rows in curves.values() for sparsity, _ in rows})
    axis.set_xscale("function", functions=(_halvings, lambda x: 1 - 2.0**-x))
    for number, (layer, rows) in enumerate(curves.items()):
        axis.plot(*np.asarray(rows).T, lw=4 if layer == guess else 1.8, ms=6, **curve_look(number))
    axis.axhline(dense, color=INK, lw=1, ls=(0, (2, 2)))
    axis.text(levels[0], dense + 0.02, f"nothing pruned: {dense:.3f}", va="bottom")
    height = 0.0
    for number in sorted(range(len(curves)), key=lambda k: list(curves.values())[k][-1][1]):
        layer, rows = list(curves.items())[number]
        height = max(height + 0.05, rows[-1][1])  # names of curves that end together stand above each other
        name = f"{layer} (your guess)" if layer == guess else layer
        axis.annotate(name, (1.02, height), xycoords=("axes fraction", "data"), va="center", annotation_clip=False,
                      color=_dark(COLOURS[number]))  # fmt: skip
    axis.set(xlabel=xlabel, ylabel="validation accuracy", ylim=(0, 1))
    axis.set_xticks(levels, [f"{level:g}" for level in levels])
    worst = min(curves, key=lambda layer: float(np.mean([accuracy for _, accuracy in curves[layer]])))
    error = f" ({n:,} images, ± {standard_error(dense, n):.3f})" if n else ""
    axis.set_title(f"pruned alone, {worst} loses most{error}", loc="left")
    axis.grid(color="#E5E5E5", lw=0.6)
    ends = "; ".join(f"{layer} {rows[-1][1]:.3f} at {rows[-1][0]:.2f}" for layer, rows in curves.items())
    picture.alt = f"Accuracy with one layer pruned alone, dense {dense:.3f}: {ends}."
    return picture


def _halvings(sparsity: np.ndarray) -> np.ndarray:
    """Return how often a whole has been halved until 1 - sparsity of it is left."""
    return -np.log2(np.maximum(1 - np.asarray(sparsity), 1e-3))


def _dark(colour: str) -> str:
    """Return a colour dark enough for words on white."""
    red, green, blue = to_rgb(colour)
    return to_hex((0.65 * red, 0.65 * green, 0.65 * blue))
