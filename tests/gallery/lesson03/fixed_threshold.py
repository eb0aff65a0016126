"""Answers to `fixed_threshold` as students write them."""

from __future__ import annotations

import torch


def fixed_plain(scores, threshold):
    return ~(scores < threshold)


def fixed_greater(scores, threshold):
    return scores > threshold


def fixed_greater_with_floor(scores, threshold):
    keep = scores > threshold
    if keep.sum() == 0:
        keep[torch.argmax(scores)] = True
    return keep


def fixed_gone(scores, threshold):
    return scores < threshold


def fixed_first_stays(scores, threshold):
    keep = scores >= threshold
    if not keep.any():
        keep[0] = True
    return keep


def fixed_all_stay(scores, threshold):
    keep = scores >= threshold
    return keep if keep.any() else torch.ones_like(keep)


def fixed_weakest_stays(scores, threshold):
    keep = scores >= threshold
    if not keep.any():
        keep[scores.argmin()] = True
    return keep


def fixed_quantile(scores, threshold):
    return scores >= torch.quantile(scores, max(0.0, min(1.0, threshold)))


def fixed_relative(scores, threshold):
    keep = scores / scores.max() >= threshold
    if not keep.any():
        keep[scores.argmax()] = True
    return keep


def fixed_absolute(scores, threshold):
    keep = torch.abs(scores) >= threshold
    if not keep.any():
        keep[scores.abs().argmax()] = True
    return keep


def fixed_floats(scores, threshold):
    keep = (scores >= threshold).float()
    if keep.sum() == 0:
        keep[scores.argmax()] = 1.0
    return keep


def fixed_indices(scores, threshold):
    return torch.nonzero(scores >= threshold).flatten()


def right_fixed_argmax(scores, threshold):
    keep = scores >= threshold
    keep[scores.argmax()] = True  # the strongest stays in any case
    return keep


def right_fixed_capped(scores, threshold):
    return scores >= min(threshold, scores.max().item())


def right_fixed_python(scores, threshold):
    values = scores.tolist()
    keep = [v >= threshold for v in values]
    if not any(keep):
        keep[values.index(max(values))] = True
    return torch.tensor(keep)


WRONG = {
    "no floor": (fixed_plain, "empties the layer"),
    "greater, no floor": (fixed_greater, "equal goes as well, and empties the layer"),
    "greater": (fixed_greater_with_floor, "equal goes as well"),
    "marks what goes": (fixed_gone, "inverted mask"),
    "the first stays": (fixed_first_stays, "keeps an arbitrary one"),
    "all stay": (fixed_all_stay, "keeps everything"),
    "the weakest stays": (fixed_weakest_stays, "keeps the weakest"),
    "a quantile": (fixed_quantile, "threshold as a share"),
    "share of the largest": (fixed_relative, "relative to the largest"),
    "absolute values": (fixed_absolute, "absolute values"),
    "floats": (fixed_floats, "numbers instead of a mask"),
    "indices": (fixed_indices, ""),
}
RIGHT = {
    "the strongest always": right_fixed_argmax,
    "a capped threshold": right_fixed_capped,
    "plain Python": right_fixed_python,
}
