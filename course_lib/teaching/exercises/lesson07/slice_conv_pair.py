"""Cut filters out of a convolution, and what reads them out of the next one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.teaching.exercises.attempts import Case, Layer
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer

Chain = Callable[[nn.Conv2d, "nn.BatchNorm2d | None", nn.Conv2d, Tensor], None]
OWN, STATISTICS = ("weight", "bias"), ("running_mean", "running_var")


def slice_conv_pair(conv: nn.Conv2d, norm: nn.BatchNorm2d | None, following: nn.Conv2d, keep: Tensor) -> None:
    """Cut out, in place, the filters of `conv` where `keep` (n,) is False, with all that belongs to them and reads them."""
    for module in (conv, norm):
        for name in OWN:
            if module is not None and getattr(module, name) is not None:
                setattr(module, name, nn.Parameter(getattr(module, name)[keep]))
    if norm is not None:
        norm.running_mean, norm.running_var = (norm.get_buffer(name)[keep] for name in STATISTICS)
    following.weight = nn.Parameter(following.weight[:, keep])


def _chains(rng: torch.Generator) -> list[Case]:
    def layer(kind: type[nn.Module], **given: Any) -> Layer:
        module = kind(**given)
        with torch.no_grad():
            for tensor in (*module.parameters(), *module.buffers()):
                if tensor.is_floating_point():
                    tensor.copy_(torch.randn(tensor.shape, generator=rng).abs() + 0.1)
        return Layer.of(module, **given)

    def case(
        label: str, n: int, bias: bool, norm: bool, keep: Tensor, kernel: int = 3, m: int = 0, edge: bool = False
    ) -> Case:
        conv = layer(nn.Conv2d, in_channels=n, out_channels=n, kernel_size=3, bias=bias)
        following = layer(nn.Conv2d, in_channels=n, out_channels=m or n, kernel_size=kernel, bias=bias)
        return Case(label, (conv, layer(nn.BatchNorm2d, num_features=n) if norm else None, following, keep), edge)

    n = integer(rng, 6, 8)
    keep = torch.rand(n, generator=rng) < 0.5
    keep[:4] = torch.tensor([False, True, True, False])
    if int(keep.sum()) * 2 == n:
        keep[2] = False  # so that those that go are not as many as those that stay
    with torch.random.fork_rng(devices=[]):
        return [
            case("two convolutions with biases", n, True, False, keep, m=n + 1),
            case("a BatchNorm in between, no biases", n, False, True, keep, m=n + 1),
            case("as many filters in both layers", n, True, True, keep),
            case("a next layer of 1x1 kernels", n, False, False, keep, kernel=1, m=3),
            case("one filter kept of five", 5, True, True, torch.arange(5) == integer(rng, 1, 4), m=4, edge=True),
            case("nothing to cut", n, True, True, torch.ones(n, dtype=torch.bool), m=4, edge=True),
        ]


def _tensors(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """What counts are the tensors of the three layers; the count of batches that BatchNorm has seen does not."""
    conv, norm, following, keep, log = afterwards
    norm = norm and {name: tensor for name, tensor in norm.items() if name != "num_batches_tracked"}
    return conv, norm, following, keep, log


def _cut(module: nn.Module, name: str, keep: Tensor, axis: int = 0) -> None:
    tensor = getattr(module, name)
    shorter = tensor.detach()[:, keep] if axis else tensor.detach()[keep]
    setattr(module, name, nn.Parameter(shorter) if isinstance(tensor, nn.Parameter) else shorter)


def _all_but(*left: str, choose: Callable[[Tensor], Tensor] = lambda keep: keep, also: str = "") -> Chain:
    """Cut everything except what is `left`: row, bias, gamma, beta, statistics, inputs; or something more, `also`."""

    def wrong(conv: nn.Conv2d, norm: nn.BatchNorm2d | None, following: nn.Conv2d, keep: Tensor) -> None:
        keep = choose(keep)
        parts = [("row", conv, "weight"), ("bias", conv, "bias"), ("gamma", norm, "weight"), ("beta", norm, "bias")]
        parts += [("statistics", norm, name) for name in STATISTICS]
        for part, module, name in parts:
            if part not in left and module is not None and getattr(module, name) is not None:
                _cut(module, name, keep)
        if "inputs" not in left:
            _cut(following, "weight", keep, axis=1)
        if also == "outputs":
            _cut(following, "weight", keep)
        if also == "bias" and following.bias is not None:
            _cut(following, "bias", keep)

    return wrong


def _rows_of_both(conv: nn.Conv2d, norm: nn.BatchNorm2d | None, following: nn.Conv2d, keep: Tensor) -> None:
    _all_but("inputs")(conv, norm, following, keep)
    _cut(following, "weight", keep)


def _columns_first(conv: nn.Conv2d, norm: nn.BatchNorm2d | None, following: nn.Conv2d, keep: Tensor) -> None:
    _all_but("row")(conv, norm, following, keep)
    _cut(conv, "weight", keep, axis=1)


def _zeros(conv: nn.Conv2d, norm: nn.BatchNorm2d | None, following: nn.Conv2d, keep: Tensor) -> None:
    with torch.no_grad():
        for module in (conv, norm):
            for name in OWN:
                if module is not None and getattr(module, name) is not None:
                    getattr(module, name)[~keep] = 0
        following.weight[:, ~keep] = 0


def _always_bias(conv: nn.Conv2d, norm: nn.BatchNorm2d | None, following: nn.Conv2d, keep: Tensor) -> None:
    conv.weight = nn.Parameter(conv.weight[keep])
    conv.bias = nn.Parameter(conv.bias[keep])  # type: ignore[index]  # that it may be None is the mistake
    _all_but("row", "bias")(conv, norm, following, keep)


def _always_norm(conv: nn.Conv2d, norm: nn.BatchNorm2d, following: nn.Conv2d, keep: Tensor) -> None:
    norm.weight = nn.Parameter(norm.weight[keep])
    _all_but("gamma")(conv, norm, following, keep)


def _plain_tensor(conv: nn.Conv2d, norm: nn.BatchNorm2d | None, following: nn.Conv2d, keep: Tensor) -> None:
    conv.weight = conv.weight[keep]  # that it is no parameter is the mistake


_NEXT = "The next convolution still expects the channels that are gone: cut its weight along axis 1 as well."
EXERCISE = Exercise(
    "slice_conv_pair",
    lesson="07",
    points=2,
    reference=slice_conv_pair,
    cases=_chains,
    misconceptions=(
        Misconception("the next layer left whole", _NEXT, _all_but("inputs")),
        Misconception(
            "wrong axis of the next layer",
            "Axis 0 of the next weight are its own filters, which all stay; its inputs are axis 1.",
            _rows_of_both,
        ),
        Misconception(
            "the next layer's filters cut, too",
            "The next layer loses inputs and keeps all of its own filters: cut its weight along axis 1 only.",
            _all_but(also="outputs"),
        ),
        Misconception(
            "the next bias cut",
            "The next layer's bias has an entry for each of ITS filters, which all stay.",
            _all_but(also="bias"),
        ),
        Misconception(
            "inputs of the first layer cut",
            "Filters are the FIRST axis of a convolution's weight; the second are its own inputs, which all stay.",
            _columns_first,
        ),
        Misconception(
            "bias left whole", "The convolution's bias has an entry for each filter: cut it, too.", _all_but("bias")
        ),
        Misconception(
            "BatchNorm left whole",
            "BatchNorm has an entry for each channel: gamma, beta, running mean and running variance go with the filter.",
            _all_but("gamma", "beta", "statistics"),
        ),
        Misconception(
            "statistics left whole",
            "BatchNorm's running mean and variance have an entry for each channel as well: cut them, or it cannot run.",
            _all_but("statistics"),
        ),
        Misconception(
            "gamma and beta left whole",
            "BatchNorm's weight (gamma) and bias (beta) have an entry for each channel as well.",
            _all_but("gamma", "beta"),
        ),
        Misconception(
            "inverted mask", "This keeps the filters that should go: True means KEPT.", _all_but(choose=lambda keep: ~keep)
        ),
        Misconception(
            "the first filters",
            "As many filters are left as should be, but the first ones: use the places where keep is True.",
            _all_but(choose=lambda keep: torch.arange(len(keep)) < keep.sum()),
        ),
        Misconception(
            "masked, not cut",
            "The entries are zero and the tensors as large as before: cut them out, by indexing with keep.",
            _zeros,
        ),
        Misconception(
            "a layer without bias",
            "A convolution before a BatchNorm often has no bias: conv.bias is None then.",
            _always_bias,
        ),
        Misconception(
            "a chain without BatchNorm", "Not every chain has a BatchNorm in between: norm can be None.", _always_norm
        ),
        Misconception(
            "changes nothing",
            "Nothing has changed: give the layers themselves new parameters, such as conv.weight = nn.Parameter(...).",
            lambda conv, norm, following, keep: slice_conv_pair(
                copy.deepcopy(conv), copy.deepcopy(norm), copy.deepcopy(following), keep
            ),
        ),
        Misconception(
            "a tensor for a parameter",
            "PyTorch takes nothing but a parameter in the place of one: wrap the shorter tensor in nn.Parameter(...).",
            _plain_tensor,
        ),
    ),
    view=_tensors,
)
