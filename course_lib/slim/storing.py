"""A slimmed network as one file: what it was cut from, and its tensors, whose shapes say how wide it is. No pickle."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from course_lib import models
from course_lib.errors import CourseError
from course_lib.files import read_tensors, reason, replacing
from course_lib.network.cutting import fit
from course_lib.network.layers import LAYERS, NORMS

FORMAT = "slimmed network 1"


def save(model: nn.Module, path: str | Path, architecture: Mapping[str, Any] | None = None) -> None:
    """Write a slimmed network to a safetensors file, whole or not at all.

    Args:
        architecture: for a network of the course what `models.of_shape` takes: {"name": "cnn", "shape": (1, 28, 28),
            "classes": 10}. None: whoever loads the file gives the network that this one was cut from.

    Raises:
        CourseError: for an architecture that is not known, or from which `model` does not come; for a file that cannot be
            written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(nn.Linear(2, 3), f"{folder}/small.safetensors")  # whoever loads it has the nn.Linear that it was cut from
    """
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.state_dict().items()}
    text = json.dumps(architecture and dict(architecture), sort_keys=True)
    if architecture is not None:
        where = f"architecture={dict(architecture)} was given"
        filled(_built(architecture, where), tensors, where)
    said = {"format": FORMAT, "architecture": text, "digest": digest(text, tensors)}
    try:
        with replacing(path) as temporary:
            save_file(tensors, temporary, said)
    except OSError as error:
        raise CourseError(f"{path} cannot be written ({reason(error)}).") from error


def architecture(path: str | Path) -> dict[str, Any] | None:
    """Return what the file says that its network was cut from (see `save`), or None.

    Raises:
        CourseError: as `load`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(nn.Linear(2, 3), f"{folder}/small.safetensors")
    ...     print(architecture(f"{folder}/small.safetensors"))
    None
    """
    said, _ = _read(path)
    return json.loads(said["architecture"])


def load(path: str | Path, dense: nn.Module | None = None) -> nn.Module:
    """Return the network that `save` wrote, on the CPU and in eval mode: the same logits, to the bit.

    Args:
        dense: the network that it was cut from, with any weights; left as it is. None: the file says which.

    Raises:
        CourseError: for a file that is not there, cut short, changed, of another format, or of another architecture.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(nn.Linear(2, 3), f"{folder}/small.safetensors")
    ...     load(f"{folder}/small.safetensors", dense=nn.Linear(4, 3))
    Linear(in_features=2, out_features=3, bias=True)
    """
    where, (said, tensors) = f"{path} was given as a slimmed network", _read(path)
    if dense is None:
        named = json.loads(said["architecture"])
        if not named:
            raise CourseError(f"{where}; it does not say what it was cut from: load(path, dense=...) with that network.")
        dense = _built(named, where)
    return filled(dense, tensors, where).eval()


def _read(path: str | Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return what a whole file says of itself, and its tensors."""
    where, (said, tensors) = f"{path} was given as a slimmed network", read_tensors(path, "a slimmed network")
    if said.get("format") != FORMAT:
        found = said.get("format")
        raise CourseError(
            f"{where}; " + (f"its format is {found!r}, not {FORMAT!r}." if found else "slim.save did not write it.")
        )
    if said.get("digest") != digest(said.get("architecture", ""), tensors):
        raise CourseError(f"{where}; its content is not what slim.save wrote: it was changed or damaged.")
    return said, tensors


def _built(architecture: Mapping[str, Any], where: str) -> nn.Module:
    try:
        return models.of_shape(architecture["name"], tuple(architecture["shape"]), int(architecture["classes"]))
    except CourseError as error:  # one of ValueError as well
        raise CourseError(f"{where}: {error}") from error
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CourseError(f"{where}; name, shape and classes of a network of the course are expected.") from error


def filled(dense: nn.Module, tensors: Mapping[str, Tensor], where: str) -> nn.Module:
    """Return a copy of `dense` on the CPU with the values and the widths of `tensors`.

    Raises:
        CourseError: if they are of another architecture; `where` begins its sentence.

    >>> dense = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> narrow = {key: value[:2] if key.startswith("0") else value[..., :2] for key, value in dense.state_dict().items()}
    >>> filled(dense, narrow, "net.safetensors")[0]
    Linear(in_features=4, out_features=2, bias=True)
    """
    small = copy.deepcopy(dense).cpu()
    own = small.state_dict()
    if strange := sorted(set(own) ^ set(tensors)):
        raise CourseError(f"{where}; it is of another architecture: only one of the two has {strange[0]}.")
    for name, tensor in tensors.items():
        if own[name].ndim != tensor.ndim or any(a < b for a, b in zip(own[name].shape, tensor.shape, strict=True)):
            shapes = f"{tuple(tensor.shape)}, {tuple(own[name].shape)} before it was cut"
            raise CourseError(f"{where}; it is of another architecture: {name} has the shape {shapes}.")
    for name, module in small.named_modules():
        if isinstance(module, (*LAYERS, *NORMS)):
            fit(module, {what: tensors[f"{name}.{what}".lstrip(".")] for what in module.state_dict()})
    try:
        small.load_state_dict(tensors)  # of other kinds of layer, which were never cut
    except RuntimeError as error:
        raise CourseError(f"{where}; it is of another architecture ({str(error).splitlines()[-1].strip()}).") from error
    return small


def digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    """Return the hash of an architecture, as the file states it, and of the tensors.

    >>> digest("{}", {"weight": torch.zeros(2)}) == digest("{}", {"weight": torch.ones(2)})
    False
    """
    found = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.flatten().view(torch.uint8).numpy().tobytes() if tensor.numel() else b"")
    return found.hexdigest()
