"""Answers to `pareto_front` as students write them."""

from __future__ import annotations

import numpy as np
import torch


def front_strict(sparsity, accuracy):
    keep = []
    for s, a in zip(sparsity, accuracy, strict=True):
        keep.append(not bool(((sparsity > s) & (accuracy > a)).any()))
    return torch.tensor(keep)


def front_twins(sparsity, accuracy):
    keep = torch.ones(len(sparsity), dtype=torch.bool)
    for i in range(len(sparsity)):
        for j in range(len(sparsity)):
            as_good = sparsity[j] >= sparsity[i] and accuracy[j] >= accuracy[i]
            if as_good and (sparsity[j] != sparsity[i] or accuracy[j] != accuracy[i]):
                keep[i] = False
    return keep


def front_no_twins(sparsity, accuracy):
    n = len(sparsity)
    return torch.tensor(
        [not any(sparsity[j] >= sparsity[i] and accuracy[j] >= accuracy[i] for j in range(n) if j != i) for i in range(n)]
    )


def front_itself(sparsity, accuracy):
    n = len(sparsity)
    return torch.tensor([all(sparsity[j] < sparsity[i] or accuracy[j] < accuracy[i] for j in range(n)) for i in range(n)])


def front_of_the_dense(sparsity, accuracy):
    keep, best = torch.zeros(len(sparsity), dtype=torch.bool), -1.0
    for i in np.lexsort((-accuracy.numpy(), sparsity.numpy())):
        if accuracy[i] > best:
            keep[i], best = True, float(accuracy[i])
    return keep


def front_two_winners(sparsity, accuracy):
    return torch.logical_or(sparsity >= sparsity.max(), accuracy >= accuracy.max())


def front_best_mean(sparsity, accuracy):
    mean = (sparsity + accuracy) / 2
    return mean >= mean.max()


def front_unsorted_ties(sparsity, accuracy):
    keep, best = torch.zeros(len(sparsity), dtype=torch.bool), -1.0
    for i in torch.argsort(sparsity, descending=True, stable=True):
        if accuracy[i] > best:  # of equal sparsities the first seen stays, though a later one may be more accurate
            keep[i], best = True, float(accuracy[i])
    return keep


def front_indices(sparsity, accuracy):
    return torch.nonzero(right_front_sweep(sparsity, accuracy)).flatten()


def right_front_loop(sparsity, accuracy):
    keep = []
    for i in range(len(sparsity)):
        on = True
        for j in range(len(sparsity)):
            no_worse = bool(sparsity[j] >= sparsity[i]) and bool(accuracy[j] >= accuracy[i])
            better = bool(sparsity[j] > sparsity[i]) or bool(accuracy[j] > accuracy[i])
            if no_worse and (better or j < i):
                on = False
        keep.append(on)
    return torch.tensor(keep)


def right_front_sweep(sparsity, accuracy):
    order = np.lexsort((-accuracy.numpy(), -sparsity.numpy()))
    keep, best = torch.zeros(len(sparsity), dtype=torch.bool), -float("inf")
    for i in order:
        if accuracy[i] > best:
            keep[i], best = True, float(accuracy[i])
    return keep


def right_front_sorted(sparsity, accuracy):
    points = sorted(range(len(sparsity)), key=lambda i: (-float(sparsity[i]), -float(accuracy[i]), i))
    front, best = [], -1.0
    for i in points:
        if float(accuracy[i]) > best:
            front.append(i)
            best = float(accuracy[i])
    return torch.tensor([i in front for i in range(len(sparsity))])


WRONG = {
    "better in both, in a loop": (front_strict, "better in both"),
    "two equal points, both kept": (front_twins, "equal points both kept"),
    "two equal points, both lost": (front_no_twins, "equal points both lost"),
    "compared with itself": (front_itself, "dominated by itself"),
    "running best from the dense side": (front_of_the_dense, "front from the wrong side"),
    "two ends": (front_two_winners, "ends only"),
    "best mean": (front_best_mean, "best score only"),
    "ties in sparsity not sorted by accuracy": (front_unsorted_ties, "sorted by sparsity only"),
    "indices": (front_indices, ""),
}
RIGHT = {"two loops": right_front_loop, "lexsort": right_front_sweep, "sorted": right_front_sorted}
