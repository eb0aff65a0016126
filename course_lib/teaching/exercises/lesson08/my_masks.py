"""A pruner of one's own: which weights go is free, what is legal is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.capstone.spending import must_be_legal
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import few_large, integer

Tensors = dict[str, Tensor]


def my_masks(weights: Tensors, kept: Tensors, gone: int, least: int) -> Tensors:
    """The library's version: the smallest |w| of all layers together go; each layer keeps its `least` largest."""
    return _masks(weights, kept, gone, least)


def _masks(
    weights: Tensors,
    kept: Tensors,
    gone: int,
    least: int,
    score: Callable[[Tensor], Tensor] = torch.abs,
    revive: bool = False,
) -> Tensors:
    """revive: whether what was gone before is ranked anew."""
    flat = {name: score(weight.detach().flatten()).float() for name, weight in weights.items()}
    for name, values in flat.items():
        before = torch.ones_like(kept[name]).flatten() if revive else kept[name].flatten()
        values = values.masked_fill(~before, -torch.inf)
        order = values.argsort(stable=True, descending=True)[: min(least, int(before.sum()))]
        values[order] = torch.inf
        flat[name] = values
    stays = torch.ones(sum(map(len, flat.values())), dtype=torch.bool)
    stays[torch.cat(list(flat.values())).argsort(stable=True)[: max(gone, 0)]] = False
    parts = stays.split([len(values) for values in flat.values()])
    return {name: part.view(weights[name].shape) for name, part in zip(weights, parts, strict=True)}


def _drawn(rng: torch.Generator, *shapes: tuple[int, int]) -> Tensors:
    scales = (1.0, 0.3, 3.0)
    return {f"dense{n}.weight": scales[n] * few_large(rng, *shape) for n, shape in enumerate(shapes)}


def _all(weights: Tensors) -> Tensors:
    return {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in weights.items()}


def _some(rng: torch.Generator, weights: Tensors, share: float) -> Tensors:
    return {name: torch.rand(weight.shape, generator=rng) > share for name, weight in weights.items()}


def _networks(rng: torch.Generator) -> list[Case]:
    weights = _drawn(rng, (6, 5), (4, 6), (3, 4))
    total = sum(map(Tensor.numel, weights.values()))
    half = _some(rng, weights, 0.4)
    gone = sum(int((~mask).sum()) for mask in half.values())
    more = gone + integer(rng, 5, 9)
    lonely = dict(half, **{"dense2.weight": torch.zeros(3, 4, dtype=torch.bool)})
    lonely["dense2.weight"][1, 2] = True
    few = sum(int((~mask).sum()) for mask in lonely.values())
    equal = {name: torch.ones_like(weight) for name, weight in weights.items()}
    small = dict(weights, **{"dense2.weight": 1e-3 * weights["dense2.weight"]})
    zeros = {name: weight * (weight.abs() > 0.2) for name, weight in weights.items()}
    double = {name: weight.double() for name, weight in weights.items()}
    return [
        Case("half of the weights of three layers", (weights, _all(weights), total // 2, 2)),
        Case("a second round", (weights, half, more, 2)),
        Case("a layer of small weights that has to keep some", (small, _all(small), total - 24, 6)),
        Case("a second round in which gone weights are large", (_louder(weights, half), half, more, 3)),
        Case("an odd number to go", (weights, _all(weights), 2 * (total // 3) + 1, 4)),
        Case("equal weights only", (equal, _all(equal), total // 3, 2), edge=True),
        Case("weights of zero that are kept so far", (zeros, _all(zeros), 7, 2), edge=True),
        Case("float64", (double, half, more, 2), edge=True),
        Case("no more to go than before", (weights, half, gone, 2), edge=True),
        Case("nothing to go", (weights, _all(weights), 0, 2), edge=True),
        Case("a layer that has fewer than it should keep", (weights, lonely, few + 3, 3), edge=True),
        Case("as many to go as the rules allow", (weights, _all(weights), total - 12, 4), edge=True),
        Case("layers that need keep nothing", (small, _all(small), total - 20, 0), edge=True),
    ]


def _louder(weights: Tensors, kept: Tensors) -> Tensors:
    return {name: weight + 100.0 * ~kept[name] for name, weight in weights.items()}


def _legal(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    _, kept, gone, least = inputs
    must_be_legal(output, kept, gone, least)
    return "legal", afterwards


def _more(weights: Tensors, kept: Tensors, gone: int, least: int) -> Tensors:
    """So many go beside those that are gone."""
    before = sum(int((~mask).sum()) for mask in kept.values())
    return _masks(weights, kept, gone + before, least)


def _per_layer(weights: Tensors, kept: Tensors, gone: int, least: int) -> Tensors:
    share = gone / sum(map(Tensor.numel, weights.values()))
    alone = [({n: w}, {n: kept[n]}, round(share * w.numel()), least) for n, w in weights.items()]
    return {name: mask for one in alone for name, mask in _masks(*one).items()}


def _threshold(weights: Tensors, kept: Tensors, gone: int, least: int) -> Tensors:
    values = torch.cat([w.abs().masked_fill(~kept[n], -1).flatten() for n, w in weights.items()])
    cut = values.sort().values[gone - 1] if gone else torch.tensor(-2.0)
    return {n: (w.abs() > cut) & kept[n] for n, w in weights.items()}


EXERCISE = Exercise(
    "my_masks",
    lesson="08",
    points=4,
    reference=my_masks,
    cases=_networks,
    misconceptions=(
        Misconception(
            "brings weights back",
            "What was gone has to stay gone: give it the lowest score of all, so that it goes first.",
            lambda weights, kept, gone, least: _masks(weights, kept, gone, least, revive=True),
        ),
        Misconception(
            "gone counted twice",
            "`gone` is the number of weights that are gone IN ALL, with those of earlier rounds; this takes so many more.",
            _more,
        ),
        Misconception(
            "layer emptied",
            "Each layer has to keep `least` weights: protect its strongest ones before all layers are ranked together.",
            lambda weights, kept, gone, least: _masks(weights, kept, gone, 0),
        ),
        Misconception(
            "share rounded in each layer",
            "The same share in each layer, rounded there, does not sum to exactly `gone`.",
            _per_layer,
        ),
        Misconception(
            "threshold",
            "A threshold takes all of equal weights, or none, and knows no `least`: choose exactly that many INDICES.",
            _threshold,
        ),
        Misconception(
            "inverted mask",
            "True means KEPT; this marks what goes.",
            lambda weights, kept, gone, least: {n: ~m for n, m in _masks(weights, kept, gone, least).items()},
        ),
        Misconception(
            "numbers instead of masks",
            "These are numbers, or the weights that are left; a mask is a tensor of True and False.",
            lambda weights, kept, gone, least: {n: m.float() for n, m in _masks(weights, kept, gone, least).items()},
        ),
        Misconception(
            "nothing goes", "Nothing goes here beside what was gone before.", lambda w, kept, gone, least: dict(kept)
        ),
    ),
    view=_legal,
    wanted=lambda inputs, _: f"bool masks with {inputs[2]} weights gone in all, at least {inputs[3]} kept in each layer",
)
