"""Answers to `mean_activation` as students write them."""

from __future__ import annotations

import numpy as np
import torch


def mean_of_means(batches):
    return torch.stack([b.transpose(0, 1).flatten(1).mean(1) for b in batches]).mean(0)


def mean_running(batches):
    total = 0
    for batch in batches:
        total = total + batch.transpose(0, 1).flatten(1).mean(1)
    return total / len(batches)


def mean_over_images(batches):
    return sum(b.transpose(0, 1).flatten(1).sum(1) for b in batches) / sum(b.shape[0] for b in batches)


def mean_over_batches(batches):
    return sum(b.transpose(0, 1).flatten(1).sum(1) for b in batches) / len(batches)


def mean_of_layer(batches):
    return torch.cat([b.flatten() for b in batches]).mean()


def mean_where_active(batches):
    rows = torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1)
    return torch.stack([row[row != 0].mean() if (row != 0).any() else torch.tensor(0.0) for row in rows])


def mean_maximum(batches):
    return torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1).max(1).values


def mean_absolute(batches):
    return torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1).abs().mean(1)


def mean_sum(batches):
    return torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1).sum(1)


def mean_first(batches):
    return batches[0].transpose(0, 1).flatten(1).mean(1)


def mean_no_rows(batches):
    return torch.cat(batches).mean((0, 2, 3))


def mean_only_images(batches):
    return torch.cat(batches).mean(0)


def right_mean_concatenated(batches):
    return torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1).mean(1)


def right_mean_weighted(batches):
    sizes = torch.tensor([float(len(b)) for b in batches])
    means = torch.stack([b.transpose(0, 1).flatten(1).mean(1) for b in batches])
    return (means * (sizes / sizes.sum())[:, None]).sum(0)


def right_mean_welford(batches):
    mean, seen = torch.zeros(batches[0].shape[1]), 0
    for batch in batches:
        rows = batch.transpose(0, 1).flatten(1)
        seen += rows.shape[1]
        mean = mean + (rows - mean[:, None]).sum(1) / seen
    return mean


def mean_median(batches):
    return torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1).median(1).values


def mean_equal_sizes(batches):
    return sum(b.transpose(0, 1).flatten(1).sum(1) for b in batches) / (len(batches) * batches[0][:, 0].numel())


def mean_full_batches(batches):
    full = [b for b in batches if len(b) == len(batches[0])]
    return torch.cat([b.transpose(0, 1).flatten(1) for b in full], 1).mean(1)


def mean_rounded(batches):
    return torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1).mean(1).round(decimals=2)


def mean_rectified(batches):
    return torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1).relu().mean(1)


def mean_root_of_squares(batches):
    return torch.cat([b.transpose(0, 1).flatten(1) for b in batches], 1).square().mean(1).sqrt()


def mean_of_largest_positions(batches):
    return torch.cat([b.flatten(2).amax(2) if b.dim() == 4 else b for b in batches]).mean(0)


def mean_reshaped(batches):
    whole = torch.cat(batches)
    return whole.reshape(whole.shape[1], -1).mean(1)


def mean_in_place(batches):
    total, count = batches[0].transpose(0, 1).flatten(1).sum(1), batches[0][:, 0].numel()
    while len(batches) > 1:
        batch = batches.pop()
        total, count = total + batch.transpose(0, 1).flatten(1).sum(1), count + batch[:, 0].numel()
    return total / count


def right_mean_positions_first(batches):
    images = torch.cat([b.mean((2, 3)) if b.dim() == 4 else b for b in batches])
    return images.mean(0)


def right_mean_numpy(batches):
    whole = np.concatenate([b.numpy() for b in batches]).astype(float)
    return torch.from_numpy(np.moveaxis(whole, 1, 0).reshape(whole.shape[1], -1).mean(1))


def right_mean_units(batches):
    whole = torch.cat(batches)
    return torch.stack([whole[:, unit].mean() for unit in range(whole.shape[1])])


WRONG = {
    "mean of batch means": (mean_of_means, "mean of batch means"),
    "running mean of means": (mean_running, "mean of batch means"),
    "divides by images": (mean_over_images, "divided by the number of images"),
    "divides by batches": (mean_over_batches, "divided by the number of batches"),
    "one number": (mean_of_layer, "one number for the layer"),
    "active outputs only": (mean_where_active, "only where it is active"),
    "maximum": (mean_maximum, "largest activation"),
    "absolute values": (mean_absolute, "absolute values"),
    "sum": (mean_sum, "sum instead of mean"),
    "first batch": (mean_first, "first batch only"),
    "convolutions only": (mean_no_rows, ""),
    "over images only": (mean_only_images, ""),
    "median": (mean_median, "median"),
    "equal sizes": (mean_equal_sizes, "sizes taken to be equal"),
    "full batches only": (mean_full_batches, "smaller batches left out"),
    "rounded": (mean_rounded, "rounded"),
    "rectified once more": (mean_rectified, "rectified"),
    "root of squares": (mean_root_of_squares, ""),
    "the largest position": (mean_of_largest_positions, ""),
    "reshaped": (mean_reshaped, "axes mixed up"),
    "empties the list": (mean_in_place, "mutated input"),
}
RIGHT = {
    "one long row": right_mean_concatenated,
    "means weighted by size": right_mean_weighted,
    "a running mean": right_mean_welford,
    "positions first": right_mean_positions_first,
    "NumPy": right_mean_numpy,
    "unit by unit": right_mean_units,
}
