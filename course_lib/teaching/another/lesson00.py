"""Lesson 00, start here."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def weights_left(n: int, share: float) -> int:
    """This does what the words say: a list of n weights, and the first of them are removed. It
    is slow for a million, but nobody has to trust a formula, so it is a good test of the short
    one."""
    weights = list(range(n))
    del weights[: round(share * n)]
    return len(weights)


def count_parameters(model: nn.Module) -> int:
    """It keeps the sizes by name before it adds them up: print `sizes`, and you see where the
    parameters are."""
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    return sum(sizes.values())


def sparsity(masks: dict[str, Tensor], total: int) -> float:
    """All masks become one long vector. There are no layers left in it, so nobody can take the
    mean over them."""
    kept = torch.cat([mask.flatten() for mask in masks.values()])
    return int((~kept).sum()) / total
