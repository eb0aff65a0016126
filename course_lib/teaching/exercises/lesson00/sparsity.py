"""The share of all parameters that masks take away."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer


def sparsity(masks: Mapping[str, Tensor], total: int) -> float:
    """Share of ALL `total` parameters of the dense model that the masks (True = kept) take away."""
    return sum(int((~mask).sum()) for mask in masks.values()) / total


def _masked(rng: torch.Generator) -> list[Case]:
    def mask(gone: float, *shape: int) -> Tensor:
        drawn = torch.rand(*shape, generator=rng) >= gone
        drawn.view(-1)[:2] = torch.tensor([True, False])  # of each kind at least one
        return drawn

    a, b = integer(rng, 3, 6), integer(rng, 7, 9)
    small, large = mask(0.8, a, 2, 3, 3), mask(0.15, b, 20)
    sizes = small.numel() + large.numel()
    toy = {
        "small": torch.tensor([[False, False], [False, True]]),
        "large": torch.ones(4, 6, dtype=torch.bool).index_fill(0, torch.tensor([0]), False),
    }
    extra = integer(rng, 10, 99)
    return [
        Case("a small layer that lost 3 of 4 and a large one that lost 6 of 24", (toy, 28)),
        Case("layers of different size", ({"conv.weight": small, "hidden.weight": large}, sizes)),
        Case("two layers, and biases that no mask names", ({"conv.weight": small, "hidden.weight": large}, sizes + extra)),
        Case("one layer of a larger model", ({"conv.weight": small}, sizes)),
        Case("three layers", ({"one": mask(0.5, b), "two": mask(0.9, a, b), "three": large}, b + a * b + large.numel())),
        Case("a mask that is not contiguous", ({"hidden.weight": large.t()}, sizes), edge=True),
        Case("everything gone", ({"conv.weight": torch.zeros(a, b, dtype=torch.bool)}, a * b), edge=True),
        Case("nothing gone", ({"conv.weight": torch.ones(a, b, dtype=torch.bool)}, a * b + extra), edge=True),
    ]


def _sized(masks: Mapping[str, Tensor]) -> int:
    return sum(mask.numel() for mask in masks.values())


def _gone(masks: Mapping[str, Tensor]) -> int:
    return sum(int((~mask).sum()) for mask in masks.values())


def _mean(of: Callable[[Tensor], Tensor]) -> Callable[[Mapping[str, Tensor], int], float]:
    def wrong(masks: Mapping[str, Tensor], total: int) -> float:
        return sum(float(of(mask).double().mean()) for mask in masks.values()) / len(masks)

    return wrong


_MEAN = (
    "This is the mean over the layers: a layer of four weights then counts as much as one of four thousand. Add up what is "
    "gone in all layers, and divide once."
)
_LISTED = "This is the share of the masked layers only. Divide by `total`: what no mask names is kept, and it counts."
_ROUNDED = "The share is rounded: return it as it is, and round where you print."
_KEPT = "True means KEPT, so this is the share that is left, the density. Sparsity is what is GONE: ~mask."
EXERCISE = Exercise(
    "sparsity",
    lesson="00",
    points=2,
    reference=sparsity,
    cases=_masked,
    misconceptions=(
        Misconception("mean over the layers", _MEAN, _mean(lambda mask: ~mask)),
        Misconception("mean over the layers", _MEAN + " (And True means kept.)", _mean(lambda mask: mask)),
        Misconception("masked layers only", _LISTED, lambda masks, total: _gone(masks) / _sized(masks)),
        Misconception("density for sparsity", _KEPT, lambda masks, total: 1 - _gone(masks) / total),
        Misconception("density for sparsity", _KEPT, lambda masks, total: (_sized(masks) - _gone(masks)) / total),
        Misconception(
            "kept and gone mixed",
            "What is not in any mask is kept. Here it is counted as gone: count the False entries.",
            lambda masks, total: 1 - (_sized(masks) - _gone(masks)) / total,
        ),
        Misconception(
            "a number, not a share", "This is how many are gone; divide by `total`.", lambda masks, total: _gone(masks)
        ),
        Misconception(
            "percent",
            "A sparsity is a share between 0 and 1, not a percentage.",
            lambda masks, total: 100 * _gone(masks) / total,
        ),
        Misconception(
            "last layer only",
            "This counts the last layer only: add up over all of them.",
            lambda masks, total: int((~list(masks.values())[-1]).sum()) / total,
        ),
        Misconception(
            "returns within the loop",
            "The `return` stands inside the loop: it ends after the first layer.",
            lambda masks, total: int((~next(iter(masks.values()))).sum()) / total,
        ),
        Misconception(
            "what is gone of what is left",
            "This divides by what is LEFT; the share is of the dense model: divide by `total`.",
            lambda masks, total: _gone(masks) / max(1, total - _gone(masks)),
        ),
        *(Misconception("rounded", _ROUNDED, lambda masks, total, d=d: round(_gone(masks) / total, d)) for d in (2, 3, 4)),
        Misconception(
            "masks of biases left out",
            "A mask of one axis counts as well: biases can go, too.",
            lambda masks, total: _gone({name: mask for name, mask in masks.items() if mask.ndim > 1}) / total,
        ),
        Misconception(
            "masks left out",
            "Every mask counts, whatever its name is.",
            lambda masks, total: _gone({name: mask for name, mask in masks.items() if name.endswith("weight")}) / total,
        ),
        Misconception(
            "fractions thrown away",
            "// throws the fraction away, and a share is nothing else: divide with /.",
            lambda masks, total: _gone(masks) // total,
        ),
    ),
)
