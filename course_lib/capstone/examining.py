"""A stranger's file of weights, looked at: whether it is a pruned copy of the board's network, and what it predicts.

On a board this runs in a sandbox, in a student's own check at home; it is the same code. So it imports few modules, and its
result is plain data. What the file claims of itself counts for nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from course_lib import models
from course_lib.errors import CourseError
from course_lib.slim.storing import digest, filled

MASKS = ("kept/", "unit/")  # how `Masks.save` begins the names of its tensors
OURS = {"format", "architecture", "digest"}  # what `slim.save` says of a file
LENGTH = 8  # bytes at the start of a safetensors file: how long its header is
IMAGES = 250  # in a forward pass
SHOWN = 60  # characters of a stranger's name
PICKLES = {b"PK": "a zip archive, as torch.save writes it", b"\x80": "a pickle"}


def examine(data: bytes, name: str, shape: tuple[int, int, int], classes: int, images: Tensor) -> dict[str, Any]:
    """Return what a file of weights is as a network of the course.

    Args:
        data: the file's bytes.
        name, shape, classes: of the dense network that it was pruned from, as in `models.of_shape`.
        images: (n, C, H, W), normalised.

    Returns:
        "predictions", an int64 tensor (n,); "nonzeros", how many parameters are not zero; "widths", tensor -> its shape;
        "notes", sentences about what the file claims; or nothing but "problem", why it is refused.
    """
    try:
        claims, tensors = _read(data)
        notes = _notes(claims, tensors)
        weights = {key: tensor for key, tensor in tensors.items() if not key.startswith(MASKS)}
        dense = models.of_shape(name, shape, classes)
        _must_fit(dense.state_dict(), weights, name)
        if "digest" in claims and claims["digest"] != digest(claims.get("architecture", ""), tensors):
            raise CourseError("its content is not what hand_in wrote: it was changed or damaged.")
        net = filled(dense, weights, "it was handed in").eval()
        return {
            "predictions": _predictions(net, images, classes),
            "nonzeros": sum(int(torch.count_nonzero(parameter.detach())) for parameter in net.parameters()),
            "widths": {key: list(tensor.shape) for key, tensor in weights.items()},
            "notes": notes,
        }
    except CourseError as error:
        return {"problem": str(error)}


def _read(data: bytes) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return what a file claims, and its tensors."""
    if not data:
        raise CourseError("the file is empty.")
    size, header = len(data), int.from_bytes(data[:LENGTH], "little")
    try:
        tensors = load(data)
        claims = json.loads(data[LENGTH : LENGTH + header]).get("__metadata__") or {}  # the header was read well just now
        return claims, tensors
    except (SafetensorError, KeyError, RuntimeError, ValueError, TypeError, OverflowError) as error:
        for mark, what in PICKLES.items():
            if data.startswith(mark):
                raise CourseError(
                    f"it is {what}; such files can run code and are not opened: write it by hand_in."
                ) from error
        if size < LENGTH or header > size - LENGTH:
            raise CourseError(
                f"its header claims {header:,} bytes, and the whole file has {size:,}: cut short, or no safetensors file."
            ) from error
        raise CourseError("it is no whole safetensors file: its header does not describe what follows.") from error


def _notes(claims: Mapping[str, str], tensors: Mapping[str, Tensor]) -> list[str]:
    """Return what is said about claims: none of them counts."""
    notes = []
    if own := sorted(set(claims) - OURS):
        notes.append(f"what the file says of itself ({shown(own[0])}) is not read: everything is counted.")
    if any(key.startswith(MASKS) for key in tensors):
        notes.append("the masks in the file are not applied: what counts are its weights, as they are.")
    return notes


def _must_fit(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], name: str) -> None:
    """Refuse what is no pruned copy of the network called `name`, whose tensors are `own`."""
    if missing := sorted(set(own) - set(tensors)):
        raise CourseError(f"it is no {name}, the network of this board: {missing[0]} is missing.")
    if strange := sorted(set(tensors) - set(own)):
        raise CourseError(f"it is no {name}, the network of this board: it has a tensor {shown(strange[0])!r}.")
    for key, dense in own.items():
        tensor = tensors[key]
        if tensor.dtype != dense.dtype:
            kinds = (str(one.dtype).removeprefix("torch.") for one in (tensor, dense))
            raise CourseError("{} is of the type {}; {} is expected.".format(key, *kinds))
        if tensor.ndim != dense.ndim or any(not 1 <= a <= b for a, b in zip(tensor.shape, dense.shape, strict=True)):
            sizes = f"{tuple(tensor.shape)}; the dense network has {tuple(dense.shape)}"
            raise CourseError(f"{key} has the shape {sizes}, of which something has to be left and nothing can be added.")
        if not tensor.isfinite().all():
            raise CourseError(f"{key} holds NaN or infinity.")


@torch.inference_mode()
def _predictions(net: nn.Module, images: Tensor, classes: int) -> Tensor:
    try:
        logits = torch.cat([net(part) for part in images.split(IMAGES)])
    except RuntimeError as error:
        raise CourseError("its layers do not fit together: one is wider or narrower than the next one reads.") from error
    if logits.shape != (len(images), classes):
        raise CourseError(f"it tells {logits.shape[-1]} classes apart; this board has {classes}.")
    if not logits.isfinite().all():
        raise CourseError("its outputs are NaN or infinite on some images.")
    return logits.argmax(1)


def shown(text: str) -> str:
    """Return a stranger's text as it is shown: one short line.

    >>> shown("conv1\\nweight")
    'conv1 weight'
    """
    line = " ".join(re.sub(r"[^\w.,:;/()+=-]", " ", text).split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 3]}..."
