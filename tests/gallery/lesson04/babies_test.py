"""Answers to `babies_test` as students write them."""

from __future__ import annotations

import torch


def baby(w):
    return torch.cat([w, torch.zeros(1)])


def babies_yes(index, w):
    return True


def babies_no(index, w):
    return False


def babies_not_less(index, w):
    return not index(baby(w)) < index(w)


def babies_differ(index, w):
    return abs(index(baby(w)) - index(w)) > 1e-6


def babies_fall(index, w):
    return index(w) > index(baby(w)) + 1e-6


def babies_ones(index, w):
    return index(torch.cat([w, torch.ones(1)])) > index(w) + 1e-6


def babies_plus_zero(index, w):
    return index(w + 0) > index(w) + 1e-6


def babies_number(index, w):
    return index(baby(w)) - index(w)


def babies_in_place(index, w):
    before = index(w)
    w[0] = 0
    return index(w) > before + 1e-6


def right_babies_pad(index, w):
    return index(torch.nn.functional.pad(w, (0, 1))) - index(w) > 1e-6


def right_babies_new(index, w):
    longer = w.new_zeros(len(w) + 1)
    longer[: len(w)] = w
    return index(longer) > index(w) + 1e-6


WRONG = {
    "always yes": (babies_yes, "always true"),
    "always no": (babies_no, "always false"),
    "not smaller": (babies_not_less, "not smaller"),
    "different": (babies_differ, "only different"),
    "falls": (babies_fall, "falls"),
    "ones": (babies_ones, "ones appended"),
    "plus zero": (babies_plus_zero, "always false"),
    "a number": (babies_number, ""),
    "in place": (babies_in_place, ""),
}
RIGHT = {"pad": right_babies_pad, "a new tensor": right_babies_new}
