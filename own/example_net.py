"""An example for bring_your_own.ipynb: a small network with a shortcut, a depthwise convolution and a GroupNorm.

Yours looks like this: a function, here `build`, that returns a torch.nn.Module. It may take `shape` (channels, height, width)
and `classes`, which are then those of the images. The network takes a batch of images and returns one row of class scores for each.
"""

import torch
from torch import nn


class Example(nn.Module):
    """Two stages: the first with a shortcut, which couples its layers; the second thin, with a depthwise convolution."""

    def __init__(self, channels, classes):
        super().__init__()
        self.stem, self.stem_norm = nn.Conv2d(channels, 24, 3, stride=2, padding=1), nn.BatchNorm2d(24)
        self.body, self.body_norm = nn.Conv2d(24, 24, 3, padding=1), nn.BatchNorm2d(24)
        self.wide, self.wide_norm = nn.Conv2d(24, 48, 1), nn.BatchNorm2d(48)
        self.deep, self.deep_norm = nn.Conv2d(48, 48, 3, stride=2, padding=1, groups=48), nn.BatchNorm2d(48)
        self.narrow, self.narrow_norm = nn.Conv2d(48, 32, 1), nn.GroupNorm(4, 32)
        self.hidden, self.head = nn.Linear(32, 64), nn.Linear(64, classes)

    def forward(self, x):
        x = torch.relu(self.stem_norm(self.stem(x)))
        x = torch.relu(x + self.body_norm(self.body(x)))
        x = torch.relu(self.wide_norm(self.wide(x)))
        x = torch.relu(self.deep_norm(self.deep(x)))
        x = torch.relu(self.narrow_norm(self.narrow(x))).mean((2, 3))
        return self.head(torch.relu(self.hidden(x)))


def build(shape, classes):
    """Return the example for images of `shape`."""
    return Example(shape[0], classes)
