"""Whose each file of weights is, and its bytes: students' folders, or files as a platform exports them.

Every name in the folder gets one line on the board, also where there is no file to look at: then it says what was found.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.capstone.handing import SUFFIX
from course_lib.errors import CourseError
from course_lib.grading.collecting import naming
from course_lib.grading.collecting.naming import Label
from course_lib.grading.collecting.submissions import JUNK, TABLES, listed
from course_lib.grading.reading.notebooks import clean

LESSON = "08_capstone"
DEEPEST, MOST = 4, 200  # folders below a student's own; files in it that are looked at
SHOWN = 3  # files that are named where none ends in .safetensors


@dataclass(frozen=True)
class HandedIn:
    """What one student handed in.

    name: as it is written there. path: the file that counts, or None where `problem` says why there is none.
    notes: for the board, such as which other files were not taken.
    """

    student: str
    name: str
    path: Path | None
    problem: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    path: Path
    shown: str
    label: Label

    def order(self) -> tuple[int, int, float, float, str]:
        """The surest name counts, then the newest attempt, then the newest file."""
        when = self.label.attempt.timestamp() if self.label.attempt else 0.0
        return (self.label.sure, self.label.order, when, self.path.lstat().st_mtime, self.shown)


def gather(folder: Path) -> list[HandedIn]:
    """Return what each student handed in, sorted by student.

    It understands STUDENT/FILE.safetensors, STUDENT.safetensors, and files that a platform exports, such as
    STUDENT_12345_678_FILE.safetensors. Of several files of one student the surest name counts (a folder before a platform's
    name before a plain one), then the newest. Links are not followed, archives not opened.

    Raises:
        CourseError: if this is no folder, or nothing is in it.
    """
    students: dict[str, tuple[str, list[_File], list[str]]] = {}
    for entry in listed(folder, _is_ours, f"file of weights (*{SUFFIX})"):
        label = _label(entry)
        _, files, rest = students.setdefault(label.student, (clean(label.name), [], []))
        for path, shown, what in _inside(entry):
            if what:
                rest.append(f"{shown} ({what})" if what != OTHER else shown)
            else:
                files.append(_File(path, shown, label))
    return [_chosen(student, *students[student]) for student in sorted(students)]


OTHER = "another kind of file"


def _is_ours(entry: Path) -> bool:
    """Return whether this is no student's: what systems leave behind, or a table that lies beside the files."""
    hidden = entry.name.startswith(".") and not entry.name.lower().endswith(SUFFIX)
    return _is_junk(entry) or hidden or (entry.suffix.lower() in TABLES and entry.is_file())


def _is_junk(path: Path) -> bool:
    """Return whether a system left it behind, such as the "._net.safetensors" that macOS puts beside a file."""
    return path.name in JUNK or path.name.startswith("._")


def _is_folder(path: Path) -> bool:
    """Return whether it is a folder; a link to one is a link."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _label(entry: Path) -> Label:
    name = entry.name
    bare = name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) and len(name) > len(SUFFIX) else name
    return naming.label(bare, LESSON, _is_folder(entry))


def _inside(entry: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield each file of an entry: its path, how it is shown, and what it is where it cannot be taken."""
    if not _is_folder(entry):
        yield entry, clean(entry.name), _kind(entry)
        return
    waiting, seen = [(entry, 0)], 0
    while waiting:
        here, depth = waiting.pop()
        try:
            found = sorted(path for path in here.iterdir() if not _is_junk(path))
        except OSError as error:
            yield here, clean(here.name), f"a folder that cannot be opened: {error.strerror}"
            continue
        if here.name.lower().endswith(SUFFIX):
            yield here, clean(here.name), "a folder, not a file"
            continue
        for path in found:
            seen += 1
            if seen > MOST:
                yield path, clean(str(path.relative_to(entry))), f"one of more than {MOST} files"
                return
            if not _is_folder(path):
                yield path, clean(str(path.relative_to(entry))), _kind(path)
            elif depth < DEEPEST and not path.name.startswith("."):
                waiting.append((path, depth + 1))


def _kind(path: Path) -> str:
    """Return what a file is where it cannot be taken, or ""."""
    if not path.name.lower().endswith(SUFFIX):
        return OTHER
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        return f"it cannot be opened: {error.strerror}"
    if stat.S_ISLNK(mode):
        return "a link; links are not followed"
    return "" if stat.S_ISREG(mode) else "no file, but a pipe, a socket or a device"


def _chosen(student: str, name: str, files: Sequence[_File], rest: Sequence[str]) -> HandedIn:
    if not files:
        told = ", ".join(rest[:SHOWN]) + (f", and {len(rest) - SHOWN} more" if len(rest) > SHOWN else "")
        return HandedIn(student, name, None, f"no file of weights (*{SUFFIX}) was handed in; found: {told or 'nothing'}.")
    ordered = sorted(files, key=_File.order)
    taken, others = ordered[-1], [file.shown for file in ordered[:-1]]
    notes = (f"of {len(ordered)} files {taken.shown} was taken, not {', '.join(others[:SHOWN])}.",) if others else ()
    return HandedIn(student, name, taken.path, "", notes)


def read(path: Path, most: int) -> bytes:
    """Return the bytes of a regular file of at most `most` bytes; no link is followed, and nothing is waited for.

    Raises:
        CourseError: in one sentence, for anything else.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise CourseError("it is no file.")
            data = b"" if about.st_size > most else file.read(most + 1)
    except OSError as error:
        raise CourseError(f"it cannot be opened: {error.strerror}.") from error
    if (size := max(about.st_size, len(data))) > most:
        raise CourseError(f"the file has {size:,} bytes; no pruned network of this board has more than {most:,}.")
    return data
