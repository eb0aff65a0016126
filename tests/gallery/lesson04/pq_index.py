"""Answers to `pq_index` as students write them."""

from __future__ import annotations

import math

import numpy as np
import torch


def norms(w, p, q):
    w = w.double().flatten()
    return torch.linalg.vector_norm(w, ord=p).item(), torch.linalg.vector_norm(w, ord=q).item()


def index_wrong_sign(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - w.numel() ** (1 / p - 1 / q) * a / b


def index_no_factor(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - a / b


def index_ratio(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return w.numel() ** (1 / q - 1 / p) * a / b


def index_swapped(w, p=0.5, q=1.0):
    a, b = norms(w, q, p)
    return 1 - w.numel() ** (1 / p - 1 / q) * a / b


def index_difference(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - w.numel() ** -(q - p) * a / b


def index_no_roots(w, p=0.5, q=1.0):
    w = w.double().abs()
    return (1 - (w**p).mean() / (w**q).mean()).item()


def index_nonzero(w, p=0.5, q=1.0):
    w = w[w != 0]
    a, b = norms(w, p, q)
    return 1 - w.numel() ** (1 / q - 1 / p) * a / b


def index_fixed_norms(w, p=0.5, q=1.0):
    a, b = norms(w, 0.5, 1)
    return 1 - a / b / w.numel()


def index_len(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - len(w) ** (1 / q - 1 / p) * a / b


def index_float(w, p=0.5, q=1.0):
    size = w.numel()
    w = w.abs()
    return 1 - size ** (1 / q - 1 / p) * (w**p).sum().pow(1 / p).item() / (w**q).sum().pow(1 / q).item()


def index_scaled(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return (1 - w.numel() ** (1 / q - 1 / p) * a / b) / (1 - w.numel() ** (1 / q - 1 / p)) if w.numel() > 1 else 0.0


def index_in_place(w, p=0.5, q=1.0):
    a = w.double().abs_()
    return (1 - a.pow(p).mean() ** (1 / p) / a.pow(q).mean() ** (1 / q)).item()


def index_rounded(digits):
    return lambda w, p=0.5, q=1.0: round(right_index_norms(w, p, q), digits)


def index_float_means(w, p=0.5, q=1.0):
    a = w.abs()
    return (1 - (a**p).mean() ** (1 / p) / (a**q).mean() ** (1 / q)).item()


def index_float_means_of_numbers(w, p=0.5, q=1.0):
    a = w.abs()
    return 1 - (a**p).mean().pow(1 / p).item() / (a**q).mean().pow(1 / q).item()


def index_something_added(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - w.numel() ** (1 / q - 1 / p) * a / (b + 1e-12)


def index_zeros_in_d_only(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - int((w != 0).sum()) ** (1 / q - 1 / p) * a / b


def index_other_root(w, p=0.5, q=1.0):
    a = w.double().abs()
    return 1 - (a.pow(p).mean() ** p / a.pow(q).mean() ** q).item()


def index_one_exponent(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - a / b / w.numel()


def index_signed(w, p=0.5, q=1.0):
    a = w.double().clamp(min=0)
    return (1 - a.pow(p).mean() ** (1 / p) / a.pow(q).mean() ** (1 / q)).item()


def index_of_the_nearest_pair(w, p=0.5, q=1.0):
    return right_index_norms(w, *((0.5, 1.0) if p < 0.75 else (1.0, 2.0)))


def index_gini(w, p=0.5, q=1.0):
    a = w.double().abs().flatten().sort().values
    n = len(a)
    return (2 * (a * torch.arange(1, n + 1)).sum() / (n * a.sum()) - (n + 1) / n).item()


def right_index_loop(w, p=0.5, q=1.0):
    values = [abs(x) for x in w.flatten().tolist()]
    a, b = ((sum(x**s for x in values) / len(values)) ** (1 / s) for s in (p, q))
    return 1 - a / b


def right_index_logarithms(w, p=0.5, q=1.0):
    logs = w.double().abs().log().flatten()
    a, b = ((torch.logsumexp(s * logs, 0) - math.log(len(logs))) / s for s in (p, q))
    return -torch.expm1(a - b)


def right_index_not_below_zero(w, p=0.5, q=1.0):
    return max(0.0, right_index_numpy(w, p, q))


def right_index_norms(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - w.numel() ** (1 / q - 1 / p) * a / b


def right_index_means(w, p=0.5, q=1.0):
    w = w.double().abs() / w.abs().max()
    return 1 - w.pow(p).mean().pow(1 / p) / w.pow(q).mean().pow(1 / q)


def right_index_numpy(w, p=0.5, q=1.0):
    a = np.abs(w.numpy().astype(np.float64)).ravel()
    return 1 - a.size ** (1 / q - 1 / p) * np.sum(a**p) ** (1 / p) / np.sum(a**q) ** (1 / q)


WRONG = {
    "sign of the exponent": (index_wrong_sign, "sign of the exponent"),
    "no factor": (index_no_factor, "factor missing"),
    "ratio": (index_ratio, "ratio instead of index"),
    "swapped": (index_swapped, "p and q swapped"),
    "q - p": (index_difference, "q - p for 1/q - 1/p"),
    "no roots": (index_no_roots, "roots missing"),
    "zeros left out": (index_nonzero, "zeros left out"),
    "p and q fixed": (index_fixed_norms, "defaults ignored"),
    "len": (index_len, "length instead of size"),
    "float32": (index_float, "float32"),
    "scaled to reach 1": (index_scaled, ""),
    "abs in place": (index_in_place, "mutated input"),
    "two digits": (index_rounded(2), "rounded"),
    "three digits": (index_rounded(3), "rounded"),
    "four digits": (index_rounded(4), "rounded"),
    "means in float32": (index_float_means, "float32"),
    "means in float32, as numbers": (index_float_means_of_numbers, "float32"),
    "something added": (index_something_added, "something added"),
    "d without the zeros": (index_zeros_in_d_only, "zeros left out"),
    "powers for roots": (index_other_root, ""),
    "1 / d for every p and q": (index_one_exponent, ""),
    "negative ones cut off": (index_signed, ""),
    "the nearest of two pairs": (index_of_the_nearest_pair, ""),
    "Gini": (index_gini, ""),
}
RIGHT = {
    "norms": right_index_norms,
    "power means": right_index_means,
    "NumPy": right_index_numpy,
    "a loop": right_index_loop,
    "logarithms": right_index_logarithms,
    "not below zero": right_index_not_below_zero,
}
