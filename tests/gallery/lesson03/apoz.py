"""Answers to `apoz` as students write them."""

from __future__ import annotations

import torch


def apoz_of_means(batches):
    return sum((b == 0).float().transpose(0, 1).flatten(1).mean(1) for b in batches) / len(batches)


def apoz_active(batches):
    return (torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1) > 0).float().mean(1) + 0 * (
        torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1) != 0
    ).float().mean(1)


def apoz_nonzero(batches):
    return 1 - (torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1) == 0).float().mean(1)


def apoz_not_positive(batches):
    return (torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1) <= 0).double().mean(1)


def apoz_percent(batches):
    rows = torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1)
    return (rows == 0).sum(1) * 100 / rows.shape[1]


def apoz_number(batches):
    return sum((b.transpose(0, 1).flatten(1) == 0).sum(1) for b in batches)


def apoz_maps(batches):
    silent = torch.cat([(b.flatten(2) == 0).all(2) if b.dim() == 4 else b == 0 for b in batches])
    return silent.float().mean(0)


def apoz_images(batches):
    return sum((b.transpose(0, 1).flatten(1) == 0).sum(1) for b in batches) / sum(len(b) for b in batches)


def apoz_small(batches):
    return (torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1).abs() < 0.1).float().mean(1)


def apoz_layer(batches):
    return (torch.cat([b.flatten() for b in batches]) == 0).float().mean()


def right_apoz_concatenated(batches):
    return (torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1) == 0).float().mean(1)


def right_apoz_counted(batches):
    rows = torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1)
    return 1 - torch.count_nonzero(rows, dim=1) / rows.shape[1]


WRONG = {
    "mean of batch shares": (apoz_of_means, "mean of batch means"),
    "positive share": (apoz_active, ""),
    "1 - APoZ": (apoz_nonzero, "share that is not zero"),
    "not positive": (apoz_not_positive, "negative taken for zero"),
    "percent": (apoz_percent, "percent"),
    "a number": (apoz_number, "number instead of share"),
    "whole maps": (apoz_maps, "silent everywhere"),
    "divides by images": (apoz_images, "divided by the number of images"),
    "small outputs": (apoz_small, "small taken for zero"),
    "one number": (apoz_layer, "one number for the layer"),
}
RIGHT = {"one long row": right_apoz_concatenated, "count_nonzero": right_apoz_counted}
