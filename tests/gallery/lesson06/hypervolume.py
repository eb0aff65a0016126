"""Answers to `hypervolume` as students write them."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from gallery.lesson06.pareto_front import right_front_sweep


def volume_of_all(sparsity, accuracy, reference=(0.0, 0.6)):
    order = sparsity.argsort(stable=True)
    area, last = 0.0, reference[0]
    for s, a in zip(sparsity[order].tolist(), accuracy[order].tolist(), strict=True):
        area += max(s - last, 0) * max(a - reference[1], 0)
        last = max(s, last)
    return area


def volume_unsorted(sparsity, accuracy, reference=(0.0, 0.6)):
    area, last = 0.0, reference[0]
    for s, a in zip(sparsity.tolist(), accuracy.tolist(), strict=True):
        area += (max(s, reference[0]) - last) * max(a - reference[1], 0)
        last = max(s, reference[0])
    return area


def volume_sum(sparsity, accuracy, reference=(0.0, 0.6)):
    beyond = (sparsity > reference[0]) & (accuracy > reference[1])
    return ((sparsity - reference[0]) * (accuracy - reference[1]))[beyond].sum().item()


def volume_largest(sparsity, accuracy, reference=(0.0, 0.6)):
    areas = [
        max(s - reference[0], 0) * max(a - reference[1], 0)
        for s, a in zip(sparsity.tolist(), accuracy.tolist(), strict=True)
    ]
    return max(areas)


def staircase(sparsity, accuracy):
    keep = right_front_sweep(sparsity, accuracy)
    order = sparsity[keep].argsort()
    return sparsity[keep][order].tolist(), accuracy[keep][order].tolist()


def volume_trapezoid(sparsity, accuracy, reference=(0.0, 0.6)):
    s, a = staircase(sparsity, accuracy)
    return torch.trapezoid(torch.tensor([max(x - reference[1], 0) for x in a]), torch.tensor(s)).item()


def volume_no_reference(sparsity, accuracy, reference=(0.0, 0.6)):
    area, last = 0.0, 0.0
    for s, a in zip(*staircase(sparsity, accuracy), strict=True):
        area, last = area + (s - last) * a, s
    return area


def volume_negative(sparsity, accuracy, reference=(0.0, 0.6)):
    area, last = 0.0, reference[0]
    for s, a in zip(*staircase(sparsity, accuracy), strict=True):
        area += max(s - last, 0) * (a - reference[1])
        last = max(last, s)
    return area


def volume_before(sparsity, accuracy, reference=(0.0, 0.6)):
    area, last, height = 0.0, reference[0], None
    for s, a in zip(*staircase(sparsity, accuracy), strict=True):
        height = max(a - reference[1], 0) if height is None else height
        area += max(s - last, 0) * height
        last, height = max(last, s), max(a - reference[1], 0)
    return area


def volume_defaults(sparsity, accuracy, reference=(0.0, 0.6)):
    return right_volume_sweep(sparsity, accuracy)


def volume_accuracy_only(sparsity, accuracy, reference=(0.0, 0.6)):
    return right_volume_sweep(sparsity, accuracy, (0.0, reference[1]))


def right_volume_sweep(sparsity, accuracy, reference=(0.0, 0.6)):
    points = [(s, a) for s, a in zip(sparsity.tolist(), accuracy.tolist(), strict=True) if s > reference[0]]
    area, best = 0.0, reference[1]
    for s, a in sorted(points, reverse=True):  # each higher step adds a slice from the reference to its sparsity
        area += (s - reference[0]) * max(a - best, 0)
        best = max(best, a)
    return area


def right_volume_cells(sparsity, accuracy, reference=(0.0, 0.6)):
    edges = sorted({reference[0], *[s for s in sparsity.tolist() if s > reference[0]]})
    area = 0.0
    for left, right in itertools.pairwise(edges):
        heights = [a - reference[1] for s, a in zip(sparsity.tolist(), accuracy.tolist(), strict=True) if s >= right]
        area += (right - left) * max(0.0, *heights)
    return area


def right_volume_staircase(sparsity, accuracy, reference=(0.0, 0.6)):
    beyond = (sparsity > reference[0]) & (accuracy > reference[1])
    s, a = staircase(sparsity[beyond], accuracy[beyond])
    widths = np.diff([reference[0], *s])
    return torch.tensor(widths * (np.array(a) - reference[1])).sum()


WRONG = {
    "all points sorted": (volume_of_all, "dominated points counted"),
    "in the given order": (volume_unsorted, "not sorted"),
    "rectangles added": (volume_sum, "rectangles added"),
    "largest rectangle": (volume_largest, "largest rectangle"),
    "trapezoids": (volume_trapezoid, "straight lines between"),
    "from the origin": (volume_no_reference, "no reference"),
    "negative steps": (volume_negative, "below the reference counted"),
    "height of the denser point": (volume_before, "height of the point before"),
    "reference ignored": (volume_defaults, "reference fixed"),
    "only its accuracy used": (volume_accuracy_only, "reference sparsity ignored"),
}
RIGHT = {"slices": right_volume_sweep, "cells": right_volume_cells, "widths": right_volume_staircase}
