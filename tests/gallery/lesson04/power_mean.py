"""Answers to `power_mean` as students write them."""

from __future__ import annotations

import math

import numpy as np
import torch


def mean_no_root(w, s):
    return (w.double().abs() ** s).mean().item()


def mean_of_a_norm(w, s):
    return torch.linalg.vector_norm(w.double(), ord=s).item()


def mean_signed(w, s):
    return ((w.double() ** s).mean() ** (1 / s)).item()


def mean_power_again(w, s):
    return ((w.double().abs() ** s).mean() ** s).item()


def mean_plain(w, s):
    return w.abs().double().mean().item()


def mean_nonzero(w, s):
    kept = w[w.abs() > 0].double().abs()
    return (kept.pow(s).sum() / kept.numel()).pow(1 / s).item()


def mean_float(w, s):
    return (torch.sum(torch.abs(w) ** s) ** (1 / s) * w.numel() ** (-1 / s)).item()


def mean_largest(w, s):
    return w.abs().amax().item()


def mean_first_axis(w, s):
    return ((w.double().abs() ** s).sum() / len(w)).pow(1 / s).item()


def mean_per_row(w, s):
    return (w.double().abs() ** s).mean(0) ** (1 / s)


def right_mean_logarithms(w, s):
    logs = w.double().abs().flatten().log()
    return math.exp((torch.logsumexp(s * logs, 0).item() - math.log(w.numel())) / s)


def right_mean_numpy(w, s):
    return float(np.mean(np.abs(w.double().numpy()) ** s) ** (1 / s))


def right_mean_norm(w, s):
    return torch.linalg.vector_norm(w.double().flatten(), ord=s) * w.numel() ** (-1 / s)


WRONG = {
    "no root": (mean_no_root, "no root"),
    "a norm": (mean_of_a_norm, "sum for mean"),
    "signs kept": (mean_signed, "no absolute value"),
    "power again": (mean_power_again, "power s instead of 1/s"),
    "the plain mean": (mean_plain, "mean first"),
    "zeros left out": (mean_nonzero, "zeros left out"),
    "float32": (mean_float, "float32"),
    "largest": (mean_largest, "largest"),
    "divides by the first axis": (mean_first_axis, ""),
    "one number a column": (mean_per_row, ""),
}
RIGHT = {"logarithms": right_mean_logarithms, "NumPy": right_mean_numpy, "a norm": right_mean_norm}
