"""Lesson 03: answers as students write them.

WRONG: exercise -> label -> (answer, the misconception by whose name the verdict must call it; "" where a sentence about
the failing case is all that can be said). RIGHT: exercise -> label -> answer.
"""

from __future__ import annotations

import numpy as np
import torch

# ---- record


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


# ---- mean_activation


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


# ---- apoz


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


# ---- fixed_threshold


def fixed_plain(scores, threshold):
    return ~(scores < threshold)


def fixed_greater(scores, threshold):
    return scores > threshold


def fixed_greater_with_floor(scores, threshold):
    keep = scores > threshold
    if keep.sum() == 0:
        keep[torch.argmax(scores)] = True
    return keep


def fixed_gone(scores, threshold):
    return scores < threshold


def fixed_first_stays(scores, threshold):
    keep = scores >= threshold
    if not keep.any():
        keep[0] = True
    return keep


def fixed_all_stay(scores, threshold):
    keep = scores >= threshold
    return keep if keep.any() else torch.ones_like(keep)


def fixed_weakest_stays(scores, threshold):
    keep = scores >= threshold
    if not keep.any():
        keep[scores.argmin()] = True
    return keep


def fixed_quantile(scores, threshold):
    return scores >= torch.quantile(scores, max(0.0, min(1.0, threshold)))


def fixed_relative(scores, threshold):
    keep = scores / scores.max() >= threshold
    if not keep.any():
        keep[scores.argmax()] = True
    return keep


def fixed_absolute(scores, threshold):
    keep = torch.abs(scores) >= threshold
    if not keep.any():
        keep[scores.abs().argmax()] = True
    return keep


def fixed_floats(scores, threshold):
    keep = (scores >= threshold).float()
    if keep.sum() == 0:
        keep[scores.argmax()] = 1.0
    return keep


def fixed_indices(scores, threshold):
    return torch.nonzero(scores >= threshold).flatten()


def right_fixed_argmax(scores, threshold):
    keep = scores >= threshold
    keep[scores.argmax()] = True  # the strongest stays in any case
    return keep


def right_fixed_capped(scores, threshold):
    return scores >= min(threshold, scores.max().item())


def right_fixed_python(scores, threshold):
    values = scores.tolist()
    keep = [v >= threshold for v in values]
    if not any(keep):
        keep[values.index(max(values))] = True
    return torch.tensor(keep)


# ---- variable_threshold


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


# ---- jaccard


def jaccard_unsafe(one, other):
    return ((one & other).sum() / (one | other).sum()).item()


def jaccard_python_unsafe(one, other):
    a, b = set(one.nonzero().flatten().tolist()), set(other.nonzero().flatten().tolist())
    return len(a & b) / len(a | b)


def jaccard_zero(one, other):
    union = (one | other).sum().item()
    return (one & other).sum().item() / union if union > 0 else 0.0


def jaccard_agreement(one, other):
    return (one == other).float().mean().item()


def jaccard_recall(one, other):
    return ((one & other).sum() / one.sum()).item() if one.any() else 1.0


def jaccard_precision(one, other):
    return ((one & other).sum() / other.sum()).item() if other.any() else 1.0


def jaccard_of_all(one, other):
    return (one & other).float().mean().item()


def jaccard_dice(one, other):
    total = int(one.sum() + other.sum())
    return 2 * int((one & other).sum()) / total if total else 1.0


def jaccard_half(one, other):
    total = int(one.sum() + other.sum())
    return int((one & other).sum()) / total if total else 1.0


def jaccard_distance(one, other):
    union = int((one | other).sum())
    return 1 - int((one & other).sum()) / union if union else 0.0


def jaccard_count(one, other):
    return int((one & other).sum())


def right_jaccard_sets(one, other):
    a = {i for i, x in enumerate(one.tolist()) if x}
    b = {i for i, x in enumerate(other.tolist()) if x}
    return 1.0 if not a and not b else len(a & b) / len(a | b)


def right_jaccard_difference(one, other):
    either = int(one.sum()) + int(other.sum()) - int((one & other).sum())
    return 1 - int((one ^ other).sum()) / max(1, either)


def right_jaccard_min_max(one, other):
    a, b = one.float(), other.float()
    whole = torch.maximum(a, b).sum()
    return torch.minimum(a, b).sum() / whole if whole else torch.tensor(1.0)


WRONG = {
    "record": {
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
    },
    "mean_activation": {
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
    },
    "apoz": {
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
    },
    "fixed_threshold": {
        "no floor": (fixed_plain, "empties the layer"),
        "greater, no floor": (fixed_greater, "equal goes as well, and empties the layer"),
        "greater": (fixed_greater_with_floor, "equal goes as well"),
        "marks what goes": (fixed_gone, "inverted mask"),
        "the first stays": (fixed_first_stays, "keeps an arbitrary one"),
        "all stay": (fixed_all_stay, "keeps everything"),
        "the weakest stays": (fixed_weakest_stays, "keeps the weakest"),
        "a quantile": (fixed_quantile, "threshold as a share"),
        "share of the largest": (fixed_relative, "relative to the largest"),
        "absolute values": (fixed_absolute, "absolute values"),
        "floats": (fixed_floats, "numbers instead of a mask"),
        "indices": (fixed_indices, ""),
    },
    "variable_threshold": {
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
    },
    "jaccard": {
        "NaN for empty sets": (jaccard_unsafe, "divides by nothing"),
        "ZeroDivisionError for empty sets": (jaccard_python_unsafe, "divides by nothing"),
        "0 for empty sets": (jaccard_zero, "empty sets at 0"),
        "agreement": (jaccard_agreement, "agreement of all units"),
        "over the first": (jaccard_recall, "share of the first set"),
        "over the second": (jaccard_precision, "share of the second set"),
        "over all units": (jaccard_of_all, "share of all units"),
        "Dice": (jaccard_dice, "Dice coefficient"),
        "sum of the sizes": (jaccard_half, "common units counted twice"),
        "distance": (jaccard_distance, "distance"),
        "a count": (jaccard_count, ""),
    },
}
RIGHT = {
    "record": {"a loop over units": right_record_loop, "NumPy": right_record_numpy},
    "mean_activation": {
        "one long row": right_mean_concatenated,
        "means weighted by size": right_mean_weighted,
        "a running mean": right_mean_welford,
    },
    "apoz": {"one long row": right_apoz_concatenated, "count_nonzero": right_apoz_counted},
    "fixed_threshold": {
        "the strongest always": right_fixed_argmax,
        "a capped threshold": right_fixed_capped,
        "plain Python": right_fixed_python,
    },
    "variable_threshold": {"indices": right_variable_indices, "NumPy": right_variable_numpy},
    "jaccard": {
        "sets": right_jaccard_sets,
        "symmetric difference": right_jaccard_difference,
        "minimum over maximum": right_jaccard_min_max,
    },
}
