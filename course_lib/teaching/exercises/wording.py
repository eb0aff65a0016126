"""Values, calls and differences as a verdict shows them: in a line each, whatever a student's code returned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import FUNCTIONS, Layer, Network
from course_lib.teaching.exercises.plain import Failure, same

LONGEST = 200  # characters of a value
MANY = 20  # entries of a list or a dict that are shown


def calls(log: Sequence[tuple[Any, ...]]) -> str:
    """Return the calls that a function made on its way."""
    return " -> ".join(f"{name}({', '.join(map(short, arguments))})" for name, *arguments in log) or "none"


def difference(inputs: Sequence[Any], after: Sequence[Any], rightly: Sequence[Any]) -> list[tuple[str, str]]:
    """Show the first entry of an argument that is not as it should be. after, rightly: the arguments as plain data."""
    for place, (value, now, wanted) in enumerate(zip(inputs, after, rightly, strict=False), 1):
        if same(now, wanted):
            continue
        label = f"argument {place}"
        if isinstance(value, (Layer, Network)) and isinstance(now, Mapping):
            return _first_entry(f"{label} (a {value.kind})", now, wanted)
        return [(label, short(now)), ("expected", short(wanted))]
    return []


def _first_entry(label: str, now: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Show the first entry of a model's tensors that differs, or the tensor that is missing, new or of another shape."""
    for name, tensor in wanted.items():
        found = now.get(name)
        if not isinstance(found, Tensor) or found.shape != tensor.shape:
            new = ", ".join(sorted(now.keys() - wanted.keys()))
            gone = f"gone{f' (new: {new})' if new else ''}"
            return [(f"{label}: {name} is", gone if found is None else short(found)), ("expected", short(tensor))]
        if len(entries := (found != tensor).nonzero()):
            index = tuple(entries[0].tolist())
            where = f"{label}: {name}[{', '.join(map(str, index))}] is"
            return [(where, short(float(found[index]))), ("expected", short(float(tensor[index])))]
    return [(f"{label} has", ", ".join(sorted(now.keys() - wanted.keys()))), ("expected", "nothing new")]


def short(value: Any) -> str:
    """Return plain data as verdicts show them, cut where long: small tensors whole, large ones by type and shape."""
    if isinstance(value, Tensor):
        return _tensor(value)
    if isinstance(value, Layer):
        return f"a {value.kind}({', '.join(f'{k}={v}' for k, v in value.arguments.items())})"
    if isinstance(value, Network):
        return f"a network of {', '.join(f'{name} ({layer.kind})' for name, layer in value.layers.items())}"
    if isinstance(value, FUNCTIONS):
        return value.name
    if isinstance(value, Failure):
        return value.message.removesuffix(" was returned")
    if isinstance(value, Mapping) and any(isinstance(entry, (Tensor, Failure)) for entry in value.values()):
        return f"{{{', '.join(_entries(f'{name}: {_zeros(entry)}' for name, entry in value.items()))}}}"
    if isinstance(value, list):
        return f"[{', '.join(_entries(map(short, value)))}]"
    text = f"{value:.4g}" if isinstance(value, float) else repr(value)
    return text if len(text) < LONGEST else text[: LONGEST - 3] + "..."


def _entries(texts: Iterable[str]) -> list[str]:
    shown = list(islice(texts, MANY + 1))
    return shown if len(shown) <= MANY else [*shown[:MANY], "..."]


def _zeros(entry: Any) -> str:
    return f"{int((entry == 0).sum())} of {entry.numel()} are zero" if isinstance(entry, Tensor) else short(entry)


def _tensor(value: Tensor) -> str:
    if value.numel() > 16 or value.ndim > 1:
        return f"a {str(value.dtype).removeprefix('torch.')} tensor of shape {tuple(value.shape)}"
    if value.dtype == torch.bool and value.ndim:
        return f"[{' '.join(f'{entry!s:5}' for entry in value.tolist()).strip()}]"  # in columns, to be compared
    return f"tensor({short(value.tolist())})"
