"""Answers to `weights_left` as students write them."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import torch


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


def left_of_the_rest(n, share):
    return round((1 - share) * n)


def right_left_by_removing(n, share):
    weights = list(range(n))
    del weights[: round(share * n)]
    return len(weights)


def right_left_float(n, share):
    return float(n) - np.rint(share * n)


def left_half_up(n, share):
    return n - int(share * n + 0.5)


def left_half_up_floor(n, share):
    return n - math.floor(n * share + 0.5)


def left_half_down(n, share):
    return n - math.ceil(share * n - 0.5)


def left_decimal_half_up(n, share):
    return n - int(Decimal(share * n).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def left_half_up_of_the_rest(n, share):
    return int((1 - share) * n + 0.5)


def left_nudged(n, share):
    return n - round(share * n + 1e-6)


def left_at_least_one(n, share):
    return max(1, n - round(share * n))


def left_at_least_one_goes(n, share):
    return n - max(1, round(share * n))


def left_rounded_share(n, share):
    return n - round(round(share, 2) * n)


def left_rounded_share_of_the_rest(n, share):
    return round(round(1 - share, 1) * n)


def left_of_the_rest_product(n, share):
    return round(n - share * n)


def right_left_format(n, share):
    return n - int(f"{share * n:.0f}")


def right_left_torch(n, share):
    return n - int(torch.round(torch.tensor(share, dtype=torch.float64) * n))


def right_left_even(n, share):
    gone, rest = divmod(share * n, 1)
    gone = int(gone)
    if rest > 0.5 or (rest == 0.5 and gone % 2):
        gone += 1
    return n - gone


def right_left_numpy_round(n, share):
    return n - int(np.round(n * share))


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
    "half up": (left_half_up, "a half rounded up"),
    "half up, by floor": (left_half_up_floor, "a half rounded up"),
    "half down": (left_half_down, "a half rounded down"),
    "half up, by Decimal": (left_decimal_half_up, "a half rounded up"),
    "half up of what is left": (left_half_up_of_the_rest, "a half rounded down"),
    "nudged before it is rounded": (left_nudged, "a half rounded up"),
    "at least one stays": (left_at_least_one, "never all, never none"),
    "at least one goes": (left_at_least_one_goes, "never all, never none"),
    "rounding what is left": (left_of_the_rest, "what is left is rounded"),
    "rounding n less the product": (left_of_the_rest_product, "what is left is rounded"),
    "the share rounded to two digits": (left_rounded_share, "share rounded first"),
    "the share rounded to one digit": (left_rounded_share_of_the_rest, ""),
}
RIGHT = {
    "in one line": right_left_one_liner,
    "removing from a list": right_left_by_removing,
    "with NumPy, as a float": right_left_float,
    "formatted": right_left_format,
    "torch.round": right_left_torch,
    "halves by hand": right_left_even,
    "NumPy's round": right_left_numpy_round,
}
