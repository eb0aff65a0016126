"""Answers to `score` as students write them."""

from __future__ import annotations

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
}
RIGHT = {"where": right_score_where, "loop": right_score_loop, "product with a mask": right_score_product}
