"""Lesson 08, the capstone."""

from __future__ import annotations

from torch import Tensor


def counted_sparsity(tensors: dict[str, Tensor], total: int) -> float:
    """It makes a list of the counts first: give it names, and you see which layer lost how
    many. `rpartition` takes the last part of a name, and only a whole part is compared."""
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    left = [
        int(tensor.count_nonzero())
        for name, tensor in tensors.items()
        if "/" not in name and name.rpartition(".")[2] not in statistics
    ]
    return (total - sum(left)) / total


def split_budget(epochs: int, rounds: int) -> list[int]:
    """Whole-number division rounds down. Adding 0, 1, 2 and so on first lifts exactly `epochs %
    rounds` of the parts to the next whole number, and these come last."""
    return [(epochs + k) // rounds for k in range(rounds)]


def my_masks(
    weights: dict[str, Tensor], kept: dict[str, Tensor], gone: int, least: int
) -> dict[str, Tensor]:
    """One weight after the other, the smallest first, and each rule is a word in the `if`. It
    is slow for a million weights, but easy to believe, so it is a good test of a fast one."""
    masks = {layer: mask.clone() for layer, mask in kept.items()}
    sizes = [(layer, weight.abs().flatten().tolist()) for layer, weight in weights.items()]
    order = sorted((size, layer, k) for layer, all_of in sizes for k, size in enumerate(all_of))
    left = gone - sum(int((~mask).sum()) for mask in masks.values())
    for _, layer, k in order:
        mask = masks[layer].view(-1)
        if left > 0 and mask[k] and int(mask.sum()) > least:
            mask[k] = False
            left -= 1
    return masks


def choose(rows: list[dict], budget: float, floor: float = 0.6) -> int | None:
    """Sort all rows from the best to the worst, then take the first that is allowed. The number
    of the row in the key settles a tie."""
    order = sorted(
        range(len(rows)), key=lambda k: (-rows[k]["accuracy"] - rows[k]["sparsity"], k)
    )
    able = (k for k in order if rows[k]["epochs"] <= budget and rows[k]["accuracy"] >= floor)
    return next(able, None)
