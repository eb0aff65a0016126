"""Answers to `columns_of_channel` as students write them."""

from __future__ import annotations

import torch


def columns_single(channel, height, width):
    return [channel]


def columns_start(channel, height, width):
    return [channel * height * width]


def columns_short(channel, height, width):
    return list(range(channel * height * width, (channel + 1) * height * width - 1))


def columns_long(channel, height, width):
    return range(channel * height * width, (channel + 1) * height * width + 1)


def columns_from_one(channel, height, width):
    return range((channel - 1) * height * width, channel * height * width)


def columns_square(channel, height, width):
    return range(channel * height**2, (channel + 1) * height**2)


def columns_row(channel, height, width):
    return list(range(channel * width, channel * width + width))


def columns_unscaled(channel, height, width):
    return [channel + i for i in range(height * width)]


def columns_swapped(channel, height, width):
    return [i * channel for i in range(height * width)]


def columns_bounds(channel, height, width):
    return channel * height * width, (channel + 1) * height * width


def columns_mask(channel, height, width):
    mask = torch.zeros((channel + 1) * height * width, dtype=torch.bool)
    mask[channel * height * width :] = True
    return mask


def right_columns_tensor(channel, height, width):
    return torch.arange(height * width) + channel * height * width


def right_columns_positions(channel, height, width):
    return [(channel * height + row) * width + column for row in range(height) for column in range(width)]


def right_columns_flatten(channel, height, width):
    maps = torch.arange((channel + 1) * height * width).view(-1, height, width)
    return maps[channel].flatten().tolist()


WRONG = {
    "one column": (columns_single, "one column a channel"),
    "first column": (columns_start, "first column only"),
    "one short": (columns_short, "last column missing"),
    "one too many": (columns_long, "one column too many"),
    "from one": (columns_from_one, "counted from 1"),
    "square": (columns_square, "square maps only"),
    "a row": (columns_row, "a row instead of a map"),
    "start unscaled": (columns_unscaled, "start not scaled"),
    "steps of the channel": (columns_swapped, ""),
    "bounds only": (columns_bounds, ""),
    "a mask": (columns_mask, ""),
}
RIGHT = {
    "arange": right_columns_tensor,
    "positions": right_columns_positions,
    "flatten itself": right_columns_flatten,
}
