"""The picture of the sparsity slider: accuracy, the scores of each layer with their cut, and how many filters survive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from course_lib.measure import standard_error
from course_lib.teaching.figures.picture import FAINT, GONE, HATCH, INK, KEPT, Picture, placed


@dataclass(frozen=True)
class BoardState:
    """One position of the slider.

    share: of the filters, as asked. scope: "layer" or "global". scores: layer -> (n,), comparable over layers.
    keep: layer -> (n,) bool. sparsity and kept_parameters: of all the model's. accuracy: on n images.
    trail: (sparsity, accuracy) of the positions visited with this scope before.
    """

    share: float
    scope: str
    scores: Mapping[str, Tensor]
    keep: Mapping[str, Tensor]
    sparsity: float
    kept_parameters: int
    accuracy: float
    n: int
    trail: tuple[tuple[float, float], ...] = ()

    def __str__(self) -> str:
        kept = sum(int(keep.sum()) for keep in self.keep.values())
        filters = sum(keep.numel() for keep in self.keep.values())
        return (
            f"{self.share:.0%} of filters ({kept} of {filters} kept): sparsity {self.sparsity:.3f}, "
            f"{self.kept_parameters:,} parameters kept, accuracy {self.accuracy:.3f} (n={self.n:,})"
        )


def sparsity_board(state: BoardState) -> Picture:
    """Draw one position of the sparsity slider in three panels."""
    places = ((0.06, 0.16, 0.22, 0.7), (0.355, 0.16, 0.33, 0.7), (0.71, 0.16, 0.27, 0.7))
    with placed(3.4, *places) as (picture, (left, middle, right)):
        _accuracy(left, state)
        _strips(middle, state)
        _survivors(right, state)
    picture.alt = (
        f"{state}; ranked {'within each layer' if state.scope == 'layer' else 'over all layers'}. Kept: "
        + ", ".join(f"{name} {int(keep.sum())} of {keep.numel()}" for name, keep in state.keep.items())
    )
    return picture


def _head(axis: Axes, text: str) -> None:
    # Not a title: to place one, matplotlib measures everything around it at each drawing.
    axis.text(0, 1.03, text, transform=axis.transAxes)


def _accuracy(axis: Axes, state: BoardState) -> None:
    if state.trail:
        points = np.asarray(sorted(state.trail))
        axis.plot(points[:, 0], points[:, 1], ".-", color=FAINT, lw=1, ms=5)
    error = standard_error(state.accuracy, state.n)
    axis.errorbar(state.sparsity, state.accuracy, error, fmt="o", color=KEPT, ms=9, capsize=4)
    axis.set(xlim=(-0.03, 1.03), ylim=(0, 1.02), xlabel="sparsity (all parameters)", ylabel="validation accuracy")
    axis.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    _head(axis, f"accuracy {state.accuracy:.3f} ± {error:.3f} (n={state.n:,})")


def _strips(axis: Axes, state: BoardState) -> None:
    every = np.concatenate([scores.numpy() for scores in state.scores.values()])
    floor = 0.8 * min(every[every > 0], default=1.0)  # a dead filter's zero has no place on a log axis
    own = [np.maximum(scores.numpy(), floor) for scores in state.scores.values()]
    keep = [state.keep[name].numpy() for name in state.scores]
    heights = np.concatenate([np.linspace(0.28, -0.28, len(scores)) - row for row, scores in enumerate(own)])
    values, kept = np.concatenate(own), np.concatenate(keep)
    # Two lines of markers, not two for each layer: each would be placed and drawn by itself.
    axis.plot(values[kept], heights[kept], "o", color=KEPT, ms=3)
    axis.plot(values[~kept], heights[~kept], "x", color=GONE, ms=4)
    bottom = 0.5 - len(own)
    if state.scope == "global":
        cuts = [(_cut(values, kept), bottom, 0.5)]
    else:
        cuts = [(_cut(*layer), -row - 0.42, 0.42 - row) for row, layer in enumerate(zip(own, keep, strict=True))]
    for cut, low, high in cuts:
        if cut is not None:
            axis.vlines(cut, low, high, color=INK, lw=1.5)
    axis.set(yticks=[-row for row in range(len(own))], yticklabels=list(state.scores), ylim=(bottom, 0.5))
    axis.set(xlabel="mean |weight| of a filter (log scale)", xscale="log", xlim=(values.min() / 1.1, 1.1 * values.max()))
    # Few ticks and fixed ones: a log axis spends more time on them than on points; three need room.
    ticks = np.geomspace(values.min(), values.max(), 3 if values.max() > 4 * values.min() else 2)
    axis.set_xticks(ticks, [f"{tick:.2g}" for tick in ticks])
    axis.set_xticks([], minor=True)
    _head(axis, f"{'one cut for all' if state.scope == 'global' else 'a cut for each layer'} (crosses go)")


def _cut(scores: np.ndarray, keep: np.ndarray) -> float | None:
    """Return a place above the scores that go and, where it can be, below those that stay; None if all stay."""
    if keep.all():
        return None
    last = float(scores[~keep].max())
    return (last * float(min(scores[keep & (scores >= last)], default=last))) ** 0.5  # halfway on a log axis


def _survivors(axis: Axes, state: BoardState) -> None:
    longest = max(keep.numel() for keep in state.keep.values())
    for place, keep in enumerate(state.keep.values()):  # survivors first: the length of a row's bar can be read
        kept = int(keep.sum())
        axis.barh(-place, keep.numel(), 0.8, color=GONE, hatch=HATCH, edgecolor="white", lw=0, alpha=0.45)
        axis.barh(-place, kept, 0.8, color=KEPT)
        axis.text(1.04 * longest, -place, str(kept), va="center", ha="left", fontsize=9)
    axis.set(yticks=[], ylim=(0.5 - len(state.keep), 0.5))  # the rows are those of the strips
    axis.set(xlabel="filters, survivors first", xlim=(0, 1.15 * longest), xticks=[0, longest])
    _head(axis, "survivors (gone: hatched)")
