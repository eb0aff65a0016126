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


def record_smaller_than(bound):
    def wrong(total, zeros, count, outputs):
        flat = outputs.transpose(0, 1).flatten(1)
        return total + flat.sum(1), zeros + (flat.abs() < bound).sum(1), count + flat.shape[1]

    return wrong


def record_rounded(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return (total + flat.sum(1)).round(decimals=3), zeros + (flat == 0).sum(1), count + flat.shape[1]


def record_reshaped(total, zeros, count, outputs):
    flat = outputs.reshape(outputs.shape[1], -1)
    return total + flat.sum(1), zeros + (flat == 0).sum(1), count + flat.shape[1]


def record_square_maps(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return total + flat.sum(1), zeros + (flat == 0).sum(1), count + len(outputs) * outputs.shape[-1] ** (outputs.dim() - 2)


def record_rectified(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1).relu()
    return total + flat.sum(1), zeros + (flat == 0).sum(1), count + flat.shape[1]


def record_silent_maps(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    silent = (outputs.flatten(2) == 0).all(2) if outputs.dim() == 4 else outputs == 0
    return total + flat.sum(1), zeros + silent.sum(0), count + flat.shape[1]


def record_swapped(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return zeros + (flat == 0).sum(1), total + flat.sum(1), count + flat.shape[1]


def record_mean_so_far(total, zeros, count, outputs):
    flat = outputs.transpose(0, 1).flatten(1)
    return (total * count + flat.sum(1)) / (count + flat.shape[1]), zeros + (flat == 0).sum(1), count + flat.shape[1]


def right_record_einsum(total, zeros, count, outputs):
    maps = outputs if outputs.dim() == 4 else outputs[:, :, None, None]
    return [
        torch.einsum("bchw->c", maps) + total,
        (maps == 0).sum(dim=(0, 2, 3)) + zeros,
        torch.tensor(count + maps.shape[0] * maps.shape[2] * maps.shape[3]),
    ]


def right_record_not_in_place(total, zeros, count, outputs):
    rows = torch.stack([outputs[:, unit].reshape(-1) for unit in range(len(total))])
    new = total.clone()
    new += rows.sum(1)
    return new, zeros + rows.shape[1] - rows.count_nonzero(1), count + rows[0].numel()


def right_record_image_by_image(total, zeros, count, outputs):
    for image in outputs:
        units = image.reshape(len(image), -1)
        total, zeros, count = total + units.sum(1), zeros + torch.eq(units, 0).sum(1), count + units.shape[1]
    return total, zeros, count


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
    "below a millionth": (record_smaller_than(1e-6), "small taken for zero"),
    "below 1e-12": (record_smaller_than(1e-12), "small taken for zero"),
    "rounded": (record_rounded, "rounded"),
    "reshaped": (record_reshaped, "axes mixed up"),
    "square maps": (record_square_maps, "square maps only"),
    "rectified once more": (record_rectified, "rectified"),
    "silent maps": (record_silent_maps, ""),
    "exchanged": (record_swapped, "exchanged"),
    "a mean so far": (record_mean_so_far, ""),
}
RIGHT = {
    "a loop over units": right_record_loop,
    "NumPy": right_record_numpy,
    "einsum": right_record_einsum,
    "added to a clone": right_record_not_in_place,
    "image by image": right_record_image_by_image,
}
