"""From masked to small: filters and neurons that are gone are cut out of the tensors."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.models import in_mode
from course_lib.network.masks import Masks
from course_lib.network.units import NORMS, Group, groups

TOLERANCE = 1e-4  # largest difference of outputs, in standard deviations of the masked model's outputs


def slim(model: nn.Module, masks: Masks, example: Tensor) -> nn.Module:
    """Return a smaller copy of `model` without the units that `masks` removed; `model` is left as it is.

    Args:
        masks: of a pruner of filters or neurons. Single weights that are gone stay as zeros.
        example: a normalised batch, to trace with and to compare the outputs on.

    Raises:
        CourseError: if the masks remove no whole units, or (by the layer's name) if the outputs of the masked and of
            the slimmed model differ, as they do where masks that are not closed meet an activation with f(0) != 0.

    >>> from course_lib.network import units
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> masks = units.close(model, units.groups(model, torch.ones(2, 4)), {"0": torch.tensor([True, False, True])})
    >>> slim(model, masks, torch.randn(8, 4))[0]
    Linear(in_features=4, out_features=2, bias=True)
    """
    if not masks.units:
        raise CourseError(
            "the masks are of single weights; only filters and neurons can be cut out (unit='filter' or 'neuron')."
        )
    masked = masks.apply_(copy.deepcopy(model))
    found = groups(masked, example)
    small = cut(masked, found, masks)
    if not difference(masked, small, example) <= TOLERANCE:  # so that NaN is refused, too
        ours = (g.name for g in found if not difference(masked, cut(masked, [g], masks), example) <= TOLERANCE)
        culprit = next(ours, "")
        where = f"layer {culprit or found[0].name}"
        raise CourseError(f"{where} cannot be slimmed: the outputs would change (does its activation map 0 to 0?).")
    return small


@torch.no_grad()
def cut(model: nn.Module, found: Sequence[Group], masks: Masks) -> nn.Module:
    """Return a copy of `model` with the gone units of the groups `found` cut out, unchecked.

    >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> found = groups(model, torch.ones(2, 4))
    >>> cut(model, found, Masks({}, 23, {"0": torch.tensor([True, False, True])}))[2]
    Linear(in_features=2, out_features=2, bias=True)
    """
    small = copy.deepcopy(model)
    modules = dict(small.named_modules())
    inputs: dict[str, Tensor] = {}  # a consumer may read several groups: its columns are cut once, in the end
    for group in found:
        kept = masks.units[group.name].cpu()
        for name in (*group.producers, *group.norms):
            _keep_rows(modules[name], kept)
        for name, columns in group.consumers.items():
            width = modules[name].weight.shape[1]
            inputs.setdefault(name, torch.ones(width, dtype=torch.bool))[columns[~kept].flatten()] = False
    for name, kept in inputs.items():
        _keep_columns(modules[name], kept)
    return small


@torch.inference_mode()
def difference(model: nn.Module, other: nn.Module, example: Tensor) -> float:
    """Return the largest difference of the two models' outputs in eval mode, in standard deviations of the first's.

    >>> model = nn.Linear(4, 3)
    >>> difference(model, copy.deepcopy(model), torch.randn(8, 4))
    0.0
    """
    outputs = []
    for network in (model, other):
        with in_mode(network, training=False):
            outputs.append(network(example))
    spread = outputs[0].std().clamp_min(1e-12)
    return float((outputs[0] - outputs[1]).abs().max() / spread)


def _keep_rows(module: nn.Module, kept: Tensor) -> None:
    for name in ("weight", "bias", "running_mean", "running_var"):
        tensor = getattr(module, name, None)
        if tensor is not None:
            _replace(module, name, tensor[kept.to(tensor.device)])
    attribute = "num_features" if isinstance(module, NORMS) else "out_channels" if _is_conv(module) else "out_features"
    setattr(module, attribute, int(kept.sum()))


def _keep_columns(module: nn.Module, kept: Tensor) -> None:
    weight = module.get_parameter("weight")
    _replace(module, "weight", weight[:, kept.to(weight.device)])
    setattr(module, "in_channels" if _is_conv(module) else "in_features", int(kept.sum()))


def _replace(module: nn.Module, name: str, tensor: Tensor) -> None:
    old = getattr(module, name)
    if old.ndim == 4 and not old.is_contiguous() and old.is_contiguous(memory_format=torch.channels_last):
        tensor = tensor.contiguous(memory_format=torch.channels_last)
    if isinstance(old, nn.Parameter):
        tensor = nn.Parameter(tensor, requires_grad=old.requires_grad)
    setattr(module, name, tensor)


def _is_conv(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d)
