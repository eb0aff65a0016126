"""How many parameters a model has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.teaching.exercises.attempts import Case, Layer, Network
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer


def count_parameters(model: nn.Module) -> int:
    """Number of entries in all parameters, frozen ones too; a shared tensor counts once, buffers do not count."""
    return sum(parameter.numel() for parameter in model.parameters())


def _layer(kind: str, rng: torch.Generator, **arguments: Any) -> Layer:
    module = getattr(nn, kind)(**arguments)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=rng))
    return Layer.of(module, **arguments)


def _zeroed(layer: Layer) -> Layer:
    return Layer(layer.kind, layer.arguments, dict(layer.state) | {"bias": torch.zeros_like(layer.state["bias"])})


def _double(layer: Layer) -> Layer:
    return Layer(layer.kind, layer.arguments, {name: tensor.double() for name, tensor in layer.state.items()})


def _others(rng: torch.Generator, n: int, m: int) -> dict[str, Layer]:
    """Layers with parameters that are not called weight and bias, or that stand beside a layer within."""
    return {
        "words": _layer("Embedding", rng, num_embeddings=m, embedding_dim=n),
        "attention": _layer("MultiheadAttention", rng, embed_dim=n, num_heads=2),
        "norm": _layer("LayerNorm", rng, normalized_shape=m),
    }


def _networks(rng: torch.Generator) -> list[Case]:
    def conv(c: int, n: int, bias: bool = True) -> Layer:
        return _layer("Conv2d", rng, in_channels=c, out_channels=n, kernel_size=3, bias=bias)

    def dense(c: int, n: int) -> Layer:
        return _layer("Linear", rng, in_features=c, out_features=n)

    def norm(n: int) -> Layer:
        return _layer("BatchNorm2d", rng, num_features=n)

    def case(label: str, layers: Mapping[str, Layer | Network], edge: bool = False, **how: Any) -> Case:
        return Case(label, (Network(layers, **how),), edge)

    a, b, c = integer(rng, 3, 5), integer(rng, 6, 8), integer(rng, 9, 12)
    with torch.random.fork_rng(devices=[]):
        relu, flatten = _layer("ReLU", rng), _layer("Flatten", rng)
        block = Network({"conv": conv(a, c), "inner": Network({"norm": norm(c), "dense": dense(a, b)})})
        alike = dense(b, b)
        twins = {"first": dense(b, b), "middle": dense(b, b), "last": dense(b, b)}
        return [
            case("one linear layer with 2 inputs and 3 outputs", {"dense": dense(2, 3)}),
            case("two layers", {"conv": conv(a, b), "relu": relu, "head": dense(b, c)}),
            case("a layer without bias", {"conv": conv(a, b, bias=False), "head": dense(b, c)}),
            case("a BatchNorm", {"conv": conv(1, b, bias=False), "norm": norm(b), "relu": relu}),
            case("a layer with biases of zero", {"dense": dense(a, c), "head": _zeroed(dense(c, b))}),
            case("two layers of one shape that start with equal weights", {"first": alike, "second": alike}),
            case("other kinds of layer", _others(rng, 2 * a, b)),
            case("float64", {"dense": _double(dense(a, b))}, edge=True),
            case("layers without parameters", {"relu": relu, "flatten": flatten}, edge=True),
            case("networks inside a network", {"block": block, "head": dense(c, a)}),
            case("two layers that share one weight", twins, True, shared={"last.weight": "first.weight"}),
            case("a frozen weight", {"conv": conv(a, b), "head": dense(b, a)}, True, frozen=("conv.weight",)),
        ]


_BYTES = "These are bytes; asked is how many numbers."
_BIAS = "Biases are parameters as well; so are BatchNorm's gamma and beta."
_BUFFERS = (
    "A state dict also holds what is no parameter: BatchNorm's running mean, variance and step counter are buffers; and a "
    "shared tensor stands in it twice."
)


def _first_module(model: nn.Module) -> int:
    return sum(p.numel() for p in next(model.children()).parameters())


def _direct_weights(model: nn.Module) -> int:
    weights = (getattr(layer, "weight", None) for layer in model.children())
    return sum(w.numel() for w in weights if w is not None)


def _of_kinds(model: nn.Module, kinds: tuple[type[nn.Module], ...]) -> int:
    return sum(p.numel() for m in model.modules() if isinstance(m, kinds) for p in m.parameters())


def _leaves(model: nn.Module) -> int:
    return sum(p.numel() for layer in model.children() for p in layer._parameters.values() if p is not None)


def _weight_and_bias(layers: Iterable[nn.Module]) -> int:
    found = (getattr(layer, name, None) for layer in layers for name in ("weight", "bias"))
    return sum(tensor.numel() for tensor in found if isinstance(tensor, Tensor))


def _once(layers: Iterable[nn.Module]) -> int:
    """The layers' own parameters, a shared one once."""
    return sum({id(p): p.numel() for layer in layers for p in layer.parameters(recurse=False)}.values())


def _unequal(model: nn.Module) -> int:
    seen: list[Tensor] = []
    for p in model.parameters():
        if not any(torch.equal(p, other) for other in seen):
            seen.append(p)
    return sum(p.numel() for p in seen)


_NESTED = "A layer may hold other layers: model.parameters() walks through all of them, model.children() does not."
_KINDS = "This counts a few kinds of layer only; model.parameters() knows those of every kind."


EXERCISE = Exercise(
    "count_parameters",
    lesson="00",
    points=2,
    reference=count_parameters,
    cases=_networks,
    misconceptions=(
        Misconception("biases left out", _BIAS, lambda model: sum(p.numel() for p in model.parameters() if p.ndim > 1)),
        Misconception(
            "biases left out",
            _BIAS,
            lambda model: sum(p.numel() for name, p in model.named_parameters() if name.endswith("weight")),
        ),
        Misconception(
            "biases left out",
            _BIAS,
            lambda model: sum(p.numel() for name, p in model.named_parameters() if "weight" in name),
        ),
        Misconception("biases left out", _BIAS, _direct_weights),
        Misconception("buffers counted", _BUFFERS, lambda model: sum(t.numel() for t in model.state_dict().values())),
        Misconception(
            "buffers counted",
            "BatchNorm's running mean, variance and step counter are buffers, no parameters.",
            lambda model: sum(t.numel() for t in (*model.parameters(), *model.buffers())),
        ),
        Misconception(
            "shared counted twice",
            "A tensor that two layers share exists once: count it once. (model.parameters() lists it once; a loop over the "
            "layers meets it twice.)",
            lambda model: sum(p.numel() for m in model.modules() for p in m.parameters(recurse=False)),
        ),
        Misconception(
            "frozen left out",
            "A frozen parameter (requires_grad is False) is not trained, and it is there all the same: count it.",
            lambda model: sum(p.numel() for p in model.parameters() if p.requires_grad),
        ),
        Misconception(
            "tensors counted",
            "This is the number of TENSORS; a tensor of 3x2 holds six parameters: .numel().",
            lambda model: len(list(model.parameters())),
        ),
        Misconception(
            "rows counted",
            "len() of a tensor is the length of its first axis; .numel() is the number of its entries.",
            lambda model: sum(len(p) for p in model.parameters()),
        ),
        Misconception(
            "zeros left out",
            "A parameter that is zero is a parameter: a layer that starts with zeros has as many as any other.",
            lambda model: sum(int(p.count_nonzero()) for p in model.parameters()),
        ),
        Misconception(
            "counted again and again",
            "model.modules() also lists what holds other layers, and the parameters of those are counted once more: one "
            "loop over model.parameters() is enough.",
            lambda model: sum(p.numel() for m in model.modules() for p in m.parameters()),
        ),
        Misconception(
            "some kinds of layer missed",
            "Only convolutions and linear layers are counted; a BatchNorm has parameters too.",
            lambda model: _of_kinds(model, (nn.Conv2d, nn.Linear)),
        ),
        Misconception(
            "some kinds of layer missed", _KINDS, lambda net: _of_kinds(net, (nn.Conv2d, nn.Linear, nn.BatchNorm2d))
        ),
        Misconception("bytes", _BYTES, lambda net: sum(p.nbytes for p in net.parameters())),
        Misconception("bytes", _BYTES, lambda net: sum(4 * p.numel() for p in net.parameters())),
        Misconception(
            "four bytes always",
            "Not every number has four bytes, so bytes over four is no count: .numel() is.",
            lambda net: sum(p.nbytes for p in net.parameters()) // 4,
        ),
        Misconception(
            "two axes only",
            "The kernels of a convolution have four axes: .numel() multiplies all of them.",
            lambda net: sum(math.prod(p.shape[:2]) for p in net.parameters()),
        ),
        Misconception(
            "equal shapes once",
            "Two tensors of one shape are two tensors: only one that is SHARED counts once.",
            lambda net: sum(math.prod(shape) for shape in {p.shape for p in net.parameters()}),
        ),
        Misconception("equal values once", "Tensors that are equal are not the same tensor: each of them counts.", _unequal),
        Misconception(
            "weight and bias only",
            "Not every parameter is called weight or bias: model.parameters() lists all of them.",
            lambda model: _weight_and_bias(model.modules()),
        ),
        Misconception("nested layers missed", _NESTED, lambda model: _weight_and_bias(model.children())),
        Misconception(
            "own parameters missed",
            "A layer that holds other layers can have parameters of its own as well.",
            lambda model: _once(layer for layer in model.modules() if not list(layer.children())),
        ),
        Misconception(
            "nested layers missed",
            _NESTED,
            lambda model: _once(part for layer in model.children() for part in (layer, *layer.children())),
        ),
        Misconception("only the first layer", "This is the first layer only.", _first_module),
        Misconception("nested layers missed", _NESTED, _leaves),
    ),
)
