"""Answers to `mean_and_band` as students write them."""

from __future__ import annotations

import numpy as np
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
}
RIGHT = {"by hand": right_band_loop, "torch": right_band_torch, "numpy, in a list": right_band_numpy}
