"""Student code runs here and nowhere else: plain data in, plain data out, in this process or in another."""

from __future__ import annotations

import contextlib
import copy
import io
import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.teaching.exercises.plain import Failure, plain


@dataclass(frozen=True)
class Layer:
    """A module as plain data: the name of an `nn` class, its arguments, and its state dict."""

    kind: str
    arguments: Mapping[str, Any]
    state: Mapping[str, Tensor]

    @classmethod
    def of(cls, module: nn.Module, **arguments: Any) -> Layer:
        """Return `module`, which was made with `arguments`, as plain data."""
        return cls(type(module).__name__, arguments, {k: v.detach().clone() for k, v in module.state_dict().items()})

    def build(self) -> nn.Module:
        """Return the module."""
        module = getattr(nn, self.kind)(**self.arguments)
        floating = [tensor.dtype for tensor in self.state.values() if tensor.is_floating_point()]
        module = module.to(floating[0]) if floating else module
        module.load_state_dict(dict(self.state))
        return module


@dataclass(frozen=True)
class Network:
    """A small model as plain data: named layers, one after the other; a layer may be a network itself.

    shared: parameter -> the one whose tensor it uses as well. frozen: the parameters that record no gradient.
    """

    layers: Mapping[str, Layer | Network]
    shared: Mapping[str, str] = field(default_factory=dict)
    frozen: Sequence[str] = ()
    kind = "network"

    def build(self) -> nn.Module:
        """Return the model, an `nn.Sequential` whose parameters have names such as "conv1.weight"."""
        model = nn.Sequential()
        for name, layer in self.layers.items():
            model.add_module(name, layer.build())
        for name, other in self.shared.items():
            owner, _, last = name.rpartition(".")
            setattr(model.get_submodule(owner), last, model.get_parameter(other))
        for name in self.frozen:
            model.get_parameter(name).requires_grad_(False)
        return model


@dataclass(frozen=True)
class Callee:
    """A function that is handed to the student's: it writes its calls down and, where `token`, returns a text of them.

    seconds: what its calls take, one after the other, by the `Clock` of the same case; the last one repeats.
    """

    name: str
    token: bool = True
    seconds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Clock:
    """A clock that is handed to the student's function: `start`, and what the calls of a `Callee` took since."""

    name: str
    start: float = 0.0


@dataclass(frozen=True)
class Gauge:
    """A function of a model, handed to the student's: writes down the parameters it saw, returns their summed size."""

    name: str


@dataclass(frozen=True)
class Measure:
    """A function of a vector that is handed to the student's, by its name in `measures.MEASURES`."""

    name: str


@dataclass(frozen=True)
class Case:
    """One call of the student's function: positional inputs, and in words what is special about them.

    edge: whether it is at the edge of what can be asked; an answer that is right on all others earns half of the points.
    """

    label: str
    inputs: tuple[Any, ...]
    edge: bool = False


Attempt = tuple[list[tuple[Any, ...]], list[Any]]
SHARED = "inputs share memory"  # stands among the calls: whoever trains one of the inputs would change another
NO_FUNCTION = "no function"  # the type of the Failure where an answer cannot be called
FUNCTIONS = (Callee, Clock, Gauge, Measure)  # handed to the student's function; not arguments that it could change


class _Log(list):
    """The calls on the way, and the time by the clock of the case."""

    now = 0.0


def attempt(
    function: Callable[..., Any], cases: Sequence[Case], measure: Callable[[str], Callable[[Tensor], float]] | None = None
) -> Attempt:
    """Call `function` on a fresh copy of each case's inputs; return the inputs afterwards, and the outputs.

    measure: name -> the function of a `Measure`; None: those of `measures.MEASURES`. (The grader's sandbox has no library
    and asks for them.)

    What the function prints is shown for the first case only: the others are the check's business.
    """
    measure = measure or _measure
    afterwards, outputs = [], []
    for number, case in enumerate(cases):
        log = _Log()
        live = [_live(value, log, measure) for value in case.inputs]
        # Warnings would go to stderr, for which nbgrader takes all points away.
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stderr(io.StringIO()),
            contextlib.redirect_stdout(io.StringIO()) if number else contextlib.nullcontext(),
            torch.random.fork_rng(devices=[]),
        ):
            warnings.simplefilter("ignore")
            try:
                output = plain(function(*live) if callable(function) else Failure(NO_FUNCTION, type(function).__name__))
            except KeyboardInterrupt:  # the person at the keyboard, not the answer
                raise
            except BaseException as error:
                output = Failure.of(error)
            if _share(live):
                log.append((SHARED,))
            now = [plain(value) for value, given in zip(live, case.inputs, strict=True) if not isinstance(given, FUNCTIONS)]
        afterwards.append((*now, list(log)))
        outputs.append(output)
    return afterwards, outputs


def _share(live: Sequence[Any]) -> bool:
    """Return whether two inputs, each a copy of its own before the call, have come to hold one and the same tensor."""
    try:
        return any(one & other for one, other in itertools.combinations(map(_places, live), 2))
    except Exception:  # a stranger's object may refuse to be looked at, and is then found wanting elsewhere
        return False


def _places(value: Any) -> set[int]:
    if isinstance(value, nn.Module):
        value = dict(itertools.chain(value.named_parameters(), value.named_buffers()))
    tensors = value.values() if isinstance(value, Mapping) else [value]
    return {tensor.untyped_storage().data_ptr() for tensor in tensors if isinstance(tensor, Tensor)} - {0}


def pristine(case: Case) -> tuple[Any, ...]:
    """Return the inputs of a case as `attempt` would find them if the function had left them alone."""
    return tuple(plain(_live(value, _Log(), _measure)) for value in case.inputs if not isinstance(value, FUNCTIONS))


def _measure(name: str) -> Callable[[Tensor], float]:
    from course_lib.teaching.exercises.measures import MEASURES

    return MEASURES[name]


def _live(value: Any, log: _Log, measure: Callable[[str], Callable[[Tensor], float]]) -> Any:
    if isinstance(value, (Layer, Network)):
        return value.build()
    if isinstance(value, Tensor):
        return value.detach().clone(memory_format=torch.preserve_format)
    if isinstance(value, Measure):
        return measure(value.name)
    if isinstance(value, Callee):

        def call(*arguments: Any, **named: Any) -> Any:
            arguments = (*arguments, *named.values())
            if value.seconds:
                before = sum(name == value.name for name, *_ in log)
                log.now += value.seconds[min(before, len(value.seconds) - 1)]
            log.append((value.name, *map(plain, arguments)))
            return f"{value.name}({', '.join(map(str, arguments))})" if value.token else None

        return call
    if isinstance(value, Clock):
        return lambda: value.start + log.now
    if isinstance(value, Gauge):

        def gauge(model: nn.Module) -> float:
            log.append((value.name, plain(model)))
            return float(sum(parameter.detach().double().abs().sum() for parameter in model.parameters()))

        return gauge
    return copy.deepcopy(value)
