"""Answers to `fold_constant_unit` as students write them."""

from __future__ import annotations

import numpy as np
import torch


def without(weight, unit):
    return torch.cat([weight[:, :unit], weight[:, unit + 1 :]], dim=1)


def fold_cut_only(weight, bias, unit, constant):
    return without(weight, unit), bias


def fold_constant_alone(weight, bias, unit, constant):
    return without(weight, unit), bias + constant


def fold_no_constant(weight, bias, unit, constant):
    return without(weight, unit), bias + weight[:, unit].flatten(start_dim=1).sum(1) if weight.dim() > 2 else (
        bias + weight[:, unit]
    )


def fold_weights_alone(weight, bias, unit, constant):
    said = weight[:, unit]
    return without(weight, unit), bias + (said.sum((1, 2)) if said.dim() == 3 else said)


def fold_centre(weight, bias, unit, constant):
    said = weight[:, unit]
    said = said[:, said.shape[1] // 2, said.shape[2] // 2] if said.dim() == 3 else said
    return without(weight, unit), bias + constant * said


def fold_first_entry(weight, bias, unit, constant):
    said = weight[:, unit]
    return without(weight, unit), bias + constant * (said[:, 0, 0] if said.dim() == 3 else said)


def fold_mean(weight, bias, unit, constant):
    said = weight[:, unit]
    return without(weight, unit), bias + constant * (said.mean((1, 2)) if said.dim() == 3 else said)


def fold_minus(weight, bias, unit, constant):
    said = weight[:, unit].reshape(weight.shape[0], -1).sum(1)
    return without(weight, unit), bias - constant * said


def fold_abs(weight, bias, unit, constant):
    said = weight[:, unit].reshape(weight.shape[0], -1).abs().sum(1)
    return without(weight, unit), bias + constant * said


def fold_sum_of_all(weight, bias, unit, constant):
    return without(weight, unit), bias + constant * weight[:, unit].sum()


def fold_zero(weight, bias, unit, constant):
    new = weight.clone()
    new[:, unit] = 0
    return new, bias + constant * weight[:, unit].reshape(weight.shape[0], -1).sum(1)


def fold_not_cut(weight, bias, unit, constant):
    return weight, bias + constant * weight[:, unit].reshape(weight.shape[0], -1).sum(1)


def fold_row(weight, bias, unit, constant):
    rows = [j for j in range(len(weight)) if j != unit]
    return weight[rows], bias + constant * weight[:, unit].reshape(weight.shape[0], -1).sum(1)


def fold_conv_only(weight, bias, unit, constant):
    return without(weight, unit), bias + constant * weight[:, unit].sum(dim=(1, 2))


def fold_dense_only(weight, bias, unit, constant):
    return without(weight, unit), bias + constant * weight[:, unit]


def fold_after_the_cut(weight, bias, unit, constant):
    weight = without(weight, unit)
    return weight, bias + constant * weight[:, unit].reshape(weight.shape[0], -1).sum(1)


def fold_in_place(weight, bias, unit, constant):
    bias += constant * weight[:, unit].reshape(weight.shape[0], -1).sum(1)
    return without(weight, unit), bias


def fold_bias_only(weight, bias, unit, constant):
    return bias + constant * weight[:, unit].reshape(weight.shape[0], -1).sum(1)


def fold_other_order(weight, bias, unit, constant):
    return bias + constant * weight[:, unit].reshape(weight.shape[0], -1).sum(1), without(weight, unit)


def fold_last(weight, bias, unit, constant):
    return weight[:, :-1], bias + constant * weight[:, unit].reshape(weight.shape[0], -1).sum(1)


def right_fold_mask(weight, bias, unit, constant):
    stays = torch.ones(weight.shape[1], dtype=torch.bool)
    stays[unit] = False
    said = weight[:, unit]
    while said.dim() > 1:
        said = said.sum(-1)
    return weight[:, stays], bias + said * constant


def right_fold_loop(weight, bias, unit, constant):
    bias = bias.clone()
    for j in range(len(weight)):
        bias[j] = bias[j] + constant * weight[j, unit].sum()
    return weight[:, [k for k in range(weight.shape[1]) if k != unit]], bias


def right_fold_numpy(weight, bias, unit, constant):
    w = weight.numpy()
    said = w[:, unit].reshape(len(w), -1).sum(axis=1)
    return torch.from_numpy(np.delete(w, unit, axis=1)), torch.from_numpy(bias.numpy() + constant * said)


def right_fold_list(weight, bias, unit, constant):
    summed = weight.flatten(2).sum(2) if weight.dim() == 4 else weight
    return [weight[:, torch.arange(weight.shape[1]) != unit], torch.addcmul(bias, summed[:, unit], torch.tensor(constant))]


WRONG = {
    "cut only": (fold_cut_only, "cut without folding"),
    "the constant alone": (fold_constant_alone, "the constant alone"),
    "the weights alone": (fold_weights_alone, "weights without the constant"),
    "a conditional that eats the pair": (fold_no_constant, "weights without the constant"),
    "the centre": (fold_centre, "one entry of the kernel"),
    "the first entry": (fold_first_entry, "one entry of the kernel"),
    "mean of the kernel": (fold_mean, "mean of the kernel"),
    "minus": (fold_minus, "subtracted"),
    "abs": (fold_abs, "magnitudes"),
    "summed over everything": (fold_sum_of_all, "every output alike"),
    "set to zero": (fold_zero, "zero in place of a cut"),
    "not cut": (fold_not_cut, "input left in"),
    "a row": (fold_row, "an output for an input"),
    "convolutions only": (fold_conv_only, "convolutions only"),
    "linear layers only": (fold_dense_only, ""),
    "read after the cut": (fold_after_the_cut, ""),
    "in place": (fold_in_place, "mutated input"),
    "the bias only": (fold_bias_only, ""),
    "the other order": (fold_other_order, ""),
    "the last one cut": (fold_last, ""),
}
RIGHT = {
    "by a mask": right_fold_mask,
    "in a loop": right_fold_loop,
    "with NumPy": right_fold_numpy,
    "as a list": right_fold_list,
}
