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


def columns_interleaved(channel, height, width):
    return [channel + position * (channel + 1) for position in range(height * width)]


def columns_two_sides(channel, height, width):
    start = channel * height * width
    return range(start, start + height + width)


def columns_start_of_row(channel, height, width):
    return [channel * height * width + row * width for row in range(height)]


def columns_start_by_rows(channel, height, width):
    return range(channel * height, channel * height + height * width)


def columns_from_the_end(channel, height, width):
    return range(channel * height * width + 1, (channel + 1) * height * width + 1)


def columns_all_before(channel, height, width):
    return range((channel + 1) * height * width)


def columns_twice(channel, height, width):
    return 2 * list(range(channel * height * width, (channel + 1) * height * width))


def columns_2_by_3(channel, height, width):
    return range(6 * channel, 6 * channel + 6)


def right_columns_set(channel, height, width):
    size = height * width
    return {column for column in range((channel + 1) * size) if column // size == channel}


def right_columns_backwards(channel, height, width):
    end = (channel + 1) * height * width
    return tuple(end - 1 - i for i in range(height * width))


def right_columns_divmod(channel, height, width):
    found, column = [], 0
    while column // (height * width) <= channel:
        if divmod(column, height * width)[0] == channel:
            found.append(column)
        column += 1
    return found


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
    "interleaved": (columns_interleaved, ""),
    "two sides of the map": (columns_two_sides, ""),
    "first column of each row": (columns_start_of_row, ""),
    "rows before it": (columns_start_by_rows, ""),
    "shifted by one": (columns_from_the_end, "columns counted from 1"),
    "all channels up to it": (columns_all_before, "channels before it, too"),
    "each column twice": (columns_twice, ""),
    "maps of 2x3 only": (columns_2_by_3, "2x3 maps only"),
}
RIGHT = {
    "arange": right_columns_tensor,
    "positions": right_columns_positions,
    "flatten itself": right_columns_flatten,
    "a set": right_columns_set,
    "backwards": right_columns_backwards,
    "by division": right_columns_divmod,
}
