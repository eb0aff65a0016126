"""A unit that always says the same goes into the next layer's bias."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.rounding import rounded

Folded = tuple[Tensor, Tensor]


def fold_constant_unit(weight: Tensor, bias: Tensor, unit: int, constant: float) -> Folded:
    """Weight (m, n, ...) and bias (m,) of a layer that reads n units -> the same without input `unit`, always `constant`."""
    said = constant * weight[:, unit].reshape(len(weight), -1).sum(1)
    return torch.cat([weight[:, :unit], weight[:, unit + 1 :]], 1), bias + said


def _layers(rng: torch.Generator) -> list[Case]:
    def case(
        label: str, shape: tuple[int, ...], unit: int, constant: float, edge: bool = False, double: bool = False
    ) -> Case:
        dtype = torch.float64 if double else torch.float32
        weight, bias = torch.randn(*shape, generator=rng), torch.randn(shape[0], generator=rng)
        return Case(label, (weight.to(dtype), bias.to(dtype), unit, constant), edge)

    n = integer(rng, 4, 6)
    toy = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    return [
        Case("a linear layer of two outputs", (toy, torch.tensor([10.0, 20.0]), 1, 2.0)),
        case("a linear layer", (3, n), integer(rng, 1, n - 2), 0.7),
        case("as many outputs as inputs", (n, n), integer(rng, 1, n - 2), 1.6),
        case("a convolution of 3x3", (3, n, 3, 3), integer(rng, 1, n - 2), 0.4),
        case("a convolution of 2x5", (n, n, 2, 5), integer(rng, 1, n - 2), 1.3),
        case("a convolution of 1x1", (4, n, 1, 1), integer(rng, 1, n - 2), 0.9),
        case("the first unit", (3, n, 3, 3), 0, 0.8, edge=True),
        case("the last unit", (3, n), n - 1, 0.8, edge=True),
        case("the constant 0", (3, n, 3, 3), 1, 0.0, edge=True),
        case("a constant below 0", (3, n, 3, 3), 2, -1.4, edge=True),
        case("a layer that reads nothing else", (3, 1), 0, 2.5, edge=True),
        case("float64", (2, n, 3, 3), 1, 0.3, edge=True, double=True),
    ]


def _without(weight: Tensor, unit: int, axis: int = 1) -> Tensor:
    stays = torch.arange(weight.shape[axis]) != unit
    return weight[:, stays] if axis else weight[stays]


def _saying(said: Callable[[Tensor, float], Tensor]) -> Callable[..., Folded]:
    """A wrong answer that cuts the right input; said: (what the layer reads of it (m, k), constant) -> added to the bias."""

    def wrong(weight: Tensor, bias: Tensor, unit: int, constant: float) -> Folded:
        return _without(weight, unit), bias + said(weight[:, unit].reshape(len(weight), -1), constant)

    return wrong


def _centre(weight: Tensor, bias: Tensor, unit: int, constant: float) -> Folded:
    read = weight[:, unit]
    read = read[:, read.shape[1] // 2, read.shape[2] // 2] if read.ndim > 1 else read
    return _without(weight, unit), bias + constant * read


def _zeroed(weight: Tensor, bias: Tensor, unit: int, constant: float) -> Folded:
    zeroed = weight.clone()
    zeroed[:, unit] = 0
    return zeroed, fold_constant_unit(weight, bias, unit, constant)[1]


def _whole(weight: Tensor, bias: Tensor, unit: int, constant: float) -> Folded:
    return weight.clone(), fold_constant_unit(weight, bias, unit, constant)[1]


def _row(weight: Tensor, bias: Tensor, unit: int, constant: float) -> Folded:
    return _without(weight, unit, axis=0), fold_constant_unit(weight, bias, unit, constant)[1]


def _kernel_by_hand(weight: Tensor, bias: Tensor, unit: int, constant: float) -> Folded:
    said = constant * weight[:, unit].sum((1, 2))  # a linear layer has no such axes
    return _without(weight, unit), bias + said


def _neighbour(weight: Tensor, bias: Tensor, unit: int, constant: float) -> Folded:
    return fold_constant_unit(weight, bias, max(unit - 1, 0), constant)


def _cut_first(weight: Tensor, bias: Tensor, unit: int, constant: float) -> Folded:
    shorter = _without(weight, unit)
    return shorter, bias + constant * shorter[:, unit].reshape(len(weight), -1).sum(1)


EXERCISE = Exercise(
    "fold_constant_unit",
    lesson="07",
    points=2,
    reference=fold_constant_unit,
    cases=_layers,
    misconceptions=(
        Misconception(
            "cut without folding",
            "The input is gone, and what it always said is lost: weight times constant belongs into the bias.",
            _saying(lambda read, constant: torch.zeros(len(read), dtype=read.dtype)),
        ),
        Misconception(
            "the constant alone",
            "The constant is added as it is; the next layer hears it through its weight: weight times constant.",
            _saying(lambda read, constant: torch.full_like(read[:, 0], constant)),
        ),
        Misconception(
            "weights without the constant",
            "The weights are added without the constant that they multiply.",
            _saying(lambda read, constant: read.sum(1)),
        ),
        Misconception(
            "one entry of the kernel",
            "A kernel reads the constant at each of its places, so ALL of its entries are summed.",
            _saying(lambda read, constant: constant * read[:, 0]),
        ),
        Misconception(
            "one entry of the kernel",
            "A kernel reads the constant at each of its places, so ALL of its entries are summed.",
            _centre,
        ),
        Misconception(
            "mean of the kernel",
            "A convolution adds up what its kernel reads: the sum of the entries, not their mean.",
            _saying(lambda read, constant: constant * read.mean(1)),
        ),
        Misconception(
            "subtracted", "What the unit said is added by the next layer: add it.", _saying(lambda r, c: -c * r.sum(1))
        ),
        Misconception("magnitudes", "The weights keep their signs: no abs().", _saying(lambda r, c: c * r.abs().sum(1))),
        Misconception(
            "every output alike",
            "Each output has weights of its own for this unit: sum over the kernel, not over the outputs.",
            _saying(lambda read, constant: constant * read.sum()),
        ),
        Misconception(
            "zero in place of a cut", "The input's weights are zero and still there: leave the input out.", _zeroed
        ),
        Misconception("input left in", "The bias is right; the input is still in the weight: leave it out.", _whole),
        Misconception("an output for an input", "Inputs are axis 1 of the weight; this takes an output away.", _row),
        Misconception(
            "convolutions only", "A linear layer's weight has two axes only: nothing is left to sum there.", _kernel_by_hand
        ),
        Misconception("the unit before it", "Units are counted from 0: this is the one before.", _neighbour),
        *rounded(fold_constant_unit),
    ),
)
