"""Bytes of a weight: whole, compressed by gzip, and as a bitmap with the non-zero values."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception, is_number
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.views import unwrapped


def bytes_on_disk(weight: Tensor) -> dict[str, int]:
    """Bytes of a weight stored whole, whole and compressed by gzip, and as one bit a weight plus the non-zero values."""
    each = weight.element_size()
    return {
        "whole": weight.numel() * each,
        "gzip": len(gzip.compress(weight.contiguous().numpy().tobytes())),
        "bitmap": -(-weight.numel() // 8) + int(torch.count_nonzero(weight)) * each,
    }


def _stored(rng: torch.Generator) -> list[Case]:
    def sparse(density: float, *shape: int) -> Tensor:
        weight = torch.randn(*shape, generator=rng)
        weight = weight + weight.sign() * 0.01
        return weight * (torch.rand(*shape, generator=rng) < density)

    n, c = integer(rng, 21, 24), integer(rng, 25, 29)
    tiny = sparse(0.5, n, c)
    tiny[:, ::2] *= 1e-20
    return [
        Case("sixteen weights, half of them zero", (torch.tensor([0.5, 0.0, -1.5, 0.0, 2.0, 0.0, 1.0, 0.0] * 2),)),
        Case("a layer with nine of ten weights gone", (sparse(0.1, n, c),)),
        Case("a layer without zeros", (sparse(1.1, n, c),)),
        Case("a convolution, half of it gone", (sparse(0.5, n, 4, 3, 3),)),
        Case("a number of weights just above a multiple of 8", (sparse(0.5, 5, 5),), edge=True),
        Case("a number of weights just below a multiple of 8", (sparse(0.5, 3, 5),), edge=True),
        Case("tiny weights that are not zero", (tiny,), edge=True),
        Case("float64", (sparse(0.3, c, c).double() / 3,), edge=True),
        Case("float16", (sparse(0.3, n, c).half(),), edge=True),
        Case("a weight that is not contiguous", (sparse(0.2, c, n).T,), edge=True),
        Case("a layer of zeros", (torch.zeros(n, c),), edge=True),
        Case("a single weight", (torch.tensor([0.25]),), edge=True),
    ]


KINDS = ("whole", "gzip", "bitmap")


def _three_sizes(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Two sizes are exact; gzip's depends on its level (1 to 9) and its version: all that are near these are as good."""
    if not isinstance(output, Mapping) or set(output) != set(KINDS):
        raise CourseError(f"return a dict with the keys {', '.join(map(repr, KINDS))}")
    sizes = {name: unwrapped(size) for name, size in output.items()}
    for name, size in sizes.items():
        if not is_number(size):
            raise CourseError(f"{name} is a number of bytes, such as 128")
    usual = bytes_on_disk(inputs[0])["gzip"]
    quickest = len(gzip.compress(_raw(inputs[0]), compresslevel=1))
    near = 0.94 * usual - 40 <= sizes["gzip"] <= 1.06 * quickest + 40
    return sizes | {"gzip": usual if near else sizes["gzip"]}, afterwards


def _sizes(**changed: Callable[[Tensor], Any]) -> Callable[[Tensor], dict[str, Any]]:
    return lambda weight: {**bytes_on_disk(weight), **{name: size(weight) for name, size in changed.items()}}


def _raw(weight: Tensor) -> bytes:
    return weight.contiguous().numpy().tobytes()


def _ceil8(weight: Tensor) -> int:
    return -(-weight.numel() // 8)


def _values(weight: Tensor) -> int:
    return int(torch.count_nonzero(weight)) * weight.element_size()


EXERCISE = Exercise(
    "bytes_on_disk",
    lesson="01",
    points=2,
    reference=bytes_on_disk,
    cases=_stored,
    misconceptions=(
        Misconception(
            "bits for bytes",
            "These are bits; a byte has eight of them.",
            lambda w: {
                "whole": 8 * w.numel() * w.element_size(),
                "gzip": len(gzip.compress(_raw(w))),
                "bitmap": w.numel() + 8 * _values(w),
            },
        ),
        Misconception(
            "four bytes always",
            "Not every number has four bytes: ask the tensor, weight.element_size().",
            _sizes(whole=lambda w: 4 * w.numel(), bitmap=lambda w: _ceil8(w) + 4 * int(torch.count_nonzero(w))),
        ),
        Misconception(
            "zeros cost nothing",
            "Stored whole, a zero takes as many bytes as any other number.",
            _sizes(whole=_values),
        ),
        Misconception(
            "a byte for each bit",
            "The bitmap has one BIT for each weight, eight of them to a byte.",
            _sizes(bitmap=lambda w: w.numel() + _values(w)),
        ),
        Misconception(
            "bitmap forgotten",
            "Without the bitmap nobody knows where the values belong: it has to be stored as well.",
            _sizes(bitmap=_values),
        ),
        Misconception(
            "values forgotten", "This is the bitmap alone; the non-zero values are stored beside it.", _sizes(bitmap=_ceil8)
        ),
        Misconception(
            "bitmap rounded down",
            "Bytes are whole, and nine bits need two of them: round UP.",
            _sizes(bitmap=lambda w: w.numel() // 8 + _values(w)),
        ),
        Misconception(
            "bitmap rounded to the nearest",
            "Bytes are whole, and 25 bits need four of them: round UP, not to the nearest.",
            _sizes(bitmap=lambda w: round(w.numel() / 8) + _values(w)),
        ),
        Misconception(
            "a byte too many",
            "Sixteen bits fit into two bytes: round up only where some are left over.",
            _sizes(bitmap=lambda w: w.numel() // 8 + 1 + _values(w)),
        ),
        Misconception(
            "small taken for zero",
            "Only exact zeros are left out; a small weight is stored like any other.",
            _sizes(bitmap=lambda w: _ceil8(w) + int((w.abs() > 1e-6).sum()) * w.element_size()),
        ),
        Misconception(
            "fractions of a byte",
            "Bytes are whole: round the bitmap UP.",
            _sizes(bitmap=lambda w: w.numel() / 8 + _values(w)),
        ),
        Misconception(
            "bits for the non-zeros only",
            "Every weight has its bit, the zeros too: they are what the bits tell apart.",
            _sizes(bitmap=lambda w: -(-int(torch.count_nonzero(w)) // 8) + _values(w)),
        ),
        Misconception(
            "counts the zeros",
            "These are the zeros; stored are the values that are NOT zero.",
            _sizes(bitmap=lambda w: _ceil8(w) + int((w == 0).sum()) * w.element_size()),
        ),
        Misconception(
            "an index for a bit",
            "This stores a 32-bit index for each value; a bitmap has one bit for each weight.",
            _sizes(bitmap=lambda w: int(torch.count_nonzero(w)) * (4 + w.element_size())),
        ),
        Misconception(
            "gzip of a text",
            "This compresses the numbers written out as text; compress the bytes of the tensor: weight.numpy().tobytes().",
            _sizes(gzip=lambda w: len(gzip.compress(str(w.tolist()).encode()))),
        ),
        Misconception(
            "zeros left out before gzip",
            "Give gzip the whole tensor, zeros included: without them nobody knows where the rest belongs.",
            _sizes(gzip=lambda w: len(gzip.compress(_raw(w[w != 0])))),
        ),
        Misconception(
            "not compressed",
            "This is the length before the compression.",
            _sizes(gzip=lambda w: len(_raw(w))),
        ),
        Misconception(
            "not compressed",
            "Level 0 of gzip stores the bytes as they are; its other levels compress.",
            _sizes(gzip=lambda w: len(gzip.compress(_raw(w), compresslevel=0))),
        ),
        Misconception(
            "gzip of another type",
            "This compresses the numbers as float32; give gzip the bytes of the tensor's own type.",
            _sizes(gzip=lambda w: len(gzip.compress(_raw(w.float())))),
        ),
    ),
    view=_three_sizes,
)
