"""Answers to `apoz` as students write them."""

from __future__ import annotations

import numpy as np
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


def apoz_smaller_than(bound):
    def wrong(batches):
        return (torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1).abs() < bound).float().mean(1)

    return wrong


def apoz_close(batches):
    rows = torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1)
    return torch.isclose(rows, torch.zeros(())).float().mean(1)


def apoz_equal_sizes(batches):
    return sum((b.transpose(0, 1).flatten(1) == 0).sum(1) for b in batches) / (len(batches) * batches[0][:, 0].numel())


def apoz_rounded(batches):
    return (torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1) == 0).float().mean(1).round(decimals=2)


def apoz_rounded_to_three(batches):
    return (torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1) == 0).float().mean(1).round(decimals=3)


def apoz_last(batches):
    return (batches[-1].transpose(0, 1).flatten(1) == 0).float().mean(1)


def apoz_dead(batches):
    return (torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1) == 0).all(1)


def apoz_of_rectified(batches):
    return (torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1).relu() == 0).float().mean(1)


def apoz_reshaped(batches):
    whole = torch.cat(batches)
    return (whole.reshape(whole.shape[1], -1) == 0).float().mean(1)


def right_apoz_weighted(batches):
    sizes = [len(b) for b in batches]
    shares = [(b == 0).double().mean([i for i in range(b.dim()) if i != 1]) for b in batches]
    return sum(size * share for size, share in zip(sizes, shares, strict=True)) / sum(sizes)


def right_apoz_numpy(batches):
    whole = np.concatenate([np.moveaxis(b.numpy(), 1, 0).reshape(b.shape[1], -1) for b in batches], axis=1)
    return torch.from_numpy(1 - np.count_nonzero(whole, axis=1) / whole.shape[1])


def right_apoz_python(batches):
    shares = []
    for unit in range(batches[0].shape[1]):
        values = [value for b in batches for value in b[:, unit].flatten().tolist()]
        shares.append(values.count(0.0) / len(values))
    return torch.tensor(shares)


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
    "below a millionth": (apoz_smaller_than(1e-6), "small taken for zero"),
    "below 1e-12": (apoz_smaller_than(1e-12), "small taken for zero"),
    "close to zero": (apoz_close, "small taken for zero"),
    "equal sizes": (apoz_equal_sizes, "sizes taken to be equal"),
    "rounded": (apoz_rounded, "rounded"),
    "rounded to three digits": (apoz_rounded_to_three, "rounded"),
    "last batch": (apoz_last, "last batch only"),
    "dead or not": (apoz_dead, ""),
    "rectified once more": (apoz_of_rectified, "negative taken for zero"),
    "reshaped": (apoz_reshaped, "axes mixed up"),
}
RIGHT = {
    "one long row": right_apoz_concatenated,
    "count_nonzero": right_apoz_counted,
    "shares weighted by size": right_apoz_weighted,
    "NumPy": right_apoz_numpy,
    "plain Python": right_apoz_python,
}
