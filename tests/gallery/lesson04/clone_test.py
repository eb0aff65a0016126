"""Answers to `clone_test` as students write them."""

from __future__ import annotations

import math

import numpy as np
import torch


def clone_yes(index, w):
    return True


def clone_no(index, w):
    return False


def clone_doubled(index, w):
    return math.isclose(index(2 * w), index(w), abs_tol=1e-6)


def clone_exact(index, w):
    return bool(index(torch.cat((w, w))) == index(w))


def clone_less(index, w):
    return index(w.repeat(2)) - index(w) < 1e-6


def clone_zeros(index, w):
    return abs(index(torch.cat([w, 0 * w])) - index(w)) < 1e-6


def clone_not(index, w):
    return abs(index(w.repeat(2)) - index(w)) > 1e-6


def clone_number(index, w):
    return index(w.repeat(2)) - index(w)


def clone_loose(index, w):
    return abs(index(w.repeat(2)) - index(w)) < 0.5


def clone_of_itself(index, w):
    return index(w) == index(w.clone())


def clone_within(tolerance):
    return lambda index, w: abs(index(w.repeat(2)) - index(w)) < tolerance


def clone_math_isclose(index, w):
    return math.isclose(index(w.repeat(2)), index(w))  # its own tolerance: 1e-9, relative


def clone_numpy_isclose(index, w):
    return bool(np.isclose(index(w.repeat(2)), index(w)))  # its own tolerance: 1e-5, relative


def clone_rounded(index, w):
    return round(index(w.repeat(2)), 4) == round(index(w), 4)


def clone_greater(index, w):
    return index(w) - index(w.repeat(2)) < 1e-6


def clone_copies(copies):
    return lambda index, w: abs(index(w.repeat(copies)) - index(w)) < 1e-6


def clone_mirrored(index, w):
    return abs(index(torch.cat([w, -w])) - index(w)) < 1e-6


def clone_of_the_magnitudes(index, w):
    return abs(index(torch.cat([w, w]).abs()) - index(w)) < 1e-6


def clone_scaled(index, w):
    return abs(index(torch.cat([w, 2 * w])) - index(w)) < 1e-6


def clone_of_the_first(index, w):
    return abs(index(torch.cat([w, w[:1]])) - index(w)) < 1e-6


def clone_adds_up(index, w):
    return abs(index(torch.cat([w, w])) - 2 * index(w)) < 1e-6


def clone_of_known_vectors(index, w):
    v = torch.tensor([1.0, 2.0, 3.0])
    return abs(index(torch.cat([v, v])) - index(v)) < 1e-6


def clone_turned_over_in_place(index, w):
    before = index(w)
    return abs(index(torch.cat([w, w.neg_()])) - before) < 1e-6


def right_clone_interleaved(index, w):
    return bool(abs(index(w.repeat_interleave(2)) - index(w)) <= 1e-6)


def right_clone_numpy(index, w):
    return np.isclose(index(torch.from_numpy(np.concatenate([w.numpy(), w.numpy()]))), index(w), rtol=0, atol=1e-6)


def right_clone_relative_too(index, w):
    return math.isclose(index(torch.hstack((w, w))), index(w), rel_tol=1e-6, abs_tol=1e-6)


def right_clone_both_sides(index, w):
    before, after = index(w), index(torch.cat([w, w.flip(0)]))
    return before - 1e-6 < after < before + 1e-6


def right_clone_repeat(index, w):
    return abs(index(w.repeat(2)) - index(w)) < 1e-6


def right_clone_close(index, w):
    return math.isclose(index(torch.stack([w, w])), index(w), rel_tol=0, abs_tol=1e-6)


def right_clone_torch(index, w):
    return torch.isclose(torch.tensor(index(torch.cat([w, w]))), torch.tensor(index(w)), rtol=0, atol=1e-6)


WRONG = {
    "always yes": (clone_yes, "always true"),
    "always no": (clone_no, "always false"),
    "doubled numbers": (clone_doubled, "entries doubled"),
    "exact equality": (clone_exact, "too strict"),
    "one-sided": (clone_less, "one-sided"),
    "zeros beside it": (clone_zeros, "zeros appended"),
    "inverted": (clone_not, "answer inverted"),
    "a number": (clone_number, ""),
    "loose": (clone_loose, "too tolerant"),
    "a copy alone": (clone_of_itself, "always true"),
    "within 1e-12": (clone_within(1e-12), "too strict"),
    "within 1e-9": (clone_within(1e-9), "too strict"),
    "math.isclose as it comes": (clone_math_isclose, "too strict"),
    "np.isclose as it comes": (clone_numpy_isclose, "too tolerant"),
    "within 1e-5": (clone_within(1e-5), "too tolerant"),
    "within 1e-4": (clone_within(1e-4), "too tolerant"),
    "within 1e-2": (clone_within(1e-2), "too tolerant"),
    "equal to four digits": (clone_rounded, "too tolerant"),
    "one-sided, the other side": (clone_greater, "one-sided"),
    "three copies": (clone_copies(3), "more than one copy"),
    "four copies": (clone_copies(4), "more than one copy"),
    "signs turned in the copy": (clone_mirrored, "signs turned"),
    "magnitudes only": (clone_of_the_magnitudes, "signs turned"),
    "a copy twice as large": (clone_scaled, ""),
    "only the first entry cloned": (clone_of_the_first, ""),
    "twice the measure": (clone_adds_up, ""),
    "another vector": (clone_of_known_vectors, ""),
    "turned in place": (clone_turned_over_in_place, ""),
}
RIGHT = {
    "repeat": right_clone_repeat,
    "stacked": right_clone_close,
    "isclose": right_clone_torch,
    "interleaved": right_clone_interleaved,
    "NumPy": right_clone_numpy,
    "a relative tolerance as well": right_clone_relative_too,
    "both sides": right_clone_both_sides,
}
