"""Answers to `cubic_schedule` as students write them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
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


def cubic_rounded_to(digits):
    def wrong(step, steps, final, initial=0.0):
        return round(final + (initial - final) * (1 - step / steps) ** 3, digits)

    return wrong


def cubic_swapped(step, steps, final, initial=0.0):
    return initial + (initial - final) * (1 - step / steps) ** 3


def cubic_of_the_difference(step, steps, final, initial=0.0):
    return final - (final * (1 - step / steps) - initial * (1 - step / steps)) ** 3


def cubic_one_step_less(step, steps, final, initial=0.0):
    return final + (initial - final) * (1 - step / (steps - 1 or 1)) ** 3


def cubic_start_added(step, steps, final, initial=0.0):
    return initial + final * (1 - (1 - step / steps) ** 3)


def cubic_of_what_is_left(step, steps, final, initial=0.0):
    return 1 - (1 - initial) * ((1 - final) / (1 - initial)) ** (step / steps)


def cubic_never_dense(step, steps, final, initial=0.0):
    return final + (initial - final) * (1 - max(1, step) / steps) ** 3


def cubic_smooth_step(step, steps, final, initial=0.0):
    t = step / steps
    return initial + (final - initial) * (3 * t**2 - 2 * t**3)


def right_cubic_polynomial(step, steps, final, initial=0.0):
    t = step / steps
    return initial + (final - initial) * (3 * t - 3 * t**2 + t**3)


def right_cubic_fractions(step, steps, final, initial=0.0):
    left = Fraction(steps - step, steps) ** 3
    return float(Fraction(final) * (1 - left) + Fraction(initial) * left)


def right_cubic_numpy(step, steps, final, initial=0.0):
    return np.interp((1 - step / steps) ** 3, [0, 1], [final, initial])


WRONG = {
    "no start": (cubic_no_start, "start ignored"),
    "linear": (cubic_linear, "linear"),
    "slow start": (cubic_slow, "slow start"),
    "square": (cubic_square, "squared"),
    "sign": (cubic_sign, "sign"),
    "integer division": (cubic_whole, "integer division"),
    "one late": (cubic_late, "counted from 1"),
    "one early": (cubic_early, ""),
    "rounded": (cubic_rounded, "rounded"),
    "constant": (cubic_constant, "hard-coded result"),
    "rounded to three digits": (cubic_rounded_to(3), "rounded"),
    "rounded to four digits": (cubic_rounded_to(4), "rounded"),
    "the wrong start": (cubic_swapped, ""),
    "the difference cubed": (cubic_of_the_difference, ""),
    "one step less": (cubic_one_step_less, "a step too few"),
    "start added": (cubic_start_added, "start added on top"),
    "equal shares of what is left": (cubic_of_what_is_left, ""),
    "never dense": (cubic_never_dense, "starts pruned"),
    "smooth at both ends": (cubic_smooth_step, ""),
}
RIGHT = {
    "difference": right_cubic_difference,
    "lerp": right_cubic_tensor,
    "powers": right_cubic_powers,
    "multiplied out": right_cubic_polynomial,
    "fractions": right_cubic_fractions,
    "NumPy's interp": right_cubic_numpy,
}
