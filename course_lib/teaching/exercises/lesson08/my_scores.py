"""A score of one's own for each weight: free, as long as it is a score.

Lots drawn without a seed are not found here, where each call starts from the same state, but by `capstone.compete`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import few_large

Tensors = dict[str, Tensor]


def my_scores(weights: Tensors) -> Tensors:
    """The library's version: magnitude."""
    return {name: weight.detach().abs() for name, weight in weights.items()}


def _networks(rng: torch.Generator) -> list[Case]:
    weights = {f"hidden{n}.weight": few_large(rng, *shape) for n, shape in enumerate(((6, 5), (4, 6), (3, 4)))}
    pruned = {name: weight * (weight.abs() > 0.2) for name, weight in weights.items()}
    pruned["hidden1.weight"] = torch.cat([torch.zeros(1, 6), pruned["hidden1.weight"][1:]])
    pruned["hidden0.weight"][0, 0] = 0.0
    double = {name: weight.double() for name, weight in weights.items()}
    return [
        Case("three layers", (weights,)),
        Case("a later round, in which a neuron has lost all its weights", (pruned,)),
        Case("float64", (double,), edge=True),
        Case("a single layer", ({"head.weight": few_large(rng, 2, 3)},), edge=True),
    ]


def _score(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Whatever has the form of scores is right."""
    weights = inputs[0]
    if not isinstance(output, Mapping) or set(output) != set(weights):
        raise CourseError(f"a dict with one tensor of scores for each of {', '.join(weights)} is expected")
    for name, weight in weights.items():
        score = output[name]
        if not isinstance(score, Tensor) or not score.is_floating_point():
            kind = score.dtype if isinstance(score, Tensor) else type(score).__name__
            raise CourseError(f"the scores of {name} are of the type {kind}; a tensor of floating point numbers is expected")
        if score.shape != weight.shape:
            raise CourseError(f"the scores of {name} have the shape {tuple(score.shape)}, its weights {tuple(weight.shape)}")
        if not score.isfinite().all():
            raise CourseError(f"a score of {name} is NaN or infinite; is there a division by a norm that is 0")
    return "scores", afterwards


EXERCISE = Exercise(
    "my_scores",
    lesson="08",
    points=1,
    reference=my_scores,
    cases=_networks,
    misconceptions=(
        Misconception(
            "one score per neuron",
            "Every WEIGHT needs a score: spread the neuron's over its row, for example with `expand_as(weight)`.",
            lambda weights: {name: weight.abs().sum(1, keepdim=True) for name, weight in weights.items()},
        ),
        Misconception(
            "one score per neuron",
            "Every WEIGHT needs a score: spread the neuron's over its row, for example with `[:, None].expand_as(weight)`.",
            lambda weights: {name: weight.abs().sum(1) for name, weight in weights.items()},
        ),
        Misconception(
            "masks instead of scores",
            "Say how important each weight is; who goes is decided by `take_lowest`.",
            lambda weights: {name: weight.abs() > weight.abs().median() for name, weight in weights.items()},
        ),
        Misconception(
            "division by zero",
            "In later rounds a neuron may have lost all its weights: add a little to what you divide by.",
            lambda weights: {name: weight.abs() / weight.norm(dim=1, keepdim=True) for name, weight in weights.items()},
        ),
        Misconception(
            "nothing for zeros",
            "The logarithm of a weight that is 0 is minus infinity: a score has to be finite.",
            lambda weights: {name: weight.abs().log() for name, weight in weights.items()},
        ),
    ),
    view=_score,
    wanted=lambda inputs, _: "one finite number for each weight",
)
