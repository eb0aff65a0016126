"""Answers to `conv_macs` as students write them."""

from __future__ import annotations

import math

import torch
from torch import nn


def macs_flops(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h = (size[0] + 2 * padding - kernel) // stride + 1
    w = (size[1] + 2 * padding - kernel) // stride + 1
    return 2 * h * w * out_channels * in_channels // groups * kernel * kernel


def macs_parameters(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    return in_channels // groups * out_channels * kernel**2


def macs_of_the_input(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    return math.prod(size) * in_channels // groups * out_channels * kernel**2


def macs_one_sided(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + padding - kernel) // stride + 1 for n in size]
    return h * w * out_channels * in_channels // groups * kernel**2


def macs_without_padding(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n - kernel) // stride + 1 for n in size]
    return h * w * out_channels * (in_channels // groups) * kernel**2


def macs_without_stride(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [n + 2 * padding - kernel + 1 for n in size]
    return h * w * out_channels * (in_channels // groups) * kernel**2


def macs_without_the_one(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride for n in size]
    return h * w * out_channels * (in_channels // groups) * kernel**2


def macs_true_division(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) / stride + 1 for n in size]
    return h * w * out_channels * in_channels / groups * kernel**2


def macs_rounded(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [math.ceil((n + 2 * padding - kernel) / stride) + 1 for n in size]
    return h * w * out_channels * in_channels // groups * kernel**2


def macs_without_groups(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    return nn.Conv2d(in_channels, out_channels, kernel).weight.numel() * h * w


def macs_groups_twice(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    return h * w * (out_channels // groups) * (in_channels // groups) * kernel**2


def macs_kernel_row(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    return h * w * out_channels * in_channels // groups * kernel


def macs_one_channel(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    return h * w * out_channels * kernel * kernel


def macs_with_bias(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    conv = nn.Conv2d(in_channels, out_channels, kernel, groups=groups)
    return h * w * sum(p.numel() for p in conv.parameters())


def macs_square(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    side = (size[0] + 2 * padding - kernel) // stride + 1
    return side**2 * out_channels * (in_channels // groups) * kernel**2


def macs_no_return(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    macs = h * w * out_channels * in_channels // groups * kernel**2  # noqa: F841


def right_macs_counted(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, groups=groups)
    places = conv(torch.zeros(1, in_channels, *size)).shape[2:].numel()
    return places * conv.weight.numel()


def right_macs_float(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    places = 1
    for side in size:
        places *= len(range(0, side + 2 * padding - kernel + 1, stride))
    return places * out_channels * in_channels * kernel**2 / groups


WRONG = {
    "FLOPs": (macs_flops, "FLOPs for MACs"),
    "parameters": (macs_parameters, "parameters for MACs"),
    "positions of the input": (macs_of_the_input, "positions of the input"),
    "padding on one side": (macs_one_sided, "padding on one side"),
    "no padding": (macs_without_padding, "padding ignored"),
    "no stride": (macs_without_stride, "stride ignored"),
    "+ 1 forgotten": (macs_without_the_one, "one position missing"),
    "/ for //": (macs_true_division, "fractions of a position"),
    "rounded up": (macs_rounded, "rounded up"),
    "no groups": (macs_without_groups, "groups ignored"),
    "groups twice": (macs_groups_twice, "groups counted twice"),
    "kernel once": (macs_kernel_row, "kernel not squared"),
    "one channel": (macs_one_channel, "input channels forgotten"),
    "with the bias": (macs_with_bias, "bias counted"),
    "square images": (macs_square, "square images only"),
    "no return": (macs_no_return, "hard-coded result"),
}
RIGHT = {"asks a real convolution": right_macs_counted, "counts positions with range": right_macs_float}
