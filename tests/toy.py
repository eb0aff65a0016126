"""Small things that several tests are made of: benches of noise, and networks with all their numbers drawn."""

from __future__ import annotations

import torch
from torch import nn

from course_lib.data import Bench, Split

MODELS = ("mlp", "cnn", "vgg", "resnet")


def bench_of(channels: int = 1, size: int = 28, classes: int = 10, count: int = 20) -> Bench:
    """A bench of noise with images of any size and number of channels."""
    generator = torch.Generator().manual_seed(channels * 1000 + size)
    shape = (count, channels, size, size)
    parts = [
        Split(torch.randint(0, 256, shape, generator=generator).to(torch.uint8), torch.arange(count) % classes)
        for _ in range(3)
    ]
    names = tuple(str(number) for number in range(classes))
    return Bench("noise", *parts, names, torch.full((channels,), 0.5), torch.full((channels,), 0.25))


def drawn(model: nn.Module, seed: int = 0) -> nn.Module:
    """Draw BatchNorm's statistics, gamma and beta, and all biases, so that a slip with any of them shows.

    Weights of nothing but zeros are drawn, too: behind the head of a new vision transformer no slip would show at all.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                if module.running_mean is not None:
                    module.running_mean.normal_(generator=generator)
                    module.running_var.uniform_(0.5, 2, generator=generator)
                if module.weight is not None:
                    module.weight.uniform_(0.5, 1.5, generator=generator)
                    module.bias.normal_(generator=generator)
            elif isinstance(module, (nn.Conv2d, nn.Linear)):
                if module.bias is not None:
                    module.bias.normal_(generator=generator)
                if not module.weight.any():
                    module.weight.normal_(std=0.1, generator=generator)
    return model


def same(left: nn.Module, right: nn.Module) -> bool:
    """Whether two networks have the same state, bit for bit."""
    ours, theirs = left.state_dict(), right.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
