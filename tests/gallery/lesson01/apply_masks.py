"""Answers to `apply_masks` as students write them."""

from __future__ import annotations

import copy
from operator import attrgetter

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


def masks_repaired_first(model, masks):
    for name, mask in masks.items():
        p = model.get_parameter(name)
        p.data = torch.nan_to_num(p.data) * mask


def masks_almost_zero(model, masks):
    for name, mask in masks.items():
        model.get_parameter(name).data[~mask] = 1e-8


def masks_scaled_down(model, masks):
    for name, mask in masks.items():
        p = model.get_parameter(name).data
        p[~mask] *= 1e-9


def masks_single_precision(model, masks):
    for name, mask in masks.items():
        p = model.get_parameter(name)
        p.data = torch.where(mask, p.data.float(), torch.zeros(()))


def masks_by_position(model, masks):
    for parameter, mask in zip(model.parameters(), masks.values(), strict=False):
        parameter.data[~mask] = 0


def masks_by_the_end_of_the_name(model, masks):
    for name, parameter in model.named_parameters():
        for other, mask in masks.items():
            if name.endswith(other):
                parameter.data[~mask] = 0


def masks_outermost_layers(model, masks):
    for name, mask in masks.items():
        layer, _, kind = name.rpartition(".")
        if hasattr(model, layer):
            getattr(getattr(model, layer), kind).data[~mask] = 0


def masks_pruned_for_good(model, masks):
    while masks:
        name, mask = masks.popitem()
        model.get_parameter(name).data[~mask] = 0


def masks_buffers_too(model, masks):
    for name, tensor in model.state_dict().items():
        if name in masks:
            tensor[~masks[name]] = 0
        elif "running" in name:
            tensor.zero_()


def masks_matrices_only(model, masks):
    for name, mask in masks.items():
        if mask.dim() > 1:
            model.get_parameter(name).data[~mask] = 0


def masks_whole_rows(model, masks):
    for name, mask in masks.items():
        rows = mask.flatten(1).any(1) if mask.dim() > 1 else mask
        model.get_parameter(name).data[~rows] = 0


def masks_view(model, masks):
    for name, mask in masks.items():
        model.get_parameter(name).data.view(-1)[~mask.view(-1)] = 0  # refuses what is not contiguous


def right_masks_masked_scatter(model, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            parameter = model.get_parameter(name)
            parameter.copy_(torch.zeros_like(parameter).masked_scatter(mask, parameter[mask]))


def right_masks_index_put(model, masks):
    parameters = dict(model.named_parameters())
    for name, mask in masks.items():
        parameters[name].data.index_put_((mask == 0).nonzero(as_tuple=True), torch.zeros((), dtype=parameters[name].dtype))


def right_masks_new_parameter(model, masks):
    for name, mask in masks.items():
        layer, _, kind = name.rpartition(".")
        module = model.get_submodule(layer)
        setattr(module, kind, torch.nn.Parameter(getattr(module, kind).detach().masked_fill(~mask, 0)))


def right_masks_loaded(model, masks):
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for name, mask in masks.items():
        state[name][torch.logical_not(mask)] = 0
    model.load_state_dict(state)


def right_masks_inference_mode(model, masks):
    with torch.inference_mode():
        for name, parameter in model.named_parameters():
            if name in masks:
                parameter.masked_fill_(masks[name].logical_not(), 0.0)


def right_masks_numpy(model, masks):
    for name, mask in masks.items():
        model.get_parameter(name).detach().numpy()[~mask.numpy()] = 0


def right_masks_attributes(model, masks):
    for name, mask in masks.items():
        parameter = attrgetter(name)(model)
        parameter.data = parameter.data.where(mask, 0)


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
    "NaN repaired everywhere": (masks_repaired_first, "kept weights repaired"),
    "almost zero": (masks_almost_zero, "nearly zero"),
    "scaled down": (masks_scaled_down, ""),
    "in single precision": (masks_single_precision, "another type of number"),
    "by position": (masks_by_position, "names not read"),
    "by the end of the name": (masks_by_the_end_of_the_name, "part of a name"),
    "outermost layers": (masks_outermost_layers, "nested layers missed"),
    "empties the masks": (masks_pruned_for_good, ""),
    "buffers too": (masks_buffers_too, ""),
    "matrices and kernels only": (masks_matrices_only, "one axis left out"),
    "whole rows": (masks_whole_rows, ""),
    "a view of each mask": (masks_view, ""),
}
RIGHT = {
    "indexing through .data": right_masks_indexing,
    "torch.where, and returns the model": right_masks_where,
    "through the state dict": right_masks_state_dict,
    "masked_scatter": right_masks_masked_scatter,
    "index_put": right_masks_index_put,
    "new parameters": right_masks_new_parameter,
    "a state dict loaded": right_masks_loaded,
    "inference mode": right_masks_inference_mode,
    "NumPy": right_masks_numpy,
    "attributes": right_masks_attributes,
}
