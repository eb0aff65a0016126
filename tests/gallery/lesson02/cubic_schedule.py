"""Answers to `cubic_schedule` as students write them."""

from __future__ import annotations

import torch


def cubic_no_start(step, steps, final, initial=0.0):
    return final * (1 - (1 - step / steps) ** 3)


def cubic_linear(step, steps, final, initial=0.0):
    return initial + step * (final - initial) / steps


def cubic_slow(step, steps, final, initial=0.0):
    return initial + (step / steps) ** 3 * (final - initial)


def cubic_square(step, steps, final, initial=0.0):
    return final - (final - initial) * (1 - step / steps) ** 2


def cubic_sign(step, steps, final, initial=0.0):
    return final + (final - initial) * (1 - step / steps) ** 3


def cubic_whole(step, steps, final, initial=0.0):
    return final + (initial - final) * (1 - step // steps) ** 3


def cubic_late(step, steps, final, initial=0.0):
    return final + (initial - final) * (1 - (step - 1) / steps) ** 3


def cubic_early(step, steps, final, initial=0.0):
    return final + (initial - final) * (1 - (step + 1) / steps) ** 3


def cubic_rounded(step, steps, final, initial=0.0):
    return round(final + (initial - final) * (1 - step / steps) ** 3, 2)


def cubic_constant(step, steps, final, initial=0.0):
    return 0.7


def right_cubic_difference(step, steps, final, initial=0.0):
    return initial + (final - initial) * (1 - (1 - step / steps) ** 3)


def right_cubic_tensor(step, steps, final, initial=0.0):
    return torch.lerp(torch.tensor(final), torch.tensor(initial), (1 - step / steps) ** 3)


def right_cubic_powers(step, steps, final, initial=0.0):
    left = (steps - step) / steps
    return final - (final - initial) * left * left * left


WRONG = {
    "no start": (cubic_no_start, "start ignored"),
    "linear": (cubic_linear, "linear"),
    "slow start": (cubic_slow, "slow start"),
    "square": (cubic_square, "squared"),
    "sign": (cubic_sign, "sign"),
    "integer division": (cubic_whole, "integer division"),
    "one late": (cubic_late, "counted from 1"),
    "one early": (cubic_early, ""),
    "rounded": (cubic_rounded, ""),
    "constant": (cubic_constant, "hard-coded result"),
}
RIGHT = {"difference": right_cubic_difference, "lerp": right_cubic_tensor, "powers": right_cubic_powers}
