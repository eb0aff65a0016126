"""Answers to `jaccard` as students write them."""

from __future__ import annotations

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
}
RIGHT = {
    "sets": right_jaccard_sets,
    "symmetric difference": right_jaccard_difference,
    "minimum over maximum": right_jaccard_min_max,
}
