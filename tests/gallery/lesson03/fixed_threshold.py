"""Answers to `fixed_threshold` as students write them."""

from __future__ import annotations

import numpy as np
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


def fixed_with_slack(scores, threshold):
    keep = scores >= threshold - 1e-6
    if not keep.any():
        keep[scores.argmax()] = True
    return keep


def fixed_or_close(scores, threshold):
    keep = (scores > threshold) | torch.isclose(scores, torch.tensor(threshold))
    if not keep.any():
        keep[scores.argmax()] = True
    return keep


def fixed_rounded(scores, threshold):
    keep = scores.round(decimals=2) >= threshold
    if not keep.any():
        keep[scores.argmax()] = True
    return keep


def fixed_last_stays(scores, threshold):
    keep = scores >= threshold
    if not keep.any():
        keep[-1] = True
    return keep


def fixed_largest_size_stays(scores, threshold):
    keep = scores >= threshold
    if not keep.any():
        keep[scores.abs().argmax()] = True
    return keep


def fixed_two_stay(scores, threshold):
    keep = scores >= threshold
    keep[scores.topk(min(2, len(scores))).indices] = True
    return keep


def fixed_above_the_mean(scores, threshold):
    return fixed_plain(scores, threshold * scores.mean())


def fixed_sorted(scores, threshold):
    return right_fixed_argmax(scores.sort().values, threshold)


def fixed_overwrites(scores, threshold):
    scores[scores < min(threshold, scores.max().item())] = -torch.inf
    return scores > -torch.inf


def fixed_nonzero(scores, threshold):
    left = torch.where(scores >= threshold, scores, 0.0)
    if not left.any():
        return torch.arange(len(scores)) == scores.argmax()
    return left != 0


def right_fixed_numpy(scores, threshold):
    array = scores.numpy()
    keep = array >= threshold
    if keep.sum() == 0:
        keep[np.argmax(array)] = True
    return torch.from_numpy(keep)


def right_fixed_loop(scores, threshold):
    keep = torch.ones(len(scores), dtype=torch.bool)
    for i, score in enumerate(scores):
        if score < threshold:
            keep[i] = False
    if keep.sum() < 1:
        keep[scores.topk(1).indices] = True
    return keep


def right_fixed_or(scores, threshold):
    strongest = torch.zeros(len(scores), dtype=torch.bool).scatter(0, scores.argmax(0, keepdim=True), True)
    return torch.logical_or(scores.ge(threshold), strongest)


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
    "with some slack": (fixed_with_slack, "slack at the threshold"),
    "or close to it": (fixed_or_close, "slack at the threshold"),
    "rounded": (fixed_rounded, "scores rounded"),
    "the last stays": (fixed_last_stays, "keeps an arbitrary one"),
    "the largest size stays": (fixed_largest_size_stays, "keeps the largest size"),
    "two stay": (fixed_two_stay, ""),
    "shares of the mean": (fixed_above_the_mean, ""),
    "of the sorted scores": (fixed_sorted, ""),
    "overwrites the scores": (fixed_overwrites, "mutated input"),
    "scores that are left": (fixed_nonzero, "a score of zero taken for gone"),
}
RIGHT = {
    "the strongest always": right_fixed_argmax,
    "a capped threshold": right_fixed_capped,
    "plain Python": right_fixed_python,
    "NumPy": right_fixed_numpy,
    "a loop": right_fixed_loop,
    "or": right_fixed_or,
}
