"""Lesson 01: a budget of parameters or arithmetic, spread over the layers; what was predicted, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from course_lib.measure import standard_error
from course_lib.pareto.looks import COLOURS
from course_lib.teaching.figures.picture import FAINT, GONE, HATCH, INK, KEPT, PAPER, Picture, placed, single, styled
from course_lib.words import number_of


@dataclass(frozen=True)
class BudgetState:
    """One position of the budget board.

    sparsities: layer -> share of its weights gone. kept, sizes: layer -> how much of the budget's unit is kept, of how much.
    unit: "parameters" or "MACs". total: of the network. budget: the share of it that may be kept.
    predicted: from the layers' own curves; accuracy: measured on n images; dense: the dense model's on the same.
    """

    sparsities: Mapping[str, float]
    kept: Mapping[str, int]
    sizes: Mapping[str, int]
    unit: str
    total: int
    budget: float
    sparsity: float
    predicted: float
    accuracy: float
    dense: float
    n: int

    @property
    def spent(self) -> float:
        """The share of the network's parameters or MACs that is kept."""
        return (self.total - sum(self.sizes.values()) + sum(self.kept.values())) / self.total

    @property
    def within(self) -> bool:
        """Whether no more is kept than the budget allows."""
        return self.spent <= self.budget + 1e-9

    def __str__(self) -> str:
        verdict = "within" if self.within else "OVER"
        return (
            f"{self.unit} kept {self.spent:.3f}, {verdict} the budget of {self.budget:.2f}; sparsity {self.sparsity:.3f}; "
            f"accuracy predicted {self.predicted:.3f}, measured {self.accuracy:.3f} (n={self.n})"
        )


def budget_board(state: BudgetState) -> Picture:
    """Draw one position of the budget board: what each layer keeps, what that costs, and what it does to the accuracy."""
    places = ((0.06, 0.16, 0.3, 0.7), (0.45, 0.16, 0.24, 0.7), (0.77, 0.16, 0.2, 0.7))
    with placed(3.3, *places) as (picture, (left, middle, right)):
        _layers(left, state)
        _spending(middle, state)
        _accuracies(right, state)
    gone = ", ".join(f"{layer} {share:.2f}" for layer, share in state.sparsities.items())
    picture.alt = f"{state}. Gone: {gone}. Dense accuracy {state.dense:.3f}."
    return picture


def _layers(axis: Axes, state: BudgetState) -> None:
    places = np.arange(len(state.sparsities))
    gone = np.asarray(list(state.sparsities.values()))
    axis.barh(places, 1 - gone, 0.7, color=KEPT)
    axis.barh(places, gone, 0.7, left=1 - gone, facecolor="#F6D5C3", edgecolor="white", hatch=HATCH)
    for place, share in enumerate(state.sparsities.values()):
        axis.text(0.98, place, f"{share:.2f} gone", ha="right", va="center", fontsize=9, color=INK)
    axis.set(yticks=places, yticklabels=list(state.sparsities), xlim=(0, 1), xticks=[0, 0.5, 1])
    axis.set(xlabel="share of the layer's weights (gone: hatched)", ylim=(len(places) - 0.5, -0.5))
    axis.text(0, 1.03, "what each layer keeps", transform=axis.transAxes)


def _spending(axis: Axes, state: BudgetState) -> None:
    places = np.arange(len(state.kept))
    shares = [state.kept[layer] / state.total for layer in state.kept]
    axis.barh(places, shares, 0.7, color=KEPT)
    axis.barh(len(places), state.spent, 0.7, color=INK if state.within else GONE, hatch="" if state.within else HATCH)
    axis.axvline(state.budget, color=INK, lw=2, ls=(0, (3, 2)))
    axis.set(yticks=[*places, len(places)], yticklabels=[*state.kept, "in all"], ylim=(len(places) + 0.5, -0.5))
    axis.set(xlim=(0, max(1.25 * state.spent, 1.25 * state.budget)), xlabel=f"kept, as a share of all {state.unit}")
    verdict = "within" if state.within else "OVER"
    axis.text(0, 1.03, f"{state.spent:.3f} kept: {verdict} the budget ({state.budget:.2f})", transform=axis.transAxes)


def _accuracies(axis: Axes, state: BudgetState) -> None:
    error = standard_error(state.accuracy, state.n)
    axis.bar([0], [state.predicted], 0.6, facecolor="white", edgecolor=KEPT, hatch="//", lw=1.5)
    axis.bar([1], [state.accuracy], 0.6, color=KEPT)
    axis.errorbar([1], [state.accuracy], error, fmt="none", color=INK, capsize=4)
    for place, value in enumerate((state.predicted, state.accuracy)):
        axis.text(place, 0.03, f"{value:.3f}", ha="center", color=INK, backgroundcolor="#FFFFFFCC", fontsize=9)
    axis.axhline(state.dense, color=FAINT, lw=1.5, ls=(0, (2, 2)), zorder=0)
    axis.set(xticks=[0, 1], xticklabels=["predicted", f"measured\n(n={state.n})"], ylim=(0, 1.02), yticks=[0, 0.5, 1])
    axis.text(0, 1.03, f"accuracy (dense: {state.dense:.3f})", transform=axis.transAxes)


@styled
def predicted_measured(points: Sequence[tuple[float, float]], n: int, title: str = "") -> Picture:
    """Draw (predicted, measured) accuracies, on n images each, and the line on which both are equal."""
    table = np.asarray(points, dtype=float)
    picture, axis = single(4.4)
    axis.plot([0, 1], [0, 1], color=INK, lw=1, ls=(0, (2, 2)), label="prediction = measurement")
    errors = [standard_error(accuracy, n) for accuracy in table[:, 1]]
    axis.errorbar(
        table[:, 0], table[:, 1], errors, fmt="o", color=COLOURS[0], ms=5, lw=1, label=f"± one standard error (n={n})"
    )
    axis.set(
        xlabel="accuracy predicted: losses of the layers added up", ylabel="accuracy measured", xlim=(0, 1), ylim=(0, 1)
    )
    axis.set_title(title, loc="left")
    axis.grid(color="#E5E5E5", lw=0.6)
    axis.legend(frameon=False, loc="upper left")
    too_high = int((table[:, 0] > table[:, 1]).sum())
    rms = float(np.sqrt(((table[:, 0] - table[:, 1]) ** 2).mean()))
    picture.alt = (
        f"{number_of(len(table), 'mixture')}: predicted above measured in {too_high}; "
        f"typical error {rms:.3f} (root mean square)."
    )
    return picture


@styled
def before_after(rows: Mapping[str, tuple[float, float]], dense: float, n: int, names: tuple[str, str]) -> Picture:
    """Draw label -> two accuracies on n images, the second reached from the first; names: what the two are."""
    picture, axis = single(0.55 * len(rows) + 1.5)
    for place, (first, second) in enumerate(rows.values()):
        axis.annotate("", (second, place), (first, place), arrowprops={"arrowstyle": "->", "color": FAINT, "lw": 2})
        axis.plot(first, place, "s", color=GONE, ms=9, label=names[0] if not place else None)
        axis.plot(second, place, "o", color=KEPT, ms=9, label=names[1] if not place else None)
        for value, above in ((first, 0.36), (second, -0.34)):
            axis.text(value, place + above, f"{value:.3f}", ha="center", va="center", fontsize=9, bbox=PAPER)
    axis.axvline(dense, color=INK, lw=1, ls=(0, (2, 2)), label=f"dense ({dense:.3f})", zorder=0)
    axis.set(yticks=range(len(rows)), yticklabels=list(rows), ylim=(len(rows) - 0.4, -0.6), xlim=(0, 1))
    axis.set(xlabel=f"validation accuracy ({n:,} images, ± {standard_error(dense, n):.3f})")
    picture.legend(loc="outside upper center", ncols=3, frameon=False)
    pairs = "; ".join(f"{label}: {first:.3f}, then {second:.3f}" for label, (first, second) in rows.items())
    picture.alt = f"Accuracy {names[0]}, then {names[1]}. {pairs}. Dense: {dense:.3f}."
    return picture
