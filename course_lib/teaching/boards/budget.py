"""The board of lesson 01: each layer is pruned by its own share, and all of them have one budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from course_lib import measure
from course_lib.axes import amounts, selection
from course_lib.data import Bench
from course_lib.pruning import Masks
from course_lib.teaching.boards.trial import Trial
from course_lib.teaching.figures.budget import BudgetState

LEVELS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
Curve = Sequence[tuple[float, float]]  # (sparsity, accuracy), rising sparsities
Curves = Mapping[str, Curve]


@dataclass
class BudgetBoard:
    """A network whose layers have been pruned once each, alone, so that the effect of any mixture can be predicted.

    weights: layer -> its magnitudes, flat, on the model's device. macs: layer -> multiply-accumulates of one image.
    curves: layer -> (sparsity of this layer alone, accuracy), rising, from (0, dense).
    """

    trial: Trial
    weights: dict[str, Tensor]
    macs: dict[str, int]
    curves: dict[str, list[tuple[float, float]]]

    @classmethod
    def of(cls, model: nn.Module, bench: Bench, curves: Curves | None = None) -> BudgetBoard:
        """Take the layers with a weight of two or more axes, and scan each of them alone.

        curves: layer -> (sparsity, accuracy), if they are known already: on the same images, or predictions will be off.
        """
        macs = measure.layer_macs(model, bench.example)
        weights = {name: model.get_parameter(f"{name}.weight").detach().abs().flatten() for name in macs}
        board = cls(Trial.of(model, bench), weights, macs, {})
        dense = board.accuracy({})
        if curves is None:
            curves = {name: [(level, board.accuracy({name: level})) for level in LEVELS] for name in macs}
        board.curves = {name: [(0.0, dense), *(row for row in sorted(rows) if row[0] > 0)] for name, rows in curves.items()}
        return board

    @property
    def dense(self) -> float:
        """The dense model's accuracy on the fixed images."""
        return next(iter(self.curves.values()))[0][1]

    def masks(self, sparsities: Mapping[str, float]) -> Masks:
        """Return the masks in which each layer has lost that share of its smallest weights; layers not named lose none."""
        kept, model = {}, self.trial.model
        for name, share in sparsities.items():
            magnitudes = self.weights[name]
            gone = selection.lowest(magnitudes, amounts.share(share, magnitudes.numel()))
            kept[f"{name}.weight"] = ~gone.view(model.get_parameter(f"{name}.weight").shape)
        return Masks(kept, measure.parameters(model))

    def accuracy(self, sparsities: Mapping[str, float]) -> float:
        """Return the accuracy on the fixed images with these layers pruned, nothing trained."""
        accuracy, _ = self.trial.accuracy(self.masks(sparsities))
        return accuracy

    def predicted(self, sparsities: Mapping[str, float]) -> float:
        """Return the accuracy if the layers' losses add up: the dense one minus what each has lost alone, at least 0."""
        losses = (self.dense - float(_read(self.curves[name], share)) for name, share in sparsities.items())
        return max(0.0, self.dense - sum(losses))

    def at(self, sparsities: Mapping[str, float], unit: str = "parameters", budget: float = 0.1) -> BudgetState:
        """Return the state at layer -> share of its weights gone, with a `budget` (a share) of "parameters" or "MACs"."""
        masks = self.masks(sparsities)
        accuracy, n = self.trial.accuracy(masks)
        sizes = {name: self.weights[name].numel() if unit == "parameters" else self.macs[name] for name in self.weights}
        kept = {name: round(sizes[name] * float(masks[f"{name}.weight"].double().mean())) for name in sizes}
        total = masks.total if unit == "parameters" else sum(self.macs.values())
        return BudgetState(
            dict(sparsities), kept, sizes, unit, total, budget, masks.sparsity, self.predicted(sparsities),
            accuracy, self.dense, n,
        )  # fmt: skip


def spread(curves: Curves, sizes: Mapping[str, int], sparsity: float) -> dict[str, float]:
    """Return layer -> share gone, so that at least `sparsity` of all goes and the layers' losses add up to little.

    Every layer goes as far as its own curve says that the next piece costs less accuracy than `price` for each unit of
    size; the price is the lowest at which enough goes, and of the pieces that this price adds only a part goes, just enough.
    No layer goes beyond its curve.

    Args:
        curves: layer -> (sparsity of this layer alone, accuracy), rising sparsities from 0.
        sizes: layer -> its weights, or the multiply-accumulates they take part in.
    """
    grid = {name: np.linspace(0, rows[-1][0], 99) for name, rows in curves.items()}
    losses = {name: rows[0][1] - _read(rows, grid[name]) for name, rows in curves.items()}
    total = sum(sizes.values())

    def shares(price: float) -> dict[str, float]:
        gains = {name: price * grid[name] * sizes[name] / total - losses[name] for name in curves}
        return {name: float(grid[name][gain.argmax()]) for name, gain in gains.items()}

    low, high = 0.0, 1e4
    for _ in range(60):  # the higher the price, the more goes
        middle = (low + high) / 2
        gone = sum(share * sizes[name] for name, share in shares(middle).items())
        low, high = (low, middle) if gone >= sparsity * total else (middle, high)
    less, more = shares(low), shares(high)
    missing = sparsity * total - sum(less[name] * sizes[name] for name in curves)
    added = sum((more[name] - less[name]) * sizes[name] for name in curves)
    part = min(1.0, max(0.0, missing / added)) if added else 1.0
    return {name: less[name] + part * (more[name] - less[name]) for name in curves}


def _read(curve: Curve, sparsity: float | np.ndarray) -> np.ndarray:
    """Return the accuracy of `curve` at `sparsity`, straight lines drawn between its points."""
    sparsities, accuracies = np.asarray(curve, dtype=float).T
    return np.asarray(np.interp(sparsity, sparsities, accuracies))
