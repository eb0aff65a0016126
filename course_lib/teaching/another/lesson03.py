"""Lesson 03, activation-based pruning."""

from __future__ import annotations

import torch
from torch import Tensor


def record(
    total: Tensor, zeros: Tensor, count: int, outputs: Tensor
) -> tuple[Tensor, Tensor, int]:
    """It moves no axis: it sums over all of them but that of the units. The same line serves
    linear layers and convolutions."""
    others = [axis for axis in range(outputs.dim()) if axis != 1]
    values = outputs.numel() // outputs.shape[1]
    return total + outputs.sum(others), zeros + (outputs == 0).sum(others), count + values


def mean_activation(batches: list[Tensor]) -> Tensor:
    """All batches become one long row for each unit, and the mean is taken once. It is shorter
    than a running sum, but has to hold everything in memory at the same time."""
    rows = torch.cat([batch.transpose(0, 1).flatten(1) for batch in batches], dim=1)
    return rows.mean(1)


def apoz(batches: list[Tensor]) -> Tensor:
    """A share is a mean of zeros and ones. It is shorter than counting batch by batch, but has
    to hold everything in memory at the same time."""
    rows = torch.cat([batch.transpose(0, 1).flatten(1) for batch in batches], dim=1)
    return (rows == 0).float().mean(1)


def fixed_threshold(scores: Tensor, threshold: float) -> Tensor:
    """The strongest unit stays in any case, so there is no need to ask whether another one
    does."""
    keep = scores >= threshold
    keep[scores.argmax()] = True
    return keep


def variable_threshold(scores: Tensor, deviations: float, kept: Tensor) -> Tensor:
    """`std_mean` gives both numbers at once, and what goes is said as in the text: a survivor
    that is below the threshold."""
    deviation, mean = torch.std_mean(scores[kept], correction=0)
    keep = kept.clone()
    keep[scores < mean - deviations * deviation] = False
    if not keep.any():
        keep[scores.masked_fill(~kept, -torch.inf).argmax()] = True
    return keep


def jaccard(one: Tensor, other: Tensor) -> float:
    """Python's sets have the signs of the formula: `&` is the intersection and `|` the
    union."""
    a, b = (set(mask.nonzero().flatten().tolist()) for mask in (one, other))
    return len(a & b) / len(a | b) if a | b else 1.0
