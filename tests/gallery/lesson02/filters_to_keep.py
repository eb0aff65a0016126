"""Answers to `filters_to_keep` as students write them."""

from __future__ import annotations

import math

import numpy as np
import torch


def keep_threshold(scores, sparsity):
    gone = min(round(sparsity * len(scores)), len(scores) - 1)
    if gone == 0:
        return torch.ones(len(scores), dtype=torch.bool)
    return scores > torch.sort(scores).values[gone - 1]


def keep_threshold_equal(scores, sparsity):
    gone = min(round(sparsity * len(scores)), len(scores) - 1)
    return scores >= scores.sort()[0][gone]


def keep_kth_one_off(scores, sparsity):
    gone = min(round(sparsity * len(scores)), len(scores) - 1)
    return scores > scores.kthvalue(gone + 1).values


def keep_none(scores, sparsity):
    keep = torch.ones_like(scores, dtype=torch.bool)
    keep[scores.argsort()[: round(sparsity * len(scores))]] = False
    return keep


def keep_truncated(scores, sparsity):
    keep = torch.ones_like(scores, dtype=torch.bool)
    keep[scores.argsort()[: min(int(sparsity * len(scores)), len(scores) - 1)]] = False
    return keep


def keep_gone(scores, sparsity):
    gone = torch.zeros_like(scores, dtype=torch.bool)
    gone[scores.argsort()[: min(round(sparsity * len(scores)), len(scores) - 1)]] = True
    return gone


def keep_smallest(scores, sparsity):
    n = len(scores)
    keep = torch.zeros(n, dtype=torch.bool)
    keep[scores.topk(max(1, n - round(sparsity * n)), largest=False).indices] = True
    return keep


def keep_share(scores, sparsity):
    keep = torch.zeros(len(scores), dtype=torch.bool)
    keep[scores.topk(max(1, round(sparsity * len(scores)))).indices] = True
    return keep


def keep_indices(scores, sparsity):
    return scores.topk(max(1, len(scores) - round(sparsity * len(scores)))).indices


def keep_order(scores, sparsity):
    return torch.argsort(scores) >= min(round(sparsity * len(scores)), len(scores) - 1)


def keep_gone_all(scores, sparsity):
    gone = torch.zeros_like(scores, dtype=torch.bool)
    gone[torch.argsort(scores, stable=True)[: round(sparsity * len(scores))]] = True
    return gone


def keep_quantile(scores, sparsity):
    return scores > torch.quantile(scores, sparsity)


def keep_floats(scores, sparsity):
    keep = torch.ones_like(scores)
    keep[scores.argsort()[: min(round(sparsity * len(scores)), len(scores) - 1)]] = 0
    return keep


def keep_first_ones(scores, sparsity):
    keep = torch.ones(len(scores), dtype=torch.bool)
    keep[: min(round(sparsity * len(scores)), len(scores) - 1)] = False
    return keep


def keep_sorted(scores, sparsity):
    keep = torch.ones(len(scores), dtype=torch.bool)
    gone = min(round(sparsity * len(scores)), len(scores) - 1)
    scores, _ = scores.sort()
    keep[gone:] = True
    keep[:gone] = False
    return keep


def keep_overwrites(scores, sparsity):
    keep = torch.ones(len(scores), dtype=torch.bool)
    for _ in range(min(round(sparsity * len(scores)), len(scores) - 1)):
        lowest = scores.argmin()
        keep[lowest] = False
        scores[lowest] = torch.inf
    return keep


def right_keep_topk(scores, sparsity):
    n = len(scores)
    keep = torch.zeros(n, dtype=torch.bool)
    keep[torch.topk(scores, max(1, n - round(sparsity * n))).indices] = True
    return keep


def right_keep_ranks(scores, sparsity):
    ranks = scores.argsort().argsort()
    return ranks >= min(round(sparsity * len(scores)), len(scores) - 1)


def right_keep_python(scores, sparsity):
    order = sorted(range(len(scores)), key=lambda i: -scores[i].item())
    stay = set(order[: max(1, len(scores) - round(sparsity * len(scores)))])
    return torch.tensor([i in stay for i in range(len(scores))])


def keep_of(gone, order=lambda scores: scores.argsort()):
    """Return an answer that takes `gone(sparsity, n)` filters, the first ones in an order."""

    def answer(scores, sparsity):
        keep = torch.ones(len(scores), dtype=torch.bool)
        keep[order(scores)[: min(gone(sparsity, len(scores)), len(scores) - 1)]] = False
        return keep

    return answer


def keep_last_of_the_order(scores, sparsity):
    stay = len(scores) - round(sparsity * len(scores))
    keep = torch.zeros(len(scores), dtype=torch.bool)
    keep[scores.argsort()[-stay:]] = True
    return keep


def keep_first_if_none(scores, sparsity):
    keep = keep_none(scores, sparsity)
    if not keep.any():
        keep[0] = True
    return keep


def keep_last_if_none(scores, sparsity):
    keep = keep_none(scores, sparsity)
    if not keep.any():
        keep[-1] = True
    return keep


def keep_all_if_none(scores, sparsity):
    keep = keep_none(scores, sparsity)
    return keep if keep.any() else ~keep


def keep_where_scores_are_left(scores, sparsity):
    left = scores.clone()
    left[scores.argsort()[: min(round(sparsity * len(scores)), len(scores) - 1)]] = 0
    return left != 0


def keep_rounded_scores(scores, sparsity):
    rounded = scores.round(decimals=3)
    keep = torch.ones(len(scores), dtype=torch.bool)
    keep[rounded.argsort(stable=True)[: min(round(sparsity * len(scores)), len(scores) - 1)]] = False
    return keep


def keep_lower_half(scores, sparsity):
    return scores >= scores.mean() * 2 * sparsity


def keep_of_the_largest(scores, sparsity):
    return scores >= sparsity * scores.max()


def keep_one_by_one(scores, sparsity):
    keep = torch.ones(len(scores), dtype=torch.bool)
    while (~keep).sum() < sparsity * len(scores) and keep.sum() > 1:
        keep[torch.where(keep, scores, torch.inf).argmin()] = False
    return keep


def right_keep_kth_and_indices(scores, sparsity):
    gone = min(round(sparsity * len(scores)), len(scores) - 1)
    keep = torch.ones_like(scores, dtype=torch.bool)
    if gone:
        keep[torch.topk(scores, gone, largest=False).indices] = False
    return keep


def right_keep_one_by_one(scores, sparsity):
    left = scores.clone().double()
    for _ in range(min(round(sparsity * len(scores)), len(scores) - 1)):
        left[left.argmin()] = torch.inf
    return left < torch.inf


def right_keep_numpy(scores, sparsity):
    order = np.argsort(scores.numpy(), kind="stable")
    keep = np.ones(len(order), dtype=bool)
    keep[order[: min(round(sparsity * len(order)), len(order) - 1)]] = False
    return torch.from_numpy(keep)


def right_keep_scatter(scores, sparsity):
    n = len(scores)
    stay = max(1, n - round(n * sparsity))
    best = scores.sort(descending=True, stable=True).indices[:stay]
    return torch.zeros(n, dtype=torch.bool).scatter(0, best, True)


def right_keep_compared(scores, sparsity):
    n = len(scores)
    place = torch.arange(n)
    before = (scores[None] < scores[:, None]) | ((scores[None] == scores[:, None]) & (place[None] < place[:, None]))
    return before.sum(1) >= min(round(sparsity * n), n - 1)


def keep_rounds_what_stays(scores, sparsity):
    n = len(scores)
    return torch.isin(torch.arange(n), scores.topk(max(round((1 - sparsity) * n), 1)).indices)


WRONG = {
    "threshold >": (keep_threshold, "ties"),
    "threshold >=": (keep_threshold_equal, "ties"),
    "kthvalue one off": (keep_kth_one_off, ""),
    "empty layer": (keep_none, "empties the layer"),
    "int for round": (keep_truncated, "int for round"),
    "what goes": (keep_gone, "inverted mask"),
    "smallest kept": (keep_smallest, "keeps the smallest"),
    "sparsity kept": (keep_share, "density for sparsity"),
    "indices": (keep_indices, "indices instead of a mask"),
    "quantile": (keep_quantile, "threshold by quantile"),
    "argsort taken for ranks": (keep_order, "order taken for ranks"),
    "what goes, none kept": (keep_gone_all, "inverted mask"),
    "floats": (keep_floats, "numbers instead of a mask"),
    "scores not read": (keep_first_ones, ""),
    "mask of the sorted scores": (keep_sorted, ""),
    "scores overwritten": (keep_overwrites, "mutated input"),
    "half up": (keep_of(lambda s, n: int(s * n + 0.5)), "a half rounded up"),
    "half down": (keep_of(lambda s, n: math.ceil(s * n - 0.5)), "a half rounded down"),
    "rounded up": (keep_of(lambda s, n: math.ceil(s * n)), "rounded up"),
    "absolute values": (keep_of(lambda s, n: round(s * n), lambda scores: scores.abs().argsort()), "absolute values"),
    "rounds what stays": (keep_rounds_what_stays, "what stays is rounded"),
    "at least one goes": (keep_of(lambda s, n: max(1, round(s * n))), "at least one goes"),
    "order[-stay:]": (keep_last_of_the_order, "keeps everything"),
    "the first stays": (keep_first_if_none, "keeps an arbitrary one"),
    "the last stays": (keep_last_if_none, "keeps an arbitrary one"),
    "all stay": (keep_all_if_none, "keeps everything"),
    "scores that are left": (keep_where_scores_are_left, "a score of zero taken for gone"),
    "rounded scores": (keep_rounded_scores, "scores rounded"),
    "twice the mean": (keep_lower_half, ""),
    "a share of the largest": (keep_of_the_largest, ""),
    "one by one, up to the share": (keep_one_by_one, "rounded up"),
}
RIGHT = {
    "topk": right_keep_topk,
    "ranks": right_keep_ranks,
    "plain Python": right_keep_python,
    "topk of what goes": right_keep_kth_and_indices,
    "one by one": right_keep_one_by_one,
    "NumPy": right_keep_numpy,
    "scatter": right_keep_scatter,
    "compared in pairs": right_keep_compared,
}
