"""Notebooks in a zip archive that a stranger made: they are read within limits, and what else is in it stays there."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from course_lib.grading.reading.notebooks import LARGEST

PACKED = 100 << 20  # bytes of an archive that is opened
TABLE = 1 << 20  # bytes of its table of contents: `zipfile` reads it whole
ENTRIES, NOTEBOOKS, DEEP = 2_000, 20, 10  # files in it, notebooks that are unpacked, folders in a name
RATIO = 500  # how much larger than packed a file may be; a notebook is up to about 50
UNPACKED = 100 << 20  # bytes of all notebooks of an archive, the archives in it included
TAIL = 22 + (1 << 16)  # the record at an archive's end, and the longest comment
JUNK = {"__MACOSX", ".ipynb_checkpoints", ".git", "__pycache__"}


class Refused(Exception):
    """An archive or an entry that is not opened; the message says why, as the end of a sentence."""


@dataclass(frozen=True)
class Unpacked:
    """A notebook from an archive. shown: its place for a reader. written: when it was changed, as the archive has it."""

    path: Path
    shown: str
    written: datetime | None


@dataclass
class Budget:
    """How much may still be unpacked: of one archive, or of all archives of a student."""

    entries: int = ENTRIES
    notebooks: int = NOTEBOOKS
    size: int = UNPACKED


def unpack(path: Path, shown: str, into: Path, budget: Budget | None = None) -> tuple[list[Unpacked], list[str]]:
    """Unpack the notebooks of a zip archive into an empty folder of ours; return them, and in words what was left.

    An archive in it is opened as well, but none in that one. No name of an entry becomes a path.
    """
    found: list[Unpacked] = []
    left: list[str] = []
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    for thing in _unpack(path, shown, into, budget or Budget(), nested=False):
        found.append(thing) if isinstance(thing, Unpacked) else left.append(thing)
    return found, left


def _unpack(path: Path, shown: str, into: Path, budget: Budget, nested: bool) -> Iterator[Unpacked | str]:
    try:
        _check(path)
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not _is_junk(info)]
            budget.entries -= len(infos)
            if budget.entries < 0:
                raise Refused(f"has more than {ENTRIES:,} files")
            if not infos:
                raise Refused("is empty")
            for number, info in enumerate(infos):
                place = f"{shown}: {info.filename}"
                kind = PurePosixPath(info.filename.lower()).suffix
                try:
                    if kind == ".zip" and nested:
                        raise Refused("is an archive within an archive within an archive")
                    if kind not in (".ipynb", ".zip"):
                        yield place
                        continue
                    target = into / str(number) / _name(info)
                    _write(archive, info, target, budget)
                    if kind == ".zip":
                        yield from _unpack(target, place, target.parent, budget, nested=True)
                    else:
                        yield Unpacked(target, place, _written(info))
                except Refused as error:
                    yield f"{place} {error}"
    except Refused as error:
        yield f"{shown} {error}"
    # What a damaged or hostile archive raises: zipfile's own, zlib's, struct's, and what odd names and lengths lead to.
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError, MemoryError) as error:
        yield f"{shown} cannot be opened as a zip archive ({type(error).__name__})"


def _check(path: Path) -> None:
    """Refuse an archive whose table of contents would be costly to read."""
    size = path.stat().st_size
    if size > PACKED:
        raise Refused(f"has {size:,} bytes; at most {PACKED:,} are opened")
    with path.open("rb") as file:
        file.seek(max(0, size - TAIL))
        tail = file.read()
    ends = [match.start() for match in re.finditer(re.escape(b"PK\5\6"), tail)]
    if not ends:
        raise Refused("is no zip archive, or a damaged one")
    for end in ends:
        table = int.from_bytes(tail[end + 12 : end + 16], "little")
        if table > TABLE or tail[max(0, end - 20) : end].startswith(b"PK\6\7"):
            raise Refused("has too large a table of contents")


def _is_junk(info: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(info.filename).parts
    return info.is_dir() or bool(JUNK & set(parts)) or not parts or parts[-1] == ".DS_Store" or parts[-1].startswith("._")


def _name(info: zipfile.ZipInfo) -> str:
    """Return the entry's own name for messages, as a name that any file can have.

    Raises:
        Refused: if its name leads out of the archive.
    """
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename or re.match(r"[A-Za-z]:", info.filename):
        raise Refused("has a name that leads out of the archive")
    if len(path.parts) > DEEP:
        raise Refused(f"lies more than {DEEP} folders deep")
    ending = path.suffix.lower()
    return re.sub(r"[^\w. +-]", "-", path.stem).encode()[:100].decode("utf-8", "ignore").lstrip(".") + ending


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, budget: Budget) -> None:
    largest = LARGEST if target.suffix == ".ipynb" else PACKED
    if info.flag_bits & 0x1:
        raise Refused("is encrypted")
    if stat.S_ISLNK(info.external_attr >> 16) or stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        raise Refused("is a link or no file")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("is packed by a method that is not opened")
    if info.file_size > largest:
        raise Refused(f"has {info.file_size:,} bytes; at most {largest:,} are read")
    if info.file_size > RATIO * max(info.compress_size, 1):
        raise Refused(f"is more than {RATIO} times as large as packed")
    budget.notebooks -= 1
    budget.size -= info.file_size
    if budget.notebooks < 0 or budget.size < 0:
        raise Refused(f"is beyond the {NOTEBOOKS} notebooks and {UNPACKED:,} bytes that are unpacked")
    with archive.open(info) as file:
        content = file.read(info.file_size + 1)
    if len(content) > info.file_size:
        raise Refused("is larger than the archive says")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.write_bytes(content)


def _written(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time, tzinfo=timezone.utc)
    except ValueError:
        return None
