"""Small networks with drawn parameters, for the exercises that change a model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Layer, Network


def drawn_network(rng: torch.Generator, double: bool = False, **layers: tuple[type[nn.Module], dict[str, Any]]) -> Network:
    """Return a network of layers, name = (class, arguments), with drawn parameters of which none is zero."""
    made = {}
    for name, (kind, arguments) in layers.items():
        module = kind(**arguments)
        module = module.double() if double else module
        with torch.no_grad():
            for parameter in module.parameters():
                drawn = torch.randn(parameter.shape, generator=rng)
                parameter.copy_(drawn + drawn.sign() * 0.01)
        made[name] = Layer.of(module, **arguments)
    return Network(made)


def weight_of(network: Network, layer: str) -> Tensor:
    """Return the weight of one of a network's layers, to be written to."""
    found = network.layers[layer]
    if isinstance(found, Network):
        raise CourseError(f"{layer!r} is a network of layers, which has no weight of its own.")
    return found.state["weight"]


def dense_layer(inputs: int, outputs: int, bias: bool = True) -> tuple[type[nn.Module], dict[str, Any]]:
    """Return what `drawn_network` takes for a linear layer."""
    return nn.Linear, {"in_features": inputs, "out_features": outputs, "bias": bias}


def conv_layer(inputs: int, outputs: int) -> tuple[type[nn.Module], dict[str, Any]]:
    """Return what `drawn_network` takes for a convolution with kernels of 3x3."""
    return nn.Conv2d, {"in_channels": inputs, "out_channels": outputs, "kernel_size": 3}
