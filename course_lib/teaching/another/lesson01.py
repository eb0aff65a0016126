"""Lesson 01, measuring a network."""

from __future__ import annotations

import copy
import gzip
import statistics
from collections.abc import Callable

import torch
from torch import Tensor, nn


def apply_masks(model: nn.Module, masks: dict[str, Tensor]) -> None:
    """`torch.where` says both cases in one line: the weight where it is kept, and zero
    elsewhere. (The product of weight and mask would be shorter still, but NaN times zero is
    NaN.)"""
    with torch.no_grad():
        for name, mask in masks.items():
            weight = model.get_parameter(name)
            weight.copy_(torch.where(mask, weight, torch.zeros_like(weight)))


def conv_macs(
    in_channels: int,
    out_channels: int,
    kernel: int,
    size: tuple[int, int],
    stride: int = 1,
    padding: int = 0,
) -> int:
    """`range` lists the places where the kernel can stand, and `len` counts them. The formula
    with `//` and `+ 1` says the same, but is easily wrong by one."""
    places = 1
    for side in size:
        places *= len(range(0, side + 2 * padding - kernel + 1, stride))
    return places * out_channels * in_channels * kernel**2


def bytes_on_disk(weight: Tensor) -> dict[str, int]:
    """A tensor knows its bytes: `nbytes` is `numel()` times `element_size()`. And whoever has
    the values themselves at hand need not count them."""
    values = weight[weight != 0]
    return {
        "whole": weight.nbytes,
        "gzip": len(gzip.compress(weight.numpy().tobytes())),
        "bitmap": (weight.numel() + 7) // 8 + values.nbytes,
    }


def latency(
    run: Callable[[], object], clock: Callable[[], float], warmup: int = 5, runs: int = 30
) -> float:
    """One timed call has a name of its own here, so that the last line reads like the sentence
    that asks for it."""

    def timed() -> float:
        start = clock()
        run()
        return clock() - start

    for _ in range(warmup):
        run()
    return statistics.median([timed() for _ in range(runs)])


def sensitivity(
    model: nn.Module,
    layer: str,
    sparsities: list[float],
    evaluate: Callable[[nn.Module], float],
) -> list[float]:
    """Each sparsity gets a fresh copy of the model, so there is nothing to put back afterwards.
    It costs the memory of a second model, and saves the mistake of pruning what is pruned
    already."""
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_parameter(f"{layer}.weight").data
        smallest = weight.abs().flatten().argsort()[: round(sparsity * weight.numel())]
        weight.view(-1)[smallest] = 0
        found.append(evaluate(pruned))
    return found
