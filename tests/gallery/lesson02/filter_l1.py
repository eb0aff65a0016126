"""Answers to `filter_l1` as students write them."""

from __future__ import annotations

import numpy as np
import torch


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


def l1_positive(weight):
    return weight.clamp(min=0).sum((1, 2, 3))


def l1_first_channel(weight):
    return weight[:, 0].abs().sum((1, 2))


def l1_largest_kernel(weight):
    return weight.abs().sum((2, 3)).amax(1)


def l1_largest_column(weight):
    return torch.stack([torch.linalg.matrix_norm(f.flatten(1), ord=1) for f in weight])


def l1_squared(weight):
    return weight.square().sum((1, 2, 3))


def l1_sorted(weight):
    return weight.abs().sum((1, 2, 3)).sort().values


def l1_rounded(weight):
    return weight.abs().sum((1, 2, 3)).round(decimals=3)


def l1_whole_numbers(weight):
    return weight.abs().sum((1, 2, 3)).int()


def l1_reshaped(weight):
    return weight.abs().reshape(-1, len(weight)).sum(0)


def l1_count(weight):
    return (weight != 0).sum((1, 2, 3))


def right_l1_square_roots(weight):
    return weight.square().sqrt().flatten(1).sum(1)


def right_l1_where(weight):
    return torch.where(weight < 0, -weight, weight).sum(3).sum(2).sum(1)


def right_l1_difference(weight):
    rows = weight.reshape(weight.shape[0], -1)
    return rows.clamp(min=0).sum(1) - rows.clamp(max=0).sum(1)


def right_l1_python(weight):
    return torch.tensor([sum(map(abs, f.flatten().tolist())) for f in weight])


WRONG = {
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
    "positive weights only": (l1_positive, "positive weights only"),
    "first channel only": (l1_first_channel, "one input channel only"),
    "the largest kernel": (l1_largest_kernel, ""),
    "a matrix norm": (l1_largest_column, ""),
    "squares": (l1_squared, "squares"),
    "sorted": (l1_sorted, "sorted"),
    "rounded": (l1_rounded, "rounded"),
    "whole numbers": (l1_whole_numbers, "rounded"),
    "rows mixed up": (l1_reshaped, ""),
    "number of weights": (l1_count, ""),
}
RIGHT = {
    "loop": right_l1_loop,
    "vector_norm": right_l1_norm,
    "NumPy": right_l1_numpy,
    "einsum with signs": right_l1_signs,
    "roots of squares": right_l1_square_roots,
    "where": right_l1_where,
    "positive less negative": right_l1_difference,
    "plain Python": right_l1_python,
}
