"""Images that people bring: a folder with one folder a class, or a .zip of one."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from course_lib.data.cache import Decoded
from course_lib.errors import CourseError

PART_OF_FOLDER = {"train": "train", "test": "test", "validation": "validation", "val": "validation"}
IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
LARGEST_IMAGE_FILE = 20_000_000  # bytes


def read_path(path: Path) -> Decoded:
    """Return the parts of an ImageFolder or of a .zip of one; nothing of a zip is ever unpacked to disk."""
    if path.is_dir():
        listing = {
            found.relative_to(path).as_posix() + ("/" if found.is_dir() else ""): found.stat().st_size
            for found in path.rglob("*")
        }
        return read_tree(listing, lambda name: (path / name).read_bytes(), path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename.replace("\\", "/"): member for member in archive.infolist()}
            sizes = {name: member.file_size for name, member in members.items()}
            return read_tree(sizes, lambda name: archive.read(members[name]), path)
    except zipfile.BadZipFile as error:
        raise CourseError(f"{path} is neither a folder nor a .zip file ({error}).") from error


def read_tree(sizes: dict[str, int], read_bytes: Callable[[str], bytes], path: Path) -> Decoded:
    """Return the decoded parts of a listing, name -> bytes, whose folders end in "/"."""
    files = class_files(sizes, path)
    classes = tuple(sorted(files["train"]))
    arrays: dict[str, list[np.ndarray]] = {}
    labels: dict[str, list[int]] = {}
    first: tuple[str, tuple[int, ...]] | None = None
    for part, by_class in files.items():
        arrays[part], labels[part] = [], []
        for label, title in enumerate(classes):
            for name in by_class[title]:
                if sizes[name] > LARGEST_IMAGE_FILE:
                    raise CourseError(f"{name} in {path} has {sizes[name]:,} bytes; an image may have 20 MB at most.")
                array = decode(name, read_bytes, path)
                first = first or (name, array.shape[:2])
                if array.shape[:2] != first[1]:
                    raise CourseError(
                        f"All images must have one size, but in {path} {first[0]} has {first[1][1]} x {first[1][0]} "
                        f"pixels and {name} has {array.shape[1]} x {array.shape[0]}."
                    )
                arrays[part].append(array)
                labels[part].append(label)
    colour = any(array.ndim == 3 for part in arrays.values() for array in part)
    return {part: (stacked(arrays[part], colour), torch.tensor(labels[part])) for part in arrays}, classes


def class_files(sizes: dict[str, int], path: Path) -> dict[str, dict[str, list[str]]]:
    """Return part -> class -> names of its images; CourseError unless all parts have the same classes and none is empty.

    Parts are train, test and, where the source has one, validation.
    """
    inside = below_leading_folder(sizes)
    files: dict[str, dict[str, list[str]]] = {}
    for name, (folder, *below) in sorted(inside.items()):
        if folder in PART_OF_FOLDER:
            by_class = files.setdefault(PART_OF_FOLDER[folder], {})
            if len(below) >= 2:  # a class folder itself ends in an empty name
                images = by_class.setdefault(below[0], [])
                if below[-1].lower().endswith(IMAGE_ENDINGS):
                    images.append(name)
    for part in ("train", "test"):
        if part not in files:
            raise CourseError(
                f"{path} has no folder {part}/; an ImageFolder has train/ and test/ with one folder per class."
            )
    for part, by_class in files.items():
        if not by_class:
            raise CourseError(f"{path} is an ImageFolder without classes: {part}/ has no folders of images.")
        differing = sorted(by_class.keys() ^ files["train"].keys())
        if differing:
            raise CourseError(f"The classes of train/ and {part}/ in {path} differ: only one has {', '.join(differing)}.")
        for title, images in by_class.items():
            if not images:
                raise CourseError(f"Class {title!r} of {part}/ in {path} has no images.")
    return {part: files[part] for part in ("train", "validation", "test") if part in files}


def below_leading_folder(sizes: dict[str, int]) -> dict[str, list[str]]:
    """Return name -> its path's pieces, without junk and without a folder that lies around train/ and test/."""
    pieces = {name: name.split("/") for name in sizes}
    pieces = {
        name: split
        for name, split in pieces.items()
        if "__MACOSX" not in split and not any(piece.startswith(".") for piece in split)
    }
    tops = {split[0] for split in pieces.values() if len(split) > 1}
    if len(tops) == 1 and not tops & PART_OF_FOLDER.keys():
        pieces = {name: split[1:] for name, split in pieces.items() if len(split) > 1}
    return pieces


def decode(name: str, read_bytes: Callable[[str], bytes], path: Path) -> np.ndarray:
    """Return an image as uint8, (H, W) if it is grey (mode L) and (H, W, 3) otherwise."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(read_bytes(name))) as image:
            if image.mode.startswith(("I", "F")):
                raise ValueError(f"it has more than 8 bits per channel, mode {image.mode}")
            return np.asarray(image if image.mode == "L" else image.convert("RGB"))
    # Decoders and zipfile raise almost anything at bytes that are not what they claim to be.
    except Exception as error:
        raise CourseError(f"The image {name} in {path} cannot be read ({error}).") from error


def stacked(arrays: list[np.ndarray], colour: bool) -> Tensor:
    """Return the images as one tensor uint8 (n, C, H, W); grey ones become RGB where others have colour."""
    if colour:
        arrays = [array if array.ndim == 3 else np.repeat(array[:, :, None], 3, axis=2) for array in arrays]
    images = torch.from_numpy(np.stack(arrays))
    return images.permute(0, 3, 1, 2).contiguous() if colour else images.unsqueeze(1)


def path_fingerprint(path: Path) -> str:
    """Return what changes when the source does: a zip's content, or the names, sizes and times of a folder's files."""
    digest = hashlib.sha256()
    if path.is_dir():
        for found in sorted(path.rglob("*")):
            state = found.stat()
            digest.update(f"{found.relative_to(path).as_posix()}|{state.st_size}|{state.st_mtime_ns}\n".encode())
    else:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
