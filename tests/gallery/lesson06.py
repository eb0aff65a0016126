"""Lesson 06: answers as students write them.

WRONG: exercise -> label -> (answer, the misconception by whose name the verdict must call it; "" where a sentence about
the failing case is all that can be said). RIGHT: exercise -> label -> answer.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch

# ---- score


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


# ---- pareto_front


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


# ---- mean_and_band


def interpolated(curves, at):
    return torch.stack([torch.tensor(np.interp(at, sparsity, accuracy)) for sparsity, accuracy in curves])


def band_population(curves, at):
    values = np.stack([np.interp(at.numpy(), s.numpy(), a.numpy()) for s, a in curves])
    return torch.tensor(values.mean(0)), torch.tensor(values.std(0))  # NumPy divides by n unless told otherwise


def band_error(curves, at):
    values = interpolated(curves, at)
    return values.mean(dim=0), values.std(dim=0) / np.sqrt(len(curves))


def band_variance(curves, at):
    values = interpolated(curves, at)
    return values.mean(dim=0), torch.var(values, dim=0)


def band_extremes(curves, at):
    values = interpolated(curves, at)
    return values.mean(0), values.max(0).values - values.min(0).values


def band_best(curves, at):
    values = interpolated(curves, at)
    return values.max(0).values, values.std(0)


def band_median(curves, at):
    values = np.stack([np.interp(at, s, a) for s, a in curves])
    return torch.tensor(np.median(values, 0)), torch.tensor(values).std(0)


def band_nearest(curves, at):
    rows = []
    for sparsity, accuracy in curves:
        rows.append([accuracy[(sparsity - x).abs().argmin()].item() for x in at])
    values = torch.tensor(rows)
    return values.mean(0), values.std(0)


def band_by_place(curves, at):
    values = torch.stack([accuracy[: len(at)] for _, accuracy in curves])
    return values.mean(0), values.std(0)


def band_axis(curves, at):
    values = interpolated(curves, at)
    return values.mean(-1), values.std(-1)


def band_arrays(curves, at):
    values = np.stack([np.interp(at, s, a) for s, a in curves])
    return values.mean(0), values.std(0, ddof=1) if len(curves) > 1 else np.full(len(at), np.nan)


def right_band_loop(curves, at):
    columns = []
    for x in at.tolist():
        column = []
        for sparsity, accuracy in curves:
            s, a = sparsity.tolist(), accuracy.tolist()
            i = max(k for k in range(len(s) - 1) if s[k] <= x)
            column.append(a[i] + (a[i + 1] - a[i]) * (x - s[i]) / (s[i + 1] - s[i]))
        columns.append(column)
    values = torch.tensor(columns)
    n = len(curves)
    mean = values.mean(1)
    spread = ((values - mean[:, None]) ** 2).sum(1)
    return mean, (spread / (n - 1)).sqrt() if n > 1 else torch.full_like(mean, torch.nan)


def right_band_torch(curves, at):
    values = interpolated(curves, at)
    return values.mean(0), values.std(0)


def right_band_numpy(curves, at):
    values = np.array([np.interp(at, s, a) for s, a in curves])
    return [torch.tensor(values.mean(0)), torch.tensor(values.std(0, ddof=1))]


# ---- hypervolume


def volume_of_all(sparsity, accuracy, reference=(0.0, 0.6)):
    order = sparsity.argsort(stable=True)
    area, last = 0.0, reference[0]
    for s, a in zip(sparsity[order].tolist(), accuracy[order].tolist(), strict=True):
        area += max(s - last, 0) * max(a - reference[1], 0)
        last = max(s, last)
    return area


def volume_unsorted(sparsity, accuracy, reference=(0.0, 0.6)):
    area, last = 0.0, reference[0]
    for s, a in zip(sparsity.tolist(), accuracy.tolist(), strict=True):
        area += (max(s, reference[0]) - last) * max(a - reference[1], 0)
        last = max(s, reference[0])
    return area


def volume_sum(sparsity, accuracy, reference=(0.0, 0.6)):
    beyond = (sparsity > reference[0]) & (accuracy > reference[1])
    return ((sparsity - reference[0]) * (accuracy - reference[1]))[beyond].sum().item()


def volume_largest(sparsity, accuracy, reference=(0.0, 0.6)):
    areas = [
        max(s - reference[0], 0) * max(a - reference[1], 0)
        for s, a in zip(sparsity.tolist(), accuracy.tolist(), strict=True)
    ]
    return max(areas)


def staircase(sparsity, accuracy):
    keep = right_front_sweep(sparsity, accuracy)
    order = sparsity[keep].argsort()
    return sparsity[keep][order].tolist(), accuracy[keep][order].tolist()


def volume_trapezoid(sparsity, accuracy, reference=(0.0, 0.6)):
    s, a = staircase(sparsity, accuracy)
    return torch.trapezoid(torch.tensor([max(x - reference[1], 0) for x in a]), torch.tensor(s)).item()


def volume_no_reference(sparsity, accuracy, reference=(0.0, 0.6)):
    area, last = 0.0, 0.0
    for s, a in zip(*staircase(sparsity, accuracy), strict=True):
        area, last = area + (s - last) * a, s
    return area


def volume_negative(sparsity, accuracy, reference=(0.0, 0.6)):
    area, last = 0.0, reference[0]
    for s, a in zip(*staircase(sparsity, accuracy), strict=True):
        area += max(s - last, 0) * (a - reference[1])
        last = max(last, s)
    return area


def volume_before(sparsity, accuracy, reference=(0.0, 0.6)):
    area, last, height = 0.0, reference[0], None
    for s, a in zip(*staircase(sparsity, accuracy), strict=True):
        height = max(a - reference[1], 0) if height is None else height
        area += max(s - last, 0) * height
        last, height = max(last, s), max(a - reference[1], 0)
    return area


def volume_defaults(sparsity, accuracy, reference=(0.0, 0.6)):
    return right_volume_sweep(sparsity, accuracy)


def volume_accuracy_only(sparsity, accuracy, reference=(0.0, 0.6)):
    return right_volume_sweep(sparsity, accuracy, (0.0, reference[1]))


def right_volume_sweep(sparsity, accuracy, reference=(0.0, 0.6)):
    points = [(s, a) for s, a in zip(sparsity.tolist(), accuracy.tolist(), strict=True) if s > reference[0]]
    area, best = 0.0, reference[1]
    for s, a in sorted(points, reverse=True):  # each higher step adds a slice from the reference to its sparsity
        area += (s - reference[0]) * max(a - best, 0)
        best = max(best, a)
    return area


def right_volume_cells(sparsity, accuracy, reference=(0.0, 0.6)):
    edges = sorted({reference[0], *[s for s in sparsity.tolist() if s > reference[0]]})
    area = 0.0
    for left, right in itertools.pairwise(edges):
        heights = [a - reference[1] for s, a in zip(sparsity.tolist(), accuracy.tolist(), strict=True) if s >= right]
        area += (right - left) * max(0.0, *heights)
    return area


def right_volume_staircase(sparsity, accuracy, reference=(0.0, 0.6)):
    beyond = (sparsity > reference[0]) & (accuracy > reference[1])
    s, a = staircase(sparsity[beyond], accuracy[beyond])
    widths = np.diff([reference[0], *s])
    return torch.tensor(widths * (np.array(a) - reference[1])).sum()


# ---- equal_budget


def seeds_of(rows, method):
    return {row["seed"] for row in rows if row["method"] == method}


def budget_untouched(rows):
    return [dict(row) for row in rows]


def budget_seeds_only(rows):
    common = None
    for method in {row["method"] for row in rows}:
        common = seeds_of(rows, method) if common is None else common & seeds_of(rows, method)
    return [row for row in rows if row["seed"] in common]


def budget_epochs_only(rows):
    longest = {}
    for row in rows:
        longest[row["method"]] = max(longest.get(row["method"], 0), row["epochs"])
    return [row for row in rows if row["epochs"] <= min(longest.values())]


def budget_first(rows):
    return budget_seeds_only(budget_epochs_only(rows))


def budget_first_of_all(rows):
    longest = {}
    for row in rows:
        longest.setdefault(row["method"], []).append(row["epochs"])
    budget = min(max(epochs) for epochs in longest.values())
    return [row for row in budget_seeds_only(rows) if row["epochs"] <= budget]


def budget_shortest(rows):
    rows = budget_seeds_only(rows)
    if not rows:
        return []
    least = min(row["epochs"] for row in rows)
    return [row for row in rows if row["epochs"] <= least]


def budget_less(rows):
    fair = budget_seeds_only(rows)
    longest = {}
    for row in fair:
        longest[row["method"]] = max(longest.get(row["method"], 0), row["epochs"])
    return [row for row in fair if row["epochs"] < min(longest.values())]


def budget_equal(rows):
    fair = budget_seeds_only(rows)
    longest = {}
    for row in fair:
        longest[row["method"]] = max(longest.get(row["method"], 0), row["epochs"])
    return [row for row in fair if row["epochs"] == min(longest.values())]


def budget_shared_epochs(rows):
    fair = budget_seeds_only(rows)
    methods = {row["method"] for row in fair}
    return [
        row
        for row in fair
        if all(any(other["method"] == m and other["epochs"] == row["epochs"] for other in fair) for m in methods)
    ]


def budget_best(rows):
    fair = right_budget_loop(rows)
    return sorted(fair, key=lambda row: -row["accuracy"])[:1]


def right_budget_loop(rows):
    methods = sorted({row["method"] for row in rows})
    common = set(seeds_of(rows, methods[0]))
    for method in methods[1:]:
        common &= seeds_of(rows, method)
    fair = [row for row in rows if row["seed"] in common]
    if not fair:
        return []
    budget = min(max(row["epochs"] for row in fair if row["method"] == method) for method in methods)
    return [row for row in fair if row["epochs"] <= budget]


def right_budget_pandas(rows):
    import pandas as pd

    table = pd.DataFrame(rows)
    runs = table.groupby("seed")["method"].nunique()
    table = table[table["seed"].isin(runs[runs == table["method"].nunique()].index)]
    budget = table.groupby("method")["epochs"].max().min()
    return [rows[i] for i in table.index[table["epochs"] <= budget]]


WRONG = {
    "score": {
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
    },
    "pareto_front": {
        "better in both, in a loop": (front_strict, "better in both"),
        "two equal points, both kept": (front_twins, "equal points both kept"),
        "two equal points, both lost": (front_no_twins, "equal points both lost"),
        "compared with itself": (front_itself, "dominated by itself"),
        "running best from the dense side": (front_of_the_dense, "front from the wrong side"),
        "two ends": (front_two_winners, "ends only"),
        "best mean": (front_best_mean, "best score only"),
        "ties in sparsity not sorted by accuracy": (front_unsorted_ties, "sorted by sparsity only"),
        "indices": (front_indices, ""),
    },
    "mean_and_band": {
        "NumPy's std": (band_population, "population deviation"),
        "error of the mean": (band_error, "standard error"),
        "variance": (band_variance, "variance"),
        "highest minus lowest": (band_extremes, "range"),
        "best of the seeds": (band_best, "best seed"),
        "median": (band_median, "median"),
        "nearest point": (band_nearest, "nearest point"),
        "points by their place": (band_by_place, ""),
        "mean over sparsities": (band_axis, "over the wrong axis"),
        "arrays": (band_arrays, ""),
    },
    "hypervolume": {
        "all points sorted": (volume_of_all, "dominated points counted"),
        "in the given order": (volume_unsorted, "not sorted"),
        "rectangles added": (volume_sum, "rectangles added"),
        "largest rectangle": (volume_largest, "largest rectangle"),
        "trapezoids": (volume_trapezoid, "straight lines between"),
        "from the origin": (volume_no_reference, "no reference"),
        "negative steps": (volume_negative, "below the reference counted"),
        "height of the denser point": (volume_before, "height of the point before"),
        "reference ignored": (volume_defaults, "reference fixed"),
        "only its accuracy used": (volume_accuracy_only, "reference sparsity ignored"),
    },
    "equal_budget": {
        "copies of all rows": (budget_untouched, "nothing mended"),
        "seeds only": (budget_seeds_only, "epochs ignored"),
        "epochs only": (budget_epochs_only, "seeds ignored"),
        "epochs first, then seeds of what is left": (budget_first, "budget before seeds"),
        "budget of all seeds": (budget_first_of_all, "budget before seeds"),
        "shortest row": (budget_shortest, "shortest row"),
        "less than the budget": (budget_less, "strictly less"),
        "exactly the budget": (budget_equal, "only the last rows"),
        "epochs that all have": (budget_shared_epochs, "same epochs only"),
        "only the winner": (budget_best, ""),
    },
}
RIGHT = {
    "score": {"where": right_score_where, "loop": right_score_loop, "product with a mask": right_score_product},
    "pareto_front": {"two loops": right_front_loop, "lexsort": right_front_sweep, "sorted": right_front_sorted},
    "mean_and_band": {"by hand": right_band_loop, "torch": right_band_torch, "numpy, in a list": right_band_numpy},
    "hypervolume": {"slices": right_volume_sweep, "cells": right_volume_cells, "widths": right_volume_staircase},
    "equal_budget": {"loops": right_budget_loop, "pandas": right_budget_pandas},
}
