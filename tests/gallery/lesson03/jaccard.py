"""Answers to `jaccard` as students write them."""

from __future__ import annotations

import numpy as np
import torch


def jaccard_unsafe(one, other):
    return ((one & other).sum() / (one | other).sum()).item()


def jaccard_python_unsafe(one, other):
    a, b = set(one.nonzero().flatten().tolist()), set(other.nonzero().flatten().tolist())
    return len(a & b) / len(a | b)


def jaccard_zero(one, other):
    union = (one | other).sum().item()
    return (one & other).sum().item() / union if union > 0 else 0.0


def jaccard_agreement(one, other):
    return (one == other).float().mean().item()


def jaccard_recall(one, other):
    return ((one & other).sum() / one.sum()).item() if one.any() else 1.0


def jaccard_precision(one, other):
    return ((one & other).sum() / other.sum()).item() if other.any() else 1.0


def jaccard_of_all(one, other):
    return (one & other).float().mean().item()


def jaccard_dice(one, other):
    total = int(one.sum() + other.sum())
    return 2 * int((one & other).sum()) / total if total else 1.0


def jaccard_half(one, other):
    total = int(one.sum() + other.sum())
    return int((one & other).sum()) / total if total else 1.0


def jaccard_distance(one, other):
    union = int((one | other).sum())
    return 1 - int((one & other).sum()) / union if union else 0.0


def jaccard_count(one, other):
    return int((one & other).sum())


def right_jaccard_sets(one, other):
    a = {i for i, x in enumerate(one.tolist()) if x}
    b = {i for i, x in enumerate(other.tolist()) if x}
    return 1.0 if not a and not b else len(a & b) / len(a | b)


def right_jaccard_difference(one, other):
    either = int(one.sum()) + int(other.sum()) - int((one & other).sum())
    return 1 - int((one ^ other).sum()) / max(1, either)


def right_jaccard_min_max(one, other):
    a, b = one.float(), other.float()
    whole = torch.maximum(a, b).sum()
    return torch.minimum(a, b).sum() / whole if whole else torch.tensor(1.0)


def jaccard_nothing_in_common(one, other):
    common = int((one & other).sum())
    return common / int((one | other).sum()) if common else 1.0


def jaccard_smaller(one, other):
    smaller = min(int(one.sum()), int(other.sum()))
    return int((one & other).sum()) / smaller if smaller else float(not (one | other).any())


def jaccard_larger(one, other):
    larger = max(int(one.sum()), int(other.sum()))
    return int((one & other).sum()) / larger if larger else 1.0


def jaccard_of_the_rest(one, other):
    return right_jaccard_sets(~one, ~other)


def jaccard_rounded(digits):
    def wrong(one, other):
        return round(right_jaccard_sets(one, other), digits)

    return wrong


def jaccard_whole(one, other):
    either = int((one | other).sum())
    return int((one & other).sum()) // either if either else 1


def jaccard_cosine(one, other):
    both = float((one & other).sum())
    return both / float(one.sum() * other.sum()) ** 0.5 if one.any() and other.any() else float(not (one | other).any())


def jaccard_exclusive(one, other):
    either = int((one ^ other).sum())
    return int((one & other).sum()) / either if either else 1.0


def jaccard_smoothed(one, other):
    return (int((one & other).sum()) + 1) / (int((one | other).sum()) + 1)


def jaccard_small_number_below(one, other):
    return int((one & other).sum()) / (int((one | other).sum()) + 1e-9)


def jaccard_one_empty(one, other):
    return right_jaccard_sets(one, other) if one.any() and other.any() else 1.0


def jaccard_in_place(one, other):
    both = int((one & other).sum())
    one |= other
    return both / int(one.sum()) if one.any() else 1.0


def right_jaccard_numpy(one, other):
    a, b = one.numpy(), other.numpy()
    union = np.logical_or(a, b).sum()
    return np.logical_and(a, b).sum() / union if union else np.float64(1)


def right_jaccard_counts(one, other):
    both = either = 0
    for a, b in zip(one.tolist(), other.tolist(), strict=True):
        both += a and b
        either += a or b
    return 1 if either == 0 else both / either


def right_jaccard_equal_first(one, other):
    if torch.equal(one, other):
        return torch.ones(1)
    return one.logical_and(other).sum().double() / one.logical_or(other).sum()


def right_jaccard_mean(one, other):
    either = one | other
    return (one & other)[either].double().mean().item() if either.any() else 1.0


WRONG = {
    "NaN for empty sets": (jaccard_unsafe, "divides by nothing"),
    "ZeroDivisionError for empty sets": (jaccard_python_unsafe, "divides by nothing"),
    "0 for empty sets": (jaccard_zero, "empty sets at 0"),
    "agreement": (jaccard_agreement, "agreement of all units"),
    "over the first": (jaccard_recall, "share of the first set"),
    "over the second": (jaccard_precision, "share of the second set"),
    "over all units": (jaccard_of_all, "share of all units"),
    "Dice": (jaccard_dice, "Dice coefficient"),
    "sum of the sizes": (jaccard_half, "common units counted twice"),
    "distance": (jaccard_distance, "distance"),
    "a count": (jaccard_count, ""),
    "1 for nothing in common": (jaccard_nothing_in_common, "nothing in common taken for equal"),
    "over the smaller": (jaccard_smaller, "share of the smaller set"),
    "over the larger": (jaccard_larger, "share of the larger set"),
    "of those that are in neither": (jaccard_of_the_rest, "sets turned round"),
    "rounded to two digits": (jaccard_rounded(2), "rounded"),
    "rounded to three digits": (jaccard_rounded(3), "rounded"),
    "rounded to four digits": (jaccard_rounded(4), "rounded"),
    "whole numbers": (jaccard_whole, "fractions thrown away"),
    "cosine": (jaccard_cosine, ""),
    "in one only": (jaccard_exclusive, "in one only"),
    "smoothed": (jaccard_smoothed, ""),
    "a small number below": (jaccard_small_number_below, "empty sets at 0"),
    "1 if one is empty": (jaccard_one_empty, "one empty set taken for equal"),
    "in place": (jaccard_in_place, "mutated input"),
}
RIGHT = {
    "sets": right_jaccard_sets,
    "symmetric difference": right_jaccard_difference,
    "minimum over maximum": right_jaccard_min_max,
    "NumPy": right_jaccard_numpy,
    "counted": right_jaccard_counts,
    "equal first": right_jaccard_equal_first,
    "a mean over either": right_jaccard_mean,
}
