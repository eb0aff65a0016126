"""Do two networks compute the same? The largest difference, measured by the spread of the outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case, Layer, Network
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.lesson01.networks import dense_layer, drawn_network
from course_lib.teaching.exercises.views import unwrapped

Judge = Callable[[Tensor, Tensor, float], Any]  # ours, theirs, tolerance


@torch.no_grad()
def same_logits(model: nn.Module, other: nn.Module, x: Tensor, tolerance: float = 1e-4) -> bool:
    """Whether no logit differs by more than `tolerance` standard deviations of all of `model`'s, both in eval mode."""
    ours, theirs = model.eval()(x), other.eval()(x)
    return ours.shape == theirs.shape and bool((ours - theirs).abs().max() <= tolerance * ours.std())


def _head(network: Network, change: Callable[[Tensor], Tensor], what: str = "bias", rows: Tensor | None = None) -> Network:
    """Return the network with another bias or weight of its head. rows: those that stay."""
    head = network.layers["head"]
    assert isinstance(head, Layer)
    state = {name: change(tensor.clone()) if name == what else tensor.clone() for name, tensor in head.state.items()}
    arguments = dict(head.arguments)
    if rows is not None:
        state = {name: tensor[rows] for name, tensor in state.items()}
        arguments["out_features"] = len(rows)
    return Network({**network.layers, "head": Layer(head.kind, arguments, state)})


def _scaled(network: Network, factor: float, shift: float = 0.0) -> Network:
    return _head(_head(network, lambda bias: factor * bias + shift), lambda weight: factor * weight, "weight")


def _moved(size: float, place: int) -> Callable[[Tensor], Tensor]:
    def change(bias: Tensor) -> Tensor:
        bias[place] += size
        return bias

    return change


def _without(network: Network, unit: int) -> tuple[Network, Network]:
    """Return the network with one silent hidden unit, and the same without that unit."""
    hidden, head = network.layers["hidden"], network.layers["head"]
    assert isinstance(hidden, Layer) and isinstance(head, Layer)
    silent = {name: tensor.clone() for name, tensor in hidden.state.items()}
    silent["weight"][unit], silent["bias"][unit] = 0, 0
    stays = torch.arange(len(silent["bias"])) != unit
    inner = {"in_features": hidden.arguments["in_features"], "out_features": int(stays.sum())}
    outer = {"in_features": int(stays.sum()), "out_features": head.arguments["out_features"]}
    small = {
        "hidden": Layer("Linear", inner, {name: tensor[stays] for name, tensor in silent.items()}),
        "relu": Layer.of(nn.ReLU()),
        "head": Layer("Linear", outer, {"weight": head.state["weight"][:, stays], "bias": head.state["bias"]}),
    }
    return Network({**network.layers, "hidden": Layer("Linear", hidden.arguments, silent)}), Network(small)


def _apart_on_the_last(network: Network) -> tuple[Network, Network]:
    """Return the network and one that reads the last input otherwise, which is 0 but for one image."""
    hidden = network.layers["hidden"]
    assert isinstance(hidden, Layer)
    weight = hidden.state["weight"].clone()
    weight[:, -1] *= -3
    other = Layer(hidden.kind, hidden.arguments, {**hidden.state, "weight": weight})
    return network, Network({**network.layers, "hidden": other})


def _pairs(rng: torch.Generator) -> list[Case]:
    n, classes = integer(rng, 5, 7), 40
    net = drawn_network(rng, hidden=dense_layer(4, n), relu=(nn.ReLU, {}), head=dense_layer(n, classes))
    dropping = drawn_network(rng, hidden=dense_layer(4, n), drop=(nn.Dropout, {"p": 0.5}), head=dense_layer(n, 3))
    normed = drawn_network(rng, hidden=dense_layer(4, n), norm=(nn.BatchNorm1d, {"num_features": n}), head=dense_layer(n, 3))
    x = torch.randn(8, 4, generator=rng)
    place = integer(rng, 0, classes - 1)
    spread = float(net.build()(x).detach().std())
    large, small, far = _scaled(net, 1e4), _scaled(net, 1e-5), _scaled(net, 1.0, 300 * spread)
    one = _head(net, lambda bias: bias, rows=torch.tensor([0]))
    ill = _head(net, _moved(float("nan"), place))
    flat = torch.tensor([1.0, 1.0, 1.0, 0.0])
    return [
        Case("a network and its copy", (net, net, x)),
        Case("a logit that is larger", (net, _head(net, _moved(spread / 2, place)), x)),
        Case("a logit that is smaller", (net, _head(net, _moved(-spread / 2, place)), x)),
        Case("a silent unit, and the network without it", (*_without(net, integer(rng, 0, n - 1)), x)),
        Case("networks with dropout", (dropping, dropping, x)),
        Case("networks with a BatchNorm", (normed, normed, x)),
        Case("all logits a tenth larger, the same classes named", (net, _scaled(net, 1.1), x)),
        Case("large logits that differ by rounding", (large, _head(large, _moved(2e-5 * spread * 1e4, place)), x)),
        Case("small logits, one of them clearly another", (small, _head(small, _moved(1e-2 * spread * 1e-5, place)), x)),
        Case("logits far from 0", (far, _head(far, _moved(5e-3 * spread, place)), x)),
        Case("one of forty logits just beyond the tolerance", (net, _head(net, _moved(4e-4 * spread, place)), x)),
        Case("a difference within a tolerance of a tenth", (net, _head(net, _moved(0.05 * spread, place)), x, 0.1)),
        Case("one image of eight that tells them apart", (*_apart_on_the_last(net), torch.cat([x[:7] * flat, x[7:]]))),
        Case("NaN in both", (ill, ill, x), edge=True),
        Case("40 logits and 1", (one, net, x), edge=True),
        Case("40 logits and 39", (net, _head(net, lambda bias: bias, rows=torch.arange(classes - 1)), x), edge=True),
    ]


def _answer(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """True or False is asked for; the networks' tensors are what they were. NaN, which equals nothing, gets a number."""
    output = unwrapped(output)
    if not isinstance(output, bool):
        raise CourseError("return True or False")
    models = [{name: torch.nan_to_num(tensor, 77.0) for name, tensor in model.items()} for model in afterwards[:2]]
    return output, models, afterwards[2:]


def _by(judge: Judge, training: bool = False) -> Callable[..., Any]:
    @torch.no_grad()
    def wrong(model: nn.Module, other: nn.Module, x: Tensor, tolerance: float = 1e-4) -> Any:
        return judge(model.train(training)(x), other.train(training)(x), tolerance)

    return wrong


def _within(difference: Callable[[Tensor, Tensor], Tensor], scale: Callable[[Tensor], Any] = torch.std) -> Judge:
    return lambda ours, theirs, t: ours.shape == theirs.shape and bool(difference(ours, theirs) <= t * scale(ours))


def _largest(ours: Tensor, theirs: Tensor) -> Tensor:
    return (ours - theirs).abs().max()


EXERCISE = Exercise(
    "same_logits",
    lesson="07",
    points=2,
    reference=same_logits,
    cases=_pairs,
    misconceptions=(
        Misconception(
            "training mode",
            "In training mode dropout draws anew each time, and BatchNorm uses (and changes!) its statistics: eval() first.",
            _by(_within(_largest), training=True),
        ),
        Misconception(
            "the same classes",
            "Two networks may name the same class and still compute different logits: compare the logits.",
            _by(lambda a, b, t: a.shape == b.shape and bool((a.argmax(1) == b.argmax(1)).all())),
        ),
        Misconception(
            "equal to the bit",
            "Another order of adding rounds in another way: allow a difference of `tolerance` standard deviations.",
            _by(lambda a, b, t: torch.equal(a, b)),
        ),
        Misconception(
            "no measure",
            "The difference is not measured by anything: logits may be of any size, so compare it with the outputs' spread.",
            _by(_within(_largest, lambda a: 1.0)),
        ),
        Misconception(
            "no measure",
            "The difference is not measured by anything: logits may be of any size, so compare it with the outputs' spread.",
            _by(lambda a, b, t: a.shape == b.shape and torch.allclose(a, b, atol=t)),
        ),
        Misconception(
            "signs kept",
            "The sign of the difference is kept: a logit that is far too small, or too large, passes. abs() first.",
            _by(_within(lambda a, b: (a - b).max())),
        ),
        Misconception(
            "signs kept",
            "The sign of the difference is kept: a logit that is far too small, or too large, passes. abs() first.",
            _by(_within(lambda a, b: (b - a).max())),
        ),
        Misconception(
            "mean for largest",
            "The mean hides one logit that is off among many that are not: take the largest difference.",
            _by(_within(lambda a, b: (a - b).abs().mean())),
        ),
        Misconception(
            "size for spread",
            "The size of the logits is no measure of their spread: if all of them lie far from 0, everything seems close.",
            _by(_within(_largest, lambda a: a.abs().max())),
        ),
        Misconception(
            "size for spread",
            "The size of the logits is no measure of their spread: if all of them lie far from 0, everything seems close.",
            _by(_within(_largest, lambda a: a.abs().mean())),
        ),
        Misconception(
            "tolerance not used",
            "`tolerance` is an argument; this answers for 1e-4 always.",
            _by(lambda a, b, t: _within(_largest)(a, b, 1e-4)),
        ),
        Misconception(
            "another shape",
            "Outputs of different shapes are not the same (and where they line up by broadcasting, no error says so).",
            _by(lambda a, b, t: bool((a - b).abs().max() <= t * a.std())),
        ),
        Misconception(
            "NaN passes",
            "NaN compares as False with everything, so 'not larger than' lets it pass: ask for 'smaller than or equal'.",
            _by(lambda a, b, t: a.shape == b.shape and not bool((a - b).abs().max() > t * a.std())),
        ),
        Misconception(
            "the other way round",
            "True is for networks that compute the same.",
            _by(lambda a, b, t: not _within(_largest)(a, b, t)),
        ),
    ),
    view=_answer,
)
