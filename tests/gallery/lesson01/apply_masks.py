"""Answers to `apply_masks` as students write them."""

from __future__ import annotations

import copy

import torch


def masks_product(model, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).mul_(mask)


def masks_product_of_data(model, masks):
    for name, parameter in model.named_parameters():
        if name in masks:
            parameter.data = parameter.data * masks[name]


def masks_fills_the_kept(model, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).masked_fill_(mask, 0.0)


def masks_out_of_place(model, masks):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in masks:
                parameter = parameter.masked_fill(~masks[name], 0)


def masks_of_a_copy(model, masks):
    model = copy.deepcopy(model)
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0
    return model


def masks_for_every_parameter(model, masks):
    for name, parameter in model.named_parameters():
        parameter.data[~masks[name]] = 0


def masks_weights_only(model, masks):
    for name, module in model.named_children():
        if f"{name}.weight" in masks:
            module.weight.data[~masks[f"{name}.weight"]] = 0


def masks_recording_gradients(model, masks):
    for name, parameter in model.named_parameters():
        if name in masks:
            parameter[~masks[name]] = 0


def masks_unnamed_to_zero(model, masks):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.where(masks[name], parameter, 0.0) if name in masks else torch.zeros_like(parameter))


def masks_dropout(model, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            parameter = model.get_parameter(name)
            parameter.copy_(torch.where(mask, parameter / mask.float().mean(), 0.0))


def masks_one_layer_for_all(model, masks):
    with torch.no_grad():
        for name, mask in list(masks.items())[:1]:
            model.get_parameter(name)[~mask] = 0


def masks_changed_in_place(model, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).masked_fill_(mask.logical_not_(), 0)


def right_masks_indexing(model, masks):
    for name, parameter in model.named_parameters():
        if name in masks:
            parameter.data[~masks[name]] = 0.0


def right_masks_where(model, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            parameter = model.get_parameter(name)
            parameter.copy_(torch.where(mask, parameter, torch.zeros_like(parameter)))
    return model


def right_masks_state_dict(model, masks):
    state = model.state_dict()
    for name in masks:
        state[name].masked_fill_(masks[name] == 0, 0)


WRONG = {
    "a product": (masks_product, "multiplied by the mask"),
    "a product, through .data": (masks_product_of_data, "multiplied by the mask"),
    "fills where the mask is True": (masks_fills_the_kept, "inverted mask"),
    "masked_fill without the underscore": (masks_out_of_place, "changes nothing"),
    "works on a copy and returns it": (masks_of_a_copy, "changes nothing"),
    "asks every parameter for a mask": (masks_for_every_parameter, "a parameter that is not named"),
    "sets unnamed parameters to zero": (masks_unnamed_to_zero, "a parameter that is not named"),
    "forgets biases": (masks_weights_only, "weights only"),
    "no no_grad": (masks_recording_gradients, "autograd in the way"),
    "scales the survivors up, as dropout does": (masks_dropout, ""),
    "only the first mask": (masks_one_layer_for_all, ""),
    "inverts the caller's masks": (masks_changed_in_place, ""),
}
RIGHT = {
    "indexing through .data": right_masks_indexing,
    "torch.where, and returns the model": right_masks_where,
    "through the state dict": right_masks_state_dict,
}
