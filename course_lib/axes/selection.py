"""Which scores are the lowest: a selection, no sort."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from course_lib.axes.pqindex import PART

SAMPLE = 1 << 14  # scores that are sorted to guess where a cut lies
VECTORISED = (torch.float32, torch.float64)


def lowest(scores: Tensor, count: int, allowed: Tensor | None = None) -> Tensor:
    """Return a bool tensor that is True at exactly the `count` lowest `scores`; of equal scores the first go first.

    Args:
        scores: 1-d, finite where allowed.
        count: 0 to the number of allowed entries.
        allowed: bool tensor of the same shape; only its True entries can be chosen. None: all of them.

    >>> lowest(torch.tensor([2.0, 1.0, 1.0, 3.0]), 1)
    tensor([False,  True, False, False])
    """
    if count <= 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    scores = scores.detach() if allowed is None else scores.detach().masked_fill(~allowed, torch.inf)
    if scores.device.type == "cpu" and scores.dtype in VECTORISED:
        return _lowest_here(scores, count)
    # A selection (O(n)) finds the value of the cut; no sort is needed. No value is read back to the host.
    by_top = scores.device.type == "mps"  # kthvalue is not to be had there
    cut = scores.topk(count, largest=False).values.max() if by_top else scores.kthvalue(count).values
    below, at = scores < cut, scores == cut
    return below | (at & (at.cumsum(0) <= count - below.sum()))


def _lowest_here(scores: Tensor, count: int) -> Tensor:
    """Do the same where reading a value costs nothing."""
    cut = kth_lowest(scores, count)
    gone = scores <= cut
    extra = int(torch.count_nonzero(gone)) - count  # of equal scores the last ones stay
    for part, out in zip(reversed(scores.split(PART)), reversed(gone.split(PART)), strict=True):
        if not extra:
            break
        last = (part == cut).nonzero().flatten()[-extra:]
        out[last] = False
        extra -= len(last)
    return gone


def kth_lowest(scores: Tensor, k: int) -> float:
    """Return the k-th lowest of scores (n,) on the CPU, 1 <= k <= n, without a copy of all of them.

    Every so-manieth score, sorted, tells between which two values it must lie; only what lies there is selected from, with
    NumPy, which is vectorised. Where those few mislead, it is selected from all.

    >>> kth_lowest(torch.tensor([3.0, 1.0, 2.0]), 2)
    2.0
    """
    if len(scores) > 8 * SAMPLE:
        some = scores[:: len(scores) // SAMPLE].sort().values
        place, margin = k / len(scores) * len(some), 4 * math.sqrt(len(some))
        low = some[int(place - margin)] if place > margin else -math.inf
        high = some[math.ceil(place + margin)] if place + margin < len(some) - 1 else math.inf
        below, between = 0, []
        for part in scores.split(PART):
            below += int(torch.count_nonzero(part < low))
            between.append(part[(part >= low) & (part <= high)])
        left = torch.cat(between)
        if below < k <= below + len(left):
            scores, k = left, k - below
    return float(np.partition(scores.numpy(), k - 1)[k - 1])
