"""The first lesson: a few images, simple bars, small masks, and where weights go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from course_lib.measure import standard_error
from course_lib.pareto.looks import COLOURS
from course_lib.teaching.figures.picture import (
    FAINT,
    GONE,
    HATCH,
    INK,
    KEPT,
    SAID,
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
def sample(images: Tensor, names: Sequence[str]) -> Picture:
    """Draw images (n, C, h, w), uint8, in a row with a name below each."""
    picture, axes = canvas(1.45, 1, len(images), 1.15 * len(images))
    for axis, image, name in zip(axes[0], images.cpu(), names, strict=True):
        axis.imshow(image[0].numpy() if len(image) == 1 else image.permute(1, 2, 0).numpy(), cmap="gray_r")
        tile(axis)
        axis.set_xlabel(name, fontsize=9)
    height, width = images.shape[-2:]
    picture.alt = f"{number_of(len(images), 'image')} of {height}x{width} pixels, one of each class: {', '.join(names)}."
    return picture


@styled
def bars(
    values: Mapping[str, float | None], ylabel: str, title: str = "", form: str = ".3f", chance: float | None = None
) -> Picture:
    """Draw one bar for each label, its value written above in the format `form`; None is a value that is asked for.

    chance: what guessing would reach.
    """
    picture, axis = single(2.6 if chance is not None else 3.2)
    top = max(value for value in values.values() if value is not None)
    told = {label: "?" if value is None else format(value, form) for label, value in values.items()}
    for place, (label, value) in enumerate(values.items()):
        if value is None:
            room = 1.0 if chance is not None else top  # as high as it may be: no hint
            axis.bar(label, room, 0.6, fill=False, edgecolor=INK, ls=(0, (3, 3)))
            axis.text(place, room / 2, "?", ha="center", va="center", fontsize=36, color=INK)
        else:
            axis.bar_label(axis.bar(label, value, 0.6, color=KEPT), [told[label]], padding=2)
    axis.set_title(title, loc="left")
    beside = max(0.0, 5 - len(values)) / 2  # few bars are no wider than five
    axis.set(ylabel=ylabel, ylim=(0, 1.02 if chance is not None else 1.14 * top))
    axis.set_xlim(-0.5 - beside, len(values) - 0.5 + beside)
    if chance is not None:
        axis.axhline(chance, color=GONE, lw=1.5, ls=(0, (4, 2)), label=f"guessing ({chance:g})")
        picture.legend(loc="outside lower center", frameon=False)
    else:
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    numbers = "; ".join(f"{' '.join(label.split())} {value}" for label, value in told.items())
    picture.alt = f"{ylabel}: {numbers}" + (f"; guessing would reach {chance:g}." if chance is not None else ".")
    return picture


@styled
def mask_cells(masks: Mapping[str, Tensor]) -> Picture:
    """Draw small masks (rows, columns), bool, cell by cell: what is gone is crossed out."""
    widths = [mask.shape[1] for mask in masks.values()]
    picture, axes = canvas(2.4, 1, len(masks), 0.36 * sum(widths) + 1.6 * len(masks), width_ratios=widths)
    counts = []
    for axis, (name, mask) in zip(axes[0], masks.items(), strict=True):
        axis.imshow(mask.numpy(), cmap=matplotlib.colors.ListedColormap(["#F6D5C3", KEPT]), vmin=0, vmax=1)
        rows, columns = (~mask).nonzero(as_tuple=True)
        axis.plot(columns, rows, "x", color=GONE, ms=8, mew=1.8)
        axis.set_xticks(np.arange(-0.5, mask.shape[1]), [])
        axis.set_yticks(np.arange(-0.5, mask.shape[0]), [])
        axis.grid(color="white", lw=2)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        counts.append(f"{name}: {int((~mask).sum())} of {mask.numel()} gone")
        axis.set_title(counts[-1].replace(": ", "\n"))
    picture.alt = f"Masks drawn cell by cell, what is gone crossed out. {'; '.join(counts)}."
    return picture


@styled
def layers_gone(gone: Mapping[str, tuple[int, int]], truth: float) -> Picture:
    """Draw which share of each layer's weights is gone, layer -> (gone, size), with the mean over the layers and `truth`."""
    shares = {name: count / size for name, (count, size) in gone.items()}
    mean = sum(shares.values()) / len(shares)
    picture, axis = single(0.42 * len(gone) + 1.4)
    for place, (name, share) in enumerate(shares.items()):
        axis.barh(-place, 1, 0.7, color=KEPT)
        axis.barh(-place, share, 0.7, color=GONE, hatch=HATCH, edgecolor="white", lw=0)
        axis.text(1.02, -place, f"{gone[name][0]:,} of {gone[name][1]:,}", va="center", fontsize=9)
    axis.axvline(mean, color=INK, lw=2, ls=(0, (2, 2)), label=f"mean over the layers ({mean:.3f})")
    axis.axvline(truth, color=INK, lw=2, label=f"share of all parameters ({truth:.3f})")
    axis.set(yticks=[-place for place in range(len(gone))], yticklabels=list(gone), xlim=(0, 1.3), xticks=[0, 0.5, 1])
    axis.set(xlabel="share of the layer's weights that is gone (hatched)")
    picture.legend(loc="outside lower center", ncols=2, frameon=False)
    parts = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
    picture.alt = f"Share gone in each layer: {parts}; mean over the layers {mean:.3f}, of all parameters {truth:.3f}."
    return picture


@styled
def guessed(
    curves: Mapping[str, Sequence[tuple[float, float]]],
    guesses: Mapping[int, float] | None = None,
    chance: float | None = None,
    n: int | None = None,
) -> Picture:
    """Draw accuracy over sparsity, and the guesses, percent -> accuracy, on top.

    curves: label -> (sparsity, accuracy). guesses: what is no such pair is not drawn. n: images behind each accuracy.
    """
    picture, axis = single(4.2)
    for number, (label, rows) in enumerate(curves.items()):
        look = curve_look(number)
        axis.plot(*zip(*rows, strict=True), label=label, lw=1.8, ms=6, **look)
    stars = {percent: accuracy for percent, accuracy in _pairs(guesses) if 1 <= percent <= 100 and 0 <= accuracy <= 1}
    if stars:
        look = {"color": COLOURS[3], "ms": 15, "markeredgecolor": INK, "zorder": 5}
        axis.plot([percent / 100 for percent in stars], list(stars.values()), "*", label="your prediction", **look)
    if chance is not None:
        axis.axhline(chance, color=FAINT, lw=1.5, ls=(0, (2, 2)), zorder=0, label=f"guessing ({chance:g})")
    error = f"{n:,} images, one standard error at most {standard_error(0.5, n):.3f}" if n else ""
    axis.set(xlabel="sparsity (share of all parameters that is gone)", ylabel="validation accuracy", ylim=(0, 1.02))
    axis.set_title(error, loc="left")
    axis.grid(color="#E5E5E5", lw=0.6)
    picture.legend(loc="outside lower center", ncols=3, frameon=False)
    ends = "; ".join(f"{name}: " + ", ".join(f"{a:.3f} at {s:.2f}" for s, a in rows) for name, rows in curves.items())
    picture.alt = f"Accuracy over sparsity. {ends}."
    if stars:
        picture.alt += f" Predicted: {', '.join(f'{accuracy:g} at {percent} %' for percent, accuracy in stars.items())}."
    return picture


def _pairs(guesses: object) -> list[tuple[float, float]]:
    """Return the pairs of two numbers in what a student has written, whatever that is."""
    pairs = guesses.items() if isinstance(guesses, Mapping) else ()
    return [pair for pair in pairs if all(isinstance(one, (int, float)) for one in pair)]


@dataclass(frozen=True)
class AverageState:
    """One position of the slider of averages: layer -> (weights gone, size), of `total` parameters in all."""

    gone: Mapping[str, tuple[int, int]]
    total: int

    @property
    def mean(self) -> float:
        """The mean of the layers' shares: the classic mistake."""
        return sum(count / size for count, size in self.gone.values()) / len(self.gone)

    @property
    def sparsity(self) -> float:
        """The share of all parameters."""
        return sum(count for count, _ in self.gone.values()) / self.total

    def __str__(self) -> str:
        return f"mean over the layers {self.mean:.3f}, share of all {self.total:,} parameters {self.sparsity:.3f}"


def average_board(state: AverageState) -> Picture:
    """Draw one position of the slider of averages: each layer's share, and the layers in their true size."""
    with placed(3.0, (0.07, 0.2, 0.38, 0.66), (0.53, 0.2, 0.41, 0.66)) as (picture, (left, right)):
        for place, (count, size) in enumerate(state.gone.values()):
            left.barh(-place, 1, 0.75, color=KEPT)
            left.barh(-place, count / size, 0.75, color=GONE, hatch=HATCH, edgecolor="white", lw=0)
        left.set(yticks=[-place for place in range(len(state.gone))], yticklabels=list(state.gone), xlim=(0, 1))
        left.set(xticks=[0, 0.5, 1], xlabel="share of the layer that is gone (hatched)")
        left.text(0, 1.04, f"every layer drawn equally long: mean {state.mean:.3f}", transform=left.transAxes)
        start = 0
        for count, size in state.gone.values():
            right.barh(0, size, 0.5, left=start, color=KEPT, edgecolor="white", lw=0.8)
            right.barh(0, count, 0.5, left=start, color=GONE, hatch=HATCH, edgecolor="white", lw=0)
            start += size
        largest = max(state.gone, key=lambda name: state.gone[name][1])
        right.set(yticks=[], ylim=(-0.5, 0.6), xlim=(0, state.total), xticks=[0, state.total])
        right.set_xticklabels(["0", f"{state.total:,}"])
        right.set_xlabel(f"parameters; the longest piece is the layer {largest!r}")
        right.text(0, 1.04, f"in their true size: {state.sparsity:.3f} gone", transform=right.transAxes)
        right.spines["left"].set_visible(False)
    shares = ", ".join(f"{name} {count:,} of {size:,}" for name, (count, size) in state.gone.items())
    picture.alt = f"Gone: {shares}; {state}."
    return picture


@dataclass(frozen=True)
class WeightState:
    """One position of the weight slider.

    share: of the weights, as asked. rule: in words, who decides. kept: layer -> (weights kept, size).
    maps: layer -> (rows, columns), the share kept in each block of its weights. sparsity: of all parameters.
    accuracy: on n images, nothing repaired. trail: (sparsity, accuracy) of the positions visited with this rule before, and
    curves: label -> (sparsity, accuracy), measured before.
    """

    share: float
    rule: str
    kept: Mapping[str, tuple[int, int]]
    maps: Mapping[str, np.ndarray]
    sparsity: float
    accuracy: float
    n: int
    chance: float
    trail: tuple[tuple[float, float], ...] = ()
    curves: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)

    def __str__(self) -> str:
        kept = sum(count for count, _ in self.kept.values())
        return (
            f"{self.share:.0%} of the weights gone, {self.rule}: {kept:,} weights kept, sparsity {self.sparsity:.3f}, "
            f"accuracy {self.accuracy:.3f} (n={self.n:,})"
        )


def weight_board(state: WeightState) -> Picture:
    """Draw one position of the weight slider: the accuracy, and the map of the weights that survive in each layer."""
    with placed(3.6, (0.06, 0.16, 0.28, 0.72), (0.42, 0.06, 0.42, 0.82)) as (picture, (left, right)):
        for number, rows in enumerate(state.curves.values()):
            left.plot(*zip(*rows, strict=True), lw=1.2, ms=3, alpha=0.6, **curve_look(number))
        if state.trail:
            points = np.asarray(sorted(state.trail))
            left.plot(points[:, 0], points[:, 1], ".-", color=FAINT, lw=1, ms=5)
        error = standard_error(state.accuracy, state.n)
        left.axhline(state.chance, color=GONE, lw=1, ls=(0, (4, 2)))
        left.text(0, state.chance + 0.015, "guessing", color=SAID, fontsize=9)
        left.errorbar(state.sparsity, state.accuracy, error, fmt="o", color=KEPT, ms=9, capsize=4)
        left.set(xlim=(-0.03, 1.03), ylim=(0, 1.02), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        left.set(xlabel="sparsity", ylabel="validation accuracy")
        left.text(0, 1.03, f"accuracy {state.accuracy:.3f} ± {error:.3f} (n={state.n:,})", transform=left.transAxes)
        _bands(right, state)
    counts = ", ".join(f"{name} {count:,} of {size:,}" for name, (count, size) in state.kept.items())
    picture.alt = f"{state}. Kept: {counts}."
    return picture


def _bands(axis: Axes, state: WeightState) -> None:
    """One image for all layers: one band each, with a line between them that stays empty."""
    height, width = next(iter(state.maps.values())).shape
    bands = np.full((len(state.maps) * (height + 2), width), np.nan)
    for place, values in enumerate(state.maps.values()):
        bands[place * (height + 2) : place * (height + 2) + height] = values
    axis.imshow(bands, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    middles = [place * (height + 2) + (height - 1) / 2 for place in range(len(state.maps))]
    axis.set(yticks=middles, yticklabels=list(state.maps), xticks=[])
    axis.tick_params(length=0)
    for middle, (count, size) in zip(middles, state.kept.values(), strict=True):
        axis.text(width + 0.5, middle, f"{whole_percent(count / size)} of {size:,}", va="center", fontsize=9)
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)
    axis.text(0, 1.03, "what survives of each layer (dark: many)", transform=axis.transAxes)
