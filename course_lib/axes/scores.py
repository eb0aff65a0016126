"""What is unimportant? Scores: one number for each unit, higher = more important.

A score is a pure function that returns a tensor of n scores. It names in its parameters what it needs to know of a layer:

    weight      (n, entries) the rows of the n units; for single weights n is their number and entries is 1
    gradient    (n, entries) the gradient of the loss on calibration images, same layout
    activation  an `Activity`: what the n units did on training images
    generator   a torch.Generator with a seed of its own for each layer

So `lambda weight: weight.square().sum(1)` is a score.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.errors import CourseError

Score = Callable[..., Tensor]
KNOWN = ("weight", "gradient", "activation", "generator")


@dataclass
class Activity:
    """Sums over images and positions of n units' activations: to be added up over batches, and divided only in the end.

    total: (n,) float64, the sum of the activations; zeros: (n,) float64, how many were exactly 0; count: how many in all.
    """

    total: Tensor
    zeros: Tensor
    count: int

    def __add__(self, other: Activity) -> Activity:
        return Activity(self.total + other.total, self.zeros + other.zeros, self.count + other.count)


def l1_norm(weight: Tensor) -> Tensor:
    """Sum of absolute weights of each unit (Li et al. 2017, section 3.1); for single weights their magnitude."""
    return weight.abs().sum(1)


def l1_mean(weight: Tensor) -> Tensor:
    """L1 norm divided by the fan-in, so that layers of different fan-in can be ranked together."""
    return weight.abs().mean(1)


def mean_activation(activation: Activity) -> Tensor:
    """Mean activation of each unit over images and positions."""
    return activation.total / activation.count


def one_minus_apoz(activation: Activity) -> Tensor:
    """Share of activations that are not exactly zero: 1 - APoZ (Hu et al. 2016, section 3.1)."""
    return 1 - activation.zeros / activation.count


def taylor(weight: Tensor, gradient: Tensor) -> Tensor:
    """First-order change of the loss when the unit goes: |sum of weight * gradient| (Molchanov et al. 2017)."""
    return (weight * gradient).sum(1).abs()


def random(weight: Tensor, generator: torch.Generator) -> Tensor:
    """A number drawn for each unit: the control that knows nothing."""
    return torch.rand(len(weight), generator=generator).to(weight.device)


SCORES: dict[str, Score] = {
    "l1": l1_norm,
    "l1_mean": l1_mean,
    "magnitude": l1_norm,
    "mean": mean_activation,
    "apoz": one_minus_apoz,
    "taylor": taylor,
    "random": random,
}


def resolve(score: str | Score) -> Score:
    """Return the score function of that name, or the function itself; one that asks for something unknown is refused."""
    if isinstance(score, str):
        if score not in SCORES:
            raise CourseError(f"score={score!r} was given; known are {', '.join(SCORES)}, or a function.")
        return SCORES[score]
    unknown = sorted(set(needs(score)) - set(KNOWN))
    if unknown:
        raise CourseError(f"the score function asks for {unknown[0]!r}; its parameters can be {', '.join(KNOWN)}.")
    return score


def needs(score: Score) -> tuple[str, ...]:
    """Return the names of what a score function asks for."""
    return tuple(inspect.signature(score).parameters)
