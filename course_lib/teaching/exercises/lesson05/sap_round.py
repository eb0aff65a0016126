"""One round of SAP, for each scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import few_large, integer
from course_lib.teaching.exercises.lesson05.sap_group import MISTAKES, close_together, sap_group, tied


def sap_round(
    weights: Mapping[str, Tensor], masks: Mapping[str, Tensor], scope: str, p: float = 1.0, q: float = 2.0
) -> dict[str, Tensor]:
    """New masks after one round: `sap_group` for every group of the scope."""
    return _round(weights, masks, scope, p, q)


def _round(
    weights: Mapping[str, Tensor],
    masks: Mapping[str, Tensor],
    scope: str,
    p: float = 1.0,
    q: float = 2.0,
    of_group: Callable[..., Tensor] = sap_group,
) -> dict[str, Tensor]:
    """of_group: (flat weights, flat mask, p, q) of a group -> its new mask."""
    if scope == "global":
        values, kept = (torch.cat([tensors[name].flatten() for name in weights]) for tensors in (weights, masks))
        parts = of_group(values, kept, p, q).split([w.numel() for w in weights.values()])
        return {name: part.view_as(weights[name]) for name, part in zip(weights, parts, strict=True)}
    rows = {name: len(w) if scope == "neuron" else 1 for name, w in weights.items()}
    return {
        name: torch.stack(
            [
                of_group(values, kept, p, q)
                for values, kept in zip(w.reshape(rows[name], -1), masks[name].reshape(rows[name], -1), strict=True)
            ]
        ).view_as(w)
        for name, w in weights.items()
    }


def _networks(rng: torch.Generator) -> list[Case]:
    weights = {"conv.weight": few_large(rng, 2, 2, 3, 3), "hidden.weight": 8 * few_large(rng, 3, 12) + 0.01}
    dense = {name: torch.ones_like(w, dtype=torch.bool) for name, w in weights.items()}
    masks = {name: w.abs() > w.abs().median() for name, w in weights.items()}
    zeroed = {name: w * masks[name] for name, w in weights.items()}
    turned = dict(reversed(masks.items()))

    def one(label: str, w: Tensor, scope: str = "layer", mask: Tensor | None = None, edge: bool = True) -> Case:
        mask = torch.ones_like(w, dtype=torch.bool) if mask is None else mask
        return Case(label, ({"hidden.weight": w}, {"hidden.weight": mask}, scope, 1.0, 2.0), edge)

    holed = weights["hidden.weight"].clone()
    holed[:, integer(rng, 0, 5) :: 3] = 0
    lone = torch.zeros(2, 10)
    lone[1, integer(rng, 0, 9)] = 2.0
    empty = weights["hidden.weight"].abs() > weights["hidden.weight"].abs().median()
    empty[integer(rng, 0, 2)] = False
    return [
        Case("the first round, scope layer", (weights, dense, "layer")),
        Case("the first round, scope neuron", (weights, dense, "neuron")),
        Case("the first round, scope global", (weights, dense, "global")),
        Case("a later round, scope layer", (zeroed, masks, "layer", 1.0, 2.0)),
        Case("a later round, scope neuron", (zeroed, masks, "neuron", 1.0, 2.0)),
        Case("a later round, scope global, other norms", (zeroed, masks, "global", 0.5, 1.0)),
        Case("weights that are masked but not zero, other norms", (weights, masks, "layer", 0.5, 1.0)),
        Case("masks in another order than the weights", (weights, turned, "global", 1.0, 2.0)),
        one("weights that are zero but not masked", holed, edge=False),
        one("magnitudes that differ by little", close_together(), edge=False),
        one("equal magnitudes at the cut", tied()),
        one("zeros but for one weight, none of them masked", lone),
        one("nothing to spare", torch.full((2, 6), -0.5)),
        one("a neuron with nothing left", weights["hidden.weight"] * empty, "neuron", empty),
    ]


def _new_masks(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Of equal magnitudes any may go: what counts is which magnitudes each group keeps, and that nothing comes back."""
    weights, masks, scope, *_ = inputs
    if not isinstance(output, Mapping) or set(output) != set(weights):
        raise CourseError(f"return a dict with one mask for each of {', '.join(weights)}")
    for name, w in weights.items():
        mask = output[name]
        if not isinstance(mask, Tensor) or mask.dtype != torch.bool or mask.shape != w.shape:
            raise CourseError(f"the mask of {name} has to be a bool tensor of the shape {tuple(w.shape)}, True = kept")
    revived = sum(int((output[name] & ~masks[name]).sum()) for name in weights)
    groups = {
        "global": [[(w, output[name]) for name, w in weights.items()]],
        "layer": [[(w, output[name])] for name, w in weights.items()],
        "neuron": [[pair] for name, w in weights.items() for pair in zip(w, output[name], strict=True)],
    }[scope]
    kept = [torch.cat([w[mask].abs() for w, mask in group]).sort().values for group in groups]
    return kept, _smallest_went(weights, masks, output, scope), revived, afterwards


def _smallest_went(
    weights: Mapping[str, Tensor], masks: Mapping[str, Tensor], output: Mapping[str, Tensor], scope: str
) -> list[bool]:
    """Whether in each group nothing that stays is smaller than what goes, however little smaller."""
    stays, goes = (
        {name: w.abs().masked_fill(~of(name), fill).reshape(len(w), -1) for name, w in weights.items()}
        for of, fill in ((output.__getitem__, torch.inf), (lambda name: masks[name] & ~output[name], -1.0))
    )
    least, most = ([t.amin(1) for t in stays.values()], [t.amax(1) for t in goes.values()])
    if scope != "neuron":
        least, most = [t.min()[None] for t in least], [t.max()[None] for t in most]
    if scope == "global":
        least, most = [torch.cat(least).min()[None]], [torch.cat(most).max()[None]]
    return (torch.cat(least) >= torch.cat(most)).tolist()


def _described(inputs: tuple[Any, ...], output: Mapping[str, Tensor]) -> str:
    return "kept: " + ", ".join(f"{name} {int(mask.sum())} of {mask.numel()}" for name, mask in output.items())


def _by(of_group: Callable[..., Tensor]) -> Callable[..., dict[str, Tensor]]:
    return lambda weights, masks, scope, p=1.0, q=2.0: _round(weights, masks, scope, p, q, of_group)


def _always(scope: str) -> Callable[..., dict[str, Tensor]]:
    return lambda weights, masks, given, p=1.0, q=2.0: _round(weights, masks, scope, p, q)


def _by_place(
    weights: Mapping[str, Tensor], masks: Mapping[str, Tensor], scope: str, p: float = 1.0, q: float = 2.0
) -> dict[str, Tensor]:
    if scope != "global":
        return _round(weights, masks, scope, p, q)
    flat = torch.cat([mask.flatten() for mask in masks.values()]).split([w.numel() for w in weights.values()])
    return _round(weights, {k: m.view_as(weights[k]) for k, m in zip(weights, flat, strict=True)}, scope, p, q)


EXERCISE = Exercise(
    "sap_round",
    lesson="05",
    points=1,
    reference=sap_round,
    cases=_networks,
    misconceptions=(
        Misconception(
            "scope ignored", "This ranks within layers whatever `scope` says; the groups differ with it.", _always("layer")
        ),
        Misconception("scope ignored", "This ranks all layers together whatever `scope` says.", _always("global")),
        Misconception("scope ignored", "This ranks within neurons whatever `scope` says.", _always("neuron")),
        Misconception(
            "inverted mask",
            "True means KEPT; this marks what goes.",
            lambda weights, masks, scope, p=1.0, q=2.0: {k: ~m for k, m in _round(weights, masks, scope, p, q).items()},
        ),
        Misconception(
            "columns for neurons",
            "A neuron is a ROW, w[j] (a filter of a convolution likewise); this groups by columns.",
            lambda weights, masks, scope, p=1.0, q=2.0: (
                {
                    name: _round({name: w.transpose(0, 1)}, {name: masks[name].transpose(0, 1)}, "neuron", p, q)[
                        name
                    ].transpose(0, 1)
                    for name, w in weights.items()
                }
                if scope == "neuron"
                else _round(weights, masks, scope, p, q)
            ),
        ),
        Misconception(
            "by place, not by name",
            "Masks belong to the weights of their NAME; the two dicts may list them in different orders.",
            _by_place,
        ),
        Misconception(
            "p and q ignored",
            "p and q are not handed on to sap_group.",
            lambda weights, masks, scope, p=1.0, q=2.0: _round(weights, masks, scope),
        ),
        # what goes wrong within a group, of those who do not call sap_group
        *(Misconception(known.name, known.sentence, _by(known.function)) for known in MISTAKES),
    ),
    view=_new_masks,
    wanted=_described,
)
