"""Student code runs here and nowhere else: plain data in, plain data out, in this process or in another."""

from __future__ import annotations

import contextlib
import copy
import io
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.pruning.pqindex import pq_index


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
        module.load_state_dict(dict(self.state))
        return module


@dataclass(frozen=True)
class Callee:
    """A function that is handed to the student's: it writes its calls down and, where `token`, returns a text of them."""

    name: str
    token: bool = True


def _gini(w: Tensor) -> float:
    """Gini index of the magnitudes (Hurley & Rickard 2009, section II): 0 for equal ones, towards 1 for a single one."""
    magnitudes = w.abs().double().flatten().sort().values
    n = len(magnitudes)
    weights = (n - torch.arange(1, n + 1, dtype=torch.float64) + 0.5) / n
    return float(1 - 2 * (magnitudes / magnitudes.sum() * weights).sum())


# What students' properties are tried on: vector -> number, by name, so that it can be asked for in another process.
MEASURES: dict[str, Callable[[Tensor], float]] = {
    "PQ index": lambda w: pq_index(w, 1.0, 2.0),
    "PQ index with rounding noise": lambda w: pq_index(w, 0.5, 1.0) + 1e-9 * w.numel(),
    "Gini index": _gini,
    "share of zeros": lambda w: float((w == 0).double().mean()),
    "L1 norm": lambda w: float(w.abs().sum()),
    "largest magnitude": lambda w: float(w.abs().max()),
    "mean magnitude": lambda w: float(w.abs().mean()),
    "1 / number of entries": lambda w: 1 / w.numel(),
    "a tenth of log(number of entries)": lambda w: math.log(w.numel()) / 10,
}


@dataclass(frozen=True)
class Measure:
    """A function of a vector that is handed to the student's, by its name in MEASURES."""

    name: str


@dataclass(frozen=True)
class Case:
    """One call of the student's function: positional inputs, and in words what is special about them."""

    label: str
    inputs: tuple[Any, ...]


@dataclass(frozen=True)
class Failure:
    """An exception as plain data."""

    type: str
    message: str


Attempt = tuple[list[tuple[Any, ...]], list[Any]]


def attempt(function: Callable[..., Any], cases: Sequence[Case]) -> Attempt:
    """Call `function` on a fresh copy of each case's inputs; return the inputs afterwards, and the outputs."""
    afterwards, outputs = [], []
    for case in cases:
        log: list[tuple[Any, ...]] = []
        live = [_live(value, log) for value in case.inputs]
        # Warnings would go to stderr, for which nbgrader takes all points away.
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()), torch.random.fork_rng(devices=[]):
            warnings.simplefilter("ignore")
            try:
                output = _plain(function(*live))
            except (Exception, SystemExit) as error:
                output = Failure(type(error).__name__, str(error))
        afterwards.append((*(_plain(value) for value in live if not callable(value) or isinstance(value, nn.Module)), log))
        outputs.append(output)
    return afterwards, outputs


def pristine(case: Case) -> tuple[Any, ...]:
    """Return the inputs of a case as `attempt` would find them if the function had left them alone."""
    return tuple(_plain(_live(value, [])) for value in case.inputs if not isinstance(value, (Callee, Measure)))


def _live(value: Any, log: list[tuple[Any, ...]]) -> Any:
    if isinstance(value, Layer):
        return value.build()
    if isinstance(value, Tensor):
        return value.detach().clone(memory_format=torch.preserve_format)
    if isinstance(value, Measure):
        return MEASURES[value.name]
    if isinstance(value, Callee):

        def call(*arguments: Any, **named: Any) -> Any:
            arguments = (*arguments, *named.values())
            log.append((value.name, *map(_plain, arguments)))
            return f"{value.name}({', '.join(map(str, arguments))})" if value.token else None

        return call
    return copy.deepcopy(value)


def _plain(value: Any) -> Any:
    """Return `value` as data that compares and travels; what is neither is described."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, nn.Module):
        return {name: parameter.detach().clone() for name, parameter in value.named_parameters()}
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, range, set, frozenset)):
        return type(value)(map(_plain, value)) if isinstance(value, (list, tuple)) else value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a NumPy number
        return value.item()
    return Failure("TypeError", f"a {type(value).__name__} was returned")


def same(left: Any, right: Any, tolerance: float = 1e-5) -> bool:
    """Return whether two results are equal; floating-point numbers within `tolerance`, relative to the larger ones."""
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        if left.shape != right.shape or (left.dtype == torch.bool) != (right.dtype == torch.bool):
            return False
        left, right = left.double().cpu(), right.double().cpu()
        scale = max(1e-12, float(right.abs().max())) if right.numel() else 1.0
        return bool(((left - right).abs() <= tolerance * scale).all())  # NaN is equal to nothing
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        number, tensor = (right, left) if isinstance(left, Tensor) else (left, right)
        return isinstance(number, (int, float)) and tensor.ndim == 0 and same(number, tensor.item(), tolerance)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key], tolerance) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(same(a, b, tolerance) for a, b in zip(left, right, strict=True))
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)
    return type(left) is type(right) and left == right
