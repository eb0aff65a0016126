"""Where data sets come from: those with a name, one row of `SOURCES` each, and what lies at a path (see `folders`)."""

from __future__ import annotations

import difflib
import gzip
import hashlib
import http.client
import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from course_lib.data.cache import Decoded, Parts, cached, downloads, is_cached
from course_lib.data.folders import path_fingerprint, read_path
from course_lib.data.pictures import Size, decoder, resized
from course_lib.errors import CourseError
from course_lib.files import reason

T = TypeVar("T")

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


@dataclass(frozen=True)
class Source:
    """A data set with a name.

    read: decodes it, and fetches it before if need be. at_hand: says how it is here, or "not here: " and what to do.
    fingerprint: what its decoded copy in the cache must have been made from; None: it is not cached.
    """

    read: Callable[[], Decoded]
    at_hand: Callable[[], str]
    fingerprint: str | None = None


def read(name: str | Path, size: Size | None = None) -> tuple[str, Decoded]:
    """Return the title and the content of the data set called `name` or found at that path, scaled to `size` if given."""
    if isinstance(name, str) and name in SOURCES:
        source = SOURCES[name]
        found = cached(name, source.fingerprint, source.read) if source.fingerprint else source.read()
        parts = {part: (resized(images, size), labels) for part, (images, labels) in found.parts.items()}
        return name, found._replace(parts=parts)
    if not isinstance(name, (str, Path)) or not str(name) or not Path(name).expanduser().exists():
        raise CourseError(nothing_called(name))
    path = Path(name).expanduser().resolve()
    title = path.name if path.is_dir() else path.stem
    key = f"{title}-{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    key += f"-{size[0]}x{size[1]}" if size else ""
    try:
        return title, cached(key, f"{decoder(size)} {path_fingerprint(path)}", lambda: read_path(path, size))
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({reason(error)}).") from error


def nothing_called(name: object) -> str:
    """Return the sentence for a name that is no data set and no path."""
    text = str(name) if name is None or isinstance(name, (str, Path, int, float)) else f"a {type(name).__name__}"
    if isinstance(name, Path) or "/" in text or os.sep in text or text.endswith(".zip"):
        return f"There is no file or folder {text!r}; name= is a data set or the path of an ImageFolder or a .zip of one."
    close = difflib.get_close_matches(text.lower(), list(SOURCES), n=1, cutoff=0.5)
    known = f"known are {', '.join(SOURCES)} and the path of an ImageFolder or a .zip of one"
    return f"There is no data set {text!r}: {known}" + (f"; did you mean {close[0]!r}?" if close else ".")


def available() -> dict[str, str]:
    """Return how each named data set is at hand: "embedded", "cached", "Debian package" or "not here: ..."."""
    return {
        name: "cached" if source.fingerprint and is_cached(name, source.fingerprint) else source.at_hand()
        for name, source in SOURCES.items()
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
        raise CourseError(f"{EMBEDDED} cannot be read ({reason(error)}); install course_lib again.") from error


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


def read_fashion_mnist(folder: Path) -> Parts:
    """Return train and test from the four .gz files in `folder`; CourseError if one is not the original's content."""
    contents = []
    for name, expected in FASHION_FILES.items():
        path = folder / f"{name}.gz"
        try:
            content = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise CourseError(f"{path} cannot be read as a .gz file of Fashion-MNIST ({reason(error)}).") from error
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
    return Decoded(parts, tuple(train.classes))


def downloaded(name: str, fetch: Callable[[], T]) -> T:
    """Return what `fetch` returns; CourseError where it finds no network, no room or a wrong checksum."""
    try:
        return fetch()
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        raise CourseError(
            f"{name!r} is not here and could not be downloaded to {downloads()} ({reason(error)}): "
            "connect to the internet and load it again, or load 'fashion-mini', which comes with the package."
        ) from error


LATER = "not here: loading it downloads it once"
SOURCES: dict[str, Source] = {
    "fashion-mini": Source(
        lambda: Decoded(read_embedded(), FASHION_CLASSES),
        lambda: "embedded" if EMBEDDED.is_file() else "not here: install course_lib again",
    ),
    "fashion-mnist": Source(
        lambda: Decoded(find_fashion_mnist(), FASHION_CLASSES),
        lambda: "Debian package" if debian_has_fashion_mnist() else f"{LATER} (30 MB)",
        fingerprint=" ".join(FASHION_FILES.values()),
    ),
    "cifar10": Source(
        read_cifar10,
        lambda: f"{LATER} (170 MB)",
        fingerprint="cifar-10-python.tar.gz md5 c58f30108f718f92721af3b95e74349a",
    ),
}
