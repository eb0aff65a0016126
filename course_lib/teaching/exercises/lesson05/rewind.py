"""Set a model back to its start, without what is masked."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.teaching.exercises.attempts import Case, Layer
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
            case("a dense layer", "Linear", in_features=n, out_features=3),
            case("a dense layer without bias", "Linear", in_features=3, out_features=n, bias=False),
            case("a convolution", "Conv2d", in_channels=2, out_channels=n, kernel_size=3),
            case("a layer of which nothing is masked", "Linear", False, in_features=2, out_features=n),
            case("a BatchNorm, which has running statistics", "BatchNorm1d", False, True, num_features=n),
        ]


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
    ),
    view=_state,
)
