"""The legal part of a pruner of one's own: the lowest scores of all layers together go, and each layer keeps its best."""

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


def take_lowest(scores: Tensors, kept: Tensors, gone: int, least: int) -> Tensors:
    """Legal masks: of all layers together the lowest scores go; each layer keeps its `least` highest of those it has."""
    return _masks(scores, kept, gone, least)


def _masks(
    scores: Tensors,
    kept: Tensors,
    gone: int,
    least: int,
    seen_as: Callable[[Tensor], Tensor] = lambda score: score,
    last: float = -torch.inf,
    protected: Callable[[Tensor], Tensor] = lambda score: score.argsort(descending=True, stable=True),
) -> Tensors:
    """seen_as: score -> what is ranked. last: what stands for a gone weight. protected: scores -> who is kept first."""
    flat = {name: seen_as(score.detach().flatten()).double() for name, score in scores.items()}
    for name, values in flat.items():
        before = kept[name].flatten()
        values = values.masked_fill(~before, last)
        values[protected(values)[: min(least, int(before.sum()))]] = torch.inf
        flat[name] = values
    stays = torch.ones(sum(map(len, flat.values())), dtype=torch.bool)
    stays[torch.cat(list(flat.values())).argsort(stable=True)[: max(gone, 0)]] = False
    parts = stays.split([len(values) for values in flat.values()])
    return {name: part.view(scores[name].shape) for name, part in zip(scores, parts, strict=True)}


def _drawn(rng: torch.Generator) -> Tensors:
    """Scores of three layers on different scales."""
    shapes, scales = ((6, 5), (4, 6), (3, 4)), (1.0, 0.3, 3.0)
    return {
        f"hidden{n}.weight": scale * few_large(rng, *shape).abs()
        for n, (shape, scale) in enumerate(zip(shapes, scales, strict=True))
    }


def _all(scores: Tensors) -> Tensors:
    return {name: torch.ones_like(score, dtype=torch.bool) for name, score in scores.items()}


def _networks(rng: torch.Generator) -> list[Case]:
    scores = _drawn(rng)
    total = sum(map(Tensor.numel, scores.values()))
    half = {name: torch.rand(score.shape, generator=rng) > 0.4 for name, score in scores.items()}
    gone = sum(int((~mask).sum()) for mask in half.values())
    more = gone + integer(rng, 5, 9)
    lonely = dict(half, **{"hidden2.weight": torch.zeros(3, 4, dtype=torch.bool)})
    lonely["hidden2.weight"][1, 2] = True
    few = sum(int((~mask).sum()) for mask in lonely.values())
    louder = {name: score + 100.0 * ~half[name] for name, score in scores.items()}
    equal = {name: torch.ones_like(score) for name, score in scores.items()}
    small = dict(scores, **{"hidden2.weight": 1e-3 * scores["hidden2.weight"]})
    below = {name: score - 200.0 for name, score in scores.items()}
    double = {name: score.double() for name, score in scores.items()}
    return [
        Case("half of the weights of three layers", (scores, _all(scores), total // 2, 2)),
        Case("a second round", (scores, half, more, 2)),
        Case("a layer of low scores that has to keep some", (small, _all(small), total - 24, 6)),
        Case("a second round in which gone weights have high scores", (louder, half, more, 3)),
        Case("scores below zero", (below, half, more, 2)),
        Case("an odd number to go", (scores, _all(scores), 2 * (total // 3) + 1, 4)),
        Case("equal scores only", (equal, _all(equal), total // 3, 2), edge=True),
        Case("float64", (double, half, more, 2), edge=True),
        Case("no more to go than before", (scores, half, gone, 2), edge=True),
        Case("nothing to go", (scores, _all(scores), 0, 2), edge=True),
        Case("a layer that has fewer than it should keep", (scores, lonely, few + 3, 3), edge=True),
        Case("the most that the rules allow", (scores, _all(scores), total - 12, 4), edge=True),
        Case("layers that need keep nothing", (small, _all(small), total - 20, 0), edge=True),
    ]


def _survivors(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """The scores that are left, sorted: of equal ones any may go."""
    scores, kept, gone, least = inputs
    must_be_legal(output, kept, gone, least)
    left = torch.cat([scores[name].double()[output[name]] for name in scores])
    return left.sort().values, afterwards


def _more(scores: Tensors, kept: Tensors, gone: int, least: int) -> Tensors:
    """So many go beside those that are gone."""
    return _masks(scores, kept, gone + sum(int((~mask).sum()) for mask in kept.values()), least)


def _per_layer(scores: Tensors, kept: Tensors, gone: int, least: int) -> Tensors:
    share = gone / sum(map(Tensor.numel, scores.values()))
    alone = [({n: s}, {n: kept[n]}, round(share * s.numel()), least) for n, s in scores.items()]
    return {name: mask for one in alone for name, mask in _masks(*one).items()}


def _revived(scores: Tensors, kept: Tensors, gone: int, least: int) -> Tensors:
    return _masks(scores, _all(scores), gone, least)


EXERCISE = Exercise(
    "take_lowest",
    lesson="08",
    points=3,
    reference=take_lowest,
    cases=_networks,
    misconceptions=(
        Misconception(
            "brings weights back",
            "What was gone has to stay gone: give it the lowest score of all, so that it goes first.",
            _revived,
        ),
        Misconception(
            "gone counted twice",
            "`gone` is the number of weights that are gone IN ALL, with those of earlier rounds; this takes so many more.",
            _more,
        ),
        Misconception(
            "layer emptied",
            "Each layer has to keep `least` weights: protect its highest ones before all layers are ranked together.",
            lambda scores, kept, gone, least: _masks(scores, kept, gone, 0),
        ),
        Misconception(
            "zero for the lowest",
            "A score may lie below zero: what is gone needs minus infinity, or it is not the first to go.",
            lambda scores, kept, gone, least: _masks(scores, kept, gone, least, last=0.0),
        ),
        Misconception(
            "highest first",
            "A high score means important: the LOWEST go.",
            lambda scores, kept, gone, least: _masks(scores, kept, gone, least, seen_as=torch.neg),
        ),
        Misconception(
            "scores without their sign",
            "These are scores, not weights: rank them as they are, without abs().",
            lambda scores, kept, gone, least: _masks(scores, kept, gone, least, seen_as=torch.abs),
        ),
        Misconception(
            "the lowest protected",
            "The `least` weights that a layer keeps are those with its HIGHEST scores.",
            lambda scores, kept, gone, least: _masks(
                scores, kept, gone, least, protected=lambda s: s.masked_fill(s.isinf(), torch.inf).argsort(stable=True)
            ),
        ),
        Misconception(
            "share rounded in each layer",
            "The layers are ranked together: the same share in each is another choice, and does not always sum to `gone`.",
            _per_layer,
        ),
        Misconception(
            "inverted mask",
            "True means KEPT; this marks what goes.",
            lambda scores, kept, gone, least: {n: ~m for n, m in _masks(scores, kept, gone, least).items()},
        ),
        Misconception(
            "numbers instead of masks",
            "These are numbers, or the scores that are left; a mask is a tensor of True and False.",
            lambda scores, kept, gone, least: {n: m.float() for n, m in _masks(scores, kept, gone, least).items()},
        ),
        Misconception(
            "nothing goes", "Nothing goes here beside what was gone before.", lambda s, kept, gone, least: dict(kept)
        ),
    ),
    view=_survivors,
    wanted=lambda inputs, _: (
        f"bool masks, {inputs[2]} weights gone in all, those of the lowest scores, at least {inputs[3]} kept in each layer"
    ),
)
