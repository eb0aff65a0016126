"""What a model loses with one layer pruned, at several sparsities."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case, Gauge
from course_lib.teaching.exercises.base import AUTOGRAD, Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.lesson01.networks import conv_layer, dense_layer, drawn_network, weight_of
from course_lib.teaching.exercises.rounding import rounded
from course_lib.words import number_of


def _without(dense: Tensor, count: int, largest: bool = False) -> Tensor:
    """Return a copy of `dense` without its `count` smallest weights."""
    gone = torch.zeros(dense.numel(), dtype=torch.bool, device=dense.device)
    gone[dense.abs().flatten().argsort(stable=True, descending=largest)[:count]] = True
    return dense.masked_fill(gone.view(dense.shape), 0)


def sensitivity(
    model: nn.Module, layer: str, sparsities: list[float], evaluate: Callable[[nn.Module], float]
) -> list[float]:
    """What `evaluate` says with the smallest weights of one layer gone, at each sparsity; the model is restored."""
    weight = model.get_parameter(f"{layer}.weight")
    dense = weight.detach().clone()
    found = []
    with torch.no_grad():
        for sparsity in sparsities:
            weight.copy_(_without(dense, round(sparsity * dense.numel())))
            found.append(evaluate(model))
        weight.copy_(dense)
    return found


def _scans(rng: torch.Generator) -> list[Case]:
    gauge, n, c = Gauge("evaluate"), integer(rng, 5, 7), integer(rng, 8, 9)
    two = drawn_network(rng, hidden=dense_layer(c, n), head=dense_layer(n, 3))
    tied = copy.deepcopy(two)
    weight_of(tied, "hidden")[:] = 0.5
    convs = drawn_network(rng, conv1=conv_layer(1, 2), conv10=conv_layer(2, 3))
    toy = drawn_network(rng, only=dense_layer(4, 2, bias=False))
    signs = torch.randn(2, 4, generator=rng).sign()
    weight_of(toy, "only")[:] = signs * (1 + torch.randperm(8, generator=rng).view(2, 4)) / 70  # sums of many digits
    holed = copy.deepcopy(two)
    weight_of(holed, "hidden")[:, ::3] = 0
    unsaid = (integer(rng, 3, 5) + 0.3) / (n * c)
    return [
        Case("a single layer, half of it gone", (toy, "only", [0.5], gauge)),
        Case("one layer of two, rising sparsities", (two, "hidden", [0.25, 0.5, 0.75], gauge)),
        Case("the last layer", (two, "head", [0.2, 0.6], gauge)),
        Case("falling sparsities", (two, "hidden", [0.9, 0.5, 0.1], gauge)),
        Case("sparsity 1 and then 0", (two, "hidden", [1.0, 0.0], gauge), edge=True),
        Case(
            "a share that is not a whole number of weights",
            (two, "hidden", [unsaid, unsaid + 0.4 / (n * c)], gauge),
            edge=True,
        ),
        Case("halves of a weight, whose even neighbours differ", (toy, "only", [0.3125, 0.1875], gauge), edge=True),
        Case(
            "half of an odd number of weights",
            (drawn_network(rng, only=dense_layer(3, 2 * integer(rng, 1, 3) + 1)), "only", [0.5], gauge),
            edge=True,
        ),
        Case("a layer with some weights that are zero already", (holed, "hidden", [0.5, 0.8], gauge), edge=True),
        Case("equal weights", (tied, "hidden", [0.3, 0.6], gauge), edge=True),
        Case("a layer whose name begins another one's", (convs, "conv1", [0.5, 0.9], gauge), edge=True),
        Case(
            "a layer without bias",
            (drawn_network(rng, only=dense_layer(c, n, bias=False)), "only", [0.4, 0.8], gauge),
            edge=True,
        ),
        Case("no sparsity at all", (two, "head", [], gauge), edge=True),
        Case("float64", (drawn_network(rng, double=True, only=dense_layer(c, n)), "only", [0.35, 0.7], gauge), edge=True),
    ]


def _list_and_model(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """How often evaluate is called, and on which copy, is the student's affair; of equal weights any may have gone."""
    if isinstance(output, Tensor):
        output = output.flatten().tolist()
    if not isinstance(output, (list, tuple)) or len(output) != len(inputs[2]):
        raise CourseError(f"return a list of {number_of(len(inputs[2]), 'number')}, one for each sparsity")
    model, layer, sparsities, _ = afterwards
    before = {f"{name}.{part}": tensor for name, whole in inputs[0].layers.items() for part, tensor in whole.state.items()}
    restored = {name: torch.equal(before[name], tensor) for name, tensor in model.items()}
    left = {name: tensor.flatten().sort().values for name, tensor in model.items()}
    return list(output), restored, left, layer, sparsities


def _scanning(
    prune: Callable[[Tensor, Tensor, float], Tensor] = lambda dense, now, s: _without(dense, round(s * dense.numel())),
    names: Callable[[nn.Module, str], list[str]] = lambda model, layer: [f"{layer}.weight"],
    between: bool = True,
    after: bool = True,
    value: Callable[[float, float], float] = lambda pruned, dense: pruned,
) -> Callable[..., list[float]]:
    """Return a wrong answer. prune: (dense weight, weight as it is, sparsity) -> new weight."""

    def wrong(model: nn.Module, layer: str, sparsities: list[float], evaluate: Callable[[nn.Module], float]) -> list[float]:
        with torch.no_grad():
            weights = [model.get_parameter(name) for name in names(model, layer)]
            saved, whole, found = [weight.clone() for weight in weights], evaluate(model), []
            for sparsity in sparsities:
                for weight, dense in zip(weights, saved, strict=True):
                    weight.copy_(prune(dense, weight.clone(), sparsity))
                found.append(value(evaluate(model), whole))
                for weight, dense in zip(weights, saved, strict=True) if between else ():
                    weight.copy_(dense)
            for weight, dense in zip(weights, saved, strict=True) if after else ():
                weight.copy_(dense)
        return found

    return wrong


def _not_restored(model: nn.Module, layer: str, sparsities: list[float], evaluate: Callable) -> list[float]:
    return _scanning(lambda dense, now, s: _without(now, round(s * now.numel())), between=False, after=False)(
        model, layer, sparsities, evaluate
    )


def _of_the_rest(dense: Tensor, now: Tensor, sparsity: float) -> Tensor:
    zeros = int((now == 0).sum())
    return _without(now, zeros + round(sparsity * (now.numel() - zeros)))


def _threshold(dense: Tensor, now: Tensor, sparsity: float) -> Tensor:
    count = round(sparsity * dense.numel())
    return dense.masked_fill(dense.abs() <= dense.abs().flatten().sort().values[count - 1], 0) if count else dense


def _counted(count: Callable[[float, Tensor], int]) -> Callable[..., list[float]]:
    return _scanning(lambda dense, now, s: _without(dense, count(s, dense)))


def _first(dense: Tensor, now: Tensor, sparsity: float) -> Tensor:
    kept = torch.arange(dense.numel(), device=dense.device) >= round(sparsity * dense.numel())
    return dense * kept.view(dense.shape)


def _with_bias(model: nn.Module, layer: str) -> list[str]:
    return [name for name, _ in model.named_parameters() if name.rpartition(".")[0] == layer]


def _with_autograd(model: nn.Module, layer: str, sparsities: list[float], evaluate: Callable) -> list[float]:
    weight = model.get_parameter(f"{layer}.weight")
    for sparsity in sparsities:
        weight.copy_(_without(weight.detach(), round(sparsity * weight.numel())))
    return [evaluate(model) for _ in sparsities]


_RESTORE = "The model is not restored: put the layer's weights back before the next sparsity, and at the end."
_HALF = "A half goes to the EVEN neighbour: round(2.5) is 2, and round(1.5) is 2 as well."
_REST = "Round what GOES, round(s * n): of 9 weights half is 4.5, so round(4.5) = 4 go and 5 stay, not round(4.5) = 4."
_ZEROS = "The share is of ALL the layer's weights, also of those that are zero already."
_INT = "int() and // round down; the share s of n weights is round(s * n)."
EXERCISE = Exercise(
    "sensitivity",
    lesson="01",
    points=2,
    reference=sensitivity,
    cases=_scans,
    misconceptions=(
        Misconception("not restored", _RESTORE, _not_restored),
        Misconception("not restored", _RESTORE, _scanning(between=False, after=False)),
        Misconception(
            "restored at the end only",
            "Each sparsity starts from the unpruned layer: here a later one finds what an earlier one has left.",
            _scanning(lambda dense, now, s: _without(now, round(s * now.numel())), between=False),
        ),
        Misconception(
            "share of what remains",
            "Every sparsity is a share of the UNPRUNED layer; this takes it of what is left from the sparsity before.",
            _scanning(_of_the_rest, between=False),
        ),
        Misconception(
            "all layers pruned",
            "Only the layer in question is pruned, all others stay dense: that is what the scan is about.",
            _scanning(names=lambda model, layer: [name for name, p in model.named_parameters() if p.ndim > 1]),
        ),
        Misconception(
            "other layers too",
            "A name such as conv10 begins with conv1 as well; take the parameter called f'{layer}.weight'.",
            _scanning(names=lambda m, layer: [n for n, p in m.named_parameters() if n.startswith(layer) and p.ndim > 1]),
        ),
        Misconception("bias pruned", "Only the weight is pruned, not the bias.", _scanning(names=_with_bias)),
        Misconception(
            "largest pruned",
            "This removes the LARGEST weights.",
            _scanning(lambda dense, now, s: _without(dense, round(s * dense.numel()), largest=True)),
        ),
        Misconception(
            "no absolute value",
            "Without abs large negative weights go first: rank by magnitude.",
            _scanning(lambda d, now, s: _without(d - d.min() + 1, round(s * d.numel())).sign() * d),
        ),
        Misconception("int for round", _INT, _scanning(lambda dense, now, s: _without(dense, int(s * dense.numel())))),
        Misconception(
            "a half rounded up", f"{_HALF} This always takes it up.", _counted(lambda s, w: math.floor(s * w.numel() + 0.5))
        ),
        Misconception(
            "a half rounded down",
            f"{_HALF} This always takes it down.",
            _counted(lambda s, w: math.ceil(s * w.numel() - 0.5)),
        ),
        Misconception("what stays is rounded", _REST, _counted(lambda s, w: w.numel() - round((1 - s) * w.numel()))),
        Misconception("zeros not counted", _ZEROS, _counted(lambda s, w: round(s * int(w.count_nonzero())))),
        Misconception(
            "zeros not counted",
            _ZEROS,
            _counted(lambda s, w: int((w == 0).sum()) + round(s * int(w.count_nonzero()))),
        ),
        Misconception("weights not ranked", "These are the first weights; the SMALLEST go.", _scanning(_first)),
        Misconception(
            "order of the sparsities",
            "The results are in another order than the sparsities: the first one belongs to the first of them.",
            lambda model, layer, sparsities, evaluate: sensitivity(model, layer, sorted(sparsities), evaluate),
        ),
        Misconception(
            "one layer evaluated",
            "evaluate gets one layer only: hand it the whole model.",
            lambda m, layer, s, evaluate: sensitivity(m, layer, s, lambda net: evaluate(net.get_submodule(layer))),
        ),
        Misconception(
            "the other layers pruned",
            "This prunes all layers but the one in question, which is the only one to be pruned.",
            _scanning(
                names=lambda model, layer: [n for n, p in model.named_parameters() if p.ndim > 1 and n != f"{layer}.weight"]
            ),
        ),
        *rounded(sensitivity),
        Misconception(
            "ties",
            "With equal weights a threshold takes all of them: choose exactly round(s * n) INDICES.",
            _scanning(_threshold),
        ),
        Misconception(
            "density for sparsity",
            "This keeps the share that should go: sparsity is the share that is GONE.",
            _scanning(lambda dense, now, s: _without(dense, dense.numel() - round(s * dense.numel()))),
        ),
        Misconception(
            "losses for values",
            "These are differences from the dense model; return what evaluate says.",
            _scanning(value=lambda pruned, dense: dense - pruned),
        ),
        Misconception(
            "evaluated too early",
            "evaluate is called on the dense model: prune first.",
            _scanning(value=lambda pruned, dense: dense),
        ),
        Misconception("autograd in the way", AUTOGRAD, _with_autograd),
    ),
    view=_list_and_model,
)
