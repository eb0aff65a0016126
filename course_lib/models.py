"""The four networks of the course. Every activation is a module of its own, so that its units can be read by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from course_lib.errors import CourseError, check_share

if TYPE_CHECKING:
    from course_lib.data import Bench


def build(name: str, bench: Bench, seed: int = 0) -> nn.Module:
    """Return the network `name` for the images and classes of `bench`, on its device.

    Args:
        name: "mlp" (784-128-256-10 on Fashion-MNIST: that of Diao et al. 2023), "cnn" (the reference net: the Keras
            classic, 1,250,858 parameters on 32x32x3 and 10 classes), "vgg" or "resnet" (small, with BatchNorm).
        bench: gives the shape of the images and the number of classes; sides of at least 16 for all but the mlp.
        seed: of the initial weights; the global random state is left as it was.
    """
    return of_shape(name, bench.shape, bench.num_classes, seed).to(bench.device)


def of_shape(name: str, shape: tuple[int, int, int], classes: int, seed: int = 0) -> nn.Module:
    """Return the network `name` for images of `shape` (channels, height, width), on the CPU; see `build`."""
    if name not in MODELS:
        raise CourseError(f"model {name!r} was given; known are {', '.join(MODELS)}.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = MODELS[name](shape, classes)
    return model.to(memory_format=torch.channels_last)  # convolutions run faster on CPUs and on tensor cores in this layout


def _mlp(shape: tuple[int, int, int], classes: int) -> nn.Module:
    pixels = shape[0] * shape[1] * shape[2]
    layers = [nn.Flatten(), nn.Linear(pixels, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, classes)]
    return _named(layers, "flatten hidden1 relu1 hidden2 relu2 head")


def _cnn(shape: tuple[int, int, int], classes: int) -> nn.Module:
    features = [
        *(nn.Conv2d(shape[0], 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Dropout(0.25)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten()),
    ]
    width = _width(features, shape)
    layers = [*features, nn.Linear(width, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, classes)]
    names = "conv1 relu1 conv2 relu2 pool1 drop1 conv3 relu3 conv4 relu4 pool2 drop2 flatten hidden relu5 drop3 head"
    return _named(layers, names)


def _vgg(shape: tuple[int, int, int], classes: int) -> nn.Module:
    layers, names, channels = [], [], shape[0]
    for i, width in enumerate((32, 32, 64, 64, 128, 128), 1):
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        names += [f"conv{i}", f"norm{i}", f"relu{i}"]
        if i % 2 == 0:
            layers.append(nn.MaxPool2d(2))
            names.append(f"pool{i // 2}")
        channels = width
    layers += [nn.Flatten(), nn.Linear(_width([*layers, nn.Flatten()], shape), 128), nn.ReLU(), nn.Linear(128, classes)]
    return _named(layers, " ".join([*names, "flatten", "hidden", "relu7", "head"]))


@contextmanager
def in_mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Put `model` in training or eval mode for a while; then every module gets its own mode back (a frozen norm, say)."""
    modes = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, was in modes:
            module.training = was


@contextmanager
def dropping(model: nn.Module, rate: float | None) -> Iterator[None]:
    """Give all Dropout modules of `model` the `rate` in [0, 1] for a while; None leaves them as they are."""
    if rate is not None:
        check_share("dropout", rate)
    own = [(m, m.p) for m in model.modules() if isinstance(m, nn.modules.dropout._DropoutNd)]
    for module, p in own:
        module.p = p if rate is None else rate
    try:
        yield
    finally:
        for module, p in own:
            module.p = p


class Block(nn.Module):
    """Two convolutions and a shortcut: identity, or a 1x1 projection where the shape changes (He et al. 2016)."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or channels != width:
            # A 1x1 convolution of stride 2 in two steps: in one, with fewer than 8 channels left, its backward writes
            # past its memory on CPUs (https://github.com/uxlfoundation/oneDNN/issues/6035).
            layers = [nn.AvgPool2d(1, stride), nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)]
            self.shortcut = _named(layers, "thin conv norm")

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) -> (n, width, h / stride, w / stride)."""
        y = self.norm2(self.conv2(self.relu1(self.norm1(self.conv1(x)))))
        return self.relu2(y + self.shortcut(x))


def _resnet(shape: tuple[int, int, int], classes: int) -> nn.Module:
    layers = [nn.Conv2d(shape[0], 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    layers += [Block(16, 16, 1), Block(16, 16, 1), Block(16, 32, 2), Block(32, 32, 1), Block(32, 64, 2)]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes)]
    return _named(layers, "conv norm relu block1 block2 block3 block4 block5 pool flatten head")


def _named(layers: list[nn.Module], names: str) -> nn.Sequential:
    model = nn.Sequential()
    for name, layer in zip(names.split(), layers, strict=True):
        model.add_module(name, layer)
    return model


def _width(features: list[nn.Module], shape: tuple[int, int, int]) -> int:
    """Number of values that `features` give for one image, found by asking them."""
    network = nn.Sequential(*features).eval()
    try:
        with torch.no_grad():
            return network(torch.zeros(1, *shape)).numel()
    except RuntimeError as error:
        raise CourseError(f"images of {shape[1]}x{shape[2]} were given; this network needs 16x16 or more.") from error
    finally:
        network.train()


MODELS = {"mlp": _mlp, "cnn": _cnn, "vgg": _vgg, "resnet": _resnet}
