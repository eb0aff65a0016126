"""Let units come back until a layer is as wide as the hardware likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.views import places, require_mask


def round_widths(scores: Tensor, keep: Tensor, multiple: int) -> Tensor:
    """(n,) scores, (n,) bool -> (n,) bool: so many of the best gone ones come back that a multiple is kept, or all are."""
    more = min(-int(keep.sum()) % multiple, int((~keep).sum()))
    best = scores.double().masked_fill(keep, -torch.inf).argsort(descending=True, stable=True)
    wider = keep.clone()
    wider[best[:more]] = True
    return wider


def _widths(rng: torch.Generator) -> list[Case]:
    def kept(n: int, count: int) -> Tensor:
        keep = torch.zeros(n, dtype=torch.bool)
        keep[torch.randperm(n, generator=rng)[:count]] = True
        return keep

    def drawn(n: int) -> Tensor:
        return torch.randperm(n, generator=rng).float() + 1 + torch.rand(n, generator=rng) / 2

    n = 16
    keep, scores = kept(n, 5), drawn(n)
    gone = (~keep).nonzero().flatten()
    top = scores.clone()
    top[gone[[-1, 4, 7]]] += 40  # the best ones are gone, and are not the first of those
    tied = torch.ones(12)
    tied[~keep[:12]] = 2.0
    low = drawn(n) - 99
    return [
        Case("multiples of 4", (torch.tensor([5.0, 1.0, 4.0, 2.0, 3.0]), torch.tensor([True, False, True, False, True]), 4)),
        Case("five of sixteen kept, multiples of 8", (scores, keep, 8)),
        Case("units that are gone have the highest scores", (top, keep, 8)),
        Case("multiples of 3", (drawn(n), kept(n, 7), 3)),
        Case("one more than a multiple is kept", (drawn(n), kept(n, 9), 4)),
        Case("one less than a multiple is kept", (drawn(n), kept(n, 7), 4)),
        Case("a multiple is kept already", (drawn(n), kept(n, 8), 4), edge=True),
        Case("multiples of 1", (drawn(n), kept(n, integer(rng, 3, 11)), 1), edge=True),
        Case("a layer that never was so wide", (drawn(10), kept(10, 9), 8), edge=True),
        Case("a multiple that is wider than the layer", (drawn(6), kept(6, 2), 16), edge=True),
        Case("everything is kept", (drawn(10), torch.ones(10, dtype=torch.bool), 8), edge=True),
        Case("equal scores", (tied, keep[:12] | (torch.arange(12) == 0), 8), edge=True),
        Case("scores below 0", (low, kept(n, 6), 8), edge=True),
        Case("scores of 0 among the gone", (torch.where(keep, drawn(n), 0.0), keep, 8), edge=True),
    ]


def _came_back(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Of equal scores any may come back: what counts is which places in the order they have, and that the kept stay."""
    scores, keep, _ = inputs
    mask = require_mask(output, scores)
    return mask[keep], places(scores)[mask & ~keep].sort().values, afterwards


def _counting(count: Callable[[int, int, int], int]) -> Callable[[Tensor, Tensor, int], Tensor]:
    """A wrong answer that lets another number of units come back: (kept, multiple, n) -> how many are kept in the end."""

    def wrong(scores: Tensor, keep: Tensor, multiple: int) -> Tensor:
        wanted = count(int(keep.sum()), multiple, len(keep))
        order = scores.double() + keep * 1e6  # the kept first, then the best of the gone
        wider = torch.zeros_like(keep)
        wider[order.argsort(descending=True)[:wanted]] = True
        return wider

    return wrong


def _choosing(order: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor, int], Tensor]:
    """A wrong answer that lets the right number come back, but others: (scores, keep) -> indices, the first ones stay."""

    def wrong(scores: Tensor, keep: Tensor, multiple: int) -> Tensor:
        more = int(round_widths(scores, keep, multiple).sum()) - int(keep.sum())
        wider = keep.clone()
        wider[order(scores, keep)[:more]] = True
        return wider

    return wrong


def _anew(scores: Tensor, keep: Tensor, multiple: int) -> Tensor:
    wider = torch.zeros_like(keep)
    wider[scores.argsort(descending=True)[: int(round_widths(scores, keep, multiple).sum())]] = True
    return wider


def _up(kept: int, multiple: int, n: int) -> int:
    return kept + -kept % multiple


_DOWN = "This takes units away that were kept; a width is rounded UP, by units that come back."
EXERCISE = Exercise(
    "round_widths",
    lesson="07",
    points=2,
    reference=round_widths,
    cases=_widths,
    misconceptions=(
        Misconception("rounded down", _DOWN, _counting(lambda k, m, n: k // m * m)),
        Misconception("rounded down", _DOWN, _counting(lambda k, m, n: max(m, k // m * m))),
        Misconception(
            "to the nearest", f"{_DOWN} The nearest multiple may lie below.", _counting(lambda k, m, n: round(k / m) * m)
        ),
        Misconception(
            "one multiple too many",
            "Where a multiple is kept already nothing comes back: m - kept % m is m then, and -kept % m is 0.",
            _counting(lambda k, m, n: k + m - k % m),
        ),
        Misconception(
            "only one comes back",
            "So many come back that the width is a multiple, not just one.",
            _counting(lambda k, m, n: k + (k % m > 0)),
        ),
        Misconception(
            "left as it is where it does not fit",
            "A layer that is narrower than the next multiple keeps all that there are.",
            _counting(lambda k, m, n: _up(k, m, n) if _up(k, m, n) <= n else k),
        ),
        Misconception(
            "as many as the multiple",
            "`multiple` units come back here; so many that a multiple of it is kept.",
            _counting(lambda k, m, n: k + m),
        ),
        Misconception(
            "the worst come back",
            "Those of the LOWEST scores come back; the ones that are needed most are those of the highest.",
            _choosing(lambda scores, keep: scores.masked_fill(keep, torch.inf).argsort()),
        ),
        Misconception(
            "the first come back",
            "The first of the gone come back; those of the highest scores should.",
            _choosing(lambda scores, keep: (~keep).nonzero().flatten()),
        ),
        Misconception(
            "the last come back",
            "The last of the gone come back; those of the highest scores should.",
            _choosing(lambda scores, keep: (~keep).nonzero().flatten().flip(0)),
        ),
        Misconception(
            "kept units counted among the best",
            "The best of ALL are taken, and some of them were kept anyway: choose among those that are gone.",
            _choosing(lambda scores, keep: scores.argsort(descending=True)),
        ),
        Misconception(
            "chosen anew",
            "Units that were kept have gone: nobody loses a place, some come back.",
            _anew,
        ),
        Misconception(
            "scores times the mask",
            "Scores can be 0 or below: a product with the mask does not put the kept ones last, masked_fill with -inf does.",
            _choosing(lambda scores, keep: (scores * ~keep).argsort(descending=True)),
        ),
        Misconception(
            "everything comes back",
            "All units are kept now; so many come back that the width is a multiple.",
            _counting(lambda k, m, n: n),
        ),
    ),
    view=_came_back,
)
