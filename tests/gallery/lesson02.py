"""Lesson 02: answers as students write them.

WRONG: exercise -> label -> (answer, the misconception by whose name the verdict must call it; "" where a sentence about
the failing case is all that can be said). RIGHT: exercise -> label -> answer.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

# ---- filter_l1


def l1_signed(weight):
    return weight.flatten(1).sum(dim=1)


def l1_abs_of_sum(weight):
    return torch.stack([torch.abs(torch.sum(f)) for f in weight])


def l1_input_channels(weight):
    return weight.abs().sum(dim=(0, 2, 3))


def l1_per_kernel(weight):
    return torch.norm(weight, p=1, dim=(2, 3))


def l1_frobenius(weight):
    return torch.linalg.vector_norm(weight, dim=(1, 2, 3))


def l1_average(weight):
    return weight.abs().flatten(1).mean(1)


def l1_in_place(weight):
    weight.abs_()
    return weight.sum((1, 2, 3))


def l1_view(weight):
    return weight.abs().view(weight.shape[0], -1).sum(1)  # refuses what is not contiguous


def l1_constant(weight):
    return torch.tensor([9.0, 6.0, 12.0])


def l1_list(weight):
    return [f.abs().sum().item() for f in weight]


def l1_kernel_of_three(weight):
    return sum(weight[:, :, i, j].abs().sum(1) for i in range(3) for j in range(3))


def l1_keeps_dimensions(weight):
    return weight.abs().sum((1, 2, 3), keepdim=True)


def l1_normalised(weight):
    norms = weight.abs().sum((1, 2, 3))
    return norms / norms.max()


def l1_no_return(weight):
    norms = weight.abs().sum((1, 2, 3))  # noqa: F841


def right_l1_loop(weight):
    return torch.stack([f.abs().sum() for f in weight])


def right_l1_norm(weight):
    return torch.linalg.vector_norm(weight, ord=1, dim=(1, 2, 3))


def right_l1_numpy(weight):
    return torch.from_numpy(np.abs(weight.numpy()).sum(axis=(1, 2, 3)))


def right_l1_signs(weight):
    return torch.einsum("nchw,nchw->n", weight, weight.sign())


# ---- filters_to_keep


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


# ---- silence


def silence_row(conv, norm, keep):
    conv.weight.data[~keep] = 0


def silence_conv_only(conv, norm, keep):
    with torch.no_grad():
        conv.weight[~keep] = 0
        if conv.bias is not None:
            conv.bias[~keep] = 0


def silence_no_beta(conv, norm, keep):
    silence_conv_only(conv, norm, keep)
    norm.weight.data[~keep] = 0


def silence_no_gamma(conv, norm, keep):
    silence_conv_only(conv, norm, keep)
    norm.bias.data[~keep] = 0


def silence_forgets_bias(conv, norm, keep):
    for p in (conv.weight, norm.weight, norm.bias):
        p.data[~keep] = 0


def silence_norm_only(conv, norm, keep):
    norm.weight.data.mul_(keep)
    norm.bias.data.mul_(keep)


def silence_inverted(conv, norm, keep):
    for p in (conv.weight, conv.bias, norm.weight, norm.bias):
        if p is not None:
            p.data[keep] = 0


def silence_always_bias(conv, norm, keep):
    for p in (conv.weight, conv.bias, norm.weight, norm.bias):
        p.data[~keep] = 0


def silence_grad(conv, norm, keep):
    conv.weight[~keep] = 0
    norm.weight[~keep] = 0
    norm.bias[~keep] = 0


def silence_copies(conv, norm, keep):
    for p in (conv.weight, norm.weight, norm.bias):
        p = p.detach().clone()
        p[~keep] = 0


def silence_everything(conv, norm, keep):
    for p in [*conv.parameters(), *norm.parameters()]:
        p.data.zero_()


@torch.no_grad()
def silence_product(conv, norm, keep):
    for p in (conv.weight, conv.bias, norm.weight, norm.bias):
        if p is not None:
            p.mul_(keep)


def silence_statistics(conv, norm, keep):
    silence_conv_only(conv, norm, keep)
    norm.running_mean[~keep] = 0
    norm.running_var[~keep] = 1


def right_silence_multiplied(conv, norm, keep):
    for module in (conv, norm):
        for p in module.parameters():
            p.data *= keep.view(-1, *[1] * (p.dim() - 1))


def right_silence_new_parameters(conv, norm, keep):
    with torch.no_grad():
        conv.weight = nn.Parameter(torch.where(keep[:, None, None, None], conv.weight, 0.0))
        if conv.bias is not None:
            conv.bias = nn.Parameter(torch.where(keep, conv.bias, 0.0))
        norm.weight.masked_fill_(~keep, 0)
        norm.bias.masked_fill_(~keep, 0)


def right_silence_loop(conv, norm, keep):
    for j in range(len(keep)):
        if not keep[j]:
            for p in (conv.weight, conv.bias, norm.weight, norm.bias):
                if p is not None:
                    p.data[j] = 0.0


# ---- columns_of_channel


def columns_single(channel, height, width):
    return [channel]


def columns_start(channel, height, width):
    return [channel * height * width]


def columns_short(channel, height, width):
    return list(range(channel * height * width, (channel + 1) * height * width - 1))


def columns_long(channel, height, width):
    return range(channel * height * width, (channel + 1) * height * width + 1)


def columns_from_one(channel, height, width):
    return range((channel - 1) * height * width, channel * height * width)


def columns_square(channel, height, width):
    return range(channel * height**2, (channel + 1) * height**2)


def columns_row(channel, height, width):
    return list(range(channel * width, channel * width + width))


def columns_unscaled(channel, height, width):
    return [channel + i for i in range(height * width)]


def columns_swapped(channel, height, width):
    return [i * channel for i in range(height * width)]


def columns_bounds(channel, height, width):
    return channel * height * width, (channel + 1) * height * width


def columns_mask(channel, height, width):
    mask = torch.zeros((channel + 1) * height * width, dtype=torch.bool)
    mask[channel * height * width :] = True
    return mask


def right_columns_tensor(channel, height, width):
    return torch.arange(height * width) + channel * height * width


def right_columns_positions(channel, height, width):
    return [(channel * height + row) * width + column for row in range(height) for column in range(width)]


def right_columns_flatten(channel, height, width):
    maps = torch.arange((channel + 1) * height * width).view(-1, height, width)
    return maps[channel].flatten().tolist()


# ---- cubic_schedule


def cubic_no_start(step, steps, final, initial=0.0):
    return final * (1 - (1 - step / steps) ** 3)


def cubic_linear(step, steps, final, initial=0.0):
    return initial + step * (final - initial) / steps


def cubic_slow(step, steps, final, initial=0.0):
    return initial + (step / steps) ** 3 * (final - initial)


def cubic_square(step, steps, final, initial=0.0):
    return final - (final - initial) * (1 - step / steps) ** 2


def cubic_sign(step, steps, final, initial=0.0):
    return final + (final - initial) * (1 - step / steps) ** 3


def cubic_whole(step, steps, final, initial=0.0):
    return final + (initial - final) * (1 - step // steps) ** 3


def cubic_late(step, steps, final, initial=0.0):
    return final + (initial - final) * (1 - (step - 1) / steps) ** 3


def cubic_early(step, steps, final, initial=0.0):
    return final + (initial - final) * (1 - (step + 1) / steps) ** 3


def cubic_rounded(step, steps, final, initial=0.0):
    return round(final + (initial - final) * (1 - step / steps) ** 3, 2)


def cubic_constant(step, steps, final, initial=0.0):
    return 0.7


def right_cubic_difference(step, steps, final, initial=0.0):
    return initial + (final - initial) * (1 - (1 - step / steps) ** 3)


def right_cubic_tensor(step, steps, final, initial=0.0):
    return torch.lerp(torch.tensor(final), torch.tensor(initial), (1 - step / steps) ** 3)


def right_cubic_powers(step, steps, final, initial=0.0):
    left = (steps - step) / steps
    return final - (final - initial) * left * left * left


# ---- prune_and_fine_tune


def loop_unprunes(schedule, prune, fine_tune, masks):
    for sparsity in schedule:
        new = prune(sparsity, masks)
        fine_tune(new)
    return new if schedule else masks


def loop_trains_last(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
    fine_tune(masks)
    return masks


def loop_never_trains(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
    return masks


def loop_at_once(schedule, prune, fine_tune, masks):
    if schedule:
        masks = prune(schedule[-1], masks)
        fine_tune(masks)
    return masks


def loop_trains_first(schedule, prune, fine_tune, masks):
    for s in schedule:
        fine_tune(masks)
        masks = prune(s, masks)
    return masks


def loop_old_masks(schedule, prune, fine_tune, masks):
    for s in schedule:
        new = prune(s, masks)
        fine_tune(masks)
        masks = new
    return masks


def loop_no_masks(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(None)
    return masks


def loop_forgets_return(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(masks)


def loop_throws_away(schedule, prune, fine_tune, masks):
    for s in schedule:
        prune(s, masks)
        fine_tune(masks)
    return masks


def loop_masks_from_training(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = fine_tune(prune(s, masks))
    return masks


def loop_list(schedule, prune, fine_tune, masks):
    kept = []
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(masks)
        kept.append(masks)
    return kept


def loop_returns_early(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(masks)
        return masks


def loop_first_masks(schedule, prune, fine_tune, masks):
    now = masks
    for s in schedule:
        now = prune(s, now)
        fine_tune(now)
    return masks


def loop_skips_last(schedule, prune, fine_tune, masks):
    for s in schedule[:-1]:
        masks = prune(s, masks)
        fine_tune(masks)
    return masks


def loop_empties(schedule, prune, fine_tune, masks):
    while schedule:
        masks = prune(schedule.pop(0), masks)
        fine_tune(masks)
    return masks


def loop_trains_twice(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(masks)
        fine_tune(masks)
    return masks


def right_loop_recursive(schedule, prune, fine_tune, masks):
    if not schedule:
        return masks
    masks = prune(schedule[0], masks)
    fine_tune(masks)
    return right_loop_recursive(schedule[1:], prune, fine_tune, masks)


def right_loop_indices(schedule, prune, fine_tune, masks):
    current = masks
    for i in range(len(schedule)):
        current = prune(schedule[i], current)
        fine_tune(current)
    return current


def right_loop_history(schedule, prune, fine_tune, masks):
    history = [masks]
    for sparsity in schedule:
        history.append(prune(sparsity, history[-1]))
        fine_tune(history[-1])
    return history[-1]


WRONG = {
    "filter_l1": {
        "no abs": (l1_signed, "no absolute value"),
        "abs of the sum": (l1_abs_of_sum, "absolute value of the sum"),
        "input channels": (l1_input_channels, "wrong axis"),
        "one per kernel": (l1_per_kernel, "one norm per kernel"),
        "L2": (l1_frobenius, "L2 norm"),
        "mean": (l1_average, "mean instead of sum"),
        "abs in place": (l1_in_place, "mutated input"),
        "view of a non-contiguous weight": (l1_view, ""),
        "the toy's numbers": (l1_constant, "hard-coded result"),
        "a list": (l1_list, ""),
        "3x3 kernels only": (l1_kernel_of_three, ""),
        "axes kept": (l1_keeps_dimensions, ""),
        "divided by the largest": (l1_normalised, ""),
        "no return": (l1_no_return, "hard-coded result"),
    },
    "filters_to_keep": {
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
    },
    "silence": {
        "only the row": (silence_row, "only the row"),
        "convolution only": (silence_conv_only, "BatchNorm left on"),
        "no beta": (silence_no_beta, "beta left"),
        "no gamma": (silence_no_gamma, "gamma left"),
        "no conv bias": (silence_forgets_bias, "bias left"),
        "norm only": (silence_norm_only, "row left"),
        "inverted": (silence_inverted, "inverted mask"),
        "bias taken for granted": (silence_always_bias, "a layer without bias"),
        "gradients recorded": (silence_grad, "autograd in the way"),
        "works on copies": (silence_copies, "changes nothing"),
        "everything": (silence_everything, "silences everything"),
        "statistics instead of gamma and beta": (silence_statistics, "BatchNorm left on"),
        "times the mask, not lined up": (silence_product, "multiplied by the mask"),
    },
    "columns_of_channel": {
        "one column": (columns_single, "one column a channel"),
        "first column": (columns_start, "first column only"),
        "one short": (columns_short, "last column missing"),
        "one too many": (columns_long, "one column too many"),
        "from one": (columns_from_one, "counted from 1"),
        "square": (columns_square, "square maps only"),
        "a row": (columns_row, "a row instead of a map"),
        "start unscaled": (columns_unscaled, "start not scaled"),
        "steps of the channel": (columns_swapped, ""),
        "bounds only": (columns_bounds, ""),
        "a mask": (columns_mask, ""),
    },
    "cubic_schedule": {
        "no start": (cubic_no_start, "start ignored"),
        "linear": (cubic_linear, "linear"),
        "slow start": (cubic_slow, "slow start"),
        "square": (cubic_square, "squared"),
        "sign": (cubic_sign, "sign"),
        "integer division": (cubic_whole, "integer division"),
        "one late": (cubic_late, "counted from 1"),
        "one early": (cubic_early, ""),
        "rounded": (cubic_rounded, ""),
        "constant": (cubic_constant, "hard-coded result"),
    },
    "prune_and_fine_tune": {
        "un-prunes": (loop_unprunes, "prunes from the start every round"),
        "trains last": (loop_trains_last, "trains only once"),
        "never trains": (loop_never_trains, "never trains"),
        "at once": (loop_at_once, "one shot"),
        "trains first": (loop_trains_first, "trains before pruning"),
        "old masks": (loop_old_masks, "trains with the old masks"),
        "no masks": (loop_no_masks, "mask lost in training"),
        "no return": (loop_forgets_return, "returns nothing"),
        "returns in the loop": (loop_returns_early, "returns within the loop"),
        "result thrown away": (loop_throws_away, "throws the new masks away"),
        "masks from training": (loop_masks_from_training, "keeps what training returns"),
        "a list of masks": (loop_list, "returns all masks"),
        "first masks": (loop_first_masks, "returns the first masks"),
        "last level skipped": (loop_skips_last, ""),
        "schedule emptied": (loop_empties, "mutated input"),
        "trains twice": (loop_trains_twice, ""),
    },
}

RIGHT = {
    "filter_l1": {
        "loop": right_l1_loop,
        "vector_norm": right_l1_norm,
        "NumPy": right_l1_numpy,
        "einsum with signs": right_l1_signs,
    },
    "filters_to_keep": {"topk": right_keep_topk, "ranks": right_keep_ranks, "plain Python": right_keep_python},
    "silence": {
        "multiplied": right_silence_multiplied,
        "new parameters": right_silence_new_parameters,
        "loop": right_silence_loop,
    },
    "columns_of_channel": {
        "arange": right_columns_tensor,
        "positions": right_columns_positions,
        "flatten itself": right_columns_flatten,
    },
    "cubic_schedule": {"difference": right_cubic_difference, "lerp": right_cubic_tensor, "powers": right_cubic_powers},
    "prune_and_fine_tune": {"recursive": right_loop_recursive, "indices": right_loop_indices, "history": right_loop_history},
}
