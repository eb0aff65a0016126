"""Which entries go, once it is known how many: exact counts, ties included."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from course_lib.axes.pqindex import AllZeroError, pq_index
from course_lib.errors import CourseError

ONLY_ZEROS = "skipped: only zeros"


def lowest(scores: Tensor, count: int, allowed: Tensor | None = None) -> Tensor:
    """Return a bool tensor that is True at exactly the `count` lowest `scores`; of equal scores the first go first.

    Args:
        scores: 1-d, finite where allowed.
        count: 0 to the number of allowed entries.
        allowed: bool tensor of the same shape; only its True entries can be chosen. None: all of them.
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
    """

    name: str
    scores: list[Tensor]
    alive: Tensor
    outputs: int = 1


def decide(
    layers: Sequence[Candidates],
    amount: Callable[[Tensor, int, float], int],
    scope: str = "layer",
    min_per_layer: int = 0,
    cap: float = 1.0,
    progress: float = 1.0,
) -> tuple[list[Tensor], dict[str, dict[str, Any]]]:
    """Return per layer a bool tensor of what goes this round, and per ranked group what was seen there.

    Args:
        layers: what there is to choose from.
        amount: (scores of the survivors, dense size, progress) -> how many of a group go.
        scope: "neuron", "layer" or "global": what makes up a group.
        min_per_layer: so many survivors of every layer, the highest-scored ones, are never taken.
        cap: the largest share of a group's survivors that may go.

    Returns:
        (n,) bool tensors, and group -> {survivors, removed, index (the PQ index of the survivors' scores, with the amount's
        `norms` p and q, or .5 and 1), cut (the highest score that went, or None), note}.

    Raises:
        AllZeroError: if the amount is undefined on every group because all their scores are zero; CourseError.
    """
    for layer in layers:
        if not all(bool(torch.isfinite(scores[layer.alive]).all()) for scores in layer.scores):
            raise CourseError(f"layer {layer.name} has scores that are NaN or infinite; its weights must be finite.")
    # Free to go: all but the `min_per_layer` highest survivors, of equal ones the last.
    free = [lowest(layer.scores[-1], int(layer.alive.sum()) - min_per_layer, layer.alive) for layer in layers]
    gone: list[Tensor] = []
    seen: dict[str, dict[str, Any]] = {}
    if scope == "global":
        together = [torch.cat(epoch) for epoch in zip(*(layer.scores for layer in layers), strict=True)]
        alive = torch.cat([layer.alive for layer in layers])
        out, seen["all"] = _take(together, alive, torch.cat(free), amount, cap, progress)
        gone = list(out.split([len(layer.alive) for layer in layers]))
    for layer, allowed in zip(layers, free, strict=True) if scope != "global" else ():
        pools = layer.outputs if scope == "neuron" else 1
        rows = [scores.view(pools, -1) for scores in layer.scores]
        parts = [
            _take([r[i] for r in rows], layer.alive.view(pools, -1)[i], allowed.view(pools, -1)[i], amount, cap, progress)
            for i in range(pools)
        ]
        gone.append(torch.cat([out for out, _ in parts]))
        seen[layer.name] = _summary([facts for _, facts in parts])
    if seen and all(facts["note"] == ONLY_ZEROS for facts in seen.values()):
        raise AllZeroError("every group to prune has only scores of zero; there is nothing to rank.")
    return gone, seen


def _take(
    scores: list[Tensor],
    alive: Tensor,
    free: Tensor,
    amount: Callable[[Tensor, int, float], int],
    cap: float,
    progress: float,
) -> tuple[Tensor, dict[str, Any]]:
    survivors, available = int(alive.sum()), int(free.sum())
    nothing = torch.zeros_like(alive)
    facts: dict[str, Any] = {"survivors": survivors, "removed": 0, "index": None, "cut": None, "note": ""}
    if not survivors:
        return nothing, facts | {"note": "empty"}
    gone = free
    try:
        for epoch in scores:  # low in EACH epoch: the sets are intersected
            count = amount(epoch[alive], alive.numel(), progress)
            gone = gone & lowest(epoch, min(count, available), free)
    except AllZeroError:
        return nothing, facts | {"note": ONLY_ZEROS}
    limit = min(available, math.floor(cap * survivors + 1e-9))
    if int(gone.sum()) > limit:
        gone = lowest(scores[-1], limit, gone)
        facts["note"] = "capped"
    last = scores[-1]
    if bool(last[alive].any()):
        facts["index"] = pq_index(last[alive], *getattr(amount, "norms", (0.5, 1.0)))
    taken = last[gone]
    return gone, facts | {"removed": taken.numel(), "cut": taken.max().item() if taken.numel() else None}


def _summary(parts: list[dict[str, Any]]) -> dict[str, Any]:
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
