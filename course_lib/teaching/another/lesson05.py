"""Lesson 05, SAP. What its functions call, students have written before."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from course_lib.pruning import Masks
from course_lib.teaching.another.lesson04 import pq_index


def retain_bound(d: int, index: float, p: float, q: float, eta: float = 0.0) -> float:
    """Both powers share one exponent, since pq / (q - p) is 1 / (1/p - 1/q). So eta only makes
    smaller what stands in the brackets."""
    return d * ((1 - index) / (1 + eta) ** (1 / p)) ** (1 / (1 / p - 1 / q))


def sap_amount(
    w: Tensor, p: float, q: float, eta: float = 0.0, gamma: float = 1.0, beta: float = 0.9
) -> int:
    """It works with shares and multiplies by the number of weights once, at the end. The bound
    of one weight is the share that has to stay."""
    stays = retain_bound(1, pq_index(w, p, q), p, q, eta)
    share = min(gamma * (1 - stays), beta)
    return math.floor((share + 1e-12) * w.numel())


def sap_group(w: Tensor, mask: Tensor, p: float = 1.0, q: float = 2.0) -> Tensor:
    """It works with positions: of those that are alive, the ones of the smallest weights are
    switched off in a flat copy of the mask."""
    new = mask.flatten().clone()
    alive = new.nonzero().flatten()
    if len(alive):
        sizes = w.flatten()[alive].abs()
        new[alive[sizes.argsort()[: sap_amount(sizes, p, q)]]] = False
    return new.reshape(w.shape)


def sap_round(
    weights: Mapping[str, Tensor],
    masks: Mapping[str, Tensor],
    scope: str,
    p: float = 1.0,
    q: float = 2.0,
) -> dict[str, Tensor]:
    """Every scope is a table in which each row is a group: a row a neuron, one row a layer, or
    one row for all."""

    def rows(tensor: Tensor) -> Tensor:
        return tensor.reshape(len(tensor) if scope == "neuron" else 1, -1)

    def pruned(table: Tensor, kept: Tensor) -> Tensor:
        return torch.stack([sap_group(*row, p, q) for row in zip(table, kept, strict=True)])

    if scope == "global":
        tables = [torch.cat([rows(t[name]) for name in weights], 1) for t in (weights, masks)]
        parts = pruned(*tables).split([w.numel() for w in weights.values()], 1)
    else:
        parts = tuple(pruned(rows(w), rows(masks[name])) for name, w in weights.items())
    return {n: part.reshape(weights[n].shape) for n, part in zip(weights, parts, strict=True)}


def rewind(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    """It makes the state first and loads it once, so the model never holds a weight that is
    gone. `masked_fill` makes a new tensor: `start` stays as it is."""
    state = dict(start)
    for name, mask in masks.items():
        state[name] = start[name].masked_fill(~mask, 0)
    model.load_state_dict(state)


def sap_loop(
    rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Masks
) -> Masks:
    """What follows a pruning is a list of steps, made once. Another step, such as writing a
    line into a table, is one more entry in it."""
    steps = [step for step in (rewind, fit) if step is not None]
    for _ in range(rounds):
        masks = prune(masks)
        for step in steps:
            step(masks)
    return masks
