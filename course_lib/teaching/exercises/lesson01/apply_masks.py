"""Set to zero what masks take away, in place."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.teaching.exercises.attempts import Case, Network
from course_lib.teaching.exercises.base import AUTOGRAD, Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.lesson01.networks import conv_layer, dense_layer, drawn_network, weight_of

Masks = Mapping[str, Tensor]


def apply_masks(model: nn.Module, masks: Masks) -> None:
    """Set to zero, in place, every entry of `model`'s parameters whose mask is False; filled, because NaN * 0 is NaN."""
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            parameters[name].masked_fill_(~mask, 0)


def _masked_networks(rng: torch.Generator) -> list[Case]:
    def mask(*shape: int) -> Tensor:
        drawn = torch.rand(*shape, generator=rng) < 0.5
        drawn.view(-1)[:2] = torch.tensor([True, False])
        return drawn

    n, c = integer(rng, 4, 6), integer(rng, 7, 9)
    two = drawn_network(rng, hidden=dense_layer(c, n), head=dense_layer(n, 3))
    chain = drawn_network(rng, conv=conv_layer(2, n), norm=(nn.BatchNorm2d, {"num_features": n}))
    ill, infinite, mixed = (copy.deepcopy(two) for _ in range(3))
    holes = mask(n, c)
    weight_of(ill, "hidden")[~holes] = torch.nan
    weight_of(infinite, "hidden")[~holes] = torch.inf
    weight_of(mixed, "hidden")[:, :2] = torch.tensor([torch.nan, -torch.inf])
    nested = Network({"block": Network({**chain.layers, **two.layers}), **two.layers})
    whole = {name: torch.ones(shape, dtype=torch.bool) for name, shape in (("hidden.weight", (n, c)), ("head.bias", (3,)))}
    return [
        Case("one layer, its weight masked", (drawn_network(rng, only=dense_layer(3, 2)), {"only.weight": mask(2, 3)})),
        Case("two layers of which one is named", (two, {"hidden.weight": mask(n, c)})),
        Case("weights and a bias", (two, {"hidden.weight": mask(n, c), "head.weight": mask(3, n), "hidden.bias": mask(n)})),
        Case("a convolution and a BatchNorm", (chain, {"conv.weight": mask(n, 2, 3, 3), "norm.weight": mask(n)})),
        Case("a network inside a network", (nested, {"block.hidden.weight": mask(n, c), "hidden.bias": mask(n)})),
        Case("weights that are NaN where the mask is False", (ill, {"hidden.weight": holes}), edge=True),
        Case("weights that are infinite where the mask is False", (infinite, {"hidden.weight": holes}), edge=True),
        Case("weights that are NaN or infinite, kept or not", (mixed, {"hidden.weight": mask(n, c)}), edge=True),
        Case("masks that keep everything", (two, whole), edge=True),
        Case("masks that keep nothing", (two, {name: ~kept for name, kept in whole.items()}), edge=True),
        Case("no masks at all", (two, {}), edge=True),
        Case("a mask that is not contiguous", (two, {"hidden.weight": mask(c, n).T}), edge=True),
        Case("float64", (drawn_network(rng, double=True, only=dense_layer(c, n)), {"only.weight": mask(n, c)}), edge=True),
    ]


def _parameters(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """What counts is what the model, and the masks, are afterwards; NaN, which is equal to nothing, gets a number.

    Which entries are zero is told apart from those that nearly are, and the type of number must stay.
    """
    model, masks, log = afterwards
    numbers = {name: torch.nan_to_num(tensor, 77.0, 78.0, 79.0) for name, tensor in model.items()}
    exactly = {name: (tensor == 0, str(tensor.dtype)) for name, tensor in model.items()}
    return numbers, exactly, masks, log


def _each(change: Callable[[nn.Parameter, Tensor], Any]) -> Callable[[nn.Module, Masks], None]:
    def wrong(model: nn.Module, masks: Masks) -> None:
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if name in masks:
                    change(parameter, masks[name])

    return wrong


def _with_autograd(model: nn.Module, masks: Masks) -> None:
    for name, mask in masks.items():
        model.get_parameter(name)[~mask] = 0


def _fills_with_autograd(model: nn.Module, masks: Masks) -> None:
    for name, mask in masks.items():
        model.get_parameter(name).masked_fill_(~mask, 0)


def _all_named(model: nn.Module, masks: Masks) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.masked_fill_(~masks[name], 0)


def _unnamed_gone(model: nn.Module, masks: Masks) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.masked_fill_(~masks.get(name, torch.zeros_like(parameter, dtype=torch.bool)), 0)


def _some(which: Callable[[str, Tensor], bool]) -> Callable[[nn.Module, Masks], None]:
    return lambda model, masks: apply_masks(model, {name: mask for name, mask in masks.items() if which(name, mask)})


def _single(parameter: nn.Parameter, mask: Tensor) -> None:
    parameter.data = torch.where(mask, parameter.data.float(), torch.zeros(()))


def _by_position(model: nn.Module, masks: Masks) -> None:
    for parameter, mask in zip(model.parameters(), masks.values(), strict=False):
        parameter.data[~mask] = 0


def _by_suffix(model: nn.Module, masks: Masks) -> None:
    for name, parameter in model.named_parameters():
        for other, mask in masks.items():
            if name.endswith(other):
                parameter.data[~mask] = 0


_BIASES = "Masks may name biases and BatchNorm's parameters as well."
_PRODUCT = (
    "NaN * 0 is NaN, and so is infinity * 0: with a product a weight that has gone wrong stays wrong although it is masked. "
    "Fill with zero instead."
)
EXERCISE = Exercise(
    "apply_masks",
    lesson="01",
    points=1,
    reference=apply_masks,
    cases=_masked_networks,
    misconceptions=(
        Misconception("multiplied by the mask", _PRODUCT, _each(lambda p, mask: p.mul_(mask))),
        Misconception(
            "inverted mask",
            "True means KEPT; this removes what should stay.",
            _each(lambda p, mask: p.masked_fill_(mask, 0)),
        ),
        Misconception(
            "changes nothing",
            "Nothing has changed: masked_fill makes a new tensor. Write into the model's own parameters (masked_fill_).",
            _each(lambda p, mask: p.masked_fill(~mask, 0)),
        ),
        Misconception(
            "a parameter that is not named",
            "Not every parameter has a mask; one that is not named is kept whole.",
            _all_named,
        ),
        Misconception(
            "a parameter that is not named",
            "A parameter that the masks do not name is kept whole; this sets it to zero.",
            _unnamed_gone,
        ),
        Misconception("weights only", _BIASES, _some(lambda name, mask: name.endswith("weight"))),
        Misconception("weights only", _BIASES, _some(lambda name, mask: name.endswith("weight") and name.count(".") == 1)),
        Misconception(
            "one axis left out", "A mask of one axis counts as well: biases can go, too.", _some(lambda name, m: m.ndim > 1)
        ),
        Misconception(
            "nested layers missed",
            "A layer may lie within another one, as in block.hidden.weight: model.get_parameter(name) finds it.",
            _some(lambda name, mask: name.count(".") == 1),
        ),
        Misconception(
            "part of a name",
            "A mask belongs to the parameter of exactly that name; another one may end or begin alike.",
            _by_suffix,
        ),
        Misconception("names not read", "Masks and parameters belong together by NAME, not by their order.", _by_position),
        Misconception(
            "nearly zero",
            "Zero means exactly 0: whoever counts what is left counts a small number as well.",
            _each(lambda p, mask: p.masked_fill_(~mask, 1e-8)),
        ),
        Misconception(
            "kept weights repaired",
            "What is kept stays as it is, NaN and infinity too: fill in zero where the mask is False, and nowhere else.",
            _each(lambda p, mask: p.copy_(torch.nan_to_num(p) * mask)),
        ),
        Misconception(
            "another type of number",
            "The parameters have another type of number now (dtype): write into them what their own type can hold.",
            _each(_single),
        ),
        Misconception("autograd in the way", AUTOGRAD, _with_autograd),
        Misconception("autograd in the way", AUTOGRAD, _fills_with_autograd),
        Misconception(
            "mask in place of the weights",
            "The kept weights are 1 now: the mask itself was written where the weights should stay as they are.",
            _each(lambda p, mask: p.copy_(mask)),
        ),
        Misconception(
            "sets all to zero", "Where the mask is True the weights stay as they are.", _each(lambda p, mask: p.zero_())
        ),
    ),
    view=_parameters,
)
