"""What lies in a folder or in a .zip file, by name: without what operating systems leave behind, and with links followed."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError

JUNK = frozenset({"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "icon\r"})


def is_junk(piece: str) -> bool:
    """Return whether a file or folder of this name was made by a system, not by a person; "." and ".." count as well."""
    return piece.startswith(".") or piece.lower() in JUNK


@dataclass(frozen=True)
class Listing:
    """The files and folders at `path`.

    sizes: name -> bytes; the names of folders end in "/". read: returns the content of the file of a name. linked: the
    folders that links lead to, so that what lies there has a second name.
    """

    path: Path
    sizes: dict[str, int]
    read: Callable[[str], bytes]
    linked: tuple[str, ...] = ()


def of_folder(root: Path) -> Listing:
    """Return what lies in a folder."""
    files, linked = below(root)
    sizes = {name: 0 if name.endswith("/") else file.stat().st_size for name, file in files.items()}
    return Listing(root, sizes, lambda name: files[name].read_bytes(), linked)


def of_zip(archive: zipfile.ZipFile, path: Path) -> Listing:
    """Return what lies in an open .zip file, however its names are written; CourseError for a link."""
    found = {}
    for member in archive.infolist():
        written = member.filename.replace("\\", "/")
        pieces = [piece for piece in written.split("/") if piece not in ("", ".")]
        if not pieces or any(map(is_junk, pieces)):
            continue
        name = "/".join(pieces)
        if stat.S_ISLNK(member.external_attr >> 16):
            raise CourseError(f"{name} in {path} is a link; a .zip holds the files themselves: make it anew without links.")
        found[f"{name}/" if written.endswith("/") else name] = member
    sizes = {name: member.file_size for name, member in found.items()}
    return Listing(path, sizes, lambda name: archive.read(found[name]))


def below(root: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Return name -> where it lies, for all files and folders below `root`, and the folders that links lead to.

    Raises:
        CourseError: for a link to a folder outside or around itself, and for one to nothing.
    """
    found: dict[str, Path] = {}
    linked: list[str] = []

    def enter(folder: Path, prefix: str, around: tuple[Path, ...]) -> None:
        around = (*around, folder.resolve())
        for entry in sorted(folder.iterdir()):
            name = prefix + entry.name
            if is_junk(entry.name):
                continue
            if entry.is_dir():
                if entry.is_symlink():
                    linked.append(followed(entry, around, name, root))
                found[f"{name}/"] = entry
                enter(entry, f"{name}/", around)
            elif entry.is_file():
                found[name] = entry
            elif entry.is_symlink():
                raise CourseError(f"{root} cannot be read: {name} is a link to nothing; remove it.")

    enter(root, "", ())
    return found, tuple(linked)


def followed(link: Path, around: tuple[Path, ...], name: str, root: Path) -> str:
    """Return the name of the folder that a link leads to; CourseError unless it lies in `root`, and the link not in it."""
    real, top = link.resolve(), root.resolve()
    if real in around:
        raise CourseError(f"{name} in {root} is a link to a folder around it; remove it.")
    if not real.is_relative_to(top):
        raise CourseError(
            f"{name} in {root} is a link to {real}, outside of the folder; only links that stay inside are followed: "
            "put the images themselves there."
        )
    return f"{real.relative_to(top).as_posix()}/"
