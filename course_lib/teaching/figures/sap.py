"""SAP: the bound and the truth, amounts under several rules, the rounds, and where the index goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from course_lib.pareto.looks import COLOURS, DASHES
from course_lib.teaching.figures.picture import (
    FAINT,
    GONE,
    HATCH,
    INK,
    KEPT,
    ON_HATCH,
    Picture,
    canvas,
    curve_look,
    placed,
    single,
    styled,
)
from course_lib.words import number_of, whole_percent

HATCHES = ("", "//", "..", "xx")


@styled
def amount_bars(
    amounts: Mapping[str, Mapping[str, tuple[int, int]]],
    title: str = "",
    what: str = "weights",
    guess: tuple[str, float] | None = None,
    guessed: str | None = None,
) -> Picture:
    """Draw which share of each group goes under several rules: rule -> group -> (gone, how many there were).

    guess: (group, the student's predicted share). guessed: the rule that it is about; None: all of them.
    """
    groups = list(next(iter(amounts.values())))
    picture, axis = single(3.4)
    place, width = np.arange(len(groups)), 0.84 / len(amounts)
    for number, (rule, counts) in enumerate(amounts.items()):
        shares = [counts[group][0] / counts[group][1] for group in groups]
        bars = axis.bar(place + (number - (len(amounts) - 1) / 2) * width, shares, 0.92 * width, label=rule,
                        color=COLOURS[number], hatch=HATCHES[number % 4])  # fmt: skip
        axis.bar_label(bars, [whole_percent(share) for share in shares], fontsize=8, padding=1)
    if guess is not None and isinstance(guess[1], (int, float)):
        x, half = float(groups.index(guess[0])), 0.46
        if guessed is not None:
            x, half = x + (list(amounts).index(guessed) - (len(amounts) - 1) / 2) * width, 0.5 * width
        axis.plot([x - half, x + half], [guess[1]] * 2, color=INK, lw=3, label=f"your guess ({guess[1]:.0%})")
    axis.set(xticks=place, xticklabels=groups, ylabel=f"share of {what} gone", title=title)
    axis.set_ylim(0, min(1.1, 1.18 * axis.get_ylim()[1]))
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    picture.legend(loc="outside lower center", ncols=min(4, len(amounts) + 1), frameon=False)
    shares_by_rule = "; ".join(
        f"{rule}: " + ", ".join(f"{group} {gone} of {n} ({gone / n:.3f})" for group, (gone, n) in counts.items())
        for rule, counts in amounts.items()
    )
    picture.alt = f"Shares of the {what} that go. {shares_by_rule}."
    return picture


@styled
def index_path(curves: Mapping[str, Sequence[tuple[float, float, float]]], dense: float | None = None) -> Picture:
    """Draw label -> (share of parameters kept, index of the survivors, accuracy) of every round, over the kept share."""
    picture, axes = canvas(5.4, 2, 1, sharex=True)
    parts = []
    for number, (label, rows) in enumerate(curves.items()):
        kept, index, accuracy = np.asarray(rows, dtype=float).T
        look = curve_look(number) | {"ms": 5, "lw": 1.7}
        axes[0, 0].plot(kept, index, label=label, **look)
        axes[1, 0].plot(kept, accuracy, **look)
        parts.append(f"{label}: " + ", ".join(f"{k:.4f} kept, index {i:.3f}, accuracy {a:.3f}" for k, i, a in rows))
    if dense is not None:
        axes[1, 0].axhline(dense, color=INK, lw=1, ls=(0, (2, 2)), label=f"dense model ({dense:.3f})")
        axes[1, 0].legend(frameon=False)
    axes[0, 0].set(ylabel="index of the survivors")
    axes[1, 0].set(ylabel="validation accuracy", xlabel="share of all parameters kept (log scale, pruning goes right)")
    axes[1, 0].set(xscale="log", ylim=(0, 1.0))
    axes[1, 0].invert_xaxis()
    least = min(row[0] for rows in curves.values() for row in rows)
    ticks = [tick for tick in (1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001) if tick >= 0.9 * least]
    axes[1, 0].set_xticks(ticks, [f"{tick:.1%}" for tick in ticks])
    axes[1, 0].set_xticks([], minor=True)
    for axis in axes[:, 0]:
        axis.grid(color="#E5E5E5", lw=0.6)
    axes[0, 0].legend(frameon=False)
    picture.alt = "Index of the survivors and accuracy, round by round. " + "; ".join(parts) + "."
    return picture


@dataclass(frozen=True)
class BoundState:
    """How many weights have to stay if at most eta may be lost, by the bound and in truth, as shares of the layer.

    eta: the sum of |w|^p of what goes, over that of what stays. truth: the fewest that lose no more. lost: the eta
    that is lost if as many stay as SAP keeps. curve: (eta, bound, truth).
    """

    name: str
    p: float
    q: float
    eta: float
    index: float
    bound: float
    truth: float
    lost: float
    curve: Sequence[tuple[float, float, float]]

    def __str__(self) -> str:
        return (
            f"{self.name}, p = {self.p:g}, q = {self.q:g}: index {self.index:.3f}. To lose at most eta = {self.eta:g}, keep "
            f"{self.bound:.3f} or more says the bound; {self.truth:.3f} in truth. SAP keeps what the bound says, and loses "
            f"{self.lost:.3f}"
        )


def bound_board(state: BoundState) -> Picture:
    """Draw bound and truth over eta."""
    with placed(3.4, (0.09, 0.16, 0.88, 0.72)) as (picture, (axis,)):
        eta, bound, truth = np.asarray(state.curve).T
        axis.fill_between(eta, bound, truth, color=FAINT, alpha=0.4, lw=0)
        axis.plot(eta, truth, color=COLOURS[0], ls=DASHES[0], label="needed in truth")
        axis.plot(eta, bound, color=COLOURS[1], ls=DASHES[1], label="the bound r / d")
        axis.plot(state.eta, state.truth, "o", color=COLOURS[0], ms=8)
        axis.plot(state.eta, state.bound, "s", color=COLOURS[1], ms=8)
        axis.set(
            xlabel="eta: what may be lost (sum of |w|^p, gone over kept)", ylabel="share of the weights", ylim=(0, 1.03)
        )
        axis.text(
            0,
            1.03,
            f"{state.name}: SAP keeps {state.bound:.2f}; gone over kept is then {state.lost:.2f}",
            transform=axis.transAxes,
        )
        axis.legend(frameon=False)
    picture.alt = f"{state}."
    return picture


@dataclass(frozen=True)
class LayerRound:
    """One layer in one round: its size, the weights before the round, their index, the bound r and how many go."""

    size: int
    survivors: int
    index: float
    bound: float
    amount: int


@dataclass(frozen=True)
class ExplorerState:
    """One position of the SAP explorer: history[round][layer]; shown: the round drawn large, from 1."""

    p: float
    q: float
    eta: float
    gamma: float
    beta: float
    scope: str
    history: Sequence[Mapping[str, LayerRound]]
    shown: int

    @property
    def totals(self) -> list[float]:
        """Share of all weights that is gone after each round."""
        size = sum(layer.size for layer in self.history[0].values())
        return [1 - sum(layer.survivors - layer.amount for layer in layers.values()) / size for layers in self.history]

    def __str__(self) -> str:
        layers = self.history[self.shown - 1]
        facts = "; ".join(
            f"{name} index {layer.index:.3f}, bound {layer.bound:,.0f} of {layer.survivors:,}, {layer.amount:,} go"
            for name, layer in layers.items()
        )
        gone = sum(layer.amount for layer in layers.values())
        left = sum(layer.survivors for layer in layers.values())
        return (
            f"round {self.shown}, scope {self.scope}: {facts}; in total {gone:,} of {left:,} go; "
            f"{self.totals[-1]:.3f} gone after {number_of(len(self.history), 'round')}"
        )


def explorer_board(state: ExplorerState) -> Picture:
    """Draw one position of the SAP explorer: the round, the index over the rounds, and what is gone."""
    places = ((0.07, 0.17, 0.3, 0.68), (0.44, 0.17, 0.23, 0.68), (0.74, 0.17, 0.25, 0.68))
    with placed(3.5, *places) as (picture, (left, middle, right)):
        _round(left, state)
        rounds = np.arange(1, len(state.history) + 1)
        for number, name in enumerate(state.history[0]):
            look = curve_look(number) | {"ms": 4}
            path = [layers[name] for layers in state.history]
            middle.plot(rounds, [layer.index for layer in path], label=name, **look)
            right.plot(rounds, [1 - (layer.survivors - layer.amount) / layer.size for layer in path], label=name, **look)
        right.plot(rounds, state.totals, color=INK, lw=2.5, label="all")
        middle.axvline(state.shown, color=FAINT, lw=4, zorder=0)
        right.axvline(state.shown, color=FAINT, lw=4, zorder=0)
        middle.set(xlabel="round", ylim=(0, None))
        right.set(xlabel="round", ylim=(0, 1.02))
        for axis in (middle, right):
            axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        middle.text(0, 1.03, "index before the round", transform=middle.transAxes)
        right.text(0, 1.03, f"gone: {state.totals[-1]:.2f} in the end", transform=right.transAxes)
        right.legend(frameon=False, fontsize=8, loc="lower right")
    picture.alt = f"{state}."
    return picture


def _round(axis: Axes, state: ExplorerState) -> None:
    """Bars of each layer: kept, going now, gone before; a line at the bound."""
    layers = state.history[state.shown - 1]
    for row, layer in enumerate(layers.values()):
        size, before, stay = layer.size, layer.survivors / layer.size, layer.survivors - layer.amount
        axis.barh(-row, stay / size, 0.7, color=KEPT)
        axis.barh(-row, layer.amount / size, 0.7, left=stay / size, color=GONE, hatch=HATCH, edgecolor="white", lw=0)
        axis.barh(-row, 1 - before, 0.7, left=before, color="#EEEEEE")
        axis.plot([layer.bound / size] * 2, [-row - 0.45, -row + 0.45], color=INK, lw=2)
        look = {"color": "white"} if stay / size > 0.25 else ON_HATCH
        axis.text(0.02, -row, f"{stay:,}", va="center", fontsize=9, **look)
    axis.set(yticks=[-row for row in range(len(layers))], yticklabels=list(layers), xlim=(0, 1))
    axis.set(xlabel="share of the layer")
    axis.text(0, 1.03, f"round {state.shown}: stays, goes (hatched), gone; | bound", transform=axis.transAxes)


@dataclass(frozen=True)
class RoundsState:
    """One position of the round slider: label -> (magnitudes of one layer's survivors, their index, accuracy)."""

    round: int
    layer: str
    paths: Mapping[str, tuple[np.ndarray, float, float]]

    def __str__(self) -> str:
        paths = "; ".join(
            f"{label}: {number_of(len(magnitudes), 'survivor')}, index {index:.3f}, accuracy {accuracy:.3f}"
            for label, (magnitudes, index, accuracy) in self.paths.items()
        )
        return f"{self.layer} after the training of round {self.round}: {paths}"


def rounds_board(state: RoundsState) -> Picture:
    """Draw the survivors' magnitudes, in units of their mean, side by side: a hump if they are alike, else a long tail."""
    columns, edges = len(state.paths), np.linspace(0, 4, 41)
    width = 0.92 / columns
    places = [(0.08 + number * width, 0.17, width - 0.03, 0.66) for number in range(columns)]
    highest = 0.01
    with placed(3.1, *places) as (picture, axes):
        for number, (axis, (label, (magnitudes, index, _))) in enumerate(zip(axes, state.paths.items(), strict=True)):
            relative = magnitudes / max(float(magnitudes.mean()), 1e-12) if len(magnitudes) else magnitudes
            shares = np.histogram(np.minimum(relative, 4), edges)[0] / max(1, len(relative))
            highest = max(highest, float(shares.max()))
            axis.stairs(shares, edges, fill=True, color=COLOURS[number], hatch=HATCHES[number])
            axis.axvline(1, color=INK, lw=1, ls=(0, (3, 2)))
            axis.set(xlabel="|w| / mean (4: or more)", xlim=(0, 4))
            axis.text(0, 1.03, f"{label}\n{len(magnitudes):,} left, index {index:.3f}", transform=axis.transAxes, fontsize=9)
        for axis in axes:  # one scale, so that the panels can be compared
            axis.set_ylim(0, 1.05 * highest)
            axis.tick_params(labelleft=axis is axes[0])
        axes[0].set_ylabel("share of the survivors")
    picture.alt = f"{state}."
    return picture
