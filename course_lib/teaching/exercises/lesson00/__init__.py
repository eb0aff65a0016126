"""Lesson 00, start here: how many are left, how many there are, and which share is gone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.axes.amounts import share as whole_share
from course_lib.teaching.exercises.attempts import Case, Layer, Network
from course_lib.teaching.exercises.base import Exercise, Misconception, Value, choices
from course_lib.teaching.verdict import CORRECT, NOT_ATTEMPTED, NOT_YET

LESSON = "00"


def _int(rng: torch.Generator, low: int, high: int) -> int:
    return int(torch.randint(low, high + 1, (), generator=rng))


# ---- weights_left


def weights_left(n: int, share: float) -> int:
    """How many of n weights are left when round(share * n) of them have gone, as in torch.nn.utils.prune."""
    return n - whole_share(share, n)


def _shares(rng: torch.Generator) -> list[Case]:
    n = _int(rng, 60, 200)
    gone = _int(rng, 10, n - 20)
    return [
        Case("ten weights, nine of which go", (10, 0.9)),
        Case("a whole number of weights goes", (n, gone / n)),
        Case("a share that is a little more than a whole number of weights", (n, (gone + 0.3) / n)),
        Case("a share that is a little less than a whole number of weights", (n, (gone - 0.3) / n)),
        Case("nothing goes", (n, 0.0), edge=True),
        Case("everything goes", (n, 1.0), edge=True),
        Case("a single weight, which goes", (1, 0.8), edge=True),
    ]


_GOES = "This is how many GO. Asked is how many are LEFT."
_WHOLE = "This is not always a whole number, and nobody removes a third of a weight: round what goes."
_NEAREST = "What goes is round(share * n), the NEAREST whole number; int() and // always round down, ceil() up."
WEIGHTS_LEFT = Exercise(
    "weights_left",
    LESSON,
    1,
    weights_left,
    _shares,
    (
        Misconception("what goes", _GOES, lambda n, share: share * n),
        Misconception("what goes", _GOES, lambda n, share: round(share * n)),
        Misconception("not a whole number", _WHOLE, lambda n, share: n - share * n),
        Misconception("not the nearest number", _NEAREST, lambda n, share: n - int(share * n)),
        Misconception("not the nearest number", _NEAREST, lambda n, share: int((1 - share) * n)),
        Misconception("not the nearest number", _NEAREST, lambda n, share: n - math.ceil(share * n)),
        Misconception("a share, not a number", "This is a share; asked is a number of weights.", lambda n, share: 1 - share),
        Misconception(
            "share for number", "`share` is a part of n, not a number: multiply it by n.", lambda n, share: n - share
        ),
        Misconception(
            "percent",
            "`share` is a number between 0 and 1, not a percentage: do not divide by 100.",
            lambda n, share: n - round(share * n / 100),
        ),
    ),
)


# ---- three_answers

_WORDS = {"as it is": NOT_ATTEMPTED, "wrong": NOT_YET, "mended": CORRECT}
_THREE = choices(
    "three_answers",
    LESSON,
    {**_WORDS, "expected": 1},
    2,
    {
        "as it is": {NOT_YET: "As long as nothing is written, nothing can be wrong.", None: "What did it say at first?"},
        "wrong": {
            NOT_ATTEMPTED: "Something WAS written, so it was judged.",
            CORRECT: "It gave what goes, not what is left.",
        },
        "mended": {NOT_YET: "If your own function still says so: it tells you what is missing."},
        "expected": {
            9: "That is what the wrong answer gave; the line below it says what was expected.",
            0.9: "That is the share that went in.",
        },
    },
)


def _bare(words: str) -> str:
    return " ".join(re.sub(r"\(.*?\)|[^\w\s.]", " ", words.lower()).split())


def _three_answers(value: Any) -> tuple[float, str]:
    """Judge words however they are spaced or capitalised, also with the sign and the points that the page shows."""
    if isinstance(value, Mapping):
        value = {key: _bare(v) if isinstance(v, str) else v for key, v in value.items()}
    return _THREE.judge_value(value)


# ---- count_parameters


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


def _networks(rng: torch.Generator) -> list[Case]:
    def conv(c: int, n: int, bias: bool = True) -> Layer:
        return _layer("Conv2d", rng, in_channels=c, out_channels=n, kernel_size=3, bias=bias)

    def dense(c: int, n: int) -> Layer:
        return _layer("Linear", rng, in_features=c, out_features=n)

    def norm(n: int) -> Layer:
        return _layer("BatchNorm2d", rng, num_features=n)

    def case(label: str, layers: Mapping[str, Layer | Network], edge: bool = False, **how: Any) -> Case:
        return Case(label, (Network(layers, **how),), edge)

    a, b, c = _int(rng, 3, 5), _int(rng, 6, 8), _int(rng, 9, 12)
    with torch.random.fork_rng(devices=[]):
        relu, flatten = _layer("ReLU", rng), _layer("Flatten", rng)
        block = Network({"conv": conv(a, c), "norm": norm(c)})
        twins = {"first": dense(b, b), "middle": dense(b, b), "last": dense(b, b)}
        return [
            case("one dense layer with 2 inputs and 3 outputs", {"dense": dense(2, 3)}),
            case("two layers", {"conv": conv(a, b), "relu": relu, "head": dense(b, c)}),
            case("a layer without bias", {"conv": conv(a, b, bias=False), "head": dense(b, c)}),
            case("a BatchNorm", {"conv": conv(1, b, bias=False), "norm": norm(b), "relu": relu}),
            case("a layer with biases of zero", {"dense": dense(a, c), "head": _zeroed(dense(c, b))}),
            case("layers without parameters", {"relu": relu, "flatten": flatten}, edge=True),
            case("a network inside a network", {"block": block, "head": dense(c, a)}),
            case("two layers that share one weight", twins, True, shared={"last.weight": "first.weight"}),
            case("a frozen weight", {"conv": conv(a, b), "head": dense(b, a)}, True, frozen=("conv.weight",)),
        ]


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


COUNT_PARAMETERS = Exercise(
    "count_parameters",
    LESSON,
    2,
    count_parameters,
    _networks,
    (
        Misconception("biases left out", _BIAS, lambda model: sum(p.numel() for p in model.parameters() if p.ndim > 1)),
        Misconception(
            "biases left out",
            _BIAS,
            lambda model: sum(p.numel() for name, p in model.named_parameters() if name.endswith("weight")),
        ),
        Misconception("biases left out", _BIAS, _direct_weights),
        Misconception("buffers counted", _BUFFERS, lambda model: sum(t.numel() for t in model.state_dict().values())),
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
            "Only convolutions and dense layers are counted; a BatchNorm has parameters too.",
            lambda model: _of_kinds(model, (nn.Conv2d, nn.Linear)),
        ),
        Misconception(
            "bytes", "These are bytes; asked is how many numbers.", lambda net: sum(4 * p.numel() for p in net.parameters())
        ),
        Misconception("only the first layer", "This is the first layer only.", _first_module),
        Misconception(
            "nested layers missed",
            "A layer may hold other layers: model.parameters() walks through all of them, model.children() does not.",
            _leaves,
        ),
    ),
)


# ---- sparsity


def sparsity(masks: Mapping[str, Tensor], total: int) -> float:
    """Share of ALL `total` parameters of the dense model that the masks (True = kept) take away."""
    return sum(int((~mask).sum()) for mask in masks.values()) / total


def _masked(rng: torch.Generator) -> list[Case]:
    def mask(gone: float, *shape: int) -> Tensor:
        drawn = torch.rand(*shape, generator=rng) >= gone
        drawn.view(-1)[:2] = torch.tensor([True, False])  # of each kind at least one
        return drawn

    a, b = _int(rng, 3, 6), _int(rng, 7, 9)
    small, large = mask(0.8, a, 2, 3, 3), mask(0.15, b, 20)
    sizes = small.numel() + large.numel()
    toy = {
        "small": torch.tensor([[False, False], [False, True]]),
        "large": torch.ones(4, 6, dtype=torch.bool).index_fill(0, torch.tensor([0]), False),
    }
    extra = _int(rng, 10, 99)
    return [
        Case("a small layer that lost 3 of 4 and a large one that lost 6 of 24", (toy, 28)),
        Case("layers of different size", ({"conv.weight": small, "dense.weight": large}, sizes)),
        Case("two layers, and biases that no mask names", ({"conv.weight": small, "dense.weight": large}, sizes + extra)),
        Case("one layer of a larger model", ({"conv.weight": small}, sizes)),
        Case("three layers", ({"one": mask(0.5, b), "two": mask(0.9, a, b), "three": large}, b + a * b + large.numel())),
        Case("a mask that is not contiguous", ({"dense.weight": large.t()}, sizes), edge=True),
        Case("everything gone", ({"conv.weight": torch.zeros(a, b, dtype=torch.bool)}, a * b), edge=True),
        Case("nothing gone", ({"conv.weight": torch.ones(a, b, dtype=torch.bool)}, a * b + extra), edge=True),
    ]


def _sized(masks: Mapping[str, Tensor]) -> int:
    return sum(mask.numel() for mask in masks.values())


def _gone(masks: Mapping[str, Tensor]) -> int:
    return sum(int((~mask).sum()) for mask in masks.values())


def _mean(of: Callable[[Tensor], Tensor]) -> Callable[[Mapping[str, Tensor], int], float]:
    def wrong(masks: Mapping[str, Tensor], total: int) -> float:
        return sum(float(of(mask).double().mean()) for mask in masks.values()) / len(masks)

    return wrong


_MEAN = (
    "This is the mean over the layers: a layer of four weights then counts as much as one of four thousand. Add up what is "
    "gone in all layers, and divide once."
)
_LISTED = "This is the share of the masked layers only. Divide by `total`: what no mask names is kept, and it counts."
_KEPT = "True means KEPT, so this is the share that is left, the density. Sparsity is what is GONE: ~mask."
SPARSITY = Exercise(
    "sparsity",
    LESSON,
    2,
    sparsity,
    _masked,
    (
        Misconception("mean over the layers", _MEAN, _mean(lambda mask: ~mask)),
        Misconception("mean over the layers", _MEAN + " (And True means kept.)", _mean(lambda mask: mask)),
        Misconception("masked layers only", _LISTED, lambda masks, total: _gone(masks) / _sized(masks)),
        Misconception("density for sparsity", _KEPT, lambda masks, total: 1 - _gone(masks) / total),
        Misconception("density for sparsity", _KEPT, lambda masks, total: (_sized(masks) - _gone(masks)) / total),
        Misconception(
            "kept and gone mixed",
            "What is not in any mask is kept. Here it is counted as gone: count the False entries.",
            lambda masks, total: 1 - (_sized(masks) - _gone(masks)) / total,
        ),
        Misconception(
            "a number, not a share", "This is how many are gone; divide by `total`.", lambda masks, total: _gone(masks)
        ),
        Misconception(
            "percent",
            "A sparsity is a share between 0 and 1, not a percentage.",
            lambda masks, total: 100 * _gone(masks) / total,
        ),
        Misconception(
            "last layer only",
            "This counts the last layer only: add up over all of them.",
            lambda masks, total: int((~list(masks.values())[-1]).sum()) / total,
        ),
        Misconception(
            "returns within the loop",
            "The `return` stands inside the loop: it ends after the first layer.",
            lambda masks, total: int((~next(iter(masks.values()))).sum()) / total,
        ),
        Misconception(
            "what is gone of what is left",
            "This divides by what is LEFT; the share is of the dense model: divide by `total`.",
            lambda masks, total: _gone(masks) / max(1, total - _gone(masks)),
        ),
    ),
)


# ---- accuracy_left

SHARES = (50, 90, 99)


def _accuracies(value: Any) -> tuple[float, str]:
    def number(v: Any) -> bool:
        return isinstance(v, (int, float)) and not isinstance(v, bool) and 0 <= v <= 1

    if isinstance(value, Mapping) and set(value) == set(SHARES) and all(map(number, value.values())):
        said = ", ".join(f"{value[share]:g} at {share} %" for share in SHARES)
        return 1.0, f"You said {said}. The point is for saying it; read on to see how close it is."
    return 0.0, f"{value!r} was given; expected are three accuracies between 0 and 1, such as {{50: 0.7, 90: 0.5, 99: 0.3}}."


EXERCISES = (
    WEIGHTS_LEFT,
    Value("three_answers", LESSON, 2, _three_answers),
    COUNT_PARAMETERS,
    SPARSITY,
    Value("accuracy_left", LESSON, 1, _accuracies, locks=True),
)
