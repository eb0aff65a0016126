"""Answers to `score` as students write them."""

from __future__ import annotations

import numpy as np
import torch


def score_plain(accuracy, sparsity, floor=0.6):
    return 0.5 * accuracy + 0.5 * sparsity


def score_above(accuracy, sparsity, floor=0.6):
    result = (accuracy + sparsity) / 2
    result[accuracy <= floor] = 0
    return result


def score_floored_mean(accuracy, sparsity, floor=0.6):
    mean = torch.stack([accuracy, sparsity]).mean(0)
    return mean * (mean >= floor)


def score_half(accuracy, sparsity, floor=0.6):
    return (accuracy * (accuracy >= floor) + sparsity) / 2


def score_constant_floor(accuracy, sparsity, floor=0.6):
    counts = accuracy >= 0.60
    return counts * (accuracy + sparsity) / 2


def score_no_half(accuracy, sparsity, floor=0.6):
    total = accuracy + sparsity
    total[accuracy < floor] = 0.0
    return total


def score_selected(accuracy, sparsity, floor=0.6):
    counts = accuracy >= floor
    return (accuracy[counts] + sparsity[counts]) / 2


def score_nan(accuracy, sparsity, floor=0.6):
    return torch.where(accuracy < floor, torch.nan, (accuracy + sparsity) / 2)


def score_in_place(accuracy, sparsity, floor=0.6):
    accuracy += sparsity
    accuracy /= 2
    return torch.where(accuracy - sparsity / 2 >= floor / 2, accuracy, 0.0)


def score_one_number(accuracy, sparsity, floor=0.6):
    return ((accuracy + sparsity) / 2).max().item()


def score_digits(digits):
    return lambda accuracy, sparsity, floor=0.6: torch.round(right_score_where(accuracy, sparsity, floor), decimals=digits)


def score_of_rounded(accuracy, sparsity, floor=0.6):
    return torch.where((accuracy * 1000).round() / 1000 >= floor, (accuracy + sparsity) / 2, 0.0)


def score_tolerant(accuracy, sparsity, floor=0.6):
    floor = torch.tensor(floor, dtype=accuracy.dtype)
    return ((accuracy >= floor) | torch.isclose(accuracy, floor)) * (accuracy + sparsity) / 2


def score_list(accuracy, sparsity, floor=0.6):
    return [(a + s) / 2 if a >= floor else 0 for a, s in zip(accuracy.tolist(), sparsity.tolist(), strict=True)]


def score_both_above(accuracy, sparsity, floor=0.6):
    return torch.where((accuracy >= floor) & (sparsity >= floor), (accuracy + sparsity) / 2, 0.0)


def score_above_the_floor(accuracy, sparsity, floor=0.6):
    return ((accuracy - floor).clamp(min=0) + sparsity) / 2


def score_of_all(accuracy, sparsity, floor=0.6):
    mean = (accuracy + sparsity) / 2
    return mean if bool((accuracy >= floor).all()) else torch.zeros_like(mean)


def score_sorted(accuracy, sparsity, floor=0.6):
    return right_score_where(accuracy, sparsity, floor).sort(descending=True).values


def score_harmonic(accuracy, sparsity, floor=0.6):
    return torch.where(accuracy >= floor, 2 * accuracy * sparsity / (accuracy + sparsity), 0.0)


def score_minus_one(accuracy, sparsity, floor=0.6):
    return torch.where(accuracy >= floor, (accuracy + sparsity) / 2, -1.0)


def score_in_place_below(accuracy, sparsity, floor=0.6):
    accuracy[accuracy < floor] = 0
    return torch.where(accuracy > 0, (accuracy + sparsity) / 2, 0.0)


def right_score_indexing(accuracy, sparsity, floor=0.6):
    result = (accuracy + sparsity) / 2
    result[accuracy < floor] = 0
    return result


def right_score_fill(accuracy, sparsity, floor=0.6):
    return torch.lerp(accuracy, sparsity, 0.5).masked_fill(accuracy < floor, 0)


def right_score_numpy(accuracy, sparsity, floor=0.6):
    a, s = accuracy.numpy(), sparsity.numpy()
    return torch.from_numpy(np.where(a >= floor, (a + s) / 2, 0))


def right_score_where(accuracy, sparsity, floor=0.6):
    zeros = torch.zeros_like(accuracy)
    return torch.where(accuracy < floor, zeros, torch.stack([accuracy, sparsity]).mean(0))


def right_score_loop(accuracy, sparsity, floor=0.6):
    scores = []
    for a, s in zip(accuracy.tolist(), sparsity.tolist(), strict=True):
        scores.append((a + s) / 2 if a >= floor else 0.0)
    return torch.tensor(scores)


def right_score_product(accuracy, sparsity, floor=0.6):
    return (accuracy + sparsity) / 2 * (accuracy >= floor)


WRONG = {
    "plain mean": (score_plain, "no floor"),
    "floor must be exceeded": (score_above, "strict floor"),
    "floor on the mean": (score_floored_mean, "floor of the score"),
    "accuracy set to zero": (score_half, "half a zero"),
    "0.6 written in": (score_constant_floor, "floor fixed"),
    "not halved": (score_no_half, "sum"),
    "rows dropped": (score_selected, "points left out"),
    "NaN below the floor": (score_nan, ""),
    "arguments overwritten": (score_in_place, "mutated input"),
    "best score only": (score_one_number, ""),
    "two digits": (score_digits(2), "rounded"),
    "three digits": (score_digits(3), "rounded"),
    "accuracy rounded first": (score_of_rounded, "nearly the floor"),
    "nearly the floor": (score_tolerant, "nearly the floor"),
    "a list": (score_list, ""),
    "both above the floor": (score_both_above, ""),
    "what lies above the floor": (score_above_the_floor, ""),
    "all or nothing": (score_of_all, ""),
    "sorted": (score_sorted, ""),
    "harmonic mean": (score_harmonic, ""),
    "-1 below the floor": (score_minus_one, ""),
    "accuracy overwritten": (score_in_place_below, "mutated input"),
}
RIGHT = {
    "where": right_score_where,
    "loop": right_score_loop,
    "product with a mask": right_score_product,
    "indexing": right_score_indexing,
    "masked_fill": right_score_fill,
    "NumPy": right_score_numpy,
}
