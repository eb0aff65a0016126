"""Where data sets come from: the embedded one, downloads, ImageFolders and zips of them."""

from __future__ import annotations

import difflib
import gzip
import hashlib
import http.client
import io
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from course_lib.data.cache import Decoded, Parts, cached, downloads, is_cached
from course_lib.errors import CourseError

T = TypeVar("T")

NAMES = ("fashion-mini", "fashion-mnist", "cifar10")

EMBEDDED = Path(__file__).with_name("embedded") / "fashion-mini.npz"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
# sha256 of the unpacked files: torchvision's md5 are of the packed ones, whose gzip headers Debian's build rewrites.
FASHION_FILES = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
CIFAR10_FINGERPRINT = "cifar-10-python.tar.gz md5 c58f30108f718f92721af3b95e74349a"

PART_OF_FOLDER = {"train": "train", "test": "test", "validation": "validation", "val": "validation"}
IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
LARGEST_IMAGE_FILE = 20_000_000  # bytes


def read(name: str | Path) -> tuple[str, Parts, tuple[str, ...]]:
    """Return the title, the parts and the class names of the data set called `name` or found at that path."""
    if name == "fashion-mini":
        return name, read_embedded(), FASHION_CLASSES
    if name == "fashion-mnist":
        return name, *cached(name, fashion_fingerprint(), lambda: (find_fashion_mnist(), FASHION_CLASSES))
    if name == "cifar10":
        return name, *cached(name, CIFAR10_FINGERPRINT, read_cifar10)
    if not isinstance(name, (str, Path)) or not str(name) or not Path(name).expanduser().exists():
        raise CourseError(nothing_called(name))
    path = Path(name).expanduser().resolve()
    title = path.name if path.is_dir() else path.stem
    key = f"{title}-{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    try:
        return title, *cached(key, path_fingerprint(path), lambda: read_path(path))
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error}).") from error


def nothing_called(name: str | Path) -> str:
    """Return the sentence for a name that is no data set and no path."""
    text = str(name)
    if isinstance(name, Path) or "/" in text or os.sep in text or text.endswith(".zip"):
        return f"There is no file or folder {text!r}; name= is a data set or the path of an ImageFolder or a .zip of one."
    close = difflib.get_close_matches(text.lower(), NAMES, n=1, cutoff=0.5)
    known = f"known are {', '.join(NAMES)} and the path of an ImageFolder or a .zip of one"
    return f"There is no data set {text!r}: {known}" + (f"; did you mean {close[0]!r}?" if close else ".")


def available() -> dict[str, str]:
    """Return how each named data set is at hand: "embedded", "cached", "Debian package" or "not here: ..."."""
    later = "not here: loading it downloads it once"
    fashion = "Debian package" if debian_has_fashion_mnist() else f"{later} (30 MB)"
    return {
        "fashion-mini": "embedded" if EMBEDDED.is_file() else "not here: install course_lib again",
        "fashion-mnist": "cached" if is_cached("fashion-mnist", fashion_fingerprint()) else fashion,
        "cifar10": "cached" if is_cached("cifar10", CIFAR10_FINGERPRINT) else f"{later} (170 MB)",
    }


def read_embedded() -> Parts:
    """Return the parts of fashion-mini: train, validation and test."""
    try:
        with np.load(EMBEDDED, allow_pickle=False) as arrays:
            return {
                part: (
                    torch.from_numpy(arrays[f"{part}_images"]).unsqueeze(1),
                    torch.from_numpy(arrays[f"{part}_labels"]).long(),
                )
                for part in ("train", "validation", "test")
            }
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise CourseError(f"{EMBEDDED} cannot be read ({error}); install course_lib again.") from error


def find_fashion_mnist() -> Parts:
    """Return train and test of Fashion-MNIST, from Debian's package or else downloaded."""
    if debian_has_fashion_mnist():
        return read_fashion_mnist(DEBIAN)
    from torchvision.datasets import FashionMNIST
    from torchvision.datasets.utils import download_url

    folder = downloads()

    def fetch() -> None:
        for filename, md5 in FashionMNIST.resources:
            download_url(f"{FashionMNIST.mirrors[0]}{filename}", str(folder), filename, md5)

    downloaded("fashion-mnist", fetch)
    return read_fashion_mnist(folder)


def debian_has_fashion_mnist() -> bool:
    """Return whether the four files of Debian's package dataset-fashion-mnist are there."""
    return all((DEBIAN / f"{name}.gz").is_file() for name in FASHION_FILES)


def fashion_fingerprint() -> str:
    """Return what a cached Fashion-MNIST must have been made from."""
    return " ".join(FASHION_FILES.values())


def read_fashion_mnist(folder: Path) -> Parts:
    """Return train and test from the four .gz files in `folder`; CourseError if one is not the original's content."""
    contents = []
    for name, expected in FASHION_FILES.items():
        path = folder / f"{name}.gz"
        try:
            content = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise CourseError(f"{path} cannot be read as a .gz file of Fashion-MNIST ({error}).") from error
        if hashlib.sha256(content).hexdigest() != expected:
            raise CourseError(f"{path} is not the original file of Fashion-MNIST (its checksum differs); get it anew.")
        contents.append(np.frombuffer(content, np.uint8))
    images = [torch.from_numpy(content[16:].reshape(-1, 1, 28, 28).copy()) for content in contents[::2]]
    labels = [torch.from_numpy(content[8:].astype(np.int64)) for content in contents[1::2]]
    return {"train": (images[0], labels[0]), "test": (images[1], labels[1])}


def read_cifar10() -> Decoded:
    """Return train and test of CIFAR-10 from torchvision, which checks the md5 of every file before it unpickles one."""
    from torchvision.datasets import CIFAR10

    folder = str(downloads())
    train, test = downloaded(
        "cifar10", lambda: [CIFAR10(folder, train=True, download=True), CIFAR10(folder, train=False, download=True)]
    )
    parts = {
        part: (torch.from_numpy(source.data).permute(0, 3, 1, 2).contiguous(), torch.tensor(source.targets))
        for part, source in (("train", train), ("test", test))
    }
    return parts, tuple(train.classes)


def downloaded(name: str, fetch: Callable[[], T]) -> T:
    """Return what `fetch` returns; CourseError where it finds no network, no room or a wrong checksum."""
    try:
        return fetch()
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CourseError(
            f"{name!r} is not here and could not be downloaded to {downloads()} ({reason.rstrip('.')}): "
            "connect to the internet and load it again, or load 'fashion-mini', which comes with the package."
        ) from error


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
