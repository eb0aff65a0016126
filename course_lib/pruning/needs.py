"""What a score may ask for, and who provides it: a new need is one function and one row here."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.network.masks import Masks
from course_lib.network.recording import Recording, calibrate, gradients, input_squares
from course_lib.network.units import Group, Weights

if TYPE_CHECKING:
    from course_lib.data import Bench

UNITS = ("weight", "filter", "neuron")
Ranked = Group | Weights  # what is scored: a group of units, or the single weights of a layer


@dataclass(frozen=True)
class Round:
    """What providers may look at: one round on one network.

    model: with what is gone set to zero. layers: what is scored. masks: what is kept so far. samples: training images to
    measure on. seed: which ones. history: how many recorded epochs count. recording: one made in training, or None.
    """

    model: nn.Module
    bench: Bench
    layers: Sequence[Ranked]
    masks: Masks
    samples: int
    seed: int
    history: int | None = None
    recording: Recording | None = None

    @functools.cached_property
    def parameters(self) -> Mapping[str, Tensor]:
        """Parameter name -> its values, without gradients."""
        return {name: parameter.detach() for name, parameter in self.model.named_parameters()}


# Called once a round; what it returns gives a layer's value, or one value for each recorded epoch.
Provider = Callable[[Round], Callable[[Ranked], Sequence[Any]]]


def _rows(tensors: Mapping[str, Tensor]) -> Callable[[Ranked], Sequence[Tensor]]:
    return lambda layer: [layer.rows(tensors)]


def _weight(asked: Round) -> Callable[[Ranked], Sequence[Tensor]]:
    return _rows(asked.parameters)


def _gradient(asked: Round) -> Callable[[Ranked], Sequence[Tensor]]:
    return _rows(gradients(asked.model, asked.bench, asked.samples, asked.seed))


def _inputs(asked: Round) -> Callable[[Ranked], Sequence[Tensor]]:
    names = [name for layer in asked.layers for name in layer.producers]
    return _rows(input_squares(asked.model, asked.bench, names, asked.samples, asked.seed))


def _alive(asked: Round) -> Callable[[Ranked], Sequence[Tensor]]:
    return lambda layer: [layer.alive(asked.masks).to(asked.bench.device)]


def _generator(asked: Round) -> Callable[[Ranked], Sequence[torch.Generator]]:
    return lambda layer: [torch.Generator().manual_seed(asked.seed + zlib.crc32(layer.name.encode()))]


def _activation(asked: Round) -> Callable[[Ranked], Sequence[Any]]:
    recording, last = asked.recording, asked.history or 1
    if recording is None:
        groups = [layer for layer in asked.layers if isinstance(layer, Group)]
        recording = calibrate(asked.model, asked.bench, groups, asked.samples, asked.seed)
    elif len(recording) < last:
        raise CourseError(f"history={last} epochs were asked for; the recording has {len(recording)}.")
    epochs = recording[-last:]
    return lambda layer: [epoch[layer.name] for epoch in epochs]


@dataclass(frozen=True)
class Need:
    """provide: who knows it. units: of which kinds of unit it is known. recorded: whether training can record it."""

    provide: Provider
    units: tuple[str, ...] = UNITS
    recorded: bool = False


NEEDS: dict[str, Need] = {
    "weight": Need(_weight),
    "gradient": Need(_gradient),
    "inputs": Need(_inputs),
    "activation": Need(_activation, units=("filter", "neuron"), recorded=True),
    "alive": Need(_alive),
    "generator": Need(_generator),
}
