"""What is unimportant? Scores: one number for each unit, higher = more important.

A score is a pure function that returns a tensor of n scores. It names in its parameters what it needs to know of a layer:

    weight      (n, entries) the rows of the n units; for single weights n is their number and entries is 1
    gradient    (n, entries) the gradient of the loss on calibration images, same layout
    inputs      (n, entries) the mean square of what each entry is multiplied with on calibration images, same layout
    activation  an `Activity`: what the n units did on training images
    alive       (n,) bool: which of them are still kept
    generator   a torch.Generator with a seed of its own for each layer

So `lambda weight: weight.square().sum(1)` is a score. `course_lib.pruning.needs` says who provides these.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.errors import CourseError

Score = Callable[..., Tensor]


@dataclass
class Activity:
    """Sums over images and positions of n units' activations: to be added up over batches, and divided only in the end.

    total: (n,) float64, the sum of the activations; zeros: (n,) float64, how many were exactly 0; count: how many in all.
    never_zero: "", or which layer is read after what, where that activation has no zeros to be counted.
    """

    total: Tensor
    zeros: Tensor
    count: int
    never_zero: str = ""

    def __add__(self, other: Activity) -> Activity:
        total, zeros = self.total + other.total, self.zeros + other.zeros
        return Activity(total, zeros, self.count + other.count, self.never_zero or other.never_zero)


def l1_norm(weight: Tensor) -> Tensor:
    """Sum of absolute weights of each unit (Li et al. 2017, section 3.1); for single weights their magnitude.

    >>> l1_norm(torch.tensor([[1.0, -2.0], [0.5, 0.0]]))
    tensor([3.0000, 0.5000])
    """
    return weight.abs().sum(1) if weight.shape[1] != 1 else weight[:, 0].abs()


def l1_mean(weight: Tensor) -> Tensor:
    """L1 norm divided by the fan-in, so that layers of different fan-in can be ranked together.

    >>> l1_mean(torch.tensor([[1.0, -2.0], [0.5, 0.0]]))
    tensor([1.5000, 0.2500])
    """
    return weight.abs().mean(1)


def mean_activation(activation: Activity) -> Tensor:
    """Mean activation of each unit over images and positions.

    >>> mean_activation(Activity(total=torch.tensor([6.0, 0.0]), zeros=torch.tensor([1.0, 4.0]), count=4))
    tensor([1.5000, 0.0000])
    """
    return activation.total / activation.count


def one_minus_apoz(activation: Activity) -> Tensor:
    """Share of activations that are not exactly zero: 1 - APoZ (Hu et al. 2016, section 3.1).

    Raises:
        CourseError: after an activation that is never exactly 0, such as GELU: all units would score alike.

    >>> one_minus_apoz(Activity(total=torch.tensor([6.0, 0.0]), zeros=torch.tensor([1.0, 4.0]), count=4))
    tensor([0.7500, 0.0000])
    """
    if activation.never_zero:
        raise CourseError(
            f"APoZ counts activations that are exactly 0, but {activation.never_zero}: all units would score alike; "
            "give it an nn.ReLU() there, or take statistic='mean'."
        )
    return 1 - activation.zeros / activation.count


def taylor(weight: Tensor, gradient: Tensor) -> Tensor:
    """First-order change of the loss when the unit goes: |sum of weight * gradient| (Molchanov et al. 2017).

    >>> taylor(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.5, -1.0]]))
    tensor([1.5000])
    """
    return (weight * gradient).sum(1).abs()


def wanda(weight: Tensor, inputs: Tensor) -> Tensor:
    """Magnitude times the root mean square of what it is multiplied with: |W| * ||X|| (Sun et al. 2023, section 3).

    The paper has the norm in place of the root mean square: a factor that all entries share. It ranks within each output,
    scope "neuron". Of convolutions the norm is approximated, see `network.recording.input_squares`.

    >>> wanda(torch.tensor([[1.0], [-2.0]]), torch.tensor([[9.0], [4.0]]))
    tensor([3., 4.])
    """
    return (weight.abs() * inputs.sqrt()).sum(1)


def fpgm(weight: Tensor, alive: Tensor) -> Tensor:
    """Sum of Euclidean distances to the layer's surviving filters: low for one that others can stand in for.

    The relaxation of filter pruning via the geometric median (He et al. 2019, section 3.3).

    >>> fpgm(torch.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]), torch.tensor([True, True, False]))
    tensor([ 5.,  5., 15.])
    """
    # By differences: the faster way through matrix products finds distances between equal filters.
    return torch.cdist(weight, weight[alive], compute_mode="donot_use_mm_for_euclid_dist").sum(1)


def random(weight: Tensor, generator: torch.Generator) -> Tensor:
    """A number drawn for each unit: the control that knows nothing.

    >>> random(torch.ones(3, 2), torch.Generator().manual_seed(0)).shape
    torch.Size([3])
    """
    return torch.rand(len(weight), generator=generator).to(weight.device)


SCORES: dict[str, Score] = {
    "l1": l1_norm,
    "l1_mean": l1_mean,
    "magnitude": l1_norm,
    "mean": mean_activation,
    "apoz": one_minus_apoz,
    "taylor": taylor,
    "wanda": wanda,
    "fpgm": fpgm,
    "random": random,
}
OF_UNITS: frozenset[Score] = frozenset({fpgm})  # scores that compare whole filters or neurons: refused for single weights


def resolve(score: str | Score) -> Score:
    """Return the score function of that name, or the function itself.

    >>> resolve("l1") is l1_norm
    True
    """
    if isinstance(score, str):
        if score not in SCORES:
            raise CourseError(f"score={score!r} was given; known are {', '.join(SCORES)}, or a function.")
        return SCORES[score]
    if not callable(score):
        raise CourseError(f"score={score!r} was given; it is one of {', '.join(SCORES)}, or a function.")
    return score


def needs(score: Score) -> tuple[str, ...]:
    """Return the names of what a score function asks for.

    >>> needs(taylor)
    ('weight', 'gradient')
    """
    return tuple(inspect.signature(score).parameters)
