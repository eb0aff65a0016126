"""Answers to `sparsity` as students write them."""

from __future__ import annotations

from statistics import mean

import numpy as np
import torch


def share_mean(masks, total):
    return mean([1 - mask.float().mean().item() for mask in masks.values()])


def share_mean_torch(masks, total):
    shares = torch.stack([(~m).float().mean() for m in masks.values()])
    return shares.mean()


def share_listed(masks, total):
    gone = sum((~m).sum().item() for m in masks.values())
    listed = sum(m.numel() for m in masks.values())
    return gone / listed


def share_listed_vector(masks, total):
    every = torch.cat([mask.flatten() for mask in masks.values()])
    return (every == 0).sum().item() / len(every)


def share_kept(masks, total):
    return sum(m.sum().item() for m in masks.values()) / total


def share_one_minus_kept(masks, total):
    return 1 - sum(m.sum().item() for m in masks.values()) / total


def share_number(masks, total):
    return sum(int((m == 0).sum()) for m in masks.values())


def share_percent(masks, total):
    return 100 * sum(int((m == 0).sum()) for m in masks.values()) / total


def share_of_what_is_left(masks, total):
    gone = sum(int((~m).sum()) for m in masks.values())
    return gone / max(1, total - gone)


def share_overwritten(masks, total):
    gone = 0
    for mask in masks.values():
        gone = (~mask).sum().item()
    return gone / total


def share_density(masks, total):
    return 1 - sum(int((~m).sum()) for m in masks.values()) / total


def share_early_return(masks, total):
    gone = 0
    for mask in masks.values():
        gone += int((~mask).sum())
        return gone / total


def share_mean_of_kept(masks, total):
    return sum(m.double().mean().item() for m in masks.values()) / len(masks)


def share_per_layer(masks, total):
    return {name: (~mask).float().mean().item() for name, mask in masks.items()}


def share_rounded(masks, total):
    return round(sum(int((~m).sum()) for m in masks.values()) / total, 2)


def share_inverted_in_place(masks, total):
    return sum(int(m.logical_not_().sum()) for m in masks.values()) / total


def right_share_numpy(masks, total):
    return float(np.sum([np.count_nonzero(~mask.numpy()) for mask in masks.values()]) / total)


def right_share_from_kept(masks, total):
    listed = sum(mask.numel() for mask in masks.values())
    kept = sum(mask.sum() for mask in masks.values()) + (total - listed)
    return 1 - kept / total


def right_share_weighted_mean(masks, total):
    return sum((1 - m.double().mean().item()) * m.numel() / total for m in masks.values())


def right_share_vector(masks, total):
    return (~torch.cat([mask.flatten() for mask in masks.values()])).sum() / total


def share_rounded_to_three(masks, total):
    return round(sum(int((~m).sum()) for m in masks.values()) / total, 3)


def share_rounded_to_four(masks, total):
    return round(sum(int((~m).sum()) for m in masks.values()) / total, 4)


def share_of_weights_only(masks, total):
    return sum(int((~m).sum()) for m in masks.values() if m.dim() > 1) / total


def share_of_names(masks, total):
    return sum(int((~m).sum()) for name, m in masks.items() if name.endswith("weight")) / total


def share_of_rows(masks, total):
    return sum(int((~m).flatten(1).all(1).sum()) if m.dim() > 1 else int((~m).sum()) for m in masks.values()) / total


def share_whole_numbers(masks, total):
    return sum(int((~m).sum()) for m in masks.values()) // total


def share_largest(masks, total):
    return max(int((~m).sum()) for m in masks.values()) / total


def share_of_larger_total(masks, total):
    return sum(int((~m).sum()) for m in masks.values()) / (total + sum(m.numel() for m in masks.values()))


def share_viewed(masks, total):
    return sum(int((~m.view(-1)).sum()) for m in masks.values()) / total  # refuses what is not contiguous


def share_never_nothing(masks, total):
    return max(sum(int((~m).sum()) for m in masks.values()), 1) / total


def right_share_python(masks, total):
    gone = 0
    for mask in masks.values():
        for kept in mask.flatten().tolist():
            gone += not kept
    return gone / total


def right_share_indices(masks, total):
    return sum(len((mask == 0).nonzero()) for mask in masks.values()) / total


def right_share_of_floats(masks, total):
    return float(sum((1 - mask.double()).sum() for mask in masks.values()) / total)


def right_share_subtracted(masks, total):
    left = total
    for mask in masks.values():
        left -= mask.numel() - mask.count_nonzero().item()
    return 1 - left / total


def right_share_logical(masks, total):
    return sum(torch.logical_not(m).sum().item() / total for m in masks.values())


WRONG = {
    "mean over the layers": (share_mean, "mean over the layers"),
    "mean over the layers, in torch": (share_mean_torch, "mean over the layers"),
    "of the masked layers only": (share_listed, "masked layers only"),
    "of the masked layers only, as one vector": (share_listed_vector, "masked layers only"),
    "True counted": (share_kept, "density for sparsity"),
    "one minus the True ones": (share_one_minus_kept, "kept and gone mixed"),
    "how many": (share_number, "a number, not a share"),
    "a percentage": (share_percent, "percent"),
    "of what is left": (share_of_what_is_left, "what is gone of what is left"),
    "the sum overwritten in each turn": (share_overwritten, "last layer only"),
    "the density": (share_density, "density for sparsity"),
    "return within the loop": (share_early_return, "returns within the loop"),
    "mean of what is kept": (share_mean_of_kept, "mean over the layers"),
    "one share a layer": (share_per_layer, ""),
    "rounded to two digits": (share_rounded, "rounded"),
    "masks turned round in place": (share_inverted_in_place, "mutated input"),
    "rounded to three digits": (share_rounded_to_three, "rounded"),
    "rounded to four digits": (share_rounded_to_four, "rounded"),
    "matrices and kernels only": (share_of_weights_only, "masks of biases left out"),
    "names that end in weight": (share_of_names, "masks left out"),
    "whole rows only": (share_of_rows, ""),
    "whole numbers only": (share_whole_numbers, "fractions thrown away"),
    "the largest loss": (share_largest, ""),
    "masked layers counted twice": (share_of_larger_total, ""),
    "a view of each mask": (share_viewed, ""),
    "never nothing": (share_never_nothing, ""),
}
RIGHT = {
    "with NumPy": right_share_numpy,
    "from what is kept": right_share_from_kept,
    "a mean weighted by size": right_share_weighted_mean,
    "one long vector": right_share_vector,
    "plain Python": right_share_python,
    "indices": right_share_indices,
    "floats": right_share_of_floats,
    "subtracted one by one": right_share_subtracted,
    "a sum of shares": right_share_logical,
}
