"""Cutting units out of the tensors, so that a network is smaller and computes the same."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from course_lib.models import in_mode
from course_lib.network.group import Group
from course_lib.network.layers import is_depthwise


@torch.no_grad()
def cut(model: nn.Module, groups: Sequence[Group], kept: Mapping[str, Tensor]) -> nn.Module:
    """Return a copy of `model` without the gone units of `groups`, unchecked.

    Args:
        kept: group name -> bool tensor over its units.
    """
    small = copy.deepcopy(model)
    modules = dict(small.named_modules())
    inputs: dict[str, Tensor] = {}  # a consumer may read several groups: its columns are cut once, in the end
    for group in groups:
        stays = kept[group.name].cpu()
        for name in (*group.producers, *group.norms, *group.depthwise):
            _keep_rows(modules[name], stays)
        for name, columns in group.consumers.items():
            width = modules[name].get_parameter("weight").shape[1]
            inputs.setdefault(name, torch.ones(width, dtype=torch.bool))[columns[~stays].flatten()] = False
    for name, stays in inputs.items():
        _keep_columns(modules[name], stays)
    return small


def _keep_rows(module: nn.Module, kept: Tensor) -> None:
    for name in ("weight", "bias", "running_mean", "running_var"):
        tensor = getattr(module, name, None)
        if tensor is not None:
            _replace(module, name, tensor[kept.to(tensor.device)])
    size = int(kept.sum())
    if isinstance(module, nn.modules.conv._ConvNd):
        module.out_channels = size
        if module.groups > 1:  # depthwise: a filter reads its own channel
            module.groups = module.in_channels = size
    else:
        setattr(module, "out_features" if isinstance(module, nn.Linear) else "num_features", size)


def _keep_columns(module: nn.Module, kept: Tensor) -> None:
    weight = module.get_parameter("weight")
    _replace(module, "weight", weight[:, kept.to(weight.device)])
    setattr(module, "in_features" if isinstance(module, nn.Linear) else "in_channels", int(kept.sum()))


def fit(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give a convolution, a linear layer or a normalisation these parameters and buffers, and the widths that they have."""
    depthwise = is_depthwise(module)
    for name, tensor in tensors.items():
        old = getattr(module, name)
        # In the old tensor's layout, as `cut` leaves it: another order of memory rounds in another way.
        laid = torch.empty_like(old[tuple(slice(size) for size in tensor.shape)]).copy_(tensor)
        _replace(module, name, laid)
    if isinstance(module, nn.modules.conv._ConvNd):
        module.out_channels = len(module.weight)
        module.groups = module.out_channels if depthwise else module.groups
        module.in_channels = module.weight.shape[1] * module.groups
    elif isinstance(module, nn.Linear):
        module.out_features, module.in_features = module.weight.shape
    elif tensors:
        setattr(module, "num_features", max(map(len, filter(Tensor.dim, tensors.values()))))  # noqa: B010  (it has no such type)


def _replace(module: nn.Module, name: str, tensor: Tensor) -> None:
    old = getattr(module, name)
    if old.ndim == 4 and not old.is_contiguous() and old.is_contiguous(memory_format=torch.channels_last):
        tensor = tensor.contiguous(memory_format=torch.channels_last)
    if isinstance(old, nn.Parameter):
        tensor = nn.Parameter(tensor, requires_grad=old.requires_grad)
    setattr(module, name, tensor)


@torch.inference_mode()
def difference(model: nn.Module, other: nn.Module, example: Tensor) -> float:
    """Return the largest difference of the two models' outputs in eval mode, in standard deviations of the first's.

    Infinite where the outputs have different shapes.
    """
    outputs = []
    for network in (model, other):
        with in_mode(network, training=False):
            outputs.append(network(example))
    if outputs[0].shape != outputs[1].shape:
        return float("inf")
    spread = outputs[0].std().clamp_min(1e-12)
    return float((outputs[0] - outputs[1]).abs().max() / spread)
