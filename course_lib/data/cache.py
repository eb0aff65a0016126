"""Decoded data sets, each kept as one safetensors file that says what it was made from."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from course_lib.files import cache_folder, reason, replacing

Parts = dict[str, tuple[Tensor, Tensor]]  # part -> images uint8 (n, C, H, W), labels int64 (n,)


class Decoded(NamedTuple):
    """A data set as it was found. notes: what whoever loads it should know, a sentence each."""

    parts: Parts
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()


FORMAT = "1"  # raise it when decoding or layout changes, so that older files are rebuilt


def downloads() -> Path:
    """Return the folder that downloads go to."""
    return cache_folder() / "downloads"


def cache_file(key: str) -> Path:
    """Return where the decoded data set `key` is kept."""
    return cache_folder() / f"{key}.safetensors"


def cached(key: str, fingerprint: str, build: Callable[[], Decoded]) -> Decoded:
    """Return what is cached, or build and cache it if there is nothing, or something broken or outdated."""
    path = cache_file(key)
    try:
        return load_cache(path, fingerprint)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        decoded = build()
    try:
        save_cache(path, fingerprint, decoded)
    except (OSError, SafetensorError) as error:
        warnings.warn(
            f"The decoded data could not be kept in {path} ({reason(error)}), so they are decoded again next time; "
            "make room there or set COURSE_DATA_DIR to another folder.",
            stacklevel=4,  # the line that called data.load
        )
    return decoded


def is_cached(key: str, fingerprint: str) -> bool:
    """Return whether there is a cache made from this source; its content is not read."""
    try:
        with safe_open(cache_file(key), framework="pt") as file:
            return file.metadata()["fingerprint"] == fingerprint and file.metadata()["format"] == FORMAT
    except (OSError, SafetensorError, KeyError, TypeError):
        return False


def load_cache(path: Path, fingerprint: str) -> Decoded:
    """Return what is in `path`; ValueError or another error if it is not what `save_cache` wrote."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        # Cloned, because they are windows into the file: whoever cut it short would crash a running study.
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 - not a dict
    classes, notes = (tuple(json.loads(metadata.get(key, "[]"))) for key in ("classes", "notes"))
    if metadata != cache_metadata(fingerprint, tensors, classes, notes):
        raise ValueError(f"{path} is damaged or outdated")
    parts = [name.removesuffix("_images") for name in tensors if name.endswith("_images")]
    return Decoded({part: (tensors[f"{part}_images"], tensors[f"{part}_labels"]) for part in parts}, classes, notes)


def save_cache(path: Path, fingerprint: str, decoded: Decoded) -> None:
    """Write a decoded data set to `path`, whole or not at all."""
    tensors: dict[str, Tensor] = {}
    for part, (images, labels) in decoded.parts.items():
        tensors |= {f"{part}_images": images, f"{part}_labels": labels}
    with replacing(path) as temporary:
        save_file(tensors, temporary, cache_metadata(fingerprint, tensors, decoded.classes, decoded.notes))


def cache_metadata(
    fingerprint: str, tensors: dict[str, Tensor], classes: tuple[str, ...], notes: tuple[str, ...]
) -> dict[str, str]:
    """Return the metadata of a cache: format, fingerprint, classes, any notes, and the sha256 of these and the tensors."""
    metadata = {"format": FORMAT, "fingerprint": fingerprint, "classes": json.dumps(classes)}
    metadata |= {"notes": json.dumps(notes)} if notes else {}
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(np.ascontiguousarray(tensor.numpy()).data.cast("B"))
    return metadata | {"sha256": digest.hexdigest()}
