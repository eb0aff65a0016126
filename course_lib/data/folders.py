"""Images that people bring: a folder with one folder a class, or a .zip of one."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import torch

from course_lib.data import listing
from course_lib.data.cache import Decoded
from course_lib.data.listing import Listing
from course_lib.data.pictures import LARGEST_IMAGE_FILE, Size, decode, has_ending, is_image, stacked
from course_lib.errors import CourseError
from course_lib.files import reason

PART_OF_FOLDER = {
    "train": "train", "training": "train", "test": "test", "testing": "test",
    "validation": "validation", "valid": "validation", "val": "validation",
}  # fmt: skip
PARTS = ("train", "validation", "test")
ByClass = dict[str, list[str]]  # class -> names of its images


def read_path(path: Path, size: Size | None = None) -> Decoded:
    """Return the parts of an ImageFolder or of a .zip of one; nothing of a zip is ever unpacked to disk."""
    if path.is_dir():
        return read_tree(listing.of_folder(path), size)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise CourseError(f"{path} is neither a folder nor a .zip file ({reason(error)}).") from error
    with archive:
        return read_tree(listing.of_zip(archive, path), size)


def read_tree(source: Listing, size: Size | None) -> Decoded:
    """Return the decoded parts of a listing."""
    path, sizes = source.path, source.sizes
    found = Layout(source)
    classes = tuple(sorted(found.parts["train"]))
    arrays: dict[str, list[np.ndarray]] = {}
    labels: dict[str, list[int]] = {}
    first: tuple[str, tuple[int, ...]] | None = None
    for part, by_class in found.parts.items():
        arrays[part], labels[part] = [], []
        for label, title in enumerate(classes):
            for name in by_class[title]:
                if sizes[name] > LARGEST_IMAGE_FILE:
                    raise CourseError(f"{name} in {path} has {sizes[name]:,} bytes; an image may have 20 MB at most.")
                array = decode(name, source.read, path, size)
                first = first or (name, array.shape[:2])
                if array.shape[:2] != first[1]:
                    raise CourseError(
                        f"All images must have one size, but in {path} {first[0]} has {first[1][1]} x {first[1][0]} "
                        f"pixels and {name} has {array.shape[1]} x {array.shape[0]}; data.load(..., size=64), or --size 64 "
                        "of `course run` and `course sweep`, scales and crops all of them to 64 x 64."
                    )
                arrays[part].append(array)
                labels[part].append(label)
    colour = any(array.ndim == 3 for part in arrays.values() for array in part)
    parts = {part: (stacked(arrays[part], colour), torch.tensor(labels[part])) for part in arrays}
    return Decoded(parts, classes, tuple(found.notes))


class Layout:
    """Which images of a listing belong to which class of which part.

    parts: part -> class -> names of its images, for train, test and, where the source has one, validation. notes: what
    was left out or taken for something else, a sentence each.

    Raises:
        CourseError: unless all parts have the same classes, at least two, and none is empty.
    """

    def __init__(self, source: Listing) -> None:
        self.path = source.path
        self.notes: list[str] = []
        self.parts: dict[str, ByClass] = {}
        self._nested: dict[tuple[str, str], set[str]] = {}
        self._no_images: list[str] = []
        self._outside: list[str] = []
        pieces = {name: name.split("/") for name in sorted(source.sizes)}
        inside = around_train(pieces.values(), source.path)
        self.folders = self._folders(pieces.values(), inside)
        part_of = {folder: part for part, folder in self.folders.items()}
        for name, (*leading, last) in pieces.items():
            folder, *rest = leading[len(inside) :] or [""]
            if leading[: len(inside)] == inside and folder in part_of:
                self._place(name, part_of[folder], [*rest, last], source)
            elif has_ending(name) and not name.startswith(source.linked):
                self._outside.append(name)
        self._check()
        self._say()

    def _folders(self, names: Collection[list[str]], inside: list[str]) -> dict[str, str]:
        """Return part -> the folder that holds it; a source without a test part gives its validation part for it."""
        depth = len(inside)
        tops = sorted({pieces[depth] for pieces in names if len(pieces) > depth + 1 and pieces[:depth] == inside})
        found: dict[str, str] = {}
        for top in tops:
            part = PART_OF_FOLDER.get(top.lower())
            if part in found:
                raise CourseError(f"{self.path} has {found[part]}/ and {top}/, which both mean {part}; keep one of them.")
            if part:
                found[part] = top
        if "train" in found and "test" not in found and "validation" in found:
            found["test"] = found.pop("validation")
            self.notes.append(
                f"{self.path} has {found['test']}/ but no test/: {found['test']}/ is the test part, which nothing is chosen "
                f"on, and a tenth of every class of {found['train']}/ is set aside as the validation part."
            )
        for part in ("train", "test"):
            if part not in found:
                others = [f"{top}/" for top in tops if top not in found.values()]
                there = f"; it has {shortened(others)}" if others else ""
                raise CourseError(
                    f"{self.path} has no folder {part}/{there}; an ImageFolder has train/ and test/ with one folder per "
                    "class."
                )
        return {part: found[part] for part in PARTS if part in found}

    def _place(self, name: str, part: str, pieces: list[str], source: Listing) -> None:
        """Take in a file or folder whose path below its part's folder is `pieces`; a folder itself ends in an empty name."""
        by_class = self.parts.setdefault(part, {})
        if len(pieces) < 2:
            self._outside += [name] if pieces[-1] and has_ending(name) else []
            return
        title = pieces[0]
        images = by_class.setdefault(title, [])
        if not pieces[-1]:
            return
        if not is_image(name, source.sizes[name], source.read):
            self._no_images.append(name)
            return
        images.append(name)
        if len(pieces) > 2:
            self._nested.setdefault((part, title), set()).add(pieces[1])

    def _check(self) -> None:
        path, train = self.path, self.folders["train"]
        for part, folder in self.folders.items():
            by_class = self.parts.get(part, {})
            if not by_class:
                raise CourseError(f"{path} is an ImageFolder without classes: {folder}/ has no folders of images.")
            differing = sorted(by_class.keys() ^ self.parts["train"].keys())
            if differing:
                raise CourseError(
                    f"The classes of {train}/ and {folder}/ in {path} differ: only one has {', '.join(differing)}."
                )
        for part, folder in self.folders.items():
            for title, images in self.parts[part].items():
                if not images:
                    where = f"/{folder}/{title}/"
                    there = shortened([name for name in self._no_images if where in f"/{name}"])
                    why = f": {there} cannot be read as images" if there else ""
                    raise CourseError(f"Class {title!r} of {folder}/ in {path} has no images{why}.")
        if len(self.parts["train"]) == 1:
            (title,) = self.parts["train"]
            deeper = sorted(self._nested.get(("train", title), ()))
            hint = f" (the folders of the classes lie directly in {train}/; here {shortened(deeper)} lie in {title}/)"
            raise CourseError(
                f"{path} has one class only, {title!r}; telling images apart takes two or more{hint if deeper else ''}."
            )
        self.parts = {part: self.parts[part] for part in self.folders}

    def _say(self) -> None:
        for (part, title), deeper in self._nested.items():
            where, there = f"{self.folders[part]}/ in {self.path}", shortened(sorted(deeper))
            self.notes.append(
                f"Class {title!r} of {where} has folders of its own ({there}); their images count for {title!r}."
            )
        for names, kind, why in (
            (self._no_images, "file", "not images that can be read here"),
            (self._outside, "image", "not in the folder of a class"),
        ):
            if names:
                many = f"{len(names)} {kind}s in {self.path} were" if len(names) > 1 else f"1 {kind} in {self.path} was"
                self.notes.append(f"{many} left out, {why}: {shortened(names)}.")


def around_train(names: Collection[list[str]], path: Path) -> list[str]:
    """Return the folders that lie around train/, the outermost first; CourseError if it lies in more than one place."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for pieces in names:
        parts = [PART_OF_FOLDER.get(piece.lower(), "") for piece in pieces[:-1]]
        place = next((place for place, part in enumerate(parts) if part), None)
        if place is not None:
            found.setdefault(parts[place], set()).add(tuple(pieces[:place]))
    places = found.get("train") or found.get("test") or {()}
    shortest = min(map(len, places))
    first, *others = sorted(place for place in places if len(place) == shortest)
    if others:
        there = shortened(["/".join(place) + "/" for place in (first, *others)])
        raise CourseError(f"{path} has more than one train/, in {there}; give the path of one of them.")
    return list(first)


def shortened(names: Sequence[str], most: int = 3) -> str:
    """Return the first names in one line, and how many more there are.

    >>> shortened(["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"])
    'a.txt, b.txt, c.txt and 2 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def path_fingerprint(path: Path) -> str:
    """Return what changes when the source does: a zip's content, or the names, sizes and times of a folder's files."""
    digest = hashlib.sha256()
    if path.is_dir():
        for name, found in listing.below(path)[0].items():
            state = found.stat()
            digest.update(f"{name}|{state.st_size}|{state.st_mtime_ns}\n".encode())
    else:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
