"""Answers to `power_mean` as students write them."""

from __future__ import annotations

import math
import statistics

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


def mean_in_place(w, s):
    return (w.double().abs_() ** s).mean().item() ** (1 / s)  # .double() of a float64 tensor is that tensor


def mean_power_in_place(w, s):
    return w.abs().mean().item() if s == 1 else w.double().abs_().pow_(s).mean().item() ** (1 / s)


def mean_of_float(w, s):
    return (w.abs() ** s).mean().item() ** (1 / s)


def mean_of_numpy_float(w, s):
    return float(np.mean(np.abs(w.numpy().astype(np.float32)) ** s) ** (1 / s))


def mean_scaled_float(w, s):
    w = w.abs().float()
    return ((w / w.max()) ** s).mean().item() ** (1 / s) * w.max().item()


def mean_rounded(digits):
    return lambda w, s: round(right_mean_numpy(w, s), digits)


def mean_whole_exponent(w, s):
    s = max(1, int(s))
    return right_mean_numpy(w, s)


def mean_of_the_unsigned(w, s):
    return right_mean_numpy(w.clamp(min=0), s)


def mean_of_d_minus_one(w, s):
    return ((w.double().abs() ** s).sum() / max(1, w.numel() - 1)).item() ** (1 / s)


def mean_root_first(w, s):
    return (w.double().abs() ** (1 / s)).mean().item() ** s


def mean_median(w, s):
    return ((w.double().abs() ** s).median() ** (1 / s)).item()


def mean_with_a_hair(w, s):
    return ((w.double().abs() + 1e-3) ** s).mean().item() ** (1 / s)


def right_mean_loop(w, s):
    total = 0.0
    for x in w.flatten().tolist():
        total += abs(x) ** s
    return (total / w.numel()) ** (1 / s)


def right_mean_scaled(w, s):
    w = w.to(torch.float64).abs()
    largest = w.max()
    return largest * torch.pow((w / largest).pow(s).mean(), 1 / s)


def right_mean_statistics(w, s):
    return statistics.fmean(abs(x) ** s for x in w.double().reshape(-1).tolist()) ** (1 / s)


def right_mean_float64_by_argument(w, s):
    return torch.mean(torch.abs(w).double().pow(s), dtype=torch.float64).pow(1 / s).item()


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
    "divides by the first axis": (mean_first_axis, "length instead of size"),
    "one number a column": (mean_per_row, ""),
    "abs in place": (mean_in_place, "mutated input"),
    "power in place": (mean_power_in_place, "mutated input"),
    "mean in float32": (mean_of_float, "float32"),
    "NumPy's float32": (mean_of_numpy_float, "float32"),
    "scaled, in float32": (mean_scaled_float, "float32"),
    "two digits": (mean_rounded(2), "rounded"),
    "three digits": (mean_rounded(3), "rounded"),
    "whole exponents": (mean_whole_exponent, ""),
    "negative ones cut off": (mean_of_the_unsigned, ""),
    "divided by d - 1": (mean_of_d_minus_one, ""),
    "root first": (mean_root_first, ""),
    "median": (mean_median, ""),
    "something added": (mean_with_a_hair, ""),
}
RIGHT = {
    "logarithms": right_mean_logarithms,
    "NumPy": right_mean_numpy,
    "a norm": right_mean_norm,
    "a loop": right_mean_loop,
    "scaled": right_mean_scaled,
    "statistics": right_mean_statistics,
    "float64 after abs": right_mean_float64_by_argument,
}
