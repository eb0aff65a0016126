"""Multiply-accumulates of a convolution."""

from __future__ import annotations

from collections.abc import Callable

import torch

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.views import number


def conv_macs(
    in_channels: int,
    out_channels: int,
    kernel: int,
    size: tuple[int, int],
    stride: int = 1,
    padding: int = 0,
) -> int:
    """Multiply-accumulates of one image: output positions x filters x weights of a filter; zeros count, biases do not."""
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in size)
    return height * width * out_channels * in_channels * kernel**2


def _convolutions(rng: torch.Generator) -> list[Case]:
    # So many cases that a table of answers would take longer than the exercise.
    c, n, h, w = integer(rng, 5, 24), integer(rng, 25, 60), integer(rng, 7, 20), integer(rng, 21, 49)
    even = 2 * integer(rng, 5, 20)
    third, two_thirds = 3 * integer(rng, 3, 12) + 1, 3 * integer(rng, 2, 9) + 2  # of a step are left over by a stride of 3
    return [
        Case("one filter on a 5x5 image", (1, 1, 3, (5, 5))),
        Case("several channels and filters", (c, n, 3, (h, w))),
        Case("padding", (c, n, 3, (h, w), 1, 1)),
        Case("a kernel of 5 with padding 2", (c, n, 5, (h, w), 1, 2)),
        Case("stride 2", (c, n, 3, (h, w), 2, 0)),
        Case("stride 2 that does not fit the padded image", (c, n, 3, (even, even + 3), 2, 1), edge=True),
        Case("stride 3", (c, n, 2, (two_thirds, third), 3, 1)),
        Case("a 1x1 convolution", (c, n, 1, (h, w))),
        Case("a kernel of 5, stride 2 and padding 1", (n, c, 5, (w, h), 2, 1)),
        Case("an image as large as the kernel", (c, n, 3, (3, 3)), edge=True),
    ]


def _macs(
    out: Callable[[int, int, int, int], float] = lambda n, k, s, p: (n + 2 * p - k) // s + 1,
    of_filter: Callable[[int, int], float] = lambda c, k: c * k * k,
    total: Callable[[float, int, float], float] = lambda places, n, of_filter: places * n * of_filter,
) -> Callable[..., float]:
    def wrong(c: int, n: int, k: int, size: tuple[int, int], s: int = 1, p: int = 0) -> float:
        return total(out(size[0], k, s, p) * out(size[1], k, s, p), n, of_filter(c, k))

    return wrong


def _square(c: int, n: int, k: int, size: tuple[int, int], s: int = 1, p: int = 0) -> int:
    return conv_macs(c, n, k, (size[0], size[0]), s, p)


EXERCISE = Exercise(
    "conv_macs",
    lesson="01",
    points=2,
    reference=conv_macs,
    cases=_convolutions,
    misconceptions=(
        Misconception(
            "FLOPs for MACs",
            "This is twice as many: one multiply-accumulate is ONE MAC (and two FLOPs).",
            _macs(total=lambda places, n, f: 2 * places * n * f),
        ),
        Misconception(
            "FLOPs for MACs",
            "A multiplication and its addition are ONE multiply-accumulate; this counts them apart.",
            _macs(total=lambda places, n, f: places * n * (2 * f - 1)),
        ),
        Misconception(
            "millions",
            "These are millions of MACs; return the number itself.",
            _macs(total=lambda places, n, f: places * n * f / 1e6),
        ),
        Misconception(
            "parameters for MACs",
            "This is the number of weights: each of them is used once at EVERY position of the output.",
            _macs(total=lambda places, n, f: n * f),
        ),
        Misconception(
            "positions of the input",
            "The filter is applied once for each position of the OUTPUT; this counts those of the input.",
            _macs(out=lambda n, k, s, p: n),
        ),
        Misconception(
            "padding on one side",
            "Padding is added on BOTH sides of the image: 2 * padding.",
            _macs(out=lambda n, k, s, p: (n + p - k) // s + 1),
        ),
        Misconception("padding ignored", "The padding is left out.", _macs(out=lambda n, k, s, p: (n - k) // s + 1)),
        Misconception("stride ignored", "The stride is left out.", _macs(out=lambda n, k, s, p: n + 2 * p - k + 1)),
        Misconception(
            "one position missing",
            "A 3x3 kernel fits into a 3x3 image once, not never: (size + 2 * padding - kernel) // stride + 1.",
            _macs(out=lambda n, k, s, p: (n + 2 * p - k) // s),
        ),
        Misconception(
            "rounded up",
            "Where the stride does not fit, the last position is left out: // rounds down.",
            _macs(out=lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1),
        ),
        Misconception(
            "rounded",
            "Where the stride does not fit, the last position is left out: // rounds down, round() does not always.",
            _macs(out=lambda n, k, s, p: round((n + 2 * p - k) / s) + 1),
        ),
        Misconception(
            "size over stride",
            "The filter stands only where it fits into the padded image, so kernel and padding count as well.",
            _macs(out=lambda n, k, s, p: -(-n // s)),
        ),
        Misconception(
            "3x3 kernels only",
            "Kernels have other sizes than 3x3, too: use `kernel`.",
            _macs(out=lambda n, k, s, p: (n + 2 * p - 3) // s + 1, of_filter=lambda c, k: 9 * c),
        ),
        Misconception(
            "fractions of a position",
            "/ gives fractions of a position; // counts whole ones.",
            _macs(out=lambda n, k, s, p: (n + 2 * p - k) / s + 1),
        ),
        Misconception(
            "kernel not squared",
            "A kernel has kernel * kernel weights for each channel.",
            _macs(of_filter=lambda c, k: c * k),
        ),
        Misconception(
            "input channels forgotten",
            "A filter spans all input channels: multiply by them.",
            _macs(of_filter=lambda c, k: k * k),
        ),
        Misconception(
            "bias counted",
            "Biases are added once to each output; they are no multiply-accumulates.",
            _macs(of_filter=lambda c, k: c * k * k + 1),
        ),
        Misconception("square images only", "Height and width may differ: use both entries of `size`.", _square),
    ),
    view=number,
)
