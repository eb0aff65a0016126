"""Answers to `babies_test` as students write them."""

from __future__ import annotations

import numpy as np
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


def babies_by(least):
    return lambda index, w: index(baby(w)) - index(w) > least


def babies_rounded(index, w):
    return round(index(baby(w)), 3) > round(index(w), 3)


def babies_relative(index, w):
    return index(baby(w)) > index(w) * (1 + 1e-6)


def babies_many(zeros):
    return lambda index, w: index(torch.cat([w, torch.zeros(zeros)])) > index(w) + 1e-6


def babies_as_many(index, w):
    return index(torch.cat([w, torch.zeros_like(w)])) > index(w) + 1e-6


def babies_nearly_zero(index, w):
    return index(torch.cat([w, torch.tensor([1e-9])])) > index(w) + 1e-6


def babies_clone(index, w):
    return index(torch.cat([w, w])) > index(w) + 1e-6


def babies_for_the_first(index, w):
    longer = torch.cat([w, torch.zeros(1)])[1:]
    return index(longer) > index(w) + 1e-6


def babies_smallest(index, w):
    return index(torch.cat([w, w.abs().min().reshape(1)])) > index(w) + 1e-6


def babies_of_magnitudes(index, w):
    return index(baby(w.abs())) > index(w) + 1e-6


def babies_of_known_vectors(index, w):
    v = torch.tensor([1.0, 2.0, 3.0])
    return index(baby(v)) > index(v) + 1e-6


def right_babies_numpy(index, w):
    return index(torch.from_numpy(np.append(w.numpy(), np.float32(0)))) > index(w) + 1e-6


def right_babies_in_front(index, w):
    return not index(torch.cat([torch.zeros(1), w])) <= index(w) + 1e-6


def right_babies_torch(index, w):
    before, after = torch.tensor(index(w)), torch.tensor(index(torch.hstack([w, torch.tensor(0.0)])))
    return torch.gt(after - before, 1e-6)


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
    "any rise": (babies_by(0), "no tolerance"),
    "more than 1e-12": (babies_by(1e-12), "no tolerance"),
    "more than 1e-5": (babies_by(1e-5), "asks for too much"),
    "more than 1e-4": (babies_by(1e-4), "asks for too much"),
    "more than 1e-2": (babies_by(1e-2), "asks for too much"),
    "rounded": (babies_rounded, "asks for too much"),
    "a relative tolerance": (babies_relative, "asks for too much"),
    "two zeros": (babies_many(2), "several zeros"),
    "three zeros": (babies_many(3), "several zeros"),
    "as many zeros": (babies_as_many, "several zeros"),
    "nearly zero": (babies_nearly_zero, ""),
    "a clone": (babies_clone, ""),
    "instead of the first": (babies_for_the_first, ""),
    "the smallest once more": (babies_smallest, ""),
    "magnitudes only": (babies_of_magnitudes, ""),
    "another vector": (babies_of_known_vectors, ""),
}
RIGHT = {
    "pad": right_babies_pad,
    "a new tensor": right_babies_new,
    "NumPy": right_babies_numpy,
    "in front": right_babies_in_front,
    "torch": right_babies_torch,
}
