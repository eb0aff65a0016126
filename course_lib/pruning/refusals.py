"""What a pruner refuses: answers to the four questions that do not go together, and weights that cannot be ranked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from course_lib.axes import amounts, scopes, scores
from course_lib.axes.pqindex import AllZeroError
from course_lib.axes.scopes import finite
from course_lib.errors import CourseError
from course_lib.network import units
from course_lib.network.masks import Masks
from course_lib.pruning.needs import NEEDS, UNITS

if TYPE_CHECKING:
    from course_lib.pruning.pruners import Pruner


def check_axes(pruner: Pruner) -> None:
    """Refuse answers to the four questions that do not go together.

    >>> from course_lib.pruning import Pruner
    >>> Pruner("l1", "filter", scope="neuron")
    Traceback (most recent call last):
    course_lib.errors.CourseError: scope='neuron' ranks single weights; unit='filter' needs 'layer' or 'global'.
    """
    unit, kinds, scope = pruner.unit, pruner.kinds, pruner.scope
    single = kinds == ("weight",)
    if unknown := sorted(set(pruner.needs) - set(NEEDS)):
        raise CourseError(f"the score function asks for {unknown[0]!r}; its parameters can be {', '.join(NEEDS)}.")
    if not kinds or set(kinds) - set(UNITS) or ("weight" in kinds and len(kinds) > 1):
        raise CourseError(f"unit={unit!r} was given; it can be 'weight', 'filter', 'neuron' or the last two.")
    if scope not in scopes.SCOPES:
        raise CourseError(f"scope={scope!r} was given; it can be {', '.join(scopes.SCOPES)}.")
    if scope == "neuron" and not single:
        raise CourseError(f"scope='neuron' ranks single weights; unit={unit!r} needs 'layer' or 'global'.")
    for need in pruner.needs:
        if not set(kinds) <= set(NEEDS[need].units):
            raise CourseError(f"unit={unit!r} was given with a score of its {need}; only filters and neurons have one.")
    if single and scores.resolve(pruner.score) in scores.OF_UNITS:
        raise CourseError(f"score={pruner.score!r} compares filters or neurons; unit='weight' was given.")
    rule = type(pruner.amount).__name__
    if isinstance(pruner.amount, type) or not (callable(pruner.amount) or isinstance(pruner.amount, amounts.Allocation)):
        raise CourseError(f"amount={pruner.amount!r} was given; give one of amounts, such as amounts.target(0.5).")
    if isinstance(pruner.amount, amounts.Allocation) and scope != "layer":
        raise CourseError(f"scope={scope!r} was given; {rule} gives each layer its own amount and needs scope='layer'.")
    if isinstance(pruner.amount, amounts.Allocation) and not single:
        raise CourseError(f"unit={unit!r} was given; {rule} shares out single weights and needs unit='weight'.")


def check_weights(model: nn.Module, masks: Masks) -> None:
    """Refuse NaN among the kept weights, and nothing but zeros, whatever the score: activations would not show it.

    >>> layer = nn.Linear(2, 1)
    >>> _ = nn.init.zeros_(layer.weight)
    >>> check_weights(layer, Masks.dense(layer))
    Traceback (most recent call last):
    course_lib.axes.pqindex.AllZeroError: every prunable weight of the model is zero; there is nothing to rank.
    """
    weights = units.prunable_weights(model)
    for name, weight in weights.items():
        if not (finite(weight) or finite(weight[masks[name]] if name in masks else weight)):
            raise CourseError(f"{name} has values that are NaN or infinite; weights must be finite to be pruned.")
    kept = (weight[masks[name]] if name in masks else weight for name, weight in weights.items())
    sizes = []
    for values in kept:
        if bool(values.any()):
            return
        sizes.append(values.numel())
    if any(sizes):
        raise AllZeroError("every prunable weight of the model is zero; there is nothing to rank.")
