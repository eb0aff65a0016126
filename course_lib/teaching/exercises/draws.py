"""What exercises draw their cases with; the generator decides, so that a seed gives the same cases everywhere."""

from __future__ import annotations

import torch
from torch import Tensor


def integer(rng: torch.Generator, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`, both included."""
    return int(torch.randint(low, high + 1, (), generator=rng))


def few_large(rng: torch.Generator, *shape: int) -> Tensor:
    """Return weights of which few are large, so that there is something to spare in every small group."""
    return torch.randn(*shape, generator=rng) ** 3
