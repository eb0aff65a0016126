"""Lesson 04, the PQ index."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def power_mean(w: Tensor, s: float) -> float:
    """A power mean is a norm that does not grow with the number of entries: take the norm, and
    divide by d to the power 1/s."""
    return torch.linalg.vector_norm(w.double(), ord=s).item() / w.numel() ** (1 / s)


def pq_index(w: Tensor, p: float = 0.5, q: float = 1.0) -> float:
    """This is the formula as the paper has it, with norms. The power of d in front is what
    turns them into power means."""
    d, w = w.numel(), w.double()
    norms = [torch.linalg.vector_norm(w, ord=s).item() for s in (p, q)]
    return 1 - d ** (1 / q - 1 / p) * norms[0] / norms[1]


def clone_test(index: Callable[[Tensor], float], w: Tensor) -> bool:
    """`repeat` makes the copy, and `math.isclose` says in words what the tolerance is: an
    absolute one."""
    return math.isclose(index(w.repeat(2)), index(w), rel_tol=0, abs_tol=1e-6)


def babies_test(index: Callable[[Tensor], float], w: Tensor) -> bool:
    """`pad` appends zeros to any tensor: none in front, one behind. The result keeps the dtype
    and the device of `w`."""
    longer = torch.nn.functional.pad(w, (0, 1))
    return index(longer) - index(w) > 1e-6


def pq_of_normal(p: float, q: float) -> float:
    """Both means contain the factor sqrt(2), and it cancels; the square root of pi is
    gamma(1/2). What is left is short."""
    means = [(math.gamma((s + 1) / 2) / math.gamma(0.5)) ** (1 / s) for s in (p, q)]
    return 1 - means[0] / means[1]
