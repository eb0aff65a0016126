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


def take_lowest(
    scores: dict[str, Tensor], kept: dict[str, Tensor], gone: int, least: int
) -> dict[str, Tensor]:
    """One weight after the other, the lowest score first, and each rule is a word in the `if`.
    It is slow for a million weights, but easy to believe: a good test of a fast one."""
    masks = {layer: mask.clone() for layer, mask in kept.items()}
    listed = [(layer, score.flatten().tolist()) for layer, score in scores.items()]
    order = sorted(
        (score, layer, k) for layer, all_of in listed for k, score in enumerate(all_of)
    )
    left = gone - sum(int((~mask).sum()) for mask in masks.values())
    for _, layer, k in order:
        mask = masks[layer].view(-1)
        if left > 0 and mask[k] and int(mask.sum()) > least:
            mask[k] = False
            left -= 1
    return masks


def my_scores(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """An idea of its own: each weight beside the mean of its layer. A layer of small weights is
    then not emptied before the others."""
    sizes = {layer: weight.abs() for layer, weight in weights.items()}
    return {layer: size / size.mean().clamp(min=1e-12) for layer, size in sizes.items()}


def choose(rows: list[dict], budget: float, floor: float = 0.6) -> int | None:
    """Sort all rows from the best to the worst, then take the first that is allowed. The number
    of the row in the key settles a tie."""
    order = sorted(
        range(len(rows)), key=lambda k: (-rows[k]["accuracy"] - rows[k]["sparsity"], k)
    )
    able = (k for k in order if rows[k]["epochs"] <= budget and rows[k]["accuracy"] >= floor)
    return next(able, None)
