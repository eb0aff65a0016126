"""Lesson 07, slim and ship."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def slice_conv_pair(
    conv: nn.Conv2d, norm: nn.BatchNorm2d | None, following: nn.Conv2d, keep: Tensor
) -> None:
    """All that has an entry for each filter lies in two lists, `parameters()` and the running
    statistics, and is cut by the same line: a bias that is not there is not in the list."""
    for module in filter(None, (conv, norm)):
        for parameter in module.parameters():
            parameter.data = parameter.data[keep]
    if norm is not None:
        for name in ("running_mean", "running_var"):
            setattr(norm, name, getattr(norm, name)[keep])
    following.weight.data = following.weight.data[:, keep]


def same_logits(model: nn.Module, other: nn.Module, x: Tensor, tolerance: float = 1e-4) -> bool:
    """`torch.allclose` without its relative part has just the tolerance that is asked for. It
    takes two infinities for equal, so these are looked for first."""
    with torch.no_grad():
        ours, theirs = model.eval()(x), other.eval()(x)
    if ours.shape != theirs.shape or not ours.isfinite().all():
        return False
    return torch.allclose(ours, theirs, rtol=0, atol=tolerance * ours.std().item())


def round_widths(scores: Tensor, keep: Tensor, multiple: int) -> Tensor:
    """What is kept gets the score infinity and so comes first; then the wanted number of the
    best is taken at once."""
    wanted = min(-(-int(keep.sum()) // multiple) * multiple, len(keep))
    wider = torch.zeros_like(keep)
    wider[scores.masked_fill(keep, torch.inf).topk(wanted).indices] = True
    return wider


def fold_constant_unit(
    weight: Tensor, bias: Tensor, unit: int, constant: float
) -> tuple[Tensor, Tensor]:
    """All inputs before the unit and all behind it, put together again: no mask is needed."""
    rest = torch.cat([weight[:, :unit], weight[:, unit + 1 :]], dim=1)
    said = weight[:, unit].reshape(len(weight), -1).sum(1) * constant
    return rest, bias + said


def two_of_four(weight: Tensor) -> Tensor:
    """`topk` asks for the two that stay. Nobody has to remember at which end of a sorted list
    the large ones are."""
    fours = weight.abs().reshape(-1, 4)
    kept = torch.zeros_like(fours, dtype=torch.bool)
    return kept.scatter(1, fours.topk(2, dim=1).indices, True).view(weight.shape)
