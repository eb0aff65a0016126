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
}
RIGHT = {"one state": right_rewind_state, "live tensors": right_rewind_live, "data": right_rewind_data}
