"""Answers to `variable_threshold` as students write them."""

from __future__ import annotations

import numpy as np
import torch


def floored(keep, scores, kept):
    if not keep.any():
        keep[torch.where(kept, scores, -torch.inf).argmax()] = True
    return keep


def variable_all_units(scores, deviations, kept):
    threshold = scores.mean() - deviations * scores.std(unbiased=False)
    return floored(kept & (scores >= threshold), scores, kept)


def variable_zeros(scores, deviations, kept):
    masked = scores * kept
    threshold = masked.mean() - deviations * masked.std(unbiased=False)
    return floored(kept & (scores >= threshold), scores, kept)


def variable_comes_back(scores, deviations, kept):
    alive = scores[kept]
    return floored(scores >= alive.mean() - deviations * alive.std(unbiased=False), scores, kept)


def variable_no_floor(scores, deviations, kept):
    alive = scores[kept]
    return kept & (scores >= alive.mean() - deviations * alive.std(unbiased=False))


def variable_plus(scores, deviations, kept):
    alive = scores[kept]
    return floored(kept & (scores >= alive.mean() + deviations * alive.std(unbiased=False)), scores, kept)


def variable_sample(scores, deviations, kept):
    alive = scores[kept]
    return floored(kept & (scores >= alive.mean() - deviations * alive.std()), scores, kept)


def variable_variance(scores, deviations, kept):
    alive = scores[kept]
    return floored(kept & (scores >= alive.mean() - deviations * alive.var(unbiased=False)), scores, kept)


def variable_median(scores, deviations, kept):
    alive = scores[kept]
    return floored(kept & (scores >= alive.median() - deviations * alive.std(unbiased=False)), scores, kept)


def variable_absolute_threshold(scores, deviations, kept):
    return floored(kept & (scores >= deviations), scores, kept)


def variable_short(scores, deviations, kept):
    alive = scores[kept]
    return alive >= alive.mean() - deviations * alive.std(unbiased=False)


def variable_in_place(scores, deviations, kept):
    alive = scores[kept]
    kept &= scores >= alive.mean() - deviations * alive.std(unbiased=False)
    return floored(kept, scores, torch.ones_like(kept)) if kept.any() else kept


def variable_gone(scores, deviations, kept):
    alive = scores[kept]
    return ~floored(kept & (scores >= alive.mean() - deviations * alive.std(unbiased=False)), scores, kept)


def right_variable_indices(scores, deviations, kept):
    indices = torch.nonzero(kept).flatten()
    alive = scores[indices]
    cut = alive.mean() - deviations * ((alive - alive.mean()) ** 2).mean().sqrt()
    stay = indices[alive >= cut]
    if len(stay) == 0:
        stay = indices[alive.argmax()].reshape(1)
    new = torch.zeros_like(kept)
    new[stay] = True
    return new


def right_variable_numpy(scores, deviations, kept):
    alive = scores[kept].double().numpy()
    cut = min(alive.mean() - deviations * alive.std(), alive.max())
    if np.ptp(alive) == 0:
        cut = alive.max() if deviations * alive.std() <= 0 else cut
    return kept & (scores.double() >= float(cut))


WRONG = {
    "over all units": (variable_all_units, "gone units counted"),
    "times the mask": (variable_zeros, "gone units as zeros"),
    "not a subset": (variable_comes_back, "un-prunes"),
    "no floor": (variable_no_floor, "empties the layer"),
    "mean plus": (variable_plus, "plus for minus"),
    "sample deviation": (variable_sample, "sample deviation"),
    "variance": (variable_variance, "variance for deviation"),
    "median": (variable_median, "median for mean"),
    "deviations as a threshold": (variable_absolute_threshold, "deviations taken for a threshold"),
    "a mask of survivors only": (variable_short, ""),
    "in place": (variable_in_place, ""),
    "marks what goes": (variable_gone, "inverted mask"),
}
RIGHT = {"indices": right_variable_indices, "NumPy": right_variable_numpy}
