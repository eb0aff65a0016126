"""Networks as people bring them: what runs in one memory layout only, and every kind that the course refuses."""

from __future__ import annotations

import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune


class ViewNet(nn.Module):
    """The beginner's network: `x.view` after the convolutions, which channels_last images do not stand."""

    def __init__(self, channels: int = 3, size: int = 16, classes: int = 4, norm: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 6, 3, padding=1)
        self.relu1 = nn.ReLU()
        self.fc1 = nn.Linear(6 * size * size, 12)
        self.norm = nn.BatchNorm1d(12) if norm else nn.Identity()
        self.relu2 = nn.ReLU()
        self.fc2 = nn.Linear(12, classes)

    def forward(self, x):
        x = self.relu1(self.conv1(x))
        x = x.view(x.size(0), -1)
        return self.fc2(self.relu2(self.norm(self.fc1(x))))


def flat(*layers: nn.Module, classes: int = 4) -> nn.Sequential:
    """A convolution, `layers`, and a head, for images of 3 x 16 x 16."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, classes)
    )


class Outputs(ViewNet):
    """A network whose outputs go through `change`."""

    def __init__(self, change: Callable, **arguments) -> None:
        super().__init__(**arguments)
        self.change = change

    def forward(self, x):
        return self.change(super().forward(x))


class Auxiliary(ViewNet):
    """GoogLeNet's manner: a tuple in training mode only."""

    aux_logits = True

    def forward(self, x):
        y = super().forward(x)
        return namedtuple("GoogLeNetOutputs", "logits aux")(y, y) if self.training else y


class TwoInputs(ViewNet):
    def forward(self, x, condition):
        return super().forward(x) + condition


class Misspelt(ViewNet):
    def forward(self, x):
        return self.fc3(super().forward(x))


class NoForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 4)


class Inner(nn.Module):
    """A network inside a network, so that a layer has a dotted name."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.body = inner

    def forward(self, x):
        return self.body(x)


def torch_pruned() -> nn.Module:
    model = ViewNet()
    prune.l1_unstructured(model.fc1, "weight", 0.5)
    return model


def on(part: str, change: Callable[[nn.Module], object]) -> nn.Module:
    """A ViewNet with one part changed in place."""
    model = ViewNet()
    change(model.get_submodule(part))
    return model


def quantised() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, and still brought
        return torch.ao.quantization.quantize_dynamic(ViewNet(), {nn.Linear}, torch.qint8)


def compiled_in_place() -> nn.Module:
    model = ViewNet()
    model.compile()
    return model


def scripted() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, and still brought
        return torch.jit.script(ViewNet())


# name -> (how to make it, what the sentence says); refused by its looks, whatever is asked for
REFUSED_BY_LOOK: dict[str, tuple[Callable[[], object], str]] = {
    "class": (lambda: ViewNet, r"the class ViewNet was given as the model \(call it: ViewNet\(\)\)"),
    "state dict": (lambda: ViewNet().state_dict(), r"a state dict was given as the model"),
    "function": (lambda: F.relu, r"a function was given as the model"),
    "lazy": (lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(4)), r"layer 1 \(LazyLinear\) has no weights yet"),
    "quantised": (quantised, r"layer fc1 \(Linear\) is quantised"),
    "compiled": (lambda: torch.compile(ViewNet()), r"went through torch.compile.*model\._orig_mod"),
    "compiled part": (
        lambda: Inner(torch.compile(ViewNet())),
        r"layer body went through torch.compile.*model\.body\._orig_mod",
    ),
    "compiled in place": (compiled_in_place, r"the model was compiled in place"),
    "scripted": (scripted, r"the model is a TorchScript module"),
    "data parallel": (lambda: nn.DataParallel(ViewNet()), r"the model is wrapped in DataParallel.*model\.module"),
    "half": (lambda: ViewNet().half(), r"parameter conv1.weight is of type torch.float16 \(half\).*model\.float\(\)"),
    "bf16": (lambda: ViewNet().bfloat16(), r"parameter conv1.weight is of type torch.bfloat16"),
    "double": (lambda: ViewNet().double(), r"parameter conv1.weight is of type torch.float64 \(double\)"),
    "mixed": (lambda: on("fc2", lambda m: m.bfloat16()), r"parameter fc2.weight is of type torch.bfloat16"),
    "meta": (lambda: ViewNet().to("meta"), r"parameter .* is on the meta device and has no values"),
    "two devices": (lambda: on("fc2", lambda m: m.to("meta")), r"parameter fc2\.\w+ is on the meta device"),
    "torch prune": (torch_pruned, r'layer fc1 is pruned by torch.nn.utils.prune.*prune\.remove\(model\.fc1, "weight"\)'),
    "weight norm": (
        lambda: on("fc1", parametrizations.weight_norm),
        r"layer fc1 .*remove_parametrizations\(model\.fc1, \"weight\"\)",
    ),
    "spectral norm": (lambda: on("conv1", parametrizations.spectral_norm), r"layer conv1 .*remove_parametrizations"),
    "old weight norm": (lambda: on("fc1", nn.utils.weight_norm), r"layer fc1 .*remove_weight_norm\(model\.fc1\)"),
    "old spectral norm": (lambda: on("fc1", nn.utils.spectral_norm), r"layer fc1 .*remove_spectral_norm\(model\.fc1\)"),
}

# refused once it has run on two images
REFUSED_BY_RUN: dict[str, tuple[Callable[[], object], str]] = {
    "two inputs": (TwoInputs, r"the model's forward takes x, condition; it is called with one batch of images"),
    "no forward": (NoForward, r"the model has no forward method"),
    "module list": (lambda: nn.ModuleList([nn.Linear(3, 4)]), r"the model has no forward method"),
    "nothing returned": (lambda: Outputs(lambda y: None), r"the model returns nothing"),
    "tuple": (lambda: Outputs(lambda y: (y, y)), r"the model returns a tuple"),
    "dict": (lambda: Outputs(lambda y: {"logits": y}), r"the model returns a dict"),
    "list": (lambda: Outputs(lambda y: [y]), r"the model returns a list"),
    "picture": (
        lambda: Outputs(lambda y: y[:, :, None, None]),
        r"have the shape \(2, 4, 1, 1\); expected is \(2, 4\)",
    ),
    "one number": (lambda: Outputs(lambda y: y[:, 0]), r"have the shape \(2,\)"),
    "labels": (lambda: Outputs(lambda y: y.argmax(1, keepdim=True).expand(-1, 4)), r"returns torch.int64 numbers"),
    "too few": (lambda: ViewNet(classes=3), r"the model has 3 outputs; the data has 4 classes"),
    "channels": (
        lambda: ViewNet(channels=1),
        r"layer conv1 \(Conv2d\) expects 1 channels; images have 3 \(images of 3x16x16\)",
    ),
    "size": (lambda: ViewNet(size=14), r"layer fc1 \(Linear\) expects 1176 inputs, but images of 3x16x16 give it 1536"),
    "norm": (lambda: flat(nn.BatchNorm2d(5)), r"layer 2 \(BatchNorm2d\) expects 5 channels; its inputs have 6"),
    "small images": (
        lambda: flat(nn.MaxPool2d(4), nn.MaxPool2d(4), nn.Conv2d(6, 6, 3)),
        r"images of 3x16x16 are too small for the model: at layer 4 \(Conv2d\)",
    ),
    "small maps": (
        lambda: flat(*[nn.MaxPool2d(4)] * 3),
        r"images of 3x16x16 are too small for the model: at layer 2 \(MaxPool2d\)",
    ),
    "ordered dict": (lambda: Outputs(lambda y: OrderedDict(out=y)), r"the model returns an OrderedDict"),
    "inner": (lambda: Inner(ViewNet(size=14)), r"layer body\.fc1 \(Linear\) expects 1176 inputs"),
    "misspelt": (Misspelt, r"the model fails on a batch of 2 images of 3x16x16: AttributeError, .*fc3"),
}
