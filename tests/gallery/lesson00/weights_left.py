"""Answers to `weights_left` as students write them."""

from __future__ import annotations

import math

import numpy as np


def left_on_purpose(n, share):
    return share * n


def left_rounded_gone(n, share):
    gone = round(n * share)
    return gone


def left_fraction(n, share):
    return (1 - share) * n


def left_floor(n, share):
    return n - math.floor(n * share)


def left_ceil(n, share):
    return n - math.ceil(share * n)


def left_int_of_rest(n, share):
    return int(n - n * share)


def left_minus_share(n, share):
    return n - share


def left_percent(n, share):
    return n - round(n * share / 100)


def left_constant(n, share):
    return 1


def left_floor_division(n, share):
    return n - int(n * share // 1)


def left_text(n, share):
    return f"{n - round(n * share)} weights"


def left_nothing(n, share):
    n -= round(share * n)


def right_left_one_liner(n, share):
    return n - round(n * share)


def right_left_of_the_rest(n, share):
    return round((1 - share) * n)


def right_left_by_removing(n, share):
    weights = list(range(n))
    del weights[: round(share * n)]
    return len(weights)


def right_left_float(n, share):
    return float(n) - np.rint(share * n)


WRONG = {
    "what goes, as the lesson asks for on purpose": (left_on_purpose, "what goes"),
    "what goes, rounded": (left_rounded_gone, "what goes"),
    "not rounded": (left_fraction, "not a whole number"),
    "floor of what goes": (left_floor, "not the nearest number"),
    "ceil of what goes": (left_ceil, "not the nearest number"),
    "int of what is left": (left_int_of_rest, "not the nearest number"),
    "the share taken off the number": (left_minus_share, "share for number"),
    "a percentage": (left_percent, "percent"),
    "right for the example only": (left_constant, "hard-coded result"),
    "floor division": (left_floor_division, "not the nearest number"),
    "a text": (left_text, ""),
    "no return": (left_nothing, "hard-coded result"),
}
RIGHT = {
    "in one line": right_left_one_liner,
    "rounding what is left": right_left_of_the_rest,
    "removing from a list": right_left_by_removing,
    "with NumPy, as a float": right_left_float,
}
