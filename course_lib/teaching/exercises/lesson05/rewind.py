"""Set a model back to its start, without what is masked."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.teaching.exercises.attempts import Case, Layer, Network
from course_lib.teaching.exercises.base import AUTOGRAD, Exercise, Misconception
from course_lib.teaching.exercises.draws import integer


def rewind(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    """Set the whole state of `model` back to `start`, in place, and then what `masks` exclude to zero."""
    model.load_state_dict(dict(start))
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0


def _trained(rng: torch.Generator) -> list[Case]:
    def case(label: str, kind: str, masked: bool = True, edge: bool = False, **arguments: Any) -> Case:
        module = getattr(nn, kind)(**arguments)
        state = module.state_dict()
        start, now = (
            {k: (torch.randn(t.shape, generator=rng) if t.is_floating_point() else t.clone() + by) for k, t in state.items()}
            for by in (0, 9)
        )
        masks = {"weight": torch.rand(start["weight"].shape, generator=rng) < 0.5} if masked else {}
        if masked:
            masks["weight"].view(-1)[:2] = torch.tensor([True, False])
        return Case(label, (Layer(kind, arguments, now), start, masks), edge)

    n = integer(rng, 4, 6)
    with torch.random.fork_rng(devices=[]):
        return [
            case("a linear layer", "Linear", in_features=n, out_features=3),
            case("a linear layer without bias", "Linear", in_features=3, out_features=n, bias=False),
            case("a convolution", "Conv2d", in_channels=2, out_channels=n, kernel_size=3),
            case("a layer of which nothing is masked", "Linear", False, in_features=2, out_features=n),
            _network(rng, n),
            _tied(rng, n),
            case("a BatchNorm, which has running statistics", "BatchNorm1d", False, True, num_features=n),
        ]


def _network(rng: torch.Generator, n: int) -> Case:
    """The snapshot in another order than the model's; masks of a bias and of a whole row, whose bias stays."""
    layers: dict[str, Layer] = {}
    start: dict[str, torch.Tensor] = {}
    masks: dict[str, torch.Tensor] = {}
    for name in ("first", "second", "third"):
        layers[name] = Layer.of(nn.Linear(n, n), in_features=n, out_features=n)
        start |= {f"{name}.{k}": torch.randn(t.shape, generator=rng) for k, t in layers[name].state.items()}
    masks["third.weight"] = torch.rand(n, n, generator=rng) < 0.5
    masks["third.weight"][0] = False
    masks["first.bias"] = torch.arange(n) % 2 == 0
    turned = dict(reversed(start.items()))
    return Case("three layers, the snapshot in another order", (Network(layers), turned, masks))


def _tied(rng: torch.Generator, n: int) -> Case:
    """Two layers with one weight: whoever puts new tensors into the model, instead of writing into its own, parts them."""
    layers = {name: Layer.of(nn.Linear(n, n), in_features=n, out_features=n) for name in ("first", "second", "third")}
    start = {f"{name}.{k}": torch.randn(t.shape, generator=rng) for name in layers for k, t in layers[name].state.items()}
    start["second.weight"] = start["first.weight"].clone()
    masks = {"third.weight": torch.arange(n * n).view(n, n) % 3 > 0}
    return Case("two layers that share their weight", (Network(layers, {"second.weight": "first.weight"}), start, masks))


def _state(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """What counts is the model; returning it as well is fine."""
    return afterwards


def _rewinding(
    which: Callable[[str, Mapping[str, Tensor]], bool] = lambda name, masks: True,
    zero: Callable[[Tensor], Tensor | None] = lambda mask: ~mask,
    buffers: bool = True,
) -> Callable[..., None]:
    """which: what is set back; zero: what of a masked weight is set to zero."""

    def wrong(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
        tensors = dict(model.named_parameters()) | (dict(model.named_buffers()) if buffers else {})
        with torch.no_grad():
            for name, tensor in tensors.items():
                if which(name, masks):
                    tensor.copy_(start[name])
                if name in masks and (gone := zero(masks[name])) is not None:
                    tensor[gone] = 0

    return wrong


def _start_overwritten(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    for name, mask in masks.items():
        start[name][~mask] = 0
    model.load_state_dict(dict(start))


def _only_the_gone(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, mask in masks.items():
            parameter = model.get_parameter(name)
            parameter[~mask] = start[name][~mask]


def _new_tensors(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    model.load_state_dict({k: t.masked_fill(~masks[k], 0) if k in masks else t for k, t in start.items()}, assign=True)


def _new_tensors_masked(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    model.load_state_dict(dict(start), assign=True)
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0


def _data_handed_over(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        tensor.data = start[name].masked_fill(~masks[name], 0) if name in masks else start[name]


def _biases_too(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    rewind(model, start, masks)
    with torch.no_grad():
        for name, mask in masks.items():
            bias = dict(model.named_parameters()).get(f"{name.removesuffix('weight')}bias")
            if mask.ndim > 1 and bias is not None:
                bias[~mask.flatten(1).any(1)] = 0


def _weights_only(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    rewind(model, start, {name: mask for name, mask in masks.items() if name.endswith("weight")})


def _by_place(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for own, first in zip(model.state_dict().values(), start.values(), strict=False):
            own.copy_(first)
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0


def _parameters_by_place(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for own, first in zip(model.parameters(), start.values(), strict=False):
            own.copy_(first)
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0


def _without_no_grad(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    model.load_state_dict(dict(start))
    for name, mask in masks.items():
        model.get_parameter(name)[~mask] = 0


EXERCISE = Exercise(
    "rewind",
    lesson="05",
    points=2,
    reference=rewind,
    cases=_trained,
    misconceptions=(
        Misconception(
            "masks forgotten",
            "The pruned weights are back at their start values: apply the masks after rewinding.",
            _rewinding(zero=lambda mask: None),
        ),
        Misconception(
            "running statistics left",
            "BatchNorm's running statistics are not parameters, but part of the state: rewind all of `start`.",
            _rewinding(buffers=False),
        ),
        Misconception(
            "only the masked parameters",
            "Only what has a mask is rewound: biases and norms keep what they learned. Rewind the whole state.",
            _rewinding(which=lambda name, masks: name in masks),
        ),
        Misconception(
            "nothing rewound",
            "The masks are applied, but the survivors keep their trained values: set them to those of `start` first.",
            _rewinding(which=lambda name, masks: False),
        ),
        Misconception("inverted mask", "This zeroes the survivors: True means KEPT.", _rewinding(zero=lambda mask: mask)),
        Misconception(
            "changes nothing",
            "Nothing has changed: write into the model's own tensors, for example with model.load_state_dict(start).",
            lambda model, start, masks: rewind(copy.deepcopy(model), start, masks),
        ),
        Misconception(
            "start overwritten",
            "The zeros are written into `start`, so the next rewinding starts from a pruned network: mask the MODEL.",
            _start_overwritten,
        ),
        Misconception(
            "only the pruned ones",
            "This sets the PRUNED weights to their start values and leaves the survivors trained: the reverse is asked for.",
            _only_the_gone,
        ),
        Misconception(
            "autograd in the way",
            AUTOGRAD,
            _without_no_grad,
        ),
        *(
            Misconception(
                "shares tensors with the snapshot",
                "The model is given the snapshot's own tensors (assign=True, or .data = start[name]): training would change "
                "the snapshot. Copy the NUMBERS, as load_state_dict(start) does.",
                by,
            )
            for by in (_new_tensors, _new_tensors_masked, _data_handed_over)
        ),
        Misconception(
            "new tensors",
            "The model is given new tensors, so what its layers share is parted, and an optimizer that holds the old ones "
            "trains nothing. Write the NUMBERS into the model's own, as load_state_dict(start) does.",
            lambda model, start, masks: _new_tensors(model, copy.deepcopy(dict(start)), masks),
        ),
        *(
            Misconception(
                "by place, not by name",
                "Go by the NAME: a snapshot may list its tensors in another order than the model does.",
                by,
            )
            for by in (_by_place, _parameters_by_place)
        ),
        Misconception(
            "biases of empty rows zeroed",
            "Only what the masks exclude is zero: the bias of a row that is gone goes back to its start.",
            _biases_too,
        ),
        Misconception("weights only", "A mask may name a bias as well: go through all of `masks`.", _weights_only),
    ),
    view=_state,
)
