"""One run under a budget: a pruner that knows the library, or a function that knows weights alone; prune, train, repeat."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course_lib import train
from course_lib.errors import CourseError, check_share, check_whole
from course_lib.network.masks import Masks
from course_lib.pruning.loop import SCHEDULES
from course_lib.pruning.pruners import Pruner

if TYPE_CHECKING:
    from course_lib.data import Bench

# (weights, what is kept of them, how many weights are to be gone in all, how many each layer keeps at least) -> what is kept
MaskFunction = Callable[[dict[str, Tensor], dict[str, Tensor], int, int], dict[str, Tensor]]


@dataclass(frozen=True)
class Run:
    """What a run left of each round: the network, its masks, and a row with round, epochs so far, sparsity and accuracy.

    The accuracy is on validation images.
    """

    models: list[nn.Module] = field(default_factory=list)
    masks: list[Masks] = field(default_factory=list)
    rows: list[dict[str, float]] = field(default_factory=list)


def compete(
    pruner: Pruner | MaskFunction,
    dense: nn.Module,
    bench: Bench,
    epochs: Sequence[float],
    sparsity: float = 0.97,
    least: int = 0,
    seed: int = 0,
    **recipe: Any,
) -> Run:
    """Prune a copy of `dense` once for each number in `epochs`, and train it for so many epochs after each prune.

    Args:
        pruner: a `Pruner`, which brings its own amount; or a function (weights, kept, gone, least) -> kept, of which
            `sparsity` is the share of all weights that is gone in the end, on a cubic schedule.
        dense: the common start, left as it is. epochs: one number a round; their sum is the budget.
        least: how many weights each layer keeps at least, for a function. recipe: what else `train.fit` takes.

    Raises:
        CourseError: if masks are not legal (see `must_be_legal`), or if a function gives other masks when it is asked again.
    """
    model, masks = copy.deepcopy(dense), Masks.dense(dense)
    run, spent = Run(), 0.0
    for number, more in enumerate(epochs, 1):
        progress = SCHEDULES["cubic"](number / len(epochs))
        if isinstance(pruner, Pruner):
            masks = pruner.masks(model, bench, masks, progress)
        else:
            masks = _by_function(pruner, model, masks, sparsity * progress, least)
        train.fit(model, bench, more, masks=masks, seed=1000 * seed + number, **recipe)
        spent += more
        accuracy = train.evaluate(model, bench)
        run.rows.append({"round": number, "epochs": spent, "sparsity": masks.sparsity, "accuracy": accuracy})
        run.models.append(copy.deepcopy(model))
        run.masks.append(masks)
    return run


def _by_function(function: MaskFunction, model: nn.Module, masks: Masks, share: float, least: int) -> Masks:
    check_share("sparsity", share)
    check_whole("least", least, 0)
    weights = {name: p.detach().cpu() for name, p in model.named_parameters() if p.ndim > 1}
    kept = {
        name: masks[name].cpu() if name in masks else torch.ones_like(w, dtype=torch.bool) for name, w in weights.items()
    }
    gone = round(share * sum(map(Tensor.numel, weights.values())))
    found = [_asked(function, weights, kept, gone, least) for _ in range(2)]
    for name in weights:
        if not torch.equal(found[0][name], found[1][name]):
            raise CourseError(f"asked twice with the same weights, it gave two different masks of {name}: draw with a seed.")
    return Masks({name: mask.clone() for name, mask in found[0].items()}, masks.total).to(next(model.parameters()).device)


def _asked(
    function: MaskFunction, weights: Mapping[str, Tensor], kept: Mapping[str, Tensor], gone: int, least: int
) -> dict[str, Tensor]:
    """Return the masks that a function gives for copies of its inputs."""
    found = function({n: w.clone() for n, w in weights.items()}, {n: m.clone() for n, m in kept.items()}, gone, least)
    try:
        must_be_legal(found, kept, gone, least)
    except CourseError as error:
        raise CourseError(f"{getattr(function, '__name__', 'the function')} breaks a rule: {error}.") from error
    return found


def must_be_legal(found: object, kept: Mapping[str, Tensor], gone: int, least: int) -> None:
    """Refuse masks that break the rules of the capstone; kept: layer -> what was kept before.

    Legal: a dict with a bool tensor for each layer, of its shape; nothing comes back that was gone; exactly `gone` weights
    are gone in all, those of earlier rounds included; no layer keeps fewer than `least`, unless it had fewer before.

    Raises:
        CourseError: with the first rule that is broken.
    """
    if not isinstance(found, Mapping) or set(found) != set(kept):
        raise CourseError(f"a dict with one mask for each of {', '.join(kept)} is expected")
    for name, before in kept.items():
        mask = found[name]
        if not isinstance(mask, Tensor) or mask.dtype != torch.bool or mask.shape != before.shape:
            raise CourseError(f"the mask of {name} is no bool tensor of the shape {tuple(before.shape)}, True = kept")
    for name, before in kept.items():
        if back := int((found[name].cpu() & ~before.cpu()).sum()):
            raise CourseError(f"in {name} weights come back that were gone before: {back}")
    if (count := sum(int((~found[name]).sum()) for name in kept)) != gone:
        raise CourseError(f"{count} weights are gone in all, those of earlier rounds included; {gone} were asked for")
    for name, before in kept.items():
        if (left := int(found[name].sum())) < min(least, int(before.sum())):
            raise CourseError(f"{name} keeps {left} weights; at least {min(least, int(before.sum()))} have to stay")
