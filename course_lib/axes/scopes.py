"""Ranked against whom? Scopes: a unit competes within its neuron, within its layer, or with those of all layers.

`decide` puts up the groups that a scope makes, asks the amount how many of each go, and takes exactly that many of the
lowest scores, ties included.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import torch
from torch import Tensor

from course_lib.axes import rows
from course_lib.axes.amounts import Allocation, Amount, Normed, Shape
from course_lib.axes.pqindex import AllZeroError, pq_index, pq_indices
from course_lib.axes.selection import lowest
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
    told: bool = True,
) -> tuple[list[Tensor], dict[str, Seen]]:
    """Return per layer a bool tensor of what goes this round, and per ranked group what was seen there.

    Args:
        layers: what there is to choose from.
        amount: how many of a group go, see `amounts`.
        scope: "neuron", "layer" or "global": what makes up a group.
        min_per_layer: so many survivors of every layer, the highest-scored ones, are never taken.
        cap: the largest share of a group's survivors that may go.
        progress: in (0, 1], for amounts with a schedule.
        told: whether the index and the cut of each group are wanted; without them they are None.

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
        if not all(_finite(scores, layer.alive) for scores in layer.scores):
            raise CourseError(f"layer {layer.name} has scores that are NaN or infinite; its weights must be finite.")
    if scope == "global":
        gone, seen = _together(layers, min_per_layer, _one_for_all(amount, scope), cap, progress, told)
    else:
        free = [_free(layer, min_per_layer) for layer in layers]
        amounts = _bound(amount, layers, scope)
        found = [_layer(*given, scope, cap, progress, told) for given in zip(layers, free, amounts, strict=True)]
        gone = [out for out, _ in found]
        seen = {layer.name: facts for layer, (_, facts) in zip(layers, found, strict=True)}
    if seen and all(facts["note"] == ONLY_ZEROS for facts in seen.values()):
        raise AllZeroError("every group to prune has only scores of zero; there is nothing to rank.")
    return gone, seen


def finite(values: Tensor) -> bool:
    """Return whether no value is NaN or infinite: of its least and its greatest one look is enough.

    >>> finite(torch.tensor([1.0, torch.nan])), finite(torch.ones(0))
    (False, True)
    """
    return not values.numel() or all(map(math.isfinite, torch.stack(torch.aminmax(values)).tolist()))


def _finite(scores: Tensor, alive: Tensor) -> bool:
    """Return whether the survivors' scores are finite; what is gone may score anything, and mostly scores 0."""
    return finite(scores) or finite(scores[alive])


def _free(layer: Candidates, least: int) -> Tensor:
    """Return who may go: all but the `least` highest survivors, of equal ones the last."""
    return lowest(layer.scores[-1], int(layer.alive.sum()) - least, layer.alive) if least else layer.alive


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
    layers: Sequence[Candidates], least: int, amount: Amount, cap: float, progress: float, told: bool
) -> tuple[list[Tensor], dict[str, Seen]]:
    sizes = [len(layer.alive) for layer in layers]
    scores = [_joined(layers, epoch) for epoch in range(len(layers[0].scores))]
    free = torch.cat([_free(layer, least) for layer in layers]) if least else None
    alive = torch.cat([layer.alive for layer in layers])
    for layer, part in zip(layers, alive.split(sizes), strict=True):
        layer.alive = part  # as with the scores: nothing is held twice
    gone, facts = _take(scores, alive, alive if free is None else free, amount, cap, progress, told)
    return list(gone.split(sizes)), {"all": facts}


def _joined(layers: Sequence[Candidates], epoch: int) -> Tensor:
    """Return the scores of all layers as one tensor, of which each layer now has its part: all are never held twice."""
    parts = [layer.scores[epoch] for layer in layers]
    if _in_a_row(parts):  # `placed` has put them there
        return parts[0].as_strided((sum(map(len, parts)),), (1,))
    kind = functools.reduce(torch.promote_types, (part.dtype for part in parts))
    whole = torch.empty(sum(len(layer.alive) for layer in layers), dtype=kind, device=layers[0].alive.device)
    for layer, part in zip(layers, whole.split([len(layer.alive) for layer in layers]), strict=True):
        layer.scores[epoch] = part.copy_(layer.scores[epoch])
    return whole


def _in_a_row(parts: Sequence[Tensor]) -> bool:
    """Return whether 1-d tensors of one type lie one behind the other in one piece of memory."""
    places = itertools.accumulate(map(len, parts), initial=parts[0].storage_offset())
    piece = parts[0].untyped_storage().data_ptr()
    return all(
        part.dtype == parts[0].dtype
        and part.is_contiguous()
        and part.storage_offset() == place
        and part.untyped_storage().data_ptr() == piece
        for part, place in zip(parts, places, strict=False)
    )


def placed(values: Sequence[Tensor], together: list[Tensor], begin: int, total: int) -> list[Tensor]:
    """Put a layer's scores from place `begin` on into `together`, which has room for the `total` scores of all layers.

    values: one tensor an epoch. together: one tensor an epoch, made here when the first layer comes. A layer whose scores
    are of another type than the first one's keeps its own.

    >>> together = []
    >>> [placed([torch.ones(2) * n], together, begin, 4)[0].tolist() for n, begin in ((1, 0), (2, 2))], together
    ([[1.0, 1.0], [2.0, 2.0]], [tensor([1., 1., 2., 2.])])
    """
    together += [value.new_empty(total) for value in values[len(together) :]]
    return [
        room[begin : begin + len(value)].copy_(value) if room.dtype == value.dtype else value
        for room, value in zip(together, values, strict=False)
    ]


def _layer(
    layer: Candidates, free: Tensor, amount: Amount, scope: str, cap: float, progress: float, told: bool
) -> tuple[Tensor, Seen]:
    if scope != "neuron":
        return _take(layer.scores, layer.alive, free, amount, cap, progress, told)
    epochs = [scores.view(layer.outputs, -1) for scores in layer.scores]
    alive, free = layer.alive.view(layer.outputs, -1), free.view(layer.outputs, -1)
    if isinstance(amount, rows.ByRows):
        return _all_rows(epochs, alive, free, amount, cap, progress, told)
    parts = [
        _take([epoch[i] for epoch in epochs], alive[i], free[i], amount, cap, progress, told) for i in range(layer.outputs)
    ]
    return torch.cat([out for out, _ in parts]), _summary([facts for _, facts in parts])


def _all_rows(
    scores: list[Tensor], alive: Tensor, free: Tensor, amount: rows.ByRows, cap: float, progress: float, told: bool
) -> tuple[Tensor, Seen]:
    """Do for all rows at once what `_take` does for one, and sum it up as `_summary` does."""
    gone, codes = rows.take(scores, alive, free, amount, cap, progress)
    names = {0: "", rows.EMPTY: "empty", rows.ZEROS: ONLY_ZEROS, rows.CAPPED: "capped"}
    facts: Seen = {
        "survivors": int(torch.count_nonzero(alive)), "removed": int(torch.count_nonzero(gone)), "index": None, "cut": None,
        "note": _noted([names[code] for code in codes.tolist()]),
    }  # fmt: skip
    if told:
        indices = pq_indices(scores[-1], alive, *_norms_of(amount))
        indices = indices[(codes != rows.ZEROS) & ~indices.isnan()]
        facts["index"] = indices.mean().item() if len(indices) else None
        facts["cut"] = scores[-1][gone].max().item() if facts["removed"] else None
    return gone.flatten(), facts


def _take(
    scores: list[Tensor], alive: Tensor, free: Tensor, amount: Amount, cap: float, progress: float, told: bool
) -> tuple[Tensor, Seen]:
    survivors = int(torch.count_nonzero(alive))
    available = survivors if free is alive else int(torch.count_nonzero(free))
    facts: Seen = {"survivors": survivors, "removed": 0, "index": None, "cut": None, "note": ""}
    if not survivors:
        return torch.zeros_like(alive), {**facts, "note": "empty"}
    allowed = None if available == alive.numel() else free
    gone: Tensor | None = None
    values = scores[-1]
    try:
        for epoch in scores:  # low in EACH epoch: the sets are intersected
            values = epoch if survivors == alive.numel() else epoch[alive]
            low = lowest(epoch, min(amount(values, alive.numel(), progress), available), allowed)
            gone = low if gone is None else gone & low
    except AllZeroError:
        return torch.zeros_like(alive), {**facts, "note": ONLY_ZEROS}
    assert gone is not None  # there is at least one epoch
    limit = min(available, math.floor(cap * survivors + 1e-9))
    if limit < available and int(torch.count_nonzero(gone)) > limit:
        gone = lowest(scores[-1], limit, gone)
        facts["note"] = "capped"
    facts["removed"] = int(torch.count_nonzero(gone))
    if told:
        if bool(values.any()):
            facts["index"] = pq_index(values, *_norms_of(amount))
        facts["cut"] = scores[-1][gone].max().item() if facts["removed"] else None
    return gone, facts


def _norms_of(amount: object) -> tuple[float, float]:
    """Return the p and q with which a group's index is recorded."""
    return amount.norms if isinstance(amount, Normed) else (0.5, 1.0)


def _summary(parts: list[Seen]) -> Seen:
    """One row for a layer of several groups: counts added, the index averaged, the highest cut, how many have a note."""
    indices = [part["index"] for part in parts if part["index"] is not None]
    cuts = [part["cut"] for part in parts if part["cut"] is not None]
    return {
        "survivors": sum(part["survivors"] for part in parts),
        "removed": sum(part["removed"] for part in parts),
        "index": sum(indices) / len(indices) if indices else None,
        "cut": max(cuts, default=None),
        "note": _noted([part["note"] for part in parts]),
    }


def _noted(notes: Sequence[str]) -> str:
    """Return how many of several groups have each note."""
    counts = Counter(note for note in notes if note)
    return "; ".join(note if n == len(notes) else f"{note} ({n} of {len(notes)})" for note, n in counts.items())
