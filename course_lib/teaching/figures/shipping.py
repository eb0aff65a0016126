"""Lesson 07: what a cut is worth in arithmetic, in time and in bytes, and what fits where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import Bbox
from torch import Tensor

from course_lib.measure import standard_error
from course_lib.pareto.looks import COLOURS, MARKERS
from course_lib.teaching.figures.picture import (
    DPI,
    FAINT,
    GONE,
    HATCH,
    INK,
    KEPT,
    PAPER,
    Picture,
    curve_look,
    placed,
    single,
    styled,
)
from course_lib.words import number_of

KIB = 1024  # bytes


@styled
def time_ratios(lags: Mapping[str, Mapping[str, float]], guess: str | None = None, title: str = "") -> Picture:
    """Draw label -> layer -> (what is left of its time) / (what is left of its MACs), as bars over a line at 1.

    The largest ratio of the first label has a ring, the layer that was guessed a star.
    """
    first, layers = next(iter(lags)), list(next(iter(lags.values())))
    largest = max(layers, key=lambda name: lags[first][name])
    picture, axis = single(0.62 * len(layers) + 1.7)
    height = 0.8 / len(lags)
    for number, (label, of_layers) in enumerate(lags.items()):
        places = np.arange(len(layers)) + height * (number - (len(lags) - 1) / 2)
        look: dict[str, Any] = {"color": COLOURS[number], "hatch": ("", HATCH)[number % 2], "ec": "white"}
        axis.barh(places, [of_layers[name] for name in layers], 0.9 * height, label=label, **look)
        for place, name in zip(places, layers, strict=True):
            axis.annotate(
                f"{of_layers[name]:.1f}", (of_layers[name], place), (16, 0), textcoords="offset points", va="center"
            )
            axis.texts[-1].set(fontsize=9, ha="center")
            if number == 0 and name == largest:
                ring = {"boxstyle": "circle,pad=0.35", "fc": "white", "ec": INK, "lw": 1.8}
                axis.texts[-1].set_bbox(ring)
            if number == 0 and name == guess:
                axis.plot(
                    0, place, "*", color=COLOURS[3], ms=17, mec=INK, ls="", label="your guess", clip_on=False, zorder=5
                )
    axis.axvline(1, color=INK, lw=1.5, ls=(0, (4, 2)), label="1: time follows MACs")
    axis.set(yticks=range(len(layers)), yticklabels=layers, xlabel="share of the time that is left / share of the MACs")
    axis.set_xlim(0, 1.12 * max(1.0, *(ratio for of_layers in lags.values() for ratio in of_layers.values())))
    axis.invert_yaxis()
    axis.set_title(title, loc="left")
    picture.legend(loc="outside lower center", ncols=4, frameon=False)
    told = (f"{label}: " + ", ".join(f"{name} {of[name]:.1f}" for name in layers) for label, of in lags.items())
    picture.alt = f"Time left over MACs left. {'; '.join(told)}. Largest, {first}: {largest}."
    return picture


@styled
def constant_units(biases: Tensor, said: Tensor) -> Picture:
    """Draw what pruned filters say after their ReLU, (n,), over the biases that they were left with, (n,)."""
    picture, axis = single(3.6)
    biases, said = biases.detach().cpu(), said.detach().cpu()
    ends = np.array([min(float(biases.min()), 0.0), 0.0, max(float(biases.max()), 0.0)])
    axis.plot(ends, ends.clip(0), color=FAINT, lw=2, label="ReLU(bias)", zorder=0)
    speaks = said > 0
    for mine, marker, colour, label in ((speaks, "o", KEPT, "says a constant"), (~speaks, "X", GONE, "silent")):
        axis.plot(biases[mine], said[mine], marker, color=colour, ms=7, label=f"{label}: {int(mine.sum())}", ls="")
    axis.set(xlabel="bias of a filter whose weights are all gone", ylabel="mean output after ReLU")
    axis.set_title(f"{int(speaks.sum())} of {number_of(len(said), 'pruned filter')} still speak", loc="left")
    axis.grid(color="#E5E5E5", lw=0.6)
    axis.legend(frameon=False, loc="upper left")
    picture.alt = (
        f"Output of {number_of(len(said), 'pruned filter')} over their biases: all lie on ReLU(bias) or near it, at most "
        f"{float((said - biases.clamp(min=0)).abs().max()):.1g} away; not silent: {int(speaks.sum())}."
    )
    return picture


@dataclass(frozen=True)
class ShareState:
    """A share of all filters and neurons that is cut out, and what was measured at some shares.

    measured: label -> (share cut, share left of the dense network's). guess: the student's, where half of the MACs go.
    """

    share: float
    measured: Mapping[str, Sequence[tuple[float, float]]]
    guess: float | None = None

    @property
    def left(self) -> float:
        """The share of the MACs that is left between two layers which both lose that share."""
        return (1 - self.share) ** 2

    def at(self, label: str) -> float:
        """Return what is left at the share, on the straight line between two measurements."""
        return float(np.interp(self.share, *np.asarray(sorted(self.measured[label]), dtype=float).T))

    def __str__(self) -> str:
        others = "; ".join(f"{label} {self.at(label):.2f}" for label in self.measured)
        told = f"{self.share:.0%} of the units cut: (1 - p)² is {self.left:.2f}"
        return f"{told}; left are {others}" if others else told


def share_board(state: ShareState) -> Picture:
    """Draw what two neighbours keep as an area, and what is left over the share that is cut."""
    with placed(3.7, (0.03, 0.14, 0.27, 0.76), (0.37, 0.15, 0.37, 0.77)) as (picture, (left, right)):
        kept = 1 - state.share
        left.add_patch(Rectangle((0, 0), 1, 1, facecolor=GONE, edgecolor="white", hatch=HATCH, lw=0))
        left.add_patch(Rectangle((0, 1 - kept), kept, kept, facecolor=KEPT, edgecolor="white", lw=1.5))
        left.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", xticks=[], yticks=[])
        left.set_xlabel(f"inputs: {kept:.2f} kept")
        left.set_ylabel(f"filters: {kept:.2f} kept")
        left.set_title(f"kept (solid): {kept:.2f} x {kept:.2f} = {state.left:.2f}")
        shares = np.linspace(0, 0.95, 96)
        right.plot(shares, (1 - shares) ** 2, color=INK, lw=2, label="(1 - p)², two neighbours")
        for number, (label, rows) in enumerate(state.measured.items()):
            right.plot(*zip(*rows, strict=True), lw=1.6, ms=6, label=label, **curve_look(number))
        if isinstance(state.guess, (int, float)):
            half = 1 - 0.5**0.5
            right.plot([0, half, half], [0.5, 0.5, 0], color=INK, lw=1, ls=(0, (2, 2)), label=f"half at p = {half:.2f}")
            right.plot(
                state.guess,
                0.5,
                "*",
                color=COLOURS[3],
                ms=15,
                markeredgecolor=INK,
                ls="",
                label=f"your guess ({state.guess:g})",
            )
        right.axvline(state.share, color=FAINT, lw=1.5, zorder=0)
        right.set(
            xlabel="p: share of filters and neurons that is cut out",
            ylabel="share that is left",
            xlim=(-0.02, 0.97),
            ylim=(0, 1.1),
        )
        right.grid(color="#E5E5E5", lw=0.6)
        right.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    measured = "; ".join(
        f"{label}: " + ", ".join(f"{y:.2f} at {x:.2f}" for x, y in rows) for label, rows in state.measured.items()
    )
    picture.alt = f"{state}." + (f" Measured, {measured}." if measured else "")
    return picture


@dataclass(frozen=True)
class Way:
    """One way to ship a network: how it is stored, its bytes, accuracy on so many images, and batch size -> ms of a pass."""

    how: str
    bytes: int
    accuracy: float
    ms: Mapping[int, float] = field(default_factory=dict)
    images: int = 0

    @property
    def error(self) -> float:
        """One standard error of the accuracy, 0 where it is not known on how many images."""
        return standard_error(self.accuracy, self.images) if self.images else 0.0


@dataclass(frozen=True)
class ShipState:
    """Ways to ship, a limit of bytes, and the batch size whose times are shown; None: no times."""

    ways: Sequence[Way]
    limit: float = 256 * KIB
    batch: int | None = None

    def fits(self, way: Way) -> bool:
        """Whether a file is within the limit."""
        return way.bytes <= self.limit

    def told(self, way: Way) -> str:
        """Return accuracy, bytes and time of a way in words."""
        words = f"{way.bytes / KIB:,.0f} KB, accuracy {way.accuracy:.3f}"
        ms = way.ms.get(self.batch) if self.batch else None
        return words if ms is None else f"{words}, {ms:.2f} ms"

    def __str__(self) -> str:
        within = [way.how for way in self.ways if self.fits(way)]
        return f"within {self.limit / KIB:,.0f} KB: {'; '.join(within) or 'none'}"


def ship_board(state: ShipState) -> Picture:
    """Draw accuracy over the bytes of each way, on a logarithmic axis: solid within the limit, hollow beyond it.

    A way is called "network, how": each network has a marker, and files of one network that lie together have one label.
    """
    with placed(4.6, (0.08, 0.12, 0.89, 0.79)) as (picture, (axis,)):
        sizes = [state.limit / KIB, *(way.bytes / KIB for way in state.ways)]
        accuracies = [way.accuracy + side * way.error for way in state.ways for side in (-1, 1)]
        room = 0.25 * (max(accuracies) - min(accuracies)) + 0.01
        axis.set(xscale="log", xlim=(min(sizes) / 1.8, max(sizes) * 1.5))
        axis.set(ylim=(min(accuracies) - room, max(accuracies) + room))
        axis.axvline(state.limit / KIB, color=INK, lw=2, ls=(0, (3, 2)))
        networks = list(dict.fromkeys(way.how.partition(", ")[0] for way in state.ways))
        for way in state.ways:
            marker = MARKERS[networks.index(way.how.partition(", ")[0]) % len(MARKERS)]
            look: dict[str, Any] = {"color": KEPT, "mfc": KEPT} if state.fits(way) else {"color": GONE, "mfc": "white"}
            error: dict[str, Any] = {"yerr": way.error, "capsize": 3, "elinewidth": 1.2} if way.error else {}
            axis.errorbar(way.bytes / KIB, way.accuracy, fmt=marker, ms=9, mew=2, **look, **error)
        taken = [_box(axis, way, 0, 0, 12, max(12, _bar(axis, way))) for way in state.ways]
        for together in _spots(state.ways):
            _label(axis, state, together, taken)
        axis.set(xlabel="KB of the file (1,024 bytes, logarithmic)", ylabel="validation accuracy")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        times = f"; times: {state.batch} image{'s' * (state.batch > 1)} at once" if state.batch else ""
        bars = "; bars: one standard error" if any(way.error for way in state.ways) else ""
        axis.set_title(f"limit {state.limit / KIB:,.0f} KB (dashed); solid: within it, hollow: beyond{bars}{times}")
        axis.grid(color="#E5E5E5", lw=0.6)
        axis.set_axisbelow(True)
    ways = "; ".join(f"{way.how}: {state.told(way)}{'' if state.fits(way) else ' (beyond the limit)'}" for way in state.ways)
    picture.alt = f"Ways to ship, {state}. {ways}."
    return picture


def _spots(ways: Sequence[Way]) -> list[list[Way]]:
    """Return the ways, those of one network together that have nearly the same bytes and the same accuracy."""
    spots: list[list[Way]] = []
    for way in ways:
        for spot in spots:
            first = spot[0]
            same = first.how.partition(", ")[0] == way.how.partition(", ")[0] and abs(first.accuracy - way.accuracy) < 1e-3
            if same and abs(first.bytes - way.bytes) < 0.1 * first.bytes:
                spot.append(way)
                break
        else:
            spots.append([way])
    return spots


def _label(axis: Axes, state: ShipState, spot: Sequence[Way], taken: list[Bbox]) -> None:
    """Write what a point is where nothing else is: above it, below it, or further away. taken: boxes in pixels, added to."""
    network = spot[0].how.partition(", ")[0]
    lines = [way.how.removeprefix(f"{network}, ") for way in spot]
    measured = [way.ms.get(state.batch) if state.batch else None for way in spot]
    times = ["" if ms is None else f" ({ms:.2f} ms)" for ms in measured]
    lines = [line + time for line, time in zip(lines, times, strict=True)]
    words = "\n".join([network, *lines])
    width, height = 5.7 * max(map(len, words.split("\n"))), 11.5 * (1 + len(lines))
    left, right, limit = axis.bbox.x0, axis.bbox.x1, axis.transData.transform((state.limit / KIB, spot[0].accuracy))[0]
    near = max(12.0, 4 + _bar(axis, spot[0]) / 2) + height / 2
    for away in range(0, 90, 6):
        for side in (1, -1):
            up = side * (near + away)
            box = _box(axis, spot[0], 0, up, width, height)
            aside = max(left - box.x0, 0) + min(right - box.x1, 0)
            aside += _clear(_box(axis, spot[0], aside, up, width, height), limit)
            box = _box(axis, spot[0], aside, up, width, height)
            if not any(map(box.overlaps, taken)):
                taken.append(box)
                points = (aside * 72 / DPI, up * 72 / DPI)  # a sharp picture has more pixels, not more points
                arrow = {"arrowstyle": "-", "color": FAINT, "shrinkB": 5} if away > 6 else None
                at = (spot[0].bytes / KIB, spot[0].accuracy)
                text = axis.annotate(words, at, points, textcoords="offset points", arrowprops=arrow, bbox=PAPER)
                text.set(ha="center", va="center", fontsize=8.5)
                return


def _box(axis: Axes, way: Way, aside: float, up: float, width: float, height: float) -> Bbox:
    """Return the box, in pixels, whose middle is that far from a way's point."""
    x, y = axis.transData.transform((way.bytes / KIB, way.accuracy))
    return Bbox.from_bounds(x + aside - width / 2, y + up - height / 2, width, height)


def _bar(axis: Axes, way: Way) -> float:
    """Return how high a way's error bar is, in pixels."""
    low, high = (axis.transData.transform((1, way.accuracy + side * way.error))[1] for side in (-1, 1))
    return high - low


def _clear(box: Bbox, line: float) -> float:
    """Return how far to the side a box has to go so that it does not lie on a vertical line; 0, if it does not."""
    return min(line - 5 - box.x1, line + 5 - box.x0, key=abs) if box.x0 < line < box.x1 else 0.0
