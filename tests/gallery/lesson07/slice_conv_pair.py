"""Answers to `slice_conv_pair` as students write them."""

from __future__ import annotations

import torch
from torch import nn


def cut_own(conv, norm, keep):
    conv.weight = nn.Parameter(conv.weight[keep])
    if conv.bias is not None:
        conv.bias = nn.Parameter(conv.bias[keep])
    if norm is not None:
        norm.weight, norm.bias = nn.Parameter(norm.weight[keep]), nn.Parameter(norm.bias[keep])
        norm.running_mean, norm.running_var = norm.running_mean[keep], norm.running_var[keep]


def slice_first_only(conv, norm, following, keep):
    cut_own(conv, norm, keep)


def slice_rows_of_both(conv, norm, following, keep):
    cut_own(conv, norm, keep)
    following.weight.data = following.weight.data[keep]


def slice_no_bias(conv, norm, following, keep):
    bias = conv.bias
    conv.bias = None
    cut_own(conv, norm, keep)
    conv.bias = bias
    following.weight.data = following.weight.data[:, keep]


def slice_no_norm(conv, norm, following, keep):
    cut_own(conv, None, keep)
    following.weight.data = following.weight.data[:, keep]


def slice_no_statistics(conv, norm, following, keep):
    cut_own(conv, None, keep)
    for p in norm.parameters() if norm is not None else []:
        p.data = p.data[keep]
    following.weight.data = following.weight.data[:, keep]


def slice_statistics_only(conv, norm, following, keep):
    cut_own(conv, None, keep)
    if norm is not None:
        norm.running_mean, norm.running_var = norm.running_mean[keep], norm.running_var[keep]
    following.weight.data = following.weight.data[:, keep]


def slice_mean_only(conv, norm, following, keep):
    slice_no_statistics(conv, norm, following, keep)
    if norm is not None:
        norm.running_mean = norm.running_mean[keep]


def slice_inverted(conv, norm, following, keep):
    right_slice_data(conv, norm, following, ~keep)


def slice_first_ones(conv, norm, following, keep):
    n = int(keep.sum())
    right_slice_data(conv, norm, following, torch.arange(n))


def slice_masked(conv, norm, following, keep):
    for module in (conv, norm):
        for p in module.parameters() if module is not None else []:
            p.data[~keep] = 0
    following.weight.data[:, ~keep] = 0


def slice_bias_taken_for_granted(conv, norm, following, keep):
    conv.weight = nn.Parameter(conv.weight[keep])
    conv.bias = nn.Parameter(conv.bias[keep])
    if norm is not None:
        cut_own(norm, None, keep)
        norm.running_mean, norm.running_var = norm.running_mean[keep], norm.running_var[keep]
    following.weight = nn.Parameter(following.weight[:, keep])


def slice_norm_taken_for_granted(conv, norm, following, keep):
    norm.weight = nn.Parameter(norm.weight[keep])
    norm.bias = nn.Parameter(norm.bias[keep])
    norm.running_mean, norm.running_var = norm.running_mean[keep], norm.running_var[keep]
    cut_own(conv, None, keep)
    following.weight = nn.Parameter(following.weight[:, keep])


def slice_no_parameter(conv, norm, following, keep):
    conv.weight = conv.weight[keep]
    following.weight = following.weight[:, keep]


def slice_new_layers(conv, norm, following, keep):
    first = nn.Conv2d(conv.in_channels, int(keep.sum()), conv.kernel_size, bias=conv.bias is not None)
    first.weight.data = conv.weight.data[keep]
    second = nn.Conv2d(int(keep.sum()), following.out_channels, following.kernel_size)
    second.weight.data = following.weight.data[:, keep]
    return first, norm, second


def slice_both_axes(conv, norm, following, keep):
    cut_own(conv, norm, keep)
    following.weight.data = following.weight.data[:, keep][: int(keep.sum())]


def slice_next_twice(conv, norm, following, keep):
    cut_own(conv, norm, keep)
    following.weight = nn.Parameter(following.weight[:, keep][keep])


def slice_next_bias(conv, norm, following, keep):
    right_slice_data(conv, norm, following, keep)
    if following.bias is not None:
        following.bias.data = following.bias.data[keep]


def slice_columns_of_first(conv, norm, following, keep):
    own = conv.weight.data[:, keep]
    right_slice_data(conv, norm, following, keep)
    conv.weight.data = own


def slice_numbers_only(conv, norm, following, keep):
    conv.out_channels = following.in_channels = int(keep.sum())


def slice_mask_lost(conv, norm, following, keep):
    right_slice_data(conv, norm, following, keep)
    keep[:] = True


def slice_scaled(conv, norm, following, keep):
    right_slice_data(conv, norm, following, keep)
    following.weight.data *= len(keep) / keep.sum()


def right_slice_data(conv, norm, following, keep):
    for module in (conv, norm):
        for p in module.parameters() if module is not None else []:
            p.data = p.data[keep]
    if norm is not None:
        for name in ("running_mean", "running_var"):
            setattr(norm, name, getattr(norm, name)[keep])
    following.weight.data = following.weight.data[:, keep]


def right_slice_indices(conv, norm, following, keep):
    stays = keep.nonzero().flatten()
    with torch.no_grad():
        conv.weight = nn.Parameter(conv.weight.index_select(0, stays))
        if conv.bias is not None:
            conv.bias = nn.Parameter(conv.bias.index_select(0, stays))
        following.weight = nn.Parameter(following.weight.index_select(1, stays))
        if norm is not None:
            norm.weight = nn.Parameter(norm.weight.index_select(0, stays))
            norm.bias = nn.Parameter(norm.bias.index_select(0, stays))
            norm.running_mean = norm.running_mean.index_select(0, stays)
            norm.running_var = norm.running_var.index_select(0, stays)
    conv.out_channels = following.in_channels = len(stays)


def right_slice_loop(conv, norm, following, keep):
    stays = [j for j in range(len(keep)) if keep[j]]
    conv.weight = nn.Parameter(torch.stack([conv.weight.detach()[j] for j in stays]))
    if conv.bias is not None:
        conv.bias = nn.Parameter(torch.stack([conv.bias.detach()[j] for j in stays]))
    if norm is not None:
        norm.weight.data, norm.bias.data = norm.weight.data[stays], norm.bias.data[stays]
        norm.running_mean.data = norm.running_mean.data[stays]
        norm.running_var.data = norm.running_var.data[stays]
        norm.num_features = len(stays)
    following.weight = nn.Parameter(following.weight.detach()[:, stays])


WRONG = {
    "the first layer only": (slice_first_only, "the next layer left whole"),
    "rows of both": (slice_rows_of_both, "wrong axis of the next layer"),
    "no bias": (slice_no_bias, "bias left whole"),
    "BatchNorm forgotten": (slice_no_norm, "BatchNorm left whole"),
    "statistics forgotten": (slice_no_statistics, "statistics left whole"),
    "variance forgotten": (slice_mean_only, ""),
    "gamma and beta forgotten": (slice_statistics_only, "gamma and beta left whole"),
    "inverted": (slice_inverted, "inverted mask"),
    "the first ones": (slice_first_ones, "the first filters"),
    "masked": (slice_masked, "masked, not cut"),
    "bias taken for granted": (slice_bias_taken_for_granted, "a layer without bias"),
    "BatchNorm taken for granted": (slice_norm_taken_for_granted, "a chain without BatchNorm"),
    "no parameter": (slice_no_parameter, "a tensor for a parameter"),
    "new layers, returned": (slice_new_layers, "changes nothing"),
    "both axes, the first ones": (slice_both_axes, ""),
    "both axes": (slice_next_twice, "the next layer's filters cut, too"),
    "the next bias": (slice_next_bias, "the next bias cut"),
    "columns of the first": (slice_columns_of_first, "inputs of the first layer cut"),
    "the numbers only": (slice_numbers_only, "changes nothing"),
    "the mask is changed": (slice_mask_lost, ""),
    "survivors scaled up": (slice_scaled, ""),
}
RIGHT = {"by data": right_slice_data, "by indices": right_slice_indices, "in a loop": right_slice_loop}
