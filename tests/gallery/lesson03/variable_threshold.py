"""Answers to `variable_threshold` as students write them."""

from __future__ import annotations

import statistics

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


def variable_by(middle, spread, alive=lambda scores, kept: scores[kept]):
    """Return an answer with another threshold: middle(survivors' scores) - deviations * spread(them)."""

    def wrong(scores, deviations, kept):
        values = alive(scores, kept)
        return floored(kept & (scores >= middle(values) - deviations * spread(values)), scores, kept)

    return wrong


def variable_deviation_of_all(scores, deviations, kept):
    return floored(kept & (scores >= scores[kept].mean() - deviations * scores.std(unbiased=False)), scores, kept)


def variable_mean_of_all(scores, deviations, kept):
    return floored(kept & (scores >= scores.mean() - deviations * scores[kept].std(unbiased=False)), scores, kept)


def absolute_deviation(alive):
    return (alive - alive.mean()).abs().mean()


def variable_strict(scores, deviations, kept):
    alive = scores[kept]
    return floored(kept & (scores > alive.mean() - deviations * alive.std(unbiased=False)), scores, kept)


def variable_with_slack(scores, deviations, kept):
    alive = scores[kept]
    return floored(kept & (scores >= alive.mean() - deviations * alive.std(unbiased=False) - 1e-2), scores, kept)


def variable_revives_the_strongest(scores, deviations, kept):
    keep = variable_no_floor(scores, deviations, kept)
    if not keep.any():
        keep[scores.argmax()] = True
    return keep


def variable_place_among_survivors(scores, deviations, kept):
    keep = variable_no_floor(scores, deviations, kept)
    if not keep.any():
        keep[scores[kept].argmax()] = True
    return keep


def variable_zeros_in_the_floor(scores, deviations, kept):
    keep = variable_no_floor(scores, deviations, kept)
    if not keep.any():
        keep[(scores * kept).argmax()] = True
    return keep


def variable_weakest_stays(scores, deviations, kept):
    keep = variable_no_floor(scores, deviations, kept)
    if not keep.any():
        keep[torch.where(kept, scores, torch.inf).argmin()] = True
    return keep


def variable_first_survivor_stays(scores, deviations, kept):
    keep = variable_no_floor(scores, deviations, kept)
    if not keep.any():
        keep[kept.nonzero()[0]] = True
    return keep


def variable_nobody_goes(scores, deviations, kept):
    keep = variable_no_floor(scores, deviations, kept)
    return keep if keep.any() else kept


def variable_size_of_k(scores, deviations, kept):
    return right_variable_indices(scores, abs(deviations), kept)


def variable_only_below(scores, deviations, kept):
    return right_variable_indices(scores, max(0.0, deviations), kept)


def variable_share_of_the_mean(scores, deviations, kept):
    return floored(kept & (scores >= scores[kept].mean() * (1 - deviations)), scores, kept)


def right_variable_moments(scores, deviations, kept):
    n = int(kept.sum())
    alive = torch.where(kept, scores, 0.0).double()
    mean = alive.sum() / n
    deviation = (torch.where(kept, scores - mean, 0.0).square().sum() / n).sqrt()
    new = kept & ~(scores < mean - deviations * deviation)
    return new if new.any() else kept & (scores == scores[kept].max())


def right_variable_python(scores, deviations, kept):
    alive = [s for s, k in zip(scores.tolist(), kept.tolist(), strict=True) if k]
    cut = statistics.fmean(alive) - deviations * statistics.pstdev(alive)
    cut = min(cut, max(alive))
    return torch.tensor([k and s >= cut for s, k in zip(scores.tolist(), kept.tolist(), strict=True)])


def right_variable_torch(scores, deviations, kept):
    deviation, mean = torch.std_mean(scores[kept], correction=0)
    new = kept.clone()
    new[scores < mean - deviations * deviation] = False
    if new.sum() == 0:
        best = scores.masked_fill(~kept, float("-inf")).topk(1).indices
        new = torch.zeros_like(kept).index_fill(0, best, True)
    return new


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
    "deviation of all units": (variable_deviation_of_all, "gone units counted"),
    "mean of all units": (variable_mean_of_all, "gone units counted"),
    "mean absolute deviation": (variable_by(torch.mean, absolute_deviation), "mean absolute deviation"),
    "deviation over the root of n": (
        variable_by(torch.mean, lambda a: a.std(unbiased=False) / len(a) ** 0.5),
        "standard error",
    ),
    "strict": (variable_strict, "equal goes as well"),
    "with slack": (variable_with_slack, ""),
    "revives the strongest": (variable_revives_the_strongest, "un-prunes"),
    "a place among the survivors": (variable_place_among_survivors, "place among the survivors"),
    "zeros in the floor": (variable_zeros_in_the_floor, "un-prunes"),
    "the weakest stays": (variable_weakest_stays, "keeps an arbitrary one"),
    "the first survivor stays": (variable_first_survivor_stays, "keeps an arbitrary one"),
    "nobody goes": (variable_nobody_goes, "keeps everything"),
    "the size of k": (variable_size_of_k, "sign of k ignored"),
    "never above the mean": (variable_only_below, "sign of k ignored"),
    "a share of the mean": (variable_share_of_the_mean, ""),
}
RIGHT = {
    "indices": right_variable_indices,
    "NumPy": right_variable_numpy,
    "moments": right_variable_moments,
    "statistics": right_variable_python,
    "std_mean": right_variable_torch,
}
