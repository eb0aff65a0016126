"""Cut the filters that go out of one weight, and what reads them out of the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer

Pair = tuple[Tensor, Tensor]


def cut_pair(weight: Tensor, following: Tensor, keep: Tensor) -> Pair:
    """Rows of `weight` (n, c, h, w), and slices of `following` (m, n, h, w) that read them, where `keep` (n,) is True."""
    return weight[keep], following[:, keep]


def _pairs(rng: torch.Generator) -> list[Case]:
    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=rng)

    def case(label: str, n: int, c: int, m: int, keep: Tensor, kernel: int = 3, edge: bool = False) -> Case:
        return Case(label, (drawn(n, c, 3, 3), drawn(m, n, kernel, kernel), keep), edge)

    n = integer(rng, 6, 8)
    keep = torch.rand(n, generator=rng) < 0.5
    keep[:4] = torch.tensor([False, True, True, False])
    if int(keep.sum()) * 2 == n:
        keep[2] = False  # so that those that go are not as many as those that stay
    plain = case("two layers of different widths", n, 2, n + 2, keep)
    return [
        plain,
        case("three layers of one width in a row", n, n, n, keep),
        case("a next layer of 1x1 kernels", n, n + 1, 3, keep, kernel=1),
        case("another choice of filters", n, n, n, ~keep),
        case("one filter kept of five", 5, 5, 5, torch.arange(5) == integer(rng, 1, 4), edge=True),
        case("nothing to cut", n, n, 4, torch.ones(n, dtype=torch.bool), edge=True),
        Case("float64", (plain.inputs[0].double() / 3, plain.inputs[1].double() / 3, keep), edge=True),
    ]


def _two_tensors(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Two tensors, of the type that was given; the inputs as they were."""
    if not isinstance(output, Sequence) or len(output) != 2 or not all(isinstance(part, Tensor) for part in output):
        raise CourseError("return two tensors: what is left of `weight`, and what is left of `following`")
    return tuple(output), [str(part.dtype) for part in output], afterwards


def _masked(weight: Tensor, following: Tensor, keep: Tensor) -> Pair:
    return weight * keep.view(-1, 1, 1, 1), following * keep.view(1, -1, 1, 1)


def _other(choose: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor, Tensor], Pair]:
    return lambda weight, following, keep: cut_pair(weight, following, choose(keep))


EXERCISE = Exercise(
    "cut_pair",
    lesson="02",
    points=1,
    reference=cut_pair,
    cases=_pairs,
    misconceptions=(
        Misconception(
            "the next layer left whole",
            "The next layer still reads the channels that are gone: cut `following` along axis 1.",
            lambda weight, following, keep: (weight[keep], following),
        ),
        Misconception(
            "the first layer left whole",
            "The filters that go are rows of `weight`: cut them out of it as well.",
            lambda weight, following, keep: (weight, following[:, keep]),
        ),
        Misconception(
            "wrong axis of the next layer",
            "Axis 0 of `following` are its own filters, which all stay; what it reads is axis 1.",
            lambda weight, following, keep: (weight[keep], following[keep]),
        ),
        Misconception(
            "inputs of the first layer cut",
            "Filters are axis 0 of `weight`; axis 1 are its inputs, which all stay.",
            lambda weight, following, keep: (weight[:, keep], following[:, keep]),
        ),
        Misconception(
            "axes exchanged",
            "The axes are exchanged: `weight` loses rows (axis 0), `following` the slices that read them (axis 1).",
            lambda weight, following, keep: (weight[:, keep], following[keep]),
        ),
        Misconception(
            "the next layer's filters cut, too",
            "`following` loses inputs and keeps all of its own filters: cut it along axis 1 only.",
            lambda weight, following, keep: (weight[keep], following[:, keep][keep]),
        ),
        Misconception(
            "inverted mask", "This keeps the filters that should go: True means KEPT.", _other(lambda keep: ~keep)
        ),
        Misconception(
            "the first filters",
            "The number of filters is right, but these are the first ones: use the places where keep is True.",
            _other(lambda keep: torch.arange(len(keep)) < keep.sum()),
        ),
        Misconception(
            "masked, not cut",
            "The entries are zero and the tensors as large as before: cut them out, by indexing with keep.",
            _masked,
        ),
        Misconception(
            "order of the two",
            "Both are right and in the wrong order: first what is left of `weight`.",
            lambda weight, following, keep: (following[:, keep], weight[keep]),
        ),
        Misconception(
            "the mask taken for numbers",
            "As whole numbers, True and False are the places 1 and 0: index with the bool tensor itself.",
            _other(lambda keep: keep.long()),
        ),
    ),
    view=_two_tensors,
)
