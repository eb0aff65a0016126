"""Answers to `pareto_front` as students write them."""

from __future__ import annotations

import numpy as np
import pandas as pd
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


def front_by(beats):
    """beats: (s, a) of another, of the point itself, and whether the other comes earlier -> whether the point is out."""

    def answer(sparsity, accuracy):
        points = list(zip(sparsity.tolist(), accuracy.tolist(), strict=True))
        return torch.tensor(
            [not any(beats(*q, *p, j < i) for j, q in enumerate(points) if j != i) for i, p in enumerate(points)]
        )

    return answer


def front_digits(digits):
    return lambda s, a: right_front_sweep(torch.round(s, decimals=digits), torch.round(a, decimals=digits))


def front_close(sparsity, accuracy):
    keep = []
    for i in range(len(sparsity)):
        as_good = (sparsity >= sparsity[i] - 1e-6) & (accuracy >= accuracy[i] - 1e-6)
        better = (sparsity > sparsity[i] + 1e-6) | (accuracy > accuracy[i] + 1e-6)
        keep.append(not bool((as_good & (better | (torch.arange(len(sparsity)) < i))).any()))
    return torch.tensor(keep)


def front_from_zero(sparsity, accuracy):
    keep, best = torch.zeros(len(sparsity), dtype=torch.bool), 0.0
    for i in np.lexsort((-accuracy.numpy(), -sparsity.numpy())):
        if accuracy[i] > best:
            keep[i], best = True, float(accuracy[i])
    return keep


def front_hull(sparsity, accuracy):
    keep = torch.zeros(len(sparsity), dtype=torch.bool)
    for weight in torch.linspace(0, 1, 101).tolist():
        keep[(weight * accuracy + (1 - weight) * sparsity).argmax()] = True
    return keep


def front_neighbours(sparsity, accuracy):
    order = np.lexsort((-accuracy.numpy(), -sparsity.numpy()))
    keep = torch.zeros(len(sparsity), dtype=torch.bool)
    for k, i in enumerate(order):
        keep[i] = k == 0 or bool(accuracy[i] > accuracy[order[k - 1]])
    return keep


def front_running_or_equal(sparsity, accuracy):
    keep, best = torch.zeros(len(sparsity), dtype=torch.bool), -1.0
    for i in np.lexsort((-accuracy.numpy(), -sparsity.numpy())):
        if accuracy[i] >= best:
            keep[i], best = True, float(accuracy[i])
    return keep


def front_of_sorted(sparsity, accuracy):
    order = sparsity.argsort()
    return right_front_sweep(sparsity[order], accuracy[order])


def front_numbers(sparsity, accuracy):
    return right_front_sweep(sparsity, accuracy).int()


def front_lower_is_better(sparsity, accuracy):
    return right_front_sweep(-sparsity, -accuracy)


def front_sorts_in_place(sparsity, accuracy):
    keep = right_front_sweep(sparsity, accuracy)
    sparsity.copy_(sparsity.sort().values)
    return keep


def right_front_matrix(sparsity, accuracy):
    s, a = sparsity[:, None], accuracy[:, None]
    as_good = (sparsity >= s) & (accuracy >= a)
    better = (sparsity > s) | (accuracy > a)
    twins = (sparsity == s) & (accuracy == a)
    return ~(as_good & better).any(1) & ~torch.tril(twins, diagonal=-1).any(1)


def right_front_pandas(sparsity, accuracy):
    table = pd.DataFrame({"s": sparsity.numpy(), "a": accuracy.numpy()})
    best = table.sort_values(["s", "a"], ascending=False, kind="stable")
    before = best["a"].cummax().shift(fill_value=-np.inf)
    return torch.tensor((best["a"] > before).sort_index().to_numpy())


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
    "better accuracy asked for": (
        front_by(lambda s, a, own, mine, early: s >= own and a > mine),
        "better accuracy asked for",
    ),
    "better accuracy asked for, twins seen to": (
        front_by(lambda s, a, own, mine, early: s >= own and (a > mine or (a == mine and s == own and early))),
        "better accuracy asked for",
    ),
    "better sparsity asked for": (
        front_by(lambda s, a, own, mine, early: s > own and a >= mine),
        "better sparsity asked for",
    ),
    "better sparsity asked for, twins seen to": (
        front_by(lambda s, a, own, mine, early: a >= mine and (s > own or (a == mine and s == own and early))),
        "better sparsity asked for",
    ),
    "two digits": (front_digits(2), "points rounded"),
    "three digits": (front_digits(3), "points rounded"),
    "nearly equal": (front_close, "points rounded"),
    "best so far begins at 0": (front_from_zero, "accuracy 0 left out"),
    "some weight's best": (front_hull, ""),
    "neighbours compared": (front_neighbours, ""),
    "as good as the best so far": (front_running_or_equal, "better accuracy asked for"),
    "in sorted order": (front_of_sorted, ""),
    "numbers": (front_numbers, ""),
    "lower is better": (front_lower_is_better, ""),
    "either is better": (front_by(lambda s, a, own, mine, early: s > own or a > mine), ""),
    "arguments sorted": (front_sorts_in_place, "mutated input"),
}
RIGHT = {
    "two loops": right_front_loop,
    "lexsort": right_front_sweep,
    "sorted": right_front_sorted,
    "a matrix": right_front_matrix,
    "pandas": right_front_pandas,
}
