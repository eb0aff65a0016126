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
}
RIGHT = {
    "multiplied": right_silence_multiplied,
    "new parameters": right_silence_new_parameters,
    "loop": right_silence_loop,
}
