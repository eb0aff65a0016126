"""Answers to `silence` as students write them."""

from __future__ import annotations

import torch
from torch import nn


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


def silence_resets_statistics(conv, norm, keep):
    right_silence_loop(conv, norm, keep)
    norm.reset_running_stats()


def silence_mean_of_all(conv, norm, keep):
    right_silence_loop(conv, norm, keep)
    norm.running_mean.zero_()


def silence_nearly(conv, norm, keep):
    for p in (*conv.parameters(), *norm.parameters()):
        p.data[~keep] = 1e-8


def silence_scaled(conv, norm, keep):
    for p in (*conv.parameters(), *norm.parameters()):
        p.data[~keep] *= 1e-9


def silence_first_ones(conv, norm, keep):
    gone = int((~keep).sum())
    for p in (*conv.parameters(), *norm.parameters()):
        p.data[:gone] = 0


def silence_inputs_too(conv, norm, keep):
    right_silence_loop(conv, norm, keep)
    conv.weight.data[:, 1:] = 0


def silence_survivors_scaled(conv, norm, keep):
    for p in (*conv.parameters(), *norm.parameters()):
        p.data *= keep.view(-1, *[1] * (p.dim() - 1)) / keep.float().mean()


def silence_bias_dropped(conv, norm, keep):
    right_silence_loop(conv, norm, keep)
    if conv.bias is not None:
        conv.bias.data.zero_()


def silence_one(conv, norm, keep):
    gone = int((~keep).int().argmax())
    for p in (*conv.parameters(), *norm.parameters()):
        p.data[gone] = 0


def silence_cut(conv, norm, keep):
    for p in (*conv.parameters(), *norm.parameters()):
        p.data = p.data[keep]


def silence_turns_the_mask(conv, norm, keep):
    keep.logical_not_()
    for p in (*conv.parameters(), *norm.parameters()):
        p.data[keep] = 0


def silence_centre(conv, norm, keep):
    right_silence_loop(conv, norm, keep)
    conv.weight.data[~keep, :, 1, 1] = 1


def right_silence_masked_fill(conv, norm, keep):
    with torch.no_grad():
        for p in (*conv.parameters(), *norm.parameters()):
            p.masked_fill_(~keep.reshape(-1, *(1 for _ in p.shape[1:])), 0)


def right_silence_and_statistics(conv, norm, keep):
    for tensor in (*conv.parameters(), *norm.parameters(), norm.running_mean):
        tensor.data[~keep] = 0
    norm.running_var[~keep] = 1


def right_silence_index_fill(conv, norm, keep):
    gone = torch.nonzero(~keep).flatten()
    with torch.no_grad():
        for module in (conv, norm):
            for p in module.parameters():
                p.index_fill_(0, gone, 0)


def right_silence_state_dict(conv, norm, keep):
    for module in (conv, norm):
        state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        for name, _ in module.named_parameters():
            state[name][~keep] = 0
        module.load_state_dict(state)


@torch.inference_mode()
def right_silence_by_index(conv, norm, keep):
    for j, stays in enumerate(keep.tolist()):
        if not stays:
            conv.weight[j].zero_()
            norm.weight[j] = norm.bias[j] = 0
            if conv.bias is not None:
                conv.bias[j] = 0


WRONG = {
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
    "all statistics reset": (silence_resets_statistics, "statistics of the kept reset"),
    "all means reset": (silence_mean_of_all, "statistics of the kept reset"),
    "nearly zero": (silence_nearly, "nearly zero"),
    "scaled down": (silence_scaled, "nearly zero"),
    "the first ones": (silence_first_ones, "the first filters"),
    "input channels too": (silence_inputs_too, ""),
    "survivors scaled up": (silence_survivors_scaled, ""),
    "the whole bias": (silence_bias_dropped, "the whole bias"),
    "one filter": (silence_one, "one filter only"),
    "cut out": (silence_cut, ""),
    "turns the mask round": (silence_turns_the_mask, ""),
    "a centre of one": (silence_centre, ""),
}
RIGHT = {
    "multiplied": right_silence_multiplied,
    "new parameters": right_silence_new_parameters,
    "loop": right_silence_loop,
    "masked_fill": right_silence_masked_fill,
    "the statistics of the silent as well": right_silence_and_statistics,
    "index_fill": right_silence_index_fill,
    "state dicts": right_silence_state_dict,
    "index by index": right_silence_by_index,
}
