"""Answers to `mean_and_band` as students write them."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pandas as pd
import torch


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


def band_zero_for_one(curves, at):
    values = interpolated(curves, at)
    return values.mean(0), values.std(0).nan_to_num(0)


def band_digits(digits):
    return lambda curves, at: tuple(torch.round(part, decimals=digits) for part in right_band_torch(curves, at))


def band_of_sorted(curves, at):
    return right_band_torch(curves, at.sort().values)


def band_deviation_from_the_median(curves, at):
    values = interpolated(curves, at)
    return values.mean(0), (values - values.median(0).values).abs().mean(0)


def band_absolute(curves, at):
    values = interpolated(curves, at)
    return values.mean(0), (values - values.mean(0)).abs().mean(0)


def band_steps(curves, at):
    values = torch.stack([a[(torch.searchsorted(s, at.to(s.dtype), right=True) - 1)] for s, a in curves])
    return values.mean(0), values.std(0)


def band_mean_curve(curves, at):
    shortest = min(len(s) for s, _ in curves)
    s = torch.stack([s[:shortest] for s, _ in curves]).mean(0)
    a = torch.stack([a[:shortest] for _, a in curves])
    return torch.tensor(np.interp(at, s, a.mean(0))), torch.tensor(np.interp(at, s, a.std(0)))


def band_two_deviations(curves, at):
    mean, spread = right_band_torch(curves, at)
    return mean, 2 * spread


def band_edges(curves, at):
    mean, spread = right_band_torch(curves, at)
    return mean - spread, mean + spread


def band_by_length(curves, at):
    values = interpolated(curves, at)
    weights = torch.tensor([len(s) for s, _ in curves], dtype=torch.float64)
    return (weights[:, None] * values).sum(0) / weights.sum(), values.std(0)


def band_of_two(curves, at):
    return right_band_torch(curves[:2], at)


def band_ends_straight(curves, at):
    rows = [a[0] + (a[-1] - a[0]) * (at - s[0]) / (s[-1] - s[0]) for s, a in curves]
    values = torch.stack(rows)
    return values.mean(0), values.std(0)


def band_swapped(curves, at):
    return right_band_torch(curves, at)[::-1]


def right_band_statistics(curves, at):
    columns = np.array([np.interp(at, s, a) for s, a in curves]).T.tolist()
    spread = [statistics.stdev(column) if len(column) > 1 else math.nan for column in columns]
    return torch.tensor([statistics.fmean(column) for column in columns]), torch.tensor(spread)


def right_band_pandas(curves, at):
    table = pd.DataFrame([np.interp(at, s, a) for s, a in curves])
    return torch.tensor(table.mean().to_numpy()), torch.tensor(table.std().to_numpy())


def right_band_searchsorted(curves, at):
    rows = []
    for s, a in curves:
        s, a = s.double(), a.double()
        right = torch.searchsorted(s, at.double().contiguous()).clamp(1, len(s) - 1)
        share = (at - s[right - 1]) / (s[right] - s[right - 1])
        rows.append(torch.lerp(a[right - 1], a[right], share))
    values = torch.stack(rows)
    return values.mean(0), values.var(0).sqrt()


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


WRONG = {
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
    "no spread for one seed": (band_zero_for_one, "no spread for nan"),
    "two digits": (band_digits(2), "rounded"),
    "three digits": (band_digits(3), "rounded"),
    "at sorted sparsities": (band_of_sorted, ""),
    "absolute deviation from the median": (band_deviation_from_the_median, ""),
    "mean absolute deviation": (band_absolute, ""),
    "steps for lines": (band_steps, ""),
    "the mean curve": (band_mean_curve, ""),
    "two deviations": (band_two_deviations, ""),
    "the band's edges": (band_edges, ""),
    "weighted by length": (band_by_length, ""),
    "two seeds only": (band_of_two, ""),
    "one line from end to end": (band_ends_straight, ""),
    "deviation first": (band_swapped, ""),
}
RIGHT = {
    "by hand": right_band_loop,
    "torch": right_band_torch,
    "numpy, in a list": right_band_numpy,
    "statistics": right_band_statistics,
    "pandas": right_band_pandas,
    "searchsorted": right_band_searchsorted,
}
