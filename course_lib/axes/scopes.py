"""Ranked against whom? Scopes: a unit competes within its neuron, within its layer, or with those of all layers.

`decide` puts up the groups that a scope makes, asks the amount how many of each go, and takes exactly that many of the
lowest scores, ties included.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import torch
from torch import Tensor

from course_lib.axes.amounts import Allocation, Amount, Normed, Shape
from course_lib.axes.pqindex import AllZeroError, pq_index
from course_lib.errors import CourseError

SCOPES = ("neuron", "layer", "global")
ONLY_ZEROS = "skipped: only zeros"


class Seen(TypedDict):
    """What one round saw of a group.

    survivors, removed: counts, before and in this round. index: the PQ index of the survivors' scores, with the p and q of a
    `Normed` amount, or .5 and 1; None where it is not defined. cut: the highest score that went, or None. note: what was
    out of the ordinary.
    """

    survivors: int
    removed: int
    index: float | None
    cut: float | None
    note: str


def lowest(scores: Tensor, count: int, allowed: Tensor | None = None) -> Tensor:
    """Return a bool tensor that is True at exactly the `count` lowest `scores`; of equal scores the first go first.

    Args:
        scores: 1-d, finite where allowed.
        count: 0 to the number of allowed entries.
        allowed: bool tensor of the same shape; only its True entries can be chosen. None: all of them.

    >>> lowest(torch.tensor([2.0, 1.0, 1.0, 3.0]), 1)
    tensor([False,  True, False, False])
    """
    if count <= 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    if allowed is not None:
        scores = scores.masked_fill(~allowed, torch.inf)
    # A selection (O(n)) finds the value of the cut; no sort is needed. No value is read back to the host.
    by_top = scores.device.type == "mps"  # kthvalue is not to be had there
    cut = scores.topk(count, largest=False).values.max() if by_top else scores.kthvalue(count).values
    below, at = scores < cut, scores == cut
    return below | (at & (at.cumsum(0) <= count - below.sum()))


@dataclass
class Candidates:
    """What one layer puts up for pruning: n weights, or n filters or neurons.

    name: for messages and records. scores: one (n,) tensor for each recorded epoch that counts, mostly one.
    alive: (n,) bool. outputs: how many neurons the n weights belong to, in row-major order (scope "neuron" only).
    shape: of the weight that they lie in, for amounts that look at it (`Allocation`).
    """

    name: str
    scores: list[Tensor]
    alive: Tensor
    outputs: int = 1
    shape: Shape = ()


def decide(
    layers: Sequence[Candidates],
    amount: Amount | Allocation,
    scope: str = "layer",
    min_per_layer: int = 0,
    cap: float = 1.0,
    progress: float = 1.0,
) -> tuple[list[Tensor], dict[str, Seen]]:
    """Return per layer a bool tensor of what goes this round, and per ranked group what was seen there.

    Args:
        layers: what there is to choose from.
        amount: how many of a group go, see `amounts`.
        scope: "neuron", "layer" or "global": what makes up a group.
        min_per_layer: so many survivors of every layer, the highest-scored ones, are never taken.
        cap: the largest share of a group's survivors that may go.
        progress: in (0, 1], for amounts with a schedule.

    Returns:
        One (n,) bool tensor a layer, and group -> `Seen`; the groups are the layers, or "all". Of scope "neuron" the
        neurons of a layer are summed up in one row.

    Raises:
        AllZeroError: if the amount is undefined on every group because all their scores are zero; CourseError.

    >>> from course_lib.axes import amounts
    >>> wide = Candidates("wide", [torch.tensor([1.0, 2.0, 3.0, 4.0])], torch.ones(4, dtype=torch.bool))
    >>> deep = Candidates("deep", [torch.tensor([5.0, 6.0])], torch.ones(2, dtype=torch.bool))
    >>> gone, seen = decide([wide, deep], amounts.target(0.5), scope="global")
    >>> [mask.tolist() for mask in gone], seen["all"]["removed"]
    ([[True, True, True, False], [False, False]], 3)
    """
    for layer in layers:
        if not all(bool(torch.isfinite(scores[layer.alive]).all()) for scores in layer.scores):
            raise CourseError(f"layer {layer.name} has scores that are NaN or infinite; its weights must be finite.")
    # Free to go: all but the `min_per_layer` highest survivors, of equal ones the last.
    free = [lowest(layer.scores[-1], int(layer.alive.sum()) - min_per_layer, layer.alive) for layer in layers]
    if scope == "global":
        gone, seen = _together(layers, free, _one_for_all(amount, scope), cap, progress)
    else:
        amounts = _bound(amount, layers, scope)
        found = [_layer(*given, scope, cap, progress) for given in zip(layers, free, amounts, strict=True)]
        gone = [out for out, _ in found]
        seen = {layer.name: facts for layer, (_, facts) in zip(layers, found, strict=True)}
    if seen and all(facts["note"] == ONLY_ZEROS for facts in seen.values()):
        raise AllZeroError("every group to prune has only scores of zero; there is nothing to rank.")
    return gone, seen


def _one_for_all(amount: Amount | Allocation, scope: str) -> Amount:
    if isinstance(amount, Allocation):
        raise CourseError(f"{type(amount).__name__} gives each layer an amount of its own; scope={scope!r} was given.")
    return amount


def _bound(amount: Amount | Allocation, layers: Sequence[Candidates], scope: str) -> list[Amount]:
    """Return the amount of each layer."""
    if scope != "layer" or not isinstance(amount, Allocation):
        return [_one_for_all(amount, scope)] * len(layers)
    found = amount.bind({layer.name: layer.shape for layer in layers})
    if missing := [layer.name for layer in layers if layer.name not in found]:
        raise CourseError(f"{type(amount).__name__} has no amount for layer {missing[0]}; bind gives one for each layer.")
    return [found[layer.name] for layer in layers]


def _together(
    layers: Sequence[Candidates], free: Sequence[Tensor], amount: Amount, cap: float, progress: float
) -> tuple[list[Tensor], dict[str, Seen]]:
    scores = [torch.cat(epoch) for epoch in zip(*(layer.scores for layer in layers), strict=True)]
    alive = torch.cat([layer.alive for layer in layers])
    gone, facts = _take(scores, alive, torch.cat(list(free)), amount, cap, progress)
    return list(gone.split([len(layer.alive) for layer in layers])), {"all": facts}


def _layer(layer: Candidates, free: Tensor, amount: Amount, scope: str, cap: float, progress: float) -> tuple[Tensor, Seen]:
    pools = layer.outputs if scope == "neuron" else 1
    rows = [scores.view(pools, -1) for scores in layer.scores]
    alive, free = layer.alive.view(pools, -1), free.view(pools, -1)
    parts = [_take([row[i] for row in rows], alive[i], free[i], amount, cap, progress) for i in range(pools)]
    return torch.cat([out for out, _ in parts]), _summary([facts for _, facts in parts])


def _take(
    scores: list[Tensor], alive: Tensor, free: Tensor, amount: Amount, cap: float, progress: float
) -> tuple[Tensor, Seen]:
    survivors, available = int(alive.sum()), int(free.sum())
    nothing = torch.zeros_like(alive)
    facts: Seen = {"survivors": survivors, "removed": 0, "index": None, "cut": None, "note": ""}
    if not survivors:
        return nothing, {**facts, "note": "empty"}
    gone = free
    try:
        for epoch in scores:  # low in EACH epoch: the sets are intersected
            count = amount(epoch[alive], alive.numel(), progress)
            gone = gone & lowest(epoch, min(count, available), free)
    except AllZeroError:
        return nothing, {**facts, "note": ONLY_ZEROS}
    limit = min(available, math.floor(cap * survivors + 1e-9))
    if int(gone.sum()) > limit:
        gone = lowest(scores[-1], limit, gone)
        facts["note"] = "capped"
    last = scores[-1]
    if bool(last[alive].any()):
        facts["index"] = pq_index(last[alive], *(amount.norms if isinstance(amount, Normed) else (0.5, 1.0)))
    taken = last[gone]
    facts["removed"], facts["cut"] = taken.numel(), taken.max().item() if taken.numel() else None
    return gone, facts


def _summary(parts: list[Seen]) -> Seen:
    """One row for a layer of several groups: counts added, the index averaged, the highest cut, how many have a note."""
    if len(parts) == 1:
        return parts[0]
    indices = [part["index"] for part in parts if part["index"] is not None]
    cuts = [part["cut"] for part in parts if part["cut"] is not None]
    notes = Counter(part["note"] for part in parts if part["note"])
    return {
        "survivors": sum(part["survivors"] for part in parts),
        "removed": sum(part["removed"] for part in parts),
        "index": sum(indices) / len(indices) if indices else None,
        "cut": max(cuts, default=None),
        "note": "; ".join(note if n == len(parts) else f"{note} ({n} of {len(parts)})" for note, n in notes.items()),
    }
