"""Answers to `cut_pair` as students write them."""

from __future__ import annotations

import numpy as np
import torch


def cut_rows_only(weight, following, keep):
    return weight[keep], following


def cut_reader_only(weight, following, keep):
    return weight, following[:, keep]


def cut_rows_of_both(weight, following, keep):
    return weight[keep], following[keep]


def cut_columns_of_both(weight, following, keep):
    return weight[:, keep], following[:, keep]


def cut_exchanged_axes(weight, following, keep):
    return weight[:, keep], following[keep]


def cut_reader_on_both_axes(weight, following, keep):
    return weight[keep], following[:, keep][keep]


def cut_inverted(weight, following, keep):
    return weight[~keep], following[:, ~keep]


def cut_first_ones(weight, following, keep):
    left = int(keep.sum())
    return weight[:left], following[:, :left]


def cut_zeroed(weight, following, keep):
    weight, following = weight.clone(), following.clone()
    weight[~keep] = 0
    following[:, ~keep] = 0
    return weight, following


def cut_zeroed_in_place(weight, following, keep):
    weight[~keep] = 0
    following[:, ~keep] = 0
    return weight, following


def cut_and_zeroed(weight, following, keep):
    left = weight[keep], following[:, keep]
    weight[~keep] = 0
    return left


def cut_other_order(weight, following, keep):
    return following[:, keep], weight[keep]


def cut_by_numbers(weight, following, keep):
    stays = keep.long()
    return weight[stays], following[:, stays]


def cut_stacked(weight, following, keep):
    return torch.stack([weight[keep], following[:, keep]])


def cut_weight_alone(weight, following, keep):
    return weight[keep]


def cut_for_a_square(weight, following, keep):
    return weight[keep][:, keep], following[:, keep]


def cut_product(weight, following, keep):
    return weight * keep, following * keep


def cut_flat(weight, following, keep):
    return weight[keep].flatten(1), following[:, keep].flatten(1)


def cut_as_float32(weight, following, keep):
    return weight[keep].float(), following[:, keep].float()


def cut_changes_the_mask(weight, following, keep):
    left = weight[keep], following[:, keep]
    keep[:] = True
    return left


def right_cut_selected(weight, following, keep):
    stays = keep.nonzero().flatten()
    return weight.index_select(0, stays), following.index_select(1, stays)


def right_cut_loop(weight, following, keep):
    stays = [j for j in range(len(keep)) if keep[j]]
    return torch.stack([weight[j] for j in stays]), torch.stack([following[:, j] for j in stays], dim=1)


def right_cut_list(weight, following, keep):
    return [weight[keep, :, :, :], following.transpose(0, 1)[keep].transpose(0, 1)]


def right_cut_numpy(weight, following, keep):
    stays = keep.numpy()
    left = np.compress(stays, weight.numpy(), axis=0), np.compress(stays, following.numpy(), axis=1)
    return tuple(map(torch.from_numpy, left))


WRONG = {
    "rows only": (cut_rows_only, "the next layer left whole"),
    "the reader only": (cut_reader_only, "the first layer left whole"),
    "rows of both": (cut_rows_of_both, "wrong axis of the next layer"),
    "columns of both": (cut_columns_of_both, "inputs of the first layer cut"),
    "axes exchanged": (cut_exchanged_axes, "axes exchanged"),
    "both axes of the reader": (cut_reader_on_both_axes, "the next layer's filters cut, too"),
    "inverted": (cut_inverted, "inverted mask"),
    "the first ones": (cut_first_ones, "the first filters"),
    "zeroed": (cut_zeroed, "masked, not cut"),
    "zeroed in place": (cut_zeroed_in_place, ""),
    "cut, and the argument zeroed": (cut_and_zeroed, "mutated input"),
    "in the other order": (cut_other_order, "order of the two"),
    "the mask as whole numbers": (cut_by_numbers, "the mask taken for numbers"),
    "stacked": (cut_stacked, ""),
    "the first weight alone": (cut_weight_alone, ""),
    "both axes of the first": (cut_for_a_square, ""),
    "a product with the mask": (cut_product, ""),
    "flattened": (cut_flat, ""),
    "float32 always": (cut_as_float32, ""),
    "the mask is changed": (cut_changes_the_mask, "mutated input"),
}
RIGHT = {
    "by indices": right_cut_selected,
    "in a loop": right_cut_loop,
    "a list of two": right_cut_list,
    "NumPy's compress": right_cut_numpy,
}
