"""Marks on the outputs of layers, and where they arrive: which inputs a filter or a neuron reaches.

A mark is NaN, because whatever is computed from NaN is NaN. Each unit has a number, and for each binary digit of it two
copies of an image go through the network: in one the units with a 1 there are marked, in the other those with a 0. Where one
unit alone arrives, the marks spell its number; where several do, some digit is both 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

COPIES = 16  # images that go through the network at once


@dataclass
class Arrivals:
    """Where marks arrived: module name -> bool (copies, places), places counted along the axis that holds units.

    readers: at the inputs of layers, norms and depthwise convolutions. sites: at the inputs of activations, for each axis.
    """

    readers: dict[str, Tensor] = field(default_factory=dict)
    sites: dict[str, dict[int, Tensor]] = field(default_factory=dict)


def digits(count: int) -> Tensor:
    """Return the marks that tell `count` units apart, bool (copies, count): for each digit those with a 1, then with a 0.

    >>> digits(3).int()
    tensor([[0, 1, 0],
            [1, 0, 1],
            [0, 0, 1],
            [1, 1, 0]], dtype=torch.int32)
    """
    width = max(1, (count - 1).bit_length())
    ones = (torch.arange(count) >> torch.arange(width)[:, None] & 1).bool()
    return torch.stack([ones, ~ones], 1).flatten(0, 1)


def spelled(marks: Tensor) -> tuple[Tensor, Tensor]:
    """Return per place of `marks` (copies, places) the number that arrived, -1 for none, and whether several did."""
    ones, zeros = marks[0::2], marks[1::2]
    number = (ones.long() << torch.arange(len(ones))[:, None]).sum(0)
    return torch.where(marks.any(0), number, -1), (ones & zeros).any(0)


@dataclass(frozen=True)
class Way:
    """Who is met on the way.

    readers: layer, norm or depthwise convolution -> the axis of its input that holds units. passing: those of them behind
    which the marks go on. obstacles: modules behind which they end unread. sites: activations that are called once.
    """

    readers: Mapping[str, int]
    passing: Sequence[str]
    obstacles: Sequence[str]
    sites: Sequence[str]


@torch.no_grad()
def send(model: nn.Module, example: Tensor, marks: Mapping[str, Tensor], way: Way) -> Arrivals:
    """Send marks through `model`, in eval mode.

    Args:
        example: an image is taken from it.
        marks: layer -> bool (copies, units), which of its outputs are marked in which copy.
    """
    copies = len(next(iter(marks.values())))
    arrivals = Arrivals()
    image = example[:1]
    for start in range(0, copies, COPIES):
        part = slice(start, min(start + COPIES, copies))
        with ExitStack() as hooks, torch.random.fork_rng(devices=[]):

            def before(name: str, hook: Callable[..., Any], hooks: ExitStack = hooks) -> None:
                hooks.callback(model.get_submodule(name).register_forward_pre_hook(hook, with_kwargs=True).remove)

            for name, axis in way.readers.items():
                before(name, _reader(arrivals.readers, name, axis, part, copies))
            for name in (*way.readers, *way.obstacles):
                if name not in way.passing:
                    before(name, _end)
            for name in way.sites:
                before(name, _witness(arrivals.sites.setdefault(name, {}), part, copies))
            for name, marked in marks.items():
                module = model.get_submodule(name)
                marker = _marker(marked[part], -1 if isinstance(module, nn.Linear) else 1)
                hooks.callback(module.register_forward_hook(marker).remove)
            model(image.expand(part.stop - part.start, *image.shape[1:]).clone(memory_format=torch.preserve_format))
    return arrivals


def _marker(marked: Tensor, axis: int) -> Callable[[nn.Module, Any, Tensor], Tensor]:
    def mark(_: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        if len(output) % len(marked):  # images were mixed: nothing can be told apart
            return torch.full_like(output, torch.nan)
        shape = [len(marked), *[1] * output.ndim]
        shape[axis if axis < 0 else axis + 1] = marked.shape[1]
        return (
            output.unflatten(0, (len(marked), -1)).masked_fill(marked.to(output.device).view(shape), torch.nan).flatten(0, 1)
        )

    return mark


def _seen(value: Tensor, copies: int, axis: int) -> Tensor:
    """Return bool (copies, places): which places along `axis` have a mark in them."""
    if len(value) % copies:
        return torch.ones(copies, value.shape[axis], dtype=torch.bool)
    marks = value.isnan().unflatten(0, (copies, -1)).movedim(axis if axis < 0 else axis + 1, 1)
    return marks.flatten(2).any(2).cpu()


def _note(arrivals: dict[Any, Tensor], key: Any, seen: Tensor, part: slice, copies: int) -> None:
    noted = arrivals.setdefault(key, torch.zeros(copies, seen.shape[1], dtype=torch.bool))
    noted[part] |= seen  # a module may be called several times


def _reader(arrivals: dict[str, Tensor], name: str, axis: int, part: slice, copies: int) -> Callable[..., None]:
    def read(_: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        _note(arrivals, name, _seen((*inputs, *named.values())[0], part.stop - part.start, axis), part, copies)

    return read


def _end(_: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
    return tree_map(_finite, (inputs, named))


def _finite(value: Any) -> Any:
    return torch.nan_to_num(value) if isinstance(value, Tensor) and value.is_floating_point() else value


def _witness(seen: dict[int, Tensor], part: slice, copies: int) -> Callable[..., None]:
    def read(_: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        value = (*inputs, *named.values())[0]
        for axis in range(1, value.ndim):
            _note(seen, axis, _seen(value, part.stop - part.start, axis), part, copies)

    return read
