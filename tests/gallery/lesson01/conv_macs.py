"""Answers to `conv_macs` as students write them."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def macs_flops(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h = (size[0] + 2 * padding - kernel) // stride + 1
    w = (size[1] + 2 * padding - kernel) // stride + 1
    return 2 * h * w * out_channels * in_channels * kernel * kernel


def macs_parameters(in_channels, out_channels, kernel, size, stride=1, padding=0):
    return in_channels * out_channels * kernel**2


def macs_of_the_input(in_channels, out_channels, kernel, size, stride=1, padding=0):
    return math.prod(size) * in_channels * out_channels * kernel**2


def macs_one_sided(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [(n + padding - kernel) // stride + 1 for n in size]
    return h * w * out_channels * in_channels * kernel**2


def macs_without_padding(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [(n - kernel) // stride + 1 for n in size]
    return h * w * out_channels * in_channels * kernel**2


def macs_without_stride(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [n + 2 * padding - kernel + 1 for n in size]
    return h * w * out_channels * in_channels * kernel**2


def macs_without_the_one(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [(n + 2 * padding - kernel) // stride for n in size]
    return h * w * out_channels * in_channels * kernel**2


def macs_true_division(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [(n + 2 * padding - kernel) / stride + 1 for n in size]
    return h * w * out_channels * in_channels * kernel**2


def macs_rounded(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [math.ceil((n + 2 * padding - kernel) / stride) + 1 for n in size]
    return h * w * out_channels * in_channels * kernel**2


def macs_kernel_row(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    return h * w * out_channels * in_channels * kernel


def macs_one_channel(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    return h * w * out_channels * kernel * kernel


def macs_with_bias(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    conv = nn.Conv2d(in_channels, out_channels, kernel)
    return h * w * sum(p.numel() for p in conv.parameters())


def macs_square(in_channels, out_channels, kernel, size, stride=1, padding=0):
    side = (size[0] + 2 * padding - kernel) // stride + 1
    return side**2 * out_channels * in_channels * kernel**2


def macs_no_return(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    macs = h * w * out_channels * in_channels * kernel**2  # noqa: F841


def right_macs_counted(in_channels, out_channels, kernel, size, stride=1, padding=0):
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding)
    places = conv(torch.zeros(1, in_channels, *size)).shape[2:].numel()
    return places * conv.weight.numel()


def right_macs_float(in_channels, out_channels, kernel, size, stride=1, padding=0):
    places = 1
    for side in size:
        places *= len(range(0, side + 2 * padding - kernel + 1, stride))
    return float(places * out_channels * in_channels * kernel**2)


def macs_nearest(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [round((n + 2 * padding - kernel) / stride) + 1 for n in size]
    return h * w * out_channels * in_channels * kernel**2


def macs_same_padding(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [math.ceil(n / stride) for n in size]
    return h * w * out_channels * in_channels * kernel**2


def macs_three_by_three(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [(n + 2 * padding - 3) // stride + 1 for n in size]
    return h * w * out_channels * in_channels * 9


def macs_stride_first(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [n // stride + 2 * padding - kernel + 1 for n in size]
    return h * w * out_channels * in_channels * kernel**2


def macs_padding_after(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [(n - kernel) // stride + 1 + 2 * padding for n in size]
    return h * w * out_channels * in_channels * kernel**2


def macs_larger_stride(in_channels, out_channels, kernel, size, stride=1, padding=0):
    places = (size[0] + 2 * padding - kernel + 1) * (size[1] + 2 * padding - kernel + 1)
    return places // stride**2 * out_channels * in_channels * kernel**2


def macs_one_axis_padded(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = (size[0] + 2 * padding - kernel) // stride + 1, (size[1] - kernel) // stride + 1
    return h * w * out_channels * in_channels * kernel**2


def macs_in_millions(in_channels, out_channels, kernel, size, stride=1, padding=0):
    return right_macs_counted(in_channels, out_channels, kernel, size, stride, padding) / 1e6


def macs_additions_apart(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    return h * w * out_channels * (2 * in_channels * kernel**2 - 1)


def right_macs_int_of_fraction(in_channels, out_channels, kernel, size, stride=1, padding=0):
    h, w = [int((n + 2 * padding - (kernel - 1) - 1) / stride + 1) for n in size]
    return h * w * in_channels * out_channels * kernel * kernel


def right_macs_unfold(in_channels, out_channels, kernel, size, stride=1, padding=0):
    columns = nn.Unfold(kernel, padding=padding, stride=stride)(torch.zeros(1, 1, *size)).shape[-1]
    return columns * out_channels * in_channels * kernel**2


def right_macs_loops(in_channels, out_channels, kernel, size, stride=1, padding=0):
    places = 0
    for top in range(-padding, size[0] + padding - kernel + 1, stride):
        for left in range(-padding, size[1] + padding - kernel + 1, stride):
            assert top >= -padding and left >= -padding
            places += 1
    return torch.tensor(places * out_channels * in_channels * kernel**2)


def right_macs_flop_counter(in_channels, out_channels, kernel, size, stride=1, padding=0):
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=False)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        conv(torch.zeros(1, in_channels, *size))
    return counter.get_total_flops() // 2


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
    "kernel once": (macs_kernel_row, "kernel not squared"),
    "one channel": (macs_one_channel, "input channels forgotten"),
    "with the bias": (macs_with_bias, "bias counted"),
    "square images": (macs_square, "square images only"),
    "no return": (macs_no_return, "hard-coded result"),
    "rounded to the nearest": (macs_nearest, "rounded"),
    "size over stride": (macs_same_padding, "size over stride"),
    "3x3 only": (macs_three_by_three, "3x3 kernels only"),
    "stride first": (macs_stride_first, ""),
    "padding after the stride": (macs_padding_after, ""),
    "stride of the area": (macs_larger_stride, ""),
    "one axis padded": (macs_one_axis_padded, ""),
    "millions": (macs_in_millions, "millions"),
    "multiplications and additions apart": (macs_additions_apart, "FLOPs for MACs"),
}
RIGHT = {
    "asks a real convolution": right_macs_counted,
    "counts positions with range": right_macs_float,
    "int of a fraction": right_macs_int_of_fraction,
    "unfold": right_macs_unfold,
    "two loops": right_macs_loops,
    "PyTorch's counter, halved": right_macs_flop_counter,
}
