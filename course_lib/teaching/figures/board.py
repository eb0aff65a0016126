"""The picture of the sparsity slider: accuracy, scores with their cut, and the map of surviving filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
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
    places = ((0.06, 0.16, 0.26, 0.7), (0.39, 0.16, 0.25, 0.7), (0.72, 0.16, 0.27, 0.7))
    with placed(3.4, *places) as (picture, (left, middle, right)):
        _accuracy(left, state)
        _scores(middle, state)
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


def _scores(axis: Axes, state: BoardState) -> None:
    kept = np.concatenate([state.scores[name][keep].numpy() for name, keep in state.keep.items()])
    gone = np.concatenate([state.scores[name][~keep].numpy() for name, keep in state.keep.items()])
    positive = np.maximum(np.concatenate([kept, gone]), 1e-6)  # a dead filter's zero has no place on a log axis
    edges = np.geomspace(positive.min() * 0.97, positive.max() * 1.03, 25)
    kept, gone = np.maximum(kept, edges[0]), np.maximum(gone, edges[0])
    heights, _ = np.histogram(kept, edges)
    lower, _ = np.histogram(gone, edges)
    # Two outlines, not 48 bars: each bar would be placed and drawn by itself.
    axis.stairs(lower, edges, fill=True, facecolor=GONE, edgecolor="white", hatch=HATCH, lw=0)
    axis.stairs(lower + heights, edges, baseline=lower, fill=True, color=KEPT)
    cuts = [float(state.scores[name][~keep].max()) for name, keep in state.keep.items() if not bool(keep.all())]
    if cuts and state.scope == "global":
        cuts = [max(cuts)]
    for cut in cuts:
        axis.axvline(cut, color=INK, lw=1, ls=(0, (3, 2)))
    axis.set(xlabel="mean |weight| of the filter (log scale)", ylabel="filters", xscale="log")
    # Few ticks and fixed ones: a log axis spends more time on them than on bars; three need room.
    ticks = np.geomspace(edges[0], edges[-1], 3 if edges[-1] > 4 * edges[0] else 2)
    axis.set_xticks(ticks, [f"{tick:.2g}" for tick in ticks])
    axis.set_xticks([], minor=True)
    axis.yaxis.set_major_locator(MaxNLocator(3))
    cut_rule = "one cut for all" if state.scope == "global" else "a cut for each layer"
    _head(axis, f"{cut_rule} (gone: hatched)")


def _survivors(axis: Axes, state: BoardState) -> None:
    longest = max(keep.numel() for keep in state.keep.values())
    for place, keep in enumerate(state.keep.values()):  # survivors first: the length of a row's bar can be read
        kept = int(keep.sum())
        axis.barh(-place, keep.numel(), 0.8, color=GONE, hatch=HATCH, edgecolor="white", lw=0, alpha=0.45)
        axis.barh(-place, kept, 0.8, color=KEPT)
        axis.text(1.04 * longest, -place, str(kept), va="center", ha="left", fontsize=9)
    axis.set(yticks=[-place for place in range(len(state.keep))], yticklabels=list(state.keep))
    axis.set(xlabel="filters, survivors first", xlim=(0, 1.15 * longest), xticks=[0, longest])
    _head(axis, "survivors of each layer (gone: hatched)")
