"""Answers to `retain_bound` as students write them."""

from __future__ import annotations

import math

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
}
RIGHT = {
    "the formula": right_bound,
    "one root": right_bound_root,
    "logarithms": right_bound_logarithms,
}
