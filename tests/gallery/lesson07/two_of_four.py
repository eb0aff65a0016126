"""Answers to `two_of_four` as students write them."""

from __future__ import annotations

import numpy as np
import torch


def four_signed(weight):
    fours = weight.reshape(-1, 4)
    mask = torch.zeros_like(fours, dtype=torch.bool)
    return mask.scatter(1, fours.topk(2, dim=1).indices, True).view(weight.shape)


def four_half_of_all(weight):
    flat = weight.abs().flatten()
    mask = torch.zeros_like(flat, dtype=torch.bool)
    mask[flat.argsort(descending=True)[: len(flat) // 2]] = True
    return mask.view(weight.shape)


def four_half_of_rows(weight):
    mask = torch.zeros_like(weight, dtype=torch.bool)
    return mask.scatter(1, weight.abs().topk(weight.shape[1] // 2, dim=1).indices, True)


def four_smallest(weight):
    fours = weight.abs().reshape(-1, 4)
    mask = torch.zeros_like(fours, dtype=torch.bool)
    return mask.scatter(1, fours.topk(2, dim=1, largest=False).indices, True).view(weight.shape)


def four_one(weight):
    fours = weight.abs().reshape(-1, 4)
    mask = torch.zeros_like(fours, dtype=torch.bool)
    return mask.scatter(1, fours.topk(1, dim=1).indices, True).view(weight.shape)


def four_first_two(weight):
    mask = torch.zeros_like(weight, dtype=torch.bool)
    mask[:, 0::4] = mask[:, 1::4] = True
    return mask


def four_every_other(weight):
    mask = torch.zeros_like(weight, dtype=torch.bool)
    mask[:, ::2] = True
    return mask


def four_strided(weight):
    fours = weight.abs().reshape(weight.shape[0], 4, -1)
    mask = torch.zeros_like(fours, dtype=torch.bool)
    return mask.scatter(1, fours.topk(2, dim=1).indices, True).reshape(weight.shape)


def four_threshold(weight):
    fours = weight.abs().reshape(-1, 4)
    return (fours > fours.median(dim=1, keepdim=True).values).view(weight.shape)


def four_threshold_below(weight):
    fours = weight.abs().reshape(-1, 4)
    return (fours >= fours.sort(dim=1, descending=True).values[:, 1:2]).view(weight.shape)


def four_columns(weight):
    return right_four_topk(weight.t().contiguous()).t()


def four_weights(weight):
    return weight * right_four_topk(weight)


def four_floats(weight):
    return right_four_topk(weight).float()


def four_gone(weight):
    return ~right_four_topk(weight)


def four_in_place(weight):
    mask = right_four_topk(weight)
    weight[~mask] = 0
    return mask


def four_one_four_per_row(weight):
    mask = torch.ones_like(weight, dtype=torch.bool)
    return mask.scatter(1, weight.abs()[:, :4].argsort(1)[:, :2], False)


def four_rank_for_index(weight):
    fours = weight.abs().reshape(-1, 4)
    return (fours.argsort(1) >= 2).view(weight.shape)


def right_four_topk(weight):
    fours = weight.abs().reshape(-1, 4)
    mask = torch.zeros_like(fours, dtype=torch.bool)
    return mask.scatter(1, fours.topk(2, dim=1).indices, True).view(weight.shape)


def right_four_loop(weight):
    mask = torch.ones(weight.shape, dtype=torch.bool)
    for i, row in enumerate(weight.abs().tolist()):
        for start in range(0, len(row), 4):
            for j in sorted(range(start, start + 4), key=row.__getitem__)[:2]:
                mask[i, j] = False
    return mask


def right_four_numpy(weight):
    sizes = np.abs(weight.numpy()).reshape(weight.shape[0], -1, 4)
    ranks = sizes.argsort(-1, kind="stable").argsort(-1, kind="stable")
    return torch.from_numpy((ranks >= 2).reshape(weight.shape))


WRONG = {
    "no abs": (four_signed, "signs kept"),
    "half of all": (four_half_of_all, "half of all"),
    "half of each row": (four_half_of_rows, "half of each row"),
    "the smallest": (four_smallest, "the two smallest"),
    "gone for kept": (four_gone, "the two smallest"),
    "one of four": (four_one, "one of four"),
    "the first two": (four_first_two, "the first two"),
    "every other one": (four_every_other, "every other one"),
    "not neighbours": (four_strided, "not neighbours"),
    "above the median": (four_threshold, "a threshold"),
    "not below the second": (four_threshold_below, "a threshold"),
    "columns": (four_columns, "down the columns"),
    "the weights themselves": (four_weights, ""),
    "zeros and ones": (four_floats, ""),
    "in place": (four_in_place, "mutated input"),
    "one four in each row": (four_one_four_per_row, ""),
    "argsort for rank": (four_rank_for_index, ""),
}
RIGHT = {"topk": right_four_topk, "loops": right_four_loop, "ranks, with NumPy": right_four_numpy}
