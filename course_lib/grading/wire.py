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

LENGTH = 8  # bytes
DEEPEST, LONGEST = 32, 1_000_000  # levels of nesting, and length of a range, that a stranger's message may have
RECORDS = {kind.__name__: kind for kind in vars(attempts).values() if dataclasses.is_dataclass(kind)}
STRANGERS = {"Failure": attempts.Failure}  # all that a stranger's message may hold of them


class WireError(Exception):
    """A message that cannot be read, or data that cannot be sent, in one sentence."""


def pack(value: Any) -> bytes:
    """Return `value` as bytes: None, numbers, text, tensors, containers of these, and `attempts`' records.

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
    """Return what `pack` was given.

    stranger: whether the bytes come from a process that is not to be trusted; then depth and ranges are limited.

    Raises:
        WireError: for bytes that are no such message.
    """
    try:
        end = LENGTH + int.from_bytes(data[:LENGTH], "little")
        tree, rest = json.loads(data[LENGTH:end]), data[end:]
        tensors = load(rest) if rest else {}
        return _decode(tree, tensors, STRANGERS if stranger else RECORDS, DEEPEST if stranger else 1000)
    except WireError:
        raise
    except (
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
        IndexError,
        OverflowError,
        SafetensorError,
        RuntimeError,
    ) as error:
        raise WireError(f"a message could not be read: {type(error).__name__}") from error


def _encode(value: Any, tensors: dict[str, Tensor]) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is list:
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
    order = sorted(range(value.ndim), key=lambda axis: -value.stride(axis))
    name = str(len(tensors))
    tensors[name] = value.cpu().permute(order).contiguous().clone()
    return {"is": "tensor", "of": name, "order": order}


def _decode(tree: Any, tensors: dict[str, Tensor], records: dict[str, type], depth: int) -> Any:
    if depth == 0:
        raise WireError("data are nested too deeply")

    def inner(entry: Any) -> Any:
        return _decode(entry, tensors, records, depth - 1)

    if isinstance(tree, list):
        return [inner(entry) for entry in tree]
    if not isinstance(tree, dict):
        return tree
    kind, of = tree["is"], tree["of"]
    if kind == "tensor":
        order = tree["order"]
        return tensors[of].permute([order.index(axis) for axis in range(len(order))])
    if kind == "tuple":
        return tuple(map(inner, of))
    if kind == "set":
        return set(map(inner, of))
    if kind == "dict":
        return {inner(key): inner(entry) for key, entry in of}
    if kind == "range":
        found = range(*of)
        if len(found) > LONGEST:
            raise WireError("a range is too long")
        return found
    return records[kind](**{name: inner(entry) for name, entry in of.items()})


def frame(value: Any) -> bytes:
    """Return `value` as one message."""
    data = pack(value)
    return len(data).to_bytes(LENGTH, "little") + data
