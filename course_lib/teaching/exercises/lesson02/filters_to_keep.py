"""From scores to a mask: exactly the share that was asked for goes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.axes.amounts import share
from course_lib.axes.selection import lowest
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception, short
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.views import places, require_mask


def filters_to_keep(scores: Tensor, sparsity: float) -> Tensor:
    """(n,) scores -> (n,) bool, True = kept: exactly round(sparsity * n) of the lowest go, but at least one stays."""
    return ~lowest(scores, min(share(sparsity, len(scores)), len(scores) - 1))


def _scores(rng: torch.Generator) -> list[Case]:
    n = integer(rng, 9, 14)
    drawn = torch.randperm(n, generator=rng).float() + 1 + torch.rand(n, generator=rng) / 2
    top = int(drawn.argmax())
    drawn[[1, top]] = drawn[[top, 1]]
    drawn = drawn.roll(integer(rng, 0, n - 3))  # the strongest is neither the first nor the last
    alike = 1 + 1e-6 * torch.arange(n, 0, -1)
    gone = integer(rng, 2, n - 3)
    other = 2 + (gone - 1 + integer(rng, 0, n - 6)) % (n - 4)  # another number between 2 and n - 3
    tied = torch.ones(8)
    tied[torch.randperm(8, generator=rng)[:3]] = 2.0
    return [
        Case("four filters, half of them to go", (torch.tensor([4.0, 1.0, 3.0, 2.0]), 0.5)),
        Case("a whole number of filters to go", (drawn, gone / n)),
        Case("a share that is not a whole number of filters", (drawn, (other + 0.3) / n)),
        Case("a share just below a whole number of filters", (drawn, (gone - 0.2) / n)),
        Case("a half whose even neighbour lies below", (torch.randperm(10, generator=rng) / 4, 0.25), edge=True),
        Case("a half whose even neighbour lies above", (torch.randperm(6, generator=rng) / 4, 0.25), edge=True),
        Case(
            "half of an odd number of filters",
            (torch.randperm(2 * integer(rng, 2, 5) + 1, generator=rng) / 4, 0.5),
            edge=True,
        ),
        Case("equal scores at the cut", (tied, 0.25), edge=True),
        Case("equal scores only", (torch.full((6,), 0.5), 0.5), edge=True),
        Case("sparsity 0", (drawn, 0.0), edge=True),
        Case("sparsity 1", (drawn, 1.0), edge=True),
        Case("a share that rounds to all filters", (drawn.roll(-1), (n - 0.3) / n), edge=True),
        Case("a single filter", (torch.tensor([0.7]), 0.9), edge=True),
        Case("scores of zero and below", (drawn - drawn.max(), gone / n), edge=True),
        Case("scores that hardly differ", (alike, gone / n), edge=True),
    ]


def _kept(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Of equal scores any may go: what counts is how many are kept, and which places their scores have in the order."""
    scores, _ = inputs
    return places(scores)[require_mask(output, scores)].sort().values, afterwards


def _by_threshold(keep: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, float], Tensor]:
    def wrong(scores: Tensor, sparsity: float) -> Tensor:
        count = min(share(sparsity, len(scores)), len(scores) - 1)
        return keep(scores, scores.sort().values[count - 1]) if count else torch.ones_like(scores, dtype=torch.bool)

    return wrong


def _keeping(count: Callable[[float, int], int], largest: bool = True) -> Callable[[Tensor, float], Tensor]:
    def wrong(scores: Tensor, sparsity: float) -> Tensor:
        kept = torch.zeros_like(scores, dtype=torch.bool)
        kept[scores.argsort(stable=True, descending=largest)[: count(sparsity, len(scores))]] = True
        return kept

    return wrong


def _one_if_none(which: int) -> Callable[[Tensor, float], Tensor]:
    def wrong(scores: Tensor, sparsity: float) -> Tensor:
        keep = _keeping(lambda s, n: n - share(s, n))(scores, sparsity)
        if not keep.any():
            keep[which] = True
        return keep

    return wrong


_FLOOR = "A layer without any filter cuts the network in two: keep at least one, also at sparsity 1."
_TIES = "With equal scores at the cut a threshold takes all of them, or none: choose that many INDICES, not a threshold."
_QUANTILE = (
    "A quantile is a threshold: with equal scores it takes or keeps all of them, and its count is not always round(s * n). "
    "Choose that many INDICES."
)
_ORDER = (
    "argsort lists which index comes first, second, ...; its entry i is not the rank of filter i. Use it to choose indices."
)
_UP = "What goes is rounded up here, by ceil() or by an int() of what stays; the share s of n filters is round(s * n)."
_HALF = "A half goes to the EVEN neighbour: round(2.5) is 2, and round(1.5) is 2 as well."
_REST = "Round what GOES, and keep the rest: of 5 filters half is 2.5, so round(2.5) = 2 go and 3 stay, not round(2.5) = 2."
_EVERYTHING = "Where all would go, one filter stays; here all of them do. (A slice such as order[-0:] is the whole list.)"
_ARBITRARY = "Where all would go, the filter of the HIGHEST score stays, not just any."
_ROUND = "int() and // round down; the share s of n filters is round(s * n)."
EXERCISE = Exercise(
    "filters_to_keep",
    lesson="02",
    points=2,
    reference=filters_to_keep,
    cases=_scores,
    misconceptions=(
        Misconception("empties the layer", _FLOOR, _keeping(lambda s, n: n - share(s, n))),
        Misconception("int for round", _ROUND, _keeping(lambda s, n: max(1, n - int(s * n)))),
        Misconception("rounded up", _UP, _keeping(lambda s, n: max(1, int((1 - s) * n)))),
        Misconception("rounded up", _UP, _keeping(lambda s, n: max(1, n - math.ceil(s * n)))),
        Misconception(
            "a half rounded up",
            f"{_HALF} This always takes it up.",
            _keeping(lambda s, n: max(1, n - math.floor(s * n + 0.5))),
        ),
        Misconception(
            "a half rounded down",
            f"{_HALF} This always takes it down.",
            _keeping(lambda s, n: max(1, n - math.ceil(s * n - 0.5))),
        ),
        Misconception("what stays is rounded", _REST, _keeping(lambda s, n: max(1, round((1 - s) * n)))),
        Misconception(
            "at least one goes", "At sparsity 0 nothing goes.", _keeping(lambda s, n: max(1, n - max(1, share(s, n))))
        ),
        Misconception("keeps everything", _EVERYTHING, _keeping(lambda s, n: (n - share(s, n)) or n)),
        Misconception("keeps an arbitrary one", _ARBITRARY, _one_if_none(0)),
        Misconception("keeps an arbitrary one", _ARBITRARY, _one_if_none(-1)),
        Misconception(
            "absolute values",
            "The scores are compared as they are, without abs: less is less important.",
            lambda scores, s: filters_to_keep(scores.abs(), s),
        ),
        Misconception(
            "a score of zero taken for gone",
            "A score of 0 is a score: make the mask from indices, not from the scores that are left.",
            lambda scores, s: scores.masked_fill(~filters_to_keep(scores, s), 0) != 0,
        ),
        Misconception(
            "scores rounded",
            "Scores that differ by little differ: rank them as they are, without rounding.",
            lambda scores, s: filters_to_keep(scores.round(decimals=3), s),
        ),
        Misconception("ties", _TIES, _by_threshold(lambda scores, cut: scores > cut)),
        Misconception("ties", _TIES, _by_threshold(lambda scores, cut: scores >= cut)),
        Misconception(
            "ties", _TIES, lambda scores, s: scores >= scores.sort().values[min(share(s, len(scores)), len(scores) - 1)]
        ),
        Misconception("threshold by quantile", _QUANTILE, lambda scores, s: scores > torch.quantile(scores, s)),
        Misconception(
            "inverted mask", "True means KEPT; this marks what goes.", lambda scores, s: ~filters_to_keep(scores, s)
        ),
        Misconception(
            "inverted mask",
            "True means KEPT; this marks what goes. (And at least one filter has to stay.)",
            _keeping(share, largest=False),
        ),
        Misconception(
            "order taken for ranks",
            _ORDER,
            lambda scores, s: scores.argsort(stable=True) >= min(share(s, len(scores)), len(scores) - 1),
        ),
        Misconception(
            "order taken for ranks",
            _ORDER,
            lambda scores, s: scores.argsort(stable=True) >= share(s, len(scores)),
        ),
        Misconception(
            "keeps the smallest",
            "This keeps the smallest scores; a high score means important.",
            _keeping(lambda s, n: max(1, n - share(s, n)), largest=False),
        ),
        Misconception(
            "density for sparsity",
            "This keeps the share `sparsity`; sparsity is the share that GOES.",
            _keeping(lambda s, n: max(1, share(s, n))),
        ),
        Misconception(
            "numbers instead of a mask",
            "These are numbers; a mask is a tensor of True and False (dtype=torch.bool), or ~ and indexing go wrong later.",
            lambda scores, s: filters_to_keep(scores, s).to(scores.dtype),
        ),
        Misconception(
            "indices instead of a mask",
            "These are indices; return a bool tensor with one entry for each filter.",
            lambda scores, s: scores.argsort(descending=True)[: max(1, len(scores) - share(s, len(scores)))],
        ),
    ),
    view=_kept,
    wanted=lambda inputs, output: f"{short(output)}, or another with {int(output.sum())} True and equal scores",
)
