"""Answers to `pq_of_normal` as students write them."""

from __future__ import annotations

import math

import numpy as np
import torch


def normal_no_roots(p, q):
    return 1 - math.gamma((p + 1) / 2) * 2 ** (p / 2) / (math.gamma((q + 1) / 2) * 2 ** (q / 2))


def normal_no_pi(p, q):
    a, b = (((2 ** (s / 2)) * math.gamma(0.5 * (s + 1))) ** (1 / s) for s in (p, q))
    return 1 - a / b


def normal_pi(p, q):
    a, b = (((2 ** (s / 2)) * math.gamma(0.5 * (s + 1)) / math.pi) ** (1 / s) for s in (p, q))
    return 1 - a / b


def normal_half(p, q):
    a, b = (((2 ** (s / 2)) * math.gamma(0.5 * s) / math.sqrt(math.pi)) ** (1 / s) for s in (p, q))
    return 1 - a / b


def normal_whole(p, q):
    a, b = (((2 ** (s / 2)) * math.gamma(s + 1) / math.sqrt(math.pi)) ** (1 / s) for s in (p, q))
    return 1 - a / b


def moment(s):
    return ((2 ** (s / 2)) * math.gamma(0.5 * (s + 1)) / math.pi**0.5) ** (1 / s)


def normal_ratio(p, q):
    return moment(p) / moment(q)


def normal_swapped(p, q):
    return 1 - moment(q) / moment(p)


def normal_table(p, q):
    return 1 - (2 / math.pi) ** 0.5


def normal_squared(p, q):
    return 1 - (moment(p) / moment(q)) ** 2


def normal_sample(p, q):
    z = np.abs(np.random.default_rng(0).standard_normal(1000))
    return 1 - np.mean(z**p) ** (1 / p) / np.mean(z**q) ** (1 / q)


def normal_rounded(digits):
    return lambda p, q: round(right_normal_logarithms(p, q), digits)


def normal_known_pairs(p, q):
    return 1 - 2 / math.pi**0.5 * 0.8224 if p < 0.75 else 1 - (2 / math.pi) ** 0.5


def normal_factorial(p, q):
    a, b = ((2 ** (s / 2) * math.factorial(round((s - 1) / 2)) / math.pi**0.5) ** (1 / s) for s in (p, q))
    return 1 - a / b


def normal_whole_halves(p, q):
    a, b = ((2 ** (s // 2) * math.gamma((s + 1) / 2) / math.pi**0.5) ** (1 / s) for s in (p, q))
    return 1 - a / b


def normal_uniform(p, q):
    return 1 - (p + 1) ** (-1 / p) / (q + 1) ** (-1 / q)


def normal_laplace(p, q):
    return 1 - math.gamma(p + 1) ** (1 / p) / math.gamma(q + 1) ** (1 / q)


def normal_a_large_sample(p, q):
    z = np.abs(np.random.default_rng(1).standard_normal(20_000))
    return 1 - np.mean(z**p) ** (1 / p) / np.mean(z**q) ** (1 / q)


def right_normal_without_constants(p, q):
    """What both moments have in common to the power s cancels: 2^(s/2)."""
    a, b = ((math.gamma((s + 1) / 2) / math.gamma(0.5)) ** (1 / s) for s in (p, q))
    return 1 - a / b


def right_normal_integral(p, q):
    u = (np.arange(40_000) + 0.5) / 4_000  # z = u^2 / 10: finer near 0, where z^p is steep
    z, density = u**2 / 10, np.exp(-((u**2 / 10) ** 2) / 2) * 2 * u / 10
    a, b = ((np.sum(z**s * density) / np.sum(density)) ** (1 / s) for s in (p, q))
    return 1 - a / b


def right_normal_logarithms(p, q):
    a, b = ((s / 2 * math.log(2) + math.lgamma((s + 1) / 2) - 0.5 * math.log(math.pi)) / s for s in (p, q))
    return 1 - math.exp(a - b)


def right_normal_torch(p, q):
    s = torch.tensor([p, q], dtype=torch.float64)
    m = (2 ** (s / 2) * torch.lgamma((s + 1) / 2).exp() / math.sqrt(math.pi)) ** (1 / s)
    return 1 - m[0] / m[1]


WRONG = {
    "no roots": (normal_no_roots, "roots missing"),
    "no pi": (normal_no_pi, "root of pi missing"),
    "pi": (normal_pi, "pi for its root"),
    "Gamma of s/2": (normal_half, "Gamma of s/2"),
    "Gamma of s + 1": (normal_whole, "Gamma of s + 1"),
    "ratio": (normal_ratio, "ratio instead of index"),
    "swapped": (normal_swapped, "p and q swapped"),
    "one value": (normal_table, "for one p and q only"),
    "squared": (normal_squared, ""),
    "a small sample": (normal_sample, ""),
    "a larger sample": (normal_a_large_sample, ""),
    "two digits": (normal_rounded(2), "rounded"),
    "three digits": (normal_rounded(3), "rounded"),
    "two known pairs": (normal_known_pairs, ""),
    "a factorial": (normal_factorial, ""),
    "whole halves": (normal_whole_halves, ""),
    "uniform weights": (normal_uniform, ""),
    "Laplace weights": (normal_laplace, ""),
}
RIGHT = {
    "logarithms": right_normal_logarithms,
    "torch": right_normal_torch,
    "an integral": right_normal_integral,
    "without what cancels": right_normal_without_constants,
}
