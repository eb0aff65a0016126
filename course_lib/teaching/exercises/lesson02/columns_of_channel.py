"""The columns of a linear layer that read one channel of the maps before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer

COLUMNS = 4_500  # of a layer in the cases: all of them together can still be sent as a list


def columns_of_channel(channel: int, height: int, width: int) -> list[int]:
    """Return which columns of a linear layer after flatten read the (height, width) map of `channel`."""
    return list(range(channel * height * width, (channel + 1) * height * width))


def _maps(rng: torch.Generator) -> list[Case]:
    # So many cases that a table of answers would take longer than the exercise.
    height, width, side = integer(rng, 2, 9), integer(rng, 10, 29), integer(rng, 4, 12)

    def later(columns: int) -> int:
        return integer(rng, 2, COLUMNS // columns)

    return [
        Case("the first channel of 2x3 maps", (0, 2, 3)),
        Case("the second channel of 2x3 maps", (1, 2, 3)),
        Case("a later channel of larger maps", (later(height * width), height, width)),
        Case("maps of 1x1, after global pooling", (later(1), 1, 1), edge=True),
        Case("maps of one row", (later(width), 1, width), edge=True),
        Case("square maps", (later(side**2), side, side)),
    ]


def _as_columns(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """A range, a list, a tuple, a set or a tensor of indices in any order: all name the columns."""
    if isinstance(output, Tensor):
        if output.dtype == torch.bool or output.is_floating_point():
            raise CourseError("return the indices of the columns")
        output = output.flatten().tolist()
    if not isinstance(output, Iterable) or isinstance(output, (str, dict)):
        raise CourseError("return the indices of the columns, such as a list or a range")
    return sorted(output), afterwards


def _from(start: Callable[[int, int, int], int], count: Callable[[int, int], int]) -> Callable[[int, int, int], list[int]]:
    return lambda k, h, w: list(range(start(k, h, w), start(k, h, w) + count(h, w)))


EXERCISE = Exercise(
    "columns_of_channel",
    lesson="02",
    points=1,
    reference=columns_of_channel,
    cases=_maps,
    misconceptions=(
        Misconception(
            "one column a channel", "A channel is a whole map: it fills height * width columns.", lambda k, h, w: [k]
        ),
        Misconception(
            "first column only",
            "This is the first column of the channel only; its map fills height * width of them.",
            lambda k, h, w: [k * h * w],
        ),
        Misconception(
            "last column missing",
            "One column is missing at the end: a range stops BEFORE its end.",
            _from(lambda k, h, w: k * h * w, lambda h, w: h * w - 1),
        ),
        Misconception(
            "one column too many",
            "There is one column too many: it belongs to the next channel.",
            _from(lambda k, h, w: k * h * w, lambda h, w: h * w + 1),
        ),
        Misconception(
            "counted from 1",
            "Channels are counted from 0.",
            _from(lambda k, h, w: (k - 1) * h * w, lambda h, w: h * w),
        ),
        Misconception(
            "columns counted from 1",
            "Columns are counted from 0, like channels: this is shifted by one.",
            _from(lambda k, h, w: k * h * w + 1, lambda h, w: h * w),
        ),
        Misconception(
            "channels before it, too",
            "These are the columns of all channels up to this one; leave out those before it.",
            lambda k, h, w: list(range((k + 1) * h * w)),
        ),
        Misconception(
            "2x3 maps only",
            "Maps have other sizes than 2x3, too: use `height` and `width`.",
            lambda k, h, w: list(range(6 * k, 6 * k + 6)),
        ),
        Misconception(
            "square maps only", "This takes the maps to be square.", _from(lambda k, h, w: k * h * h, lambda h, w: h * h)
        ),
        Misconception(
            "square maps only", "This takes the maps to be square.", _from(lambda k, h, w: k * w * w, lambda h, w: w * w)
        ),
        Misconception(
            "a row instead of a map",
            "This is a single row of the map; flatten lays all its rows one after the other.",
            _from(lambda k, h, w: k * w, lambda h, w: w),
        ),
        Misconception(
            "start not scaled",
            "The channels before this one fill height * width columns EACH.",
            _from(lambda k, h, w: k, lambda h, w: h * w),
        ),
    ),
    view=_as_columns,
)
