"""Answers to `clone_test` as students write them."""

from __future__ import annotations

import math

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
    "exact equality": (clone_exact, "exact equality"),
    "one-sided": (clone_less, "one-sided"),
    "zeros beside it": (clone_zeros, "zeros appended"),
    "inverted": (clone_not, "answer inverted"),
    "a number": (clone_number, ""),
    "loose": (clone_loose, "too tolerant"),
    "a copy alone": (clone_of_itself, "always true"),
}
RIGHT = {"repeat": right_clone_repeat, "stacked": right_clone_close, "isclose": right_clone_torch}
