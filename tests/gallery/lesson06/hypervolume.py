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


def volume_steps(sparsity, accuracy, reference=(0.0, 0.6)):
    area, last = 0.0, reference[0]
    for s, a in zip(*staircase(sparsity, accuracy), strict=True):
        area, last = area + (s - last) * max(a - reference[1], 0), s
    return area


def volume_from_the_left(sparsity, accuracy, reference=(0.0, 0.6)):
    area, last = 0.0, reference[0]
    for s, a in zip(*staircase(sparsity, accuracy), strict=True):
        if s > reference[0] and a > reference[1]:
            area += (s - last) * (a - reference[1])
        last = s
    return area


def volume_inner_steps(sparsity, accuracy, reference=(0.0, 0.6)):
    beyond = (sparsity > reference[0]) & (accuracy > reference[1])
    s, a = staircase(sparsity[beyond], accuracy[beyond])
    return sum((right - left) * (high - reference[1]) for left, right, high in zip(s, s[1:], a[1:], strict=False))


def volume_swapped(sparsity, accuracy, reference=(0.0, 0.6)):
    return right_volume_sweep(sparsity, accuracy, reference[::-1])


def volume_from_zero(sparsity, accuracy, reference=(0.0, 0.6)):
    return right_volume_sweep(sparsity, accuracy, (reference[0], 0.0))


def volume_digits(digits):
    return lambda sparsity, accuracy, reference=(0.0, 0.6): round(right_volume_sweep(sparsity, accuracy, reference), digits)


def volume_to_the_end(sparsity, accuracy, reference=(0.0, 0.6)):
    s, a = staircase(sparsity, accuracy)
    return right_volume_sweep(sparsity, accuracy, reference) + (1 - s[-1]) * max(a[-1] - reference[1], 0)


def volume_less_the_reference(sparsity, accuracy, reference=(0.0, 0.6)):
    return right_volume_sweep(sparsity, accuracy, (0.0, 0.0)) - reference[0] * reference[1]


def volume_box(sparsity, accuracy, reference=(0.0, 0.6)):
    return max(0.0, float(sparsity.max()) - reference[0]) * max(0.0, float(accuracy.max()) - reference[1])


def volume_on_a_grid(sparsity, accuracy, reference=(0.0, 0.6)):
    grid = np.linspace(reference[0], 1, 501)
    heights = [
        max([0.0, *[a - reference[1] for s, a in zip(sparsity.tolist(), accuracy.tolist(), strict=True) if s >= x]])
        for x in grid
    ]
    return float(np.mean(heights) * (1 - reference[0]))


def volume_fails_where_nothing_counts(sparsity, accuracy, reference=(0.0, 0.6)):
    beyond = (sparsity > reference[0]) & (accuracy > reference[1])
    sparsity[beyond].max()
    return right_volume_sweep(sparsity, accuracy, reference)


def volume_clamps_in_place(sparsity, accuracy, reference=(0.0, 0.6)):
    return right_volume_sweep(sparsity, accuracy.double().clamp_(min=reference[1]), reference)


def volume_share(sparsity, accuracy, reference=(0.0, 0.6)):
    return right_volume_sweep(sparsity, accuracy, reference) / ((1 - reference[0]) * (1 - reference[1]))


def right_volume_clamped(sparsity, accuracy, reference=(0.0, 0.6)):
    s = sparsity.double().clamp(min=reference[0])
    order = s.argsort(descending=True)
    best = accuracy.double()[order].cummax(0).values.clamp(min=reference[1]) - reference[1]
    widths = s[order] - torch.cat([s[order][1:], s.new_tensor([reference[0]])])
    return (widths * best).sum()


def right_volume_inclusion(sparsity, accuracy, reference=(0.0, 0.6)):
    area = 0.0
    points = sorted(zip(accuracy.tolist(), sparsity.tolist(), strict=True), reverse=True)
    reached = reference[0]
    for a, s in points:  # from the most accurate on, each adds what it reaches further
        area += max(0.0, s - reached) * max(0.0, a - reference[1])
        reached = max(reached, s)
    return area


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
    "steps of whatever sign": (volume_steps, "denser than the reference counted"),
    "from a denser point on": (volume_from_the_left, "denser than the reference counted"),
    "without the first step": (volume_inner_steps, "first step without a width"),
    "accuracy for sparsity": (volume_swapped, "coordinates swapped"),
    "only its sparsity used": (volume_from_zero, "reference accuracy ignored"),
    "two digits": (volume_digits(2), "rounded"),
    "three digits": (volume_digits(3), "rounded"),
    "to sparsity 1": (volume_to_the_end, ""),
    "less the reference's own area": (volume_less_the_reference, ""),
    "one box": (volume_box, ""),
    "on a grid": (volume_on_a_grid, ""),
    "fails where nothing counts": (volume_fails_where_nothing_counts, ""),
    "clamped in place": (volume_clamps_in_place, "mutated input"),
    "a share": (volume_share, ""),
}
RIGHT = {
    "slices": right_volume_sweep,
    "cells": right_volume_cells,
    "widths": right_volume_staircase,
    "clamped": right_volume_clamped,
    "from the most accurate": right_volume_inclusion,
}
