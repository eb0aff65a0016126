"""Answers to `filters_to_keep` as students write them."""

from __future__ import annotations

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
}
RIGHT = {"topk": right_keep_topk, "ranks": right_keep_ranks, "plain Python": right_keep_python}
