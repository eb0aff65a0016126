"""Whatever a student's code returns, as plain data: of few types, of limited size, and safe to look at.

Plain data are None, bool, int, float, str, `Failure`, dense tensors on the CPU, and lists, tuples, sets, ranges and dicts of
these. They compare (`same`), print (`base.short`) and travel (`grading.wire`), so that notebook and grader judge the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

# What a value may have: levels of nesting, parts of all containers together, entries of a tensor or a range, characters of a
# text, and bits of a whole number (all of these have a float as well).
DEEPEST, PARTS, ENTRIES, LETTERS, BITS = 16, 5_000, 1_000_000, 100_000, 1_000
DTYPES = frozenset({
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
    torch.float16, torch.bfloat16, torch.float32, torch.float64,
})  # fmt: skip
WORDS = 500  # characters of an error's message that are kept


@dataclass(frozen=True)
class Failure:
    """An exception, or a value that nobody can read, as plain data."""

    type: str
    message: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Return an exception as plain data, also where its own text cannot be had."""
        try:
            words = str.__str__(str(error))[:WORDS].encode("utf-8", "replace").decode("utf-8")
        except Exception:
            words = "(its message cannot be read)"
        return cls(_name_of(error), words)


class _TooMuch(Exception):
    """The whole value cannot be plain data; the message says why."""


def plain(value: Any, keys: bool = False) -> Any:
    """Return `value` as plain data; a part that is of no such type becomes a `Failure`, and so does a value beyond limits.

    keys: whether keys of dicts stay numbers where they are numbers, as in {50: 0.7}; else they are made text.
    """
    try:
        return _Reader(keys).read(value, DEEPEST)
    except _TooMuch as error:
        return Failure("ValueError", str(error))
    except KeyboardInterrupt:  # the person at the keyboard, not the answer
        raise
    except BaseException as error:  # whatever a stranger's object does when it is looked at
        return Failure("TypeError", f"a {_name_of(value)} was returned that cannot be read ({_name_of(error)})")


def _name_of(value: Any) -> str:
    return str(type.__dict__["__name__"].__get__(type(value)))  # not what its metaclass says


def _unread(value: Any) -> Failure:
    return Failure("TypeError", f"a {_name_of(value)} was returned")


class _Reader:
    """Reads one value, and counts its parts."""

    def __init__(self, keys: bool) -> None:
        self.keys, self.parts = keys, 0

    def read(self, value: Any, depth: int) -> Any:
        self.parts += 1
        if self.parts > PARTS:
            raise _TooMuch(f"a value of more than {PARTS:,} parts was returned")
        if value is None or type(value) is bool or type(value) is Failure:
            return value
        if isinstance(value, (int, float, str)):
            return _scalar(value)
        if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.size == 1):
            number = float(value) if isinstance(value, np.longdouble) else value.item()
            return _scalar(number) if isinstance(number, (int, float, str)) else _unread(value)
        if isinstance(value, Tensor):
            return _tensor(value)
        if depth == 0:
            raise _TooMuch(f"a value nested more than {DEEPEST} times was returned")
        if isinstance(value, nn.Module):
            tensors = (*value.named_parameters(), *value.named_buffers())
            return {str(name): self.read(tensor, depth - 1) for name, tensor in tensors}
        return self._container(value, depth - 1)

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            return {self._key(key, depth): self.read(entry, depth) for key, entry in value.items()}
        if isinstance(value, list):
            return [self.read(entry, depth) for entry in value]
        if isinstance(value, tuple):
            return tuple([self.read(entry, depth) for entry in value])
        if isinstance(value, (set, frozenset)):
            return {self.read(entry, depth) for entry in value} if all(map(_hashes, value)) else _unread(value)
        if isinstance(value, range):
            if max(abs(value.start), abs(value.stop), abs(value.step), len(value)) > ENTRIES:
                raise _TooMuch(f"a range beyond {ENTRIES:,} was returned")
            return value
        return _unread(value)

    def _key(self, key: Any, depth: int) -> Any:
        read = self.read(key, depth) if _hashes(key) else key
        return read if self.keys and _hashes(read) else str.__str__(str(key))


def _hashes(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, np.generic))


def _scalar(value: int | float | str) -> Any:
    """Return a number or text without what a subclass adds."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        number = int.__int__(value)
        if number.bit_length() > BITS:
            raise _TooMuch(f"a whole number of {number.bit_length():,} bits was returned")
        return number
    if isinstance(value, float):
        return float.__float__(value)
    text = str.__str__(value)
    if len(text) > LETTERS:
        raise _TooMuch(f"a text of {len(text):,} characters was returned")
    return text


def _tensor(value: Tensor) -> Tensor | Failure:
    with torch._C.DisableTorchFunctionSubclass():
        value = value.detach() if type(value) in (Tensor, nn.Parameter) else value.detach().as_subclass(Tensor)
        if value.layout != torch.strided or value.is_quantized or value.dtype not in DTYPES or value.device.type == "meta":
            kind = str(value.layout if value.layout != torch.strided else value.dtype).removeprefix("torch.")
            kind = "meta" if value.device.type == "meta" else kind
            return Failure("TypeError", f"a tensor of the kind {kind} was returned")
        if value.numel() > ENTRIES:
            raise _TooMuch(f"a tensor of {value.numel():,} entries was returned")
        return value.cpu().resolve_neg().clone()


def same(left: Any, right: Any, tolerance: float = 1e-5) -> bool:
    """Return whether two results, as plain data, are equal; floats within `tolerance`, relative to the larger ones."""
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        if left.shape != right.shape or (left.dtype == torch.bool) != (right.dtype == torch.bool):
            return False
        if left.is_complex() or right.is_complex():  # else only its real part would be compared
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
