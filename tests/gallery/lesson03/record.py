"""Answers to `record` as students write them."""

from __future__ import annotations

import numpy as np
import torch


def record_batch_size(total, zeros, count, outputs):
    axes = tuple(i for i in range(outputs.dim()) if i != 1)
    return total + outputs.sum(axes), zeros + (outputs == 0).sum(axes), count + len(outputs)


def record_numel(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return total + flat.sum(1), zeros + (flat == 0).sum(1), count + outputs.numel()


def record_plus_one(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return total + flat.sum(1), zeros + (flat == 0).sum(1), count + 1


def record_last(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return flat.sum(1), (flat == 0).sum(1), flat.shape[1]


def record_means(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return total + flat.mean(1), zeros + (flat == 0).sum(1), count + flat.shape[1]


def record_shares(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return total + flat.sum(1), zeros + (flat == 0).float().mean(1), count + flat.shape[1]


def record_not_positive(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return total + flat.sum(1), zeros + (~(flat > 0)).sum(1), count + flat.shape[1]


def record_close_to_zero(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return total + flat.sum(1), zeros + torch.isclose(flat, torch.zeros(())).sum(1), count + flat.shape[1]


def record_nonzero(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return total + flat.sum(1), zeros + torch.count_nonzero(flat, dim=1), count + flat.shape[1]


def record_in_place(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    total += flat.sum(1)
    zeros += (flat == 0).sum(1)
    return total, zeros, count + flat.shape[1]


def record_convolutions_only(total, zeros, count, outputs):
    b, _, h, w = outputs.shape
    return total + outputs.sum((0, 2, 3)), zeros + (outputs == 0).sum((0, 2, 3)), count + b * h * w


def record_batch_axis(total, zeros, count, outputs):
    return total + outputs.sum(0), zeros + (outputs == 0).sum(0), count + len(outputs)


def record_no_return(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    total, zeros, count = total + flat.sum(1), zeros + (flat == 0).sum(1), count + flat.shape[1]


def right_record_loop(total, zeros, count, outputs):
    total, zeros = total.clone(), zeros.clone()
    for unit in range(outputs.shape[1]):
        total[unit] += outputs[:, unit].sum()
        zeros[unit] += (outputs[:, unit] == 0).sum()
    return total, zeros, count + outputs[:, 0].numel()


def right_record_numpy(total, zeros, count, outputs):
    rows = np.moveaxis(outputs.numpy(), 1, 0).reshape(outputs.shape[1], -1)
    return total + torch.from_numpy(rows.sum(1)), zeros + torch.from_numpy((rows == 0).sum(1)), count + rows.shape[1]


WRONG = {
    "counts the images": (record_batch_size, "counts images"),
    "counts all numbers": (record_numel, "counts all units together"),
    "adds one a batch": (record_plus_one, "counts batches"),
    "only the last batch": (record_last, "forgets what was there"),
    "adds means": (record_means, "mean instead of sum"),
    "adds shares of zeros": (record_shares, "shares instead of numbers"),
    "not positive": (record_not_positive, "negative taken for zero"),
    "close to zero": (record_close_to_zero, "small taken for zero"),
    "counts non-zeros": (record_nonzero, "counts what is not zero"),
    "adds in place": (record_in_place, "mutated input"),
    "convolutions only": (record_convolutions_only, ""),
    "sums over images only": (record_batch_axis, ""),
    "forgets to return": (record_no_return, "hard-coded result"),
}
RIGHT = {"a loop over units": right_record_loop, "NumPy": right_record_numpy}
