"""Lesson 02, L1-norm filter pruning."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib.pruning import Masks


def filter_l1(weight: Tensor) -> Tensor:
    """PyTorch has the norm under its name. With `ord=2` the same line ranks by the L2 norm, so
    it is easy to compare the two."""
    return torch.linalg.vector_norm(weight, ord=1, dim=(1, 2, 3))


def filters_to_keep(scores: Tensor, sparsity: float) -> Tensor:
    """It asks for the strongest that stay instead of the weakest that go. `topk` sorts no more
    than it has to."""
    stay = max(1, len(scores) - round(sparsity * len(scores)))
    keep = torch.zeros(len(scores), dtype=torch.bool)
    keep[scores.topk(stay).indices] = True
    return keep


def silence(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    """`parameters()` lists only what is there, so nobody has to ask whether the convolution has
    a bias."""
    gone = torch.nonzero(~keep).flatten()
    with torch.no_grad():
        for module in (conv, norm):
            for parameter in module.parameters():
                parameter.index_fill_(0, gone, 0)


def columns_of_channel(channel: int, height: int, width: int) -> list[int]:
    """It numbers all inputs, gives them the shape of the maps, and lets `flatten` say where it
    puts a channel. No formula can be wrong here, so it is a good test of the short one."""
    maps = torch.arange((channel + 1) * height * width).view(-1, height, width)
    return maps[channel].flatten().tolist()


def cut_pair(weight: Tensor, following: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
    """`index_select` names the axis that it cuts. With positions in place of True and False,
    the same lines could also put the filters in another order."""
    left = keep.nonzero().flatten()
    return weight.index_select(0, left), following.index_select(1, left)


def prune_and_fine_tune(
    schedule: list[float], prune: Callable, fine_tune: Callable, masks: Masks
) -> Masks:
    """It keeps the masks of every round. Return `history` instead, and you can look at what
    each round took."""
    history = [masks]
    for sparsity in schedule:
        history.append(prune(sparsity, history[-1]))
        fine_tune(history[-1])
    return history[-1]
