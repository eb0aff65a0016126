"""Answers to `rewind` as students write them."""

from __future__ import annotations

import copy

import torch


def rewind_unmasked(model, start, masks):
    model.load_state_dict(start)


def rewind_masked_only(model, start, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).copy_(start[name] * mask)


def rewind_parameters(model, start, masks):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(start[name])
            if name in masks:
                parameter *= masks[name]


def rewind_masks_alone(model, start, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).mul_(mask)


def rewind_inverted(model, start, masks):
    model.load_state_dict(start)
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[mask] = 0


def rewind_a_copy(model, start, masks):
    state = copy.deepcopy(model.state_dict())
    for name in state:
        state[name] = start[name] * masks[name] if name in masks else start[name]


def rewind_rebinding(model, start, masks):
    state = model.state_dict()
    for name in state:
        state[name] = start[name].clone()
        if name in masks:
            state[name][~masks[name]] = 0


def rewind_into_start(model, start, masks):
    for name, mask in masks.items():
        start[name] *= mask
    model.load_state_dict(start)


def rewind_the_gone(model, start, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            parameter = model.get_parameter(name)
            parameter.copy_(torch.where(mask, parameter, start[name]))


def rewind_gradients(model, start, masks):
    model.load_state_dict(start)
    for name, parameter in model.named_parameters():
        if name in masks:
            parameter[~masks[name]] = 0


def rewind_new_draw(model, start, masks):
    model.reset_parameters()
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0


def rewind_alias(model, start, masks):
    for name, parameter in model.named_parameters():
        parameter.data = start[name]
        if name in masks:
            parameter.data[~masks[name]] = 0


def rewind_data_of_start(model, start, masks):
    for name, parameter in model.named_parameters():
        parameter.data = start[name] * masks[name] if name in masks else start[name]
    for name, buffer in model.named_buffers():
        buffer.copy_(start[name])


def rewind_set_to_start(model, start, masks):
    for name, tensor in model.state_dict().items():
        tensor.set_(torch.where(masks[name], start[name], 0.0) if name in masks else start[name])


def rewind_assign(model, start, masks):
    model.load_state_dict({name: t * masks[name] if name in masks else t for name, t in start.items()}, assign=True)


def rewind_assign_then_mask(model, start, masks):
    model.load_state_dict(start, assign=True)
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).masked_fill_(~mask, 0)


def rewind_assign_copies(model, start, masks):
    model.load_state_dict(copy.deepcopy(dict(start)), assign=True)
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0


def rewind_new_parameters(model, start, masks):
    for name, tensor in start.items():
        owner, _, last = name.rpartition(".")
        module = model.get_submodule(owner)
        tensor = tensor * masks[name] if name in masks else tensor
        if last in dict(module.named_parameters(recurse=False)):
            setattr(module, last, torch.nn.Parameter(tensor))
        else:
            module.get_buffer(last).copy_(tensor)


def rewind_in_order(model, start, masks):
    with torch.no_grad():
        for own, first in zip(model.parameters(), start.values(), strict=False):
            own.copy_(first)
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0


def rewind_state_in_order(model, start, masks):
    for (name, own), first in zip(model.state_dict().items(), start.values(), strict=True):
        own.copy_(first * masks[name] if name in masks else first)


def rewind_empty_rows(model, start, masks):
    model.load_state_dict(start)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            parameters[name][~mask] = 0
            if name.endswith("weight") and name[:-6] + "bias" in parameters:
                parameters[name[:-6] + "bias"][~mask.flatten(1).any(1)] = 0


def rewind_weights_only(model, start, masks):
    model.load_state_dict(start)
    for name, parameter in model.named_parameters():
        if name in masks and name.endswith("weight"):
            parameter.data[~masks[name]] = 0


def rewind_zeros_of_now(model, start, masks):
    zero = {name: parameter == 0 for name, parameter in model.named_parameters()}
    model.load_state_dict(start)
    for name, parameter in model.named_parameters():
        parameter.data[zero[name]] = 0


def rewind_half_way(model, start, masks):
    for name, tensor in model.state_dict().items():
        tensor.copy_(0.5 * (tensor + start[name]))
        if name in masks:
            tensor[~masks[name]] = 0


def rewind_floats_only(model, start, masks):
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(start[name])
        if name in masks:
            tensor[~masks[name]] = 0


def rewind_turns_masks(model, start, masks):
    model.load_state_dict(start)
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[mask.logical_not_()] = 0


def right_rewind_fill(model, start, masks):
    model.load_state_dict(start)
    for name, mask in masks.items():
        model.get_parameter(name).data.masked_fill_(~mask, 0)


def right_rewind_where(model, start, masks):
    model.load_state_dict(start, strict=True)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in masks:
                parameter.copy_(torch.where(masks[name], parameter, torch.zeros_like(parameter)))


def right_rewind_numpy(model, start, masks):
    model.load_state_dict({name: torch.from_numpy(tensor.numpy()) for name, tensor in start.items()})
    for name, mask in masks.items():
        model.get_parameter(name).detach().numpy()[~mask.numpy()] = 0


def right_rewind_copy_of_start(model, start, masks):
    first = copy.deepcopy(dict(start))
    for name, mask in masks.items():
        first[name][~mask] = 0
    model.load_state_dict(first)


def right_rewind_state(model, start, masks):
    model.load_state_dict({name: t * masks[name] if name in masks else t for name, t in start.items()})


def right_rewind_live(model, start, masks):
    for name, tensor in model.state_dict().items():
        tensor.copy_(start[name])
        if name in masks:
            tensor.masked_fill_(~masks[name], 0)
    return model


def right_rewind_data(model, start, masks):
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        tensor.data = start[name].clone()
    for name, mask in masks.items():
        model.get_parameter(name).data[~mask] = 0


WRONG = {
    "no masks": (rewind_unmasked, "masks forgotten"),
    "masked parameters only": (rewind_masked_only, "only the masked parameters"),
    "no buffers": (rewind_parameters, "running statistics left"),
    "masks alone": (rewind_masks_alone, "nothing rewound"),
    "inverted": (rewind_inverted, "inverted mask"),
    "a copy": (rewind_a_copy, "changes nothing"),
    "a dict entry bound anew": (rewind_rebinding, "changes nothing"),
    "into start": (rewind_into_start, "start overwritten"),
    "the gone ones": (rewind_the_gone, "only the pruned ones"),
    "with gradients": (rewind_gradients, "autograd in the way"),
    "drawn anew": (rewind_new_draw, ""),
    "aliased": (rewind_alias, ""),
    "data of the snapshot": (rewind_data_of_start, "shares tensors with the snapshot"),
    "set to the snapshot, beside the model": (rewind_set_to_start, "changes nothing"),
    "assign": (rewind_assign, "shares tensors with the snapshot"),
    "assign, then masked": (rewind_assign_then_mask, "shares tensors with the snapshot"),
    "assign, of a copy": (rewind_assign_copies, "new tensors"),
    "new parameters": (rewind_new_parameters, "shares tensors with the snapshot"),
    "parameters in order": (rewind_in_order, "by place, not by name"),
    "state in order": (rewind_state_in_order, "by place, not by name"),
    "biases of empty rows": (rewind_empty_rows, "biases of empty rows zeroed"),
    "weights only": (rewind_weights_only, "weights only"),
    "what is zero now": (rewind_zeros_of_now, "masks forgotten"),
    "half way": (rewind_half_way, ""),
    "counters left": (rewind_floats_only, ""),
    "masks turned": (rewind_turns_masks, ""),
}
RIGHT = {
    "one state": right_rewind_state,
    "live tensors": right_rewind_live,
    "data": right_rewind_data,
    "filled": right_rewind_fill,
    "where": right_rewind_where,
    "NumPy": right_rewind_numpy,
    "a copy of the snapshot": right_rewind_copy_of_start,
}
