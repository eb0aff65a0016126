"""Answers to `retain_bound` as students write them."""

from __future__ import annotations

import math

import numpy as np
import torch

from course_lib.pruning import retain_bound  # as the lesson and the grader supply them


def bound_share(d, index, p, q, eta=0.0):
    return (1 + eta) ** (q / (p - q)) * (1 - index) ** (p * q / (q - p))


def bound_gone(d, index, p, q, eta=0.0):
    return d - d * (1 + eta) ** (q / (p - q)) * (1 - index) ** (p * q / (q - p))


def bound_of_index(d, index, p, q, eta=0.0):
    return d / (1 + eta) ** (q / (q - p)) * index ** (p * q / (q - p))


def bound_positive(d, index, p, q, eta=0.0):
    return d * (1 + eta) ** (q / (q - p)) * (1 - index) ** (p * q / (q - p))


def bound_no_eta(d, index, p, q, eta=0.0):
    return d * (1 - index) ** (p * q / (q - p))


def bound_no_exponent(d, index, p, q, eta=0.0):
    return d * (1 - index) * (1 + eta) ** -(q / (q - p))


def bound_same_exponent(d, index, p, q, eta=0.0):
    k = q / (q - p)
    return d * (1 + eta) ** -k * (1 - index) ** k


def bound_same_other_exponent(d, index, p, q, eta=0.0):
    k = p * q / (q - p)
    return d * ((1 - index) / (1 + eta)) ** k


def bound_not_inverted(d, index, p, q, eta=0.0):
    return d * (1 + eta) ** (-q / (q - p)) * (1 - index) ** ((q - p) / (p * q))


def bound_ceil(d, index, p, q, eta=0.0):
    return math.ceil(retain_bound(d, index, p, q, eta))


def bound_difference(d, index, p, q, eta=0.0):
    return d * (1 + eta) ** (-q / (p - q)) * (1 - index) ** (p * q / (p - q))


def bound_one_minus(d, index, p, q, eta=0.0):
    return d * (1 - eta) ** (q / (q - p)) * (1 - index) ** (p * q / (q - p))


def bound_floor(d, index, p, q, eta=0.0):
    return int(retain_bound(d, index, p, q, eta))


def bound_round(d, index, p, q, eta=0.0):
    return round(retain_bound(d, index, p, q, eta))


def bound_rounded(digits):
    return lambda d, index, p, q, eta=0.0: round(retain_bound(d, index, p, q, eta), digits)


def bound_one_at_least(d, index, p, q, eta=0.0):
    return max(1, retain_bound(d, index, p, q, eta))


def bound_whole_division(d, index, p, q, eta=0.0):
    return d * (1 + eta) ** (-q // (q - p)) * (1 - index) ** (p * q // (q - p))


def bound_two_pairs(d, index, p, q, eta=0.0):
    return d * ((1 - index) / (1 + eta)) ** 2 if q == 2 else d * (1 - index) / (1 + eta) ** 2


def bound_eta_added(d, index, p, q, eta=0.0):
    return d * (1 + eta * -q / (q - p)) * (1 - index) ** (p * q / (q - p))


def bound_eta_of_the_index(d, index, p, q, eta=0.0):
    return d * (1 - index - eta) ** (p * q / (q - p))


def bound_sum_of_norms(d, index, p, q, eta=0.0):
    return d * (1 + eta) ** (-q / (q - p)) * (1 - index) ** ((p + q) / (q - p))


def bound_d_in_the_power(d, index, p, q, eta=0.0):
    return (d * (1 - index)) ** (p * q / (q - p)) * (1 + eta) ** (-q / (q - p))


def bound_p_for_q(d, index, p, q, eta=0.0):
    return d * (1 + eta) ** (-p / (q - p)) * (1 - index) ** (p * q / (q - p))


def right_bound_by_reciprocals(d, index, p, q, eta=0.0):
    gap = 1 / p - 1 / q
    return d * math.pow(1 - index, 1 / gap) / math.pow(1 + eta, 1 / (p * gap))


def right_bound_numpy(d, index, p, q, eta=0.0):
    return np.float64(d) * np.power(1 + eta, q / (p - q)) * np.power(1 - index, p * q / (q - p))


def right_bound_torch(d, index, p, q, eta=0.0):
    share = torch.tensor(1 - index, dtype=torch.float64)
    return d * (1 + eta) ** (-q / (q - p)) * share ** (p * q / (q - p))


def right_bound(d, index, p, q, eta=0.0):
    return d * (1 + eta) ** (-q / (q - p)) * (1 - index) ** (p * q / (q - p))


def right_bound_root(d, index, p, q, eta=0.0):
    return d * ((1 - index) / (1 + eta) ** (1 / p)) ** (1 / (1 / p - 1 / q))


def right_bound_logarithms(d, index, p, q, eta=0.0):
    return math.exp(math.log(d) + q * (p * math.log1p(-index) - math.log1p(eta)) / (q - p))


WRONG = {
    "a share": (bound_share, "share instead of number"),
    "what goes": (bound_gone, "what goes"),
    "the index itself": (bound_of_index, "index for 1 - index"),
    "eta's exponent positive": (bound_positive, "sign of eta's exponent"),
    "no eta": (bound_no_eta, "eta ignored"),
    "no exponent": (bound_no_exponent, "exponent of the index missing"),
    "one exponent": (bound_same_exponent, "one exponent for both"),
    "the other exponent": (bound_same_other_exponent, "one exponent for both"),
    "not inverted": (bound_not_inverted, "reciprocal of the exponent"),
    "rounded up": (bound_ceil, "whole number"),
    "p - q": (bound_difference, ""),
    "1 - eta": (bound_one_minus, "1 - eta for 1 + eta"),
    "rounded down": (bound_floor, "whole number"),
    "rounded to the nearest": (bound_round, "whole number"),
    "two digits": (bound_rounded(2), "rounded"),
    "three digits": (bound_rounded(3), "rounded"),
    "four digits": (bound_rounded(4), "rounded"),
    "at least one": (bound_one_at_least, "at least one"),
    "whole division": (bound_whole_division, ""),
    "two known pairs": (bound_two_pairs, ""),
    "eta in a sum": (bound_eta_added, ""),
    "eta taken off the index": (bound_eta_of_the_index, ""),
    "p + q": (bound_sum_of_norms, ""),
    "d in the power": (bound_d_in_the_power, ""),
    "p for q": (bound_p_for_q, ""),
}
RIGHT = {
    "the formula": right_bound,
    "one root": right_bound_root,
    "logarithms": right_bound_logarithms,
    "reciprocals": right_bound_by_reciprocals,
    "NumPy": right_bound_numpy,
    "torch": right_bound_torch,
}
