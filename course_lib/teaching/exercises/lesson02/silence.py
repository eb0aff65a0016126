"""Zero all that belongs to the filters that go."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.teaching.exercises.attempts import Case, Layer
from course_lib.teaching.exercises.base import AUTOGRAD, Exercise, Misconception
from course_lib.teaching.exercises.draws import integer


def silence(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    """Zero, in place, all that belongs to the filters where `keep` (n,) is False: row, bias, gamma and beta."""
    with torch.no_grad():
        for parameter in (conv.weight, conv.bias, norm.weight, norm.bias):
            if parameter is not None:
                parameter[~keep] = 0


def _chains(rng: torch.Generator) -> list[Case]:
    def case(label: str, n: int, c: int, bias: bool, keep: Tensor) -> Case:
        conv, norm = nn.Conv2d(c, n, 3, bias=bias), nn.BatchNorm2d(n)
        with torch.no_grad():
            for tensor in (*conv.parameters(), *norm.parameters(), norm.get_buffer("running_mean")):
                tensor.copy_(torch.randn(tensor.shape, generator=rng))
            norm.get_buffer("running_var").copy_(0.5 + torch.rand(n, generator=rng))
        given = {"in_channels": c, "out_channels": n, "kernel_size": 3, "bias": bias}
        edge = not bias or bool(keep.all())
        return Case(label, (Layer.of(conv, **given), Layer.of(norm, num_features=n), keep), edge)

    n = integer(rng, 5, 8)
    keep = torch.rand(n, generator=rng) < 0.5
    keep[:2] = torch.tensor([True, False])
    with torch.random.fork_rng(devices=[]):
        return [
            case("a convolution with bias", n, 3, True, keep),
            case("a convolution without bias", n, 2, False, keep),
            case("nothing to silence", n, 2, True, torch.ones(n, dtype=torch.bool)),
            case("one filter kept of four", 4, 2, True, torch.arange(4) == integer(rng, 0, 3)),
        ]


def _parameters(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """What counts are the parameters, and which of them are exactly zero.

    BatchNorm's running statistics of a silent channel do not matter; those of the others are left alone.
    """
    conv, norm, keep = afterwards[:3]
    parameters = [conv, {name: norm[name] for name in ("weight", "bias")}]
    exactly = [{name: tensor == 0 for name, tensor in layer.items()} for layer in parameters]
    return parameters, exactly, [norm[name][inputs[2]] for name in ("running_mean", "running_var")], keep


def _zero(*which: str, gone: Callable[[Tensor], Tensor] = lambda keep: ~keep) -> Callable[..., None]:
    def wrong(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
        tensors = {"row": conv.weight, "bias": conv.bias, "gamma": norm.weight, "beta": norm.bias}
        with torch.no_grad():
            for name in which:
                if (tensor := tensors[name]) is not None:
                    tensor[gone(keep)] = 0

    return wrong


def _with_autograd(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    conv.weight[~keep] = 0


def _forgets_no_bias(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    with torch.no_grad():
        for parameter in (conv.weight, conv.bias, norm.weight, norm.bias):
            parameter[~keep] = 0  # type: ignore[index]  # that it may be None is the mistake


def _data_of_none(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    for parameter in (conv.weight, conv.bias, norm.weight, norm.bias):
        parameter.data[~keep] = 0  # type: ignore[union-attr]  # that it may be None is the mistake


def _columns(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    with torch.no_grad():
        conv.weight[:, ~keep] = 0


def _product(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    with torch.no_grad():
        for parameter in (conv.weight, conv.bias, norm.weight, norm.bias):
            if parameter is not None:
                parameter *= keep


def _and_statistics(change: Callable[[nn.BatchNorm2d], object]) -> Callable[..., None]:
    def wrong(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
        silence(conv, norm, keep)
        change(norm)

    return wrong


def _nearly(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    with torch.no_grad():
        for parameter in (*conv.parameters(), *norm.parameters()):
            parameter[~keep] = 1e-8


def _whole_bias(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    silence(conv, norm, keep)
    if conv.bias is not None:
        conv.bias.data.zero_()


_ALL = ("row", "bias", "gamma", "beta")
_STATISTICS = "The running statistics of the filters that STAY have changed: BatchNorm still needs them."
EXERCISE = Exercise(
    "silence",
    lesson="02",
    points=2,
    reference=silence,
    cases=_chains,
    misconceptions=(
        Misconception(
            "only the row",
            "The row is gone, but the filter still speaks through its bias and through BatchNorm's gamma and beta.",
            _zero("row"),
        ),
        Misconception(
            "BatchNorm left on",
            "BatchNorm still turns the silent channel into a constant: its gamma and beta belong to the filter too.",
            _zero("row", "bias"),
        ),
        Misconception("bias left", "The convolution's bias belongs to the filter too.", _zero("row", "gamma", "beta")),
        Misconception("beta left", "BatchNorm's shift beta is what still speaks.", _zero("row", "bias", "gamma")),
        Misconception(
            "gamma left",
            "With gamma left, BatchNorm subtracts its running mean from zero and scales that: the channel speaks.",
            _zero("row", "bias", "beta"),
        ),
        Misconception(
            "row left",
            "The output is silent, but the filter's own weights are still there and count as parameters.",
            _zero("gamma", "beta"),
        ),
        Misconception(
            "inverted mask",
            "This silences the filters that should be kept: True means KEPT.",
            _zero("row", "bias", "gamma", "beta", gone=lambda keep: keep),
        ),
        Misconception(
            "a layer without bias",
            "A convolution before a BatchNorm often has no bias: conv.bias is None then.",
            _forgets_no_bias,
        ),
        Misconception(
            "a layer without bias",
            "A convolution before a BatchNorm often has no bias: conv.bias is None then.",
            _data_of_none,
        ),
        Misconception(
            "changes nothing",
            "Nothing has changed: write into conv.weight and the others themselves, not into a copy.",
            lambda conv, norm, keep: _zero("row", "gamma", "beta")(copy.deepcopy(conv), copy.deepcopy(norm), keep),
        ),
        Misconception(
            "silences everything",
            "All filters are silent now; those where keep is True stay as they are.",
            _zero("row", "bias", "gamma", "beta", gone=lambda keep: keep | ~keep),
        ),
        Misconception("statistics of the kept reset", _STATISTICS, _and_statistics(lambda norm: norm.reset_running_stats())),
        Misconception(
            "statistics of the kept reset",
            _STATISTICS,
            _and_statistics(lambda norm: norm.get_buffer("running_mean").zero_()),
        ),
        Misconception(
            "nearly zero", "Zero means exactly 0: whoever counts what is left counts a small number as well.", _nearly
        ),
        Misconception("the whole bias", "Of the bias, too, only the entries of the filters that go are zero.", _whole_bias),
        Misconception(
            "the first filters",
            "As many filters are silent as should be, but the first ones: use the places where keep is False.",
            _zero(*_ALL, gone=lambda keep: torch.arange(len(keep)) < (~keep).sum()),
        ),
        Misconception(
            "one filter only",
            "One filter is silent; all are to be where keep is False.",
            _zero(*_ALL, gone=lambda keep: torch.arange(len(keep)) == (~keep).int().argmax()),
        ),
        Misconception(
            "autograd in the way",
            AUTOGRAD,
            _with_autograd,
        ),
        Misconception(
            "wrong axis", "Filters are the FIRST axis of the weight; the second are its input channels.", _columns
        ),
        Misconception(
            "multiplied by the mask",
            "keep is (n,) and the weight (n, c, h, w): they do not line up for a product. Index the rows with ~keep.",
            _product,
        ),
    ),
    view=_parameters,
)
