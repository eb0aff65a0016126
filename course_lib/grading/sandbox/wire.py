"""Plain data as bytes between the grader and a sandbox: JSON for the structure, safetensors for the tensors, never pickle.

A message is a length (8 bytes), then `pack`ed data: the length of its JSON part (8 bytes), the JSON, the tensors.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from course_lib.teaching.exercises import attempts
from course_lib.teaching.exercises.plain import DTYPES

LENGTH = 8  # bytes
# A worker reports over its own pipe: it can be asked; the process of an answer has ended, and left nothing, or traces.
READY, ENDED, TRACES = b"r", b"e", b"t"
# The most that a stranger's message may have: levels of nesting, the length of a range, bytes of JSON and of the list of
# tensors (Python objects take thirty times as much memory), keys and members of all its dicts and sets together (hashes
# can be chosen to be equal, and then the time grows with the square), and axes of a tensor.
DEEPEST, LONGEST, TEXT, HASHED, AXES = 32, 1_000_000, 2 << 20, 10_000, 32
Records = dict[str, type]
RECORDS: Records = {
    kind.__name__: kind for kind in vars(attempts).values() if isinstance(kind, type) and dataclasses.is_dataclass(kind)
}
STRANGERS: Records = {"Failure": attempts.Failure}  # the only one that a stranger's message may hold


class WireError(Exception):
    """A message that cannot be read, or data that cannot be sent; one sentence says why."""


def pack(value: Any) -> bytes:
    """Return `value` as bytes.

    value: None, numbers, text, tensors, containers of these, and the records of `attempts`.

    Raises:
        WireError: for anything else.
    """
    tensors: dict[str, Tensor] = {}
    try:
        text = json.dumps(_encode(value, tensors)).encode()
        return len(text).to_bytes(LENGTH, "little") + text + (save(tensors) if tensors else b"")
    except (RecursionError, ValueError, RuntimeError, TypeError, SafetensorError) as error:
        raise WireError(f"data cannot be sent: {type(error).__name__}") from error


def unpack(data: bytes, stranger: bool = True) -> Any:
    """Return the value that `pack` made these bytes of.

    stranger: whether the bytes come from a process that cannot be trusted; then the number of objects is limited.

    Raises:
        WireError: for bytes that `pack` did not make.
    """
    try:
        end = LENGTH + int.from_bytes(data[:LENGTH], "little")
        text, rest = data[LENGTH:end], data[end:]
        if end > len(data):
            raise WireError("a message is shorter than it says")
        if stranger and max(len(text), int.from_bytes(rest[:LENGTH], "little")) > TEXT:
            raise WireError("a message has too many parts")
        records, hashed = (STRANGERS, HASHED) if stranger else (RECORDS, None)
        reader = _Reader(load(rest) if rest else {}, records, hashed)
        return reader.decode(json.loads(text), DEEPEST if stranger else 1000)
    except WireError:
        raise
    except Exception as error:  # whatever a stranger's bytes do to JSON, safetensors or this module
        raise WireError(f"a message could not be read: {type(error).__name__}") from error


def _encode(value: Any, tensors: dict[str, Tensor]) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    for plain in (int, float, str):
        if isinstance(value, plain):  # one of NumPy's numbers
            return plain(value)
    if isinstance(value, list):
        return [_encode(entry, tensors) for entry in value]
    if isinstance(value, Tensor):
        return _encode_tensor(value.detach(), tensors)
    if isinstance(value, (tuple, set, frozenset)):
        kind = "tuple" if isinstance(value, tuple) else "set"
        return {"is": kind, "of": [_encode(entry, tensors) for entry in value]}
    if isinstance(value, dict):
        return {"is": "dict", "of": [[_encode(key, tensors), _encode(entry, tensors)] for key, entry in value.items()]}
    if isinstance(value, range):
        return {"is": "range", "of": [value.start, value.stop, value.step]}
    if type(value).__name__ in RECORDS and dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {"is": type(value).__name__, "of": {name: _encode(entry, tensors) for name, entry in fields.items()}}
    raise WireError(f"a {type(value).__name__} cannot be sent")


def _encode_tensor(value: Tensor, tensors: dict[str, Tensor]) -> Any:
    """Keep the order of the axes in memory: exercises have cases that are not contiguous."""
    strides = value.stride()
    order = sorted(range(value.ndim), key=lambda axis: -strides[axis])
    name = str(len(tensors))
    tensors[name] = value.cpu().permute(order).contiguous().clone()
    return {"is": "tensor", "of": name, "order": order}


class _Reader:
    """Makes values of a message's parts. hashed: how many keys and members it may have; None: any number."""

    def __init__(self, tensors: dict[str, Tensor], records: Records, hashed: int | None) -> None:
        self.tensors, self.records, self.hashed = tensors, records, hashed

    def decode(self, tree: Any, depth: int) -> Any:
        if depth == 0:
            raise WireError("data are nested too deeply")

        def inner(entry: Any) -> Any:
            return self.decode(entry, depth - 1)

        if isinstance(tree, list):
            return [inner(entry) for entry in tree]
        if not isinstance(tree, dict):
            return tree
        kind, of = tree["is"], tree["of"]
        if kind == "tensor":
            return self._tensor(of, tree["order"])
        if kind == "tuple":
            return tuple(map(inner, of))
        if kind in ("set", "dict"):
            self._count(len(of))
            return set(map(inner, of)) if kind == "set" else {inner(key): inner(entry) for key, entry in of}
        if kind == "range":
            numbers = range(*of)
            if len(numbers) > LONGEST:
                raise WireError("a range is too long")
            return numbers
        return self.records[kind](**{name: inner(entry) for name, entry in of.items()})

    def _tensor(self, name: str, order: list[int]) -> Tensor:
        tensor = self.tensors[name]
        if tensor.ndim > AXES or tensor.ndim != len(order):
            raise WireError("a tensor's axes do not fit")
        if tensor.dtype not in DTYPES:
            raise WireError(f"a tensor of the kind {tensor.dtype} is no plain data")
        return tensor.permute([order.index(axis) for axis in range(len(order))])

    def _count(self, more: int) -> None:
        if self.hashed is not None:
            self.hashed -= more
            if self.hashed < 0:
                raise WireError("a message has too many keys and members")


def frame(value: Any) -> bytes:
    """Return `value` as one message."""
    data = pack(value)
    return len(data).to_bytes(LENGTH, "little") + data
