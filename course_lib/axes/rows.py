"""Scope "neuron" for all neurons of a layer at once: each row of a matrix is a group of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from course_lib.axes.pqindex import PART, per_row

EMPTY, ZEROS, CAPPED = 1, 2, 3  # what there is to note of a row


@runtime_checkable
class ByRows(Protocol):
    """An amount that answers for many groups of one size at once; others are asked for one after the other."""

    def by_rows(self, scores: Tensor, alive: Tensor | None, progress: float, /) -> Tensor:
        """Return (rows,) int64: the count of each row, -1 where it is not defined because all scores are zero.

        scores: (rows, n). alive: (rows, n) bool, the survivors; None: all. progress: in (0, 1].
        """


def lowest(scores: Tensor, counts: Tensor, allowed: Tensor | None = None) -> Tensor:
    """Return a bool tensor that is True at the counts[i] lowest of the allowed scores of row i; of equal ones the first.

    Args:
        scores: (rows, n), finite where allowed. counts: (rows,) int64, each at most the row's number of allowed entries.
        allowed: (rows, n) bool; None: all.

    >>> lowest(torch.tensor([[2.0, 1.0, 1.0], [3.0, 1.0, 2.0]]), torch.tensor([1, 2]))
    tensor([[False,  True, False],
            [False,  True,  True]])
    """
    scores = scores.detach() if allowed is None else scores.detach().masked_fill(~allowed, torch.inf)
    ordered, last = _sorted(scores), scores.shape[1] - 1
    cut, after = (ordered.gather(1, place.clamp(0, last)[:, None]) for place in (counts - 1, counts))
    gone = scores <= cut
    gone[counts == 0] = False
    tied = ((cut == after).flatten() & (counts > 0) & (counts <= last)).nonzero().flatten()
    if len(tied):  # of equal scores the last ones stay
        below, at = (scores < cut)[tied], (scores == cut)[tied]
        gone[tied] = below | (at & (at.cumsum(1) <= (counts[tied] - below.sum(1))[:, None]))
    return gone


def _sorted(scores: Tensor) -> Tensor:
    """Return each row in order; NumPy's sort is vectorised."""
    if scores.device.type == "cpu" and scores.dtype in (torch.float32, torch.float64):
        return torch.from_numpy(np.sort(scores.numpy(), axis=1))
    return scores.sort(1).values


def take(
    scores: list[Tensor], alive: Tensor, free: Tensor, amount: ByRows, cap: float, progress: float
) -> tuple[Tensor, Tensor]:
    """Return what goes of each row, (rows, n) bool, and what there is to note of it: EMPTY, ZEROS, CAPPED or 0, (rows,).

    scores: a (rows, n) tensor for each recorded epoch. alive, free: (rows, n) bool, the survivors and who may go.

    >>> from course_lib.axes import amounts
    >>> some, all_of_them = torch.tensor([[3.0, 1.0], [0.0, 0.0]]), torch.ones(2, 2, dtype=torch.bool)
    >>> gone, notes = take([some], all_of_them, all_of_them, amounts.sap(p=1, q=2, gamma=5), cap=1.0, progress=1.0)
    >>> gone.tolist(), notes.tolist()
    ([[False, True], [False, False]], [0, 2])
    """
    size = max(1, PART // alive.shape[1])  # rows that are looked at together: what stays in the cache is read once
    marks = (repeat(None) if bool(marked.all()) else marked.split(size) for marked in (alive, free))
    blocks = zip(zip(*(epoch.split(size) for epoch in scores), strict=True), *marks, strict=False)
    parts = [_take(epochs, left, able, amount, cap, progress) for epochs, left, able in blocks]
    gone, notes = zip(*parts, strict=True)
    return torch.cat(gone), torch.cat(notes)


def _take(
    scores: Sequence[Tensor], alive: Tensor | None, free: Tensor | None, amount: ByRows, cap: float, progress: float
) -> tuple[Tensor, Tensor]:
    survivors, available = (per_row(marked, scores[0]) for marked in (alive, free))
    notes = torch.where(survivors > 0, 0, EMPTY)
    gone = torch.ones_like(scores[0], dtype=torch.bool)
    for epoch in scores:  # low in EACH epoch: the sets are intersected
        counts = amount.by_rows(epoch, alive, progress)
        notes = torch.where((notes == 0) & (counts < 0), ZEROS, notes)
        gone = gone & lowest(epoch, counts.clamp(min=0).minimum(available), free)
    gone[notes != 0] = False
    limit = (cap * survivors.double() + 1e-9).floor().long().minimum(available)
    if cap < 1 and len(over := (gone.sum(1) > limit).nonzero().flatten()):
        gone[over] = lowest(scores[-1][over], limit[over], gone[over])
        notes[over] = CAPPED
    return gone, notes
