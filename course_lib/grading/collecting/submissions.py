"""Which notebooks of a folder are whose: students' folders, nbgrader's own, archives, or files as a platform exports them.

Every student who is named there gets one submission, also where there is nothing to grade: then it says what was found.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.files import reason
from course_lib.grading.collecting import archives, naming, stamps
from course_lib.grading.collecting.naming import Label
from course_lib.grading.reading import notebooks
from course_lib.grading.reading.notebooks import clean

DEEPEST = 10  # folders below the submissions' own
MOST = 2_000  # files in a student's folder that are looked at
COMPARED = 20  # notebooks of one student that are read to see which has answers
LARGE = 5 << 20  # bytes of a notebook that is not read only to compare it
SHOWN = 5  # files that are named where no notebook was found
NAMED, SIMILAR = 2, 1  # .ipynb; what may be a notebook under another name
JUNK = archives.JUNK | {".DS_Store", "Thumbs.db", "desktop.ini", ".gitignore", ".gitattributes", ".virtual_documents"}
TABLES = {".csv", ".tsv", ".xlsx", ".xls", ".ods"}
REQUESTS, ASKED = (
    {"regrade.txt", "regrade.md"},
    2_000,
)  # files in which a student asks for a regrade; characters that are read
OURS = {errno.ENOSPC, errno.EROFS, errno.EDQUOT}  # faults of the disk, not of a submission


@dataclass(frozen=True)
class Submission:
    """One student's notebook.

    submitted: UTC; source: where that is known from. others: further notebooks of the same student that were not taken.
    name: the student's, as it is written there. number: the platform's, of the student; prefix, late: as in `Label`. notes:
    for the instructor. problem: what was found where there is no notebook, or "". unread: whether there may be one that
    could not be opened.
    """

    student: str
    path: Path
    submitted: datetime
    others: tuple[str, ...] = ()
    name: str = ""
    source: str = ""
    number: str = ""
    prefix: str = ""
    late: bool | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""
    unread: bool = False


@dataclass(frozen=True)
class _File:
    """A notebook, or what may be one. kind: NAMED or SIMILAR. own: its own name. seen: source -> a time of handing in."""

    path: Path
    shown: str
    kind: int
    own: str
    label: Label
    seen: dict[str, datetime]
    unread: tuple[str, ...] = ()

    def time(self) -> datetime:
        return max(self.seen.values())


@dataclass
class _Student:
    """All that is there of one student.

    remarks: what was not opened, and why; unread: whether the system refused to open it. rest: what is no notebook.
    asks: why the student asks for a regrade.
    """

    entries: list[Path] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    files: list[_File] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unread: bool = False
    rest: list[str] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    budget: archives.Budget = field(default_factory=archives.Budget)


def collect(
    folder: Path, lesson: str, released: AbstractSet[str] = frozenset(), unpacked: Path | None = None
) -> list[Submission]:
    """Return the submissions of a lesson (its name, such as "02_l1_filter_pruning") in a folder, sorted by student.

    It understands STUDENT/NOTEBOOK.ipynb, nbgrader's STUDENT/LESSON/NOTEBOOK.ipynb, files that a platform exports, such as
    STUDENT_12345_NOTEBOOK.ipynb, STUDENT.ipynb, and zip archives of them. Of several notebooks of one student the one with
    answers counts; of several with answers the one named like the lesson, and of these the newest. Where a folder or a
    platform's file names a student, a file whose name only begins so does not replace it. Files that are links are returned,
    so that they are refused by name; folders that are links are not entered.

    Args:
        released: the texts of the code cells that students got, which are no answers.
        unpacked: an empty folder for what is in archives; None: they are named and not opened.

    Raises:
        CourseError: if this is no folder, or nothing is in it.
    """
    entries = listed(folder, _is_ours, "notebook (*.ipynb)")
    students: dict[str, _Student] = {}
    for number, (entry, label) in enumerate(_labelled(entries, lesson)):
        theirs = students.setdefault(label.student, _Student())
        theirs.entries.append(entry)
        theirs.labels.append(label)
        _gather(theirs, entry, label, unpacked / str(number) if unpacked else None)
    return [_choose(student, students[student], lesson, released) for student in sorted(students)]


def listed(folder: Path, is_ours: Callable[[Path], bool], what: str) -> list[Path]:
    """Return what lies in a folder of submissions, in the order of names, without what `is_ours` and no student's.

    what: is handed in there, for the message where there is nothing.
    """
    if not folder.is_dir():
        raise CourseError(f"{folder} was given; it is not a folder of submissions.")
    try:
        entries = [entry for entry in sorted(folder.iterdir()) if not is_ours(entry)]
    except OSError as error:
        raise CourseError(f"{folder} was given; it cannot be read: {reason(error)}.") from error
    if not entries:
        raise CourseError(f"{folder} was given; no {what} was found in it or in its students' folders.")
    return entries


def _is_ours(entry: Path) -> bool:
    """Return whether this is no student's: what systems leave behind, or a table that lies beside the folders."""
    if entry.name in JUNK or entry.suffix.lower() in TABLES:
        return True
    return entry.name.startswith(".") and not _is_folder(entry) and entry.suffix.lower() not in (".ipynb", ".zip")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # what is wrong with it is said where it is opened
        return False


def _labelled(entries: Sequence[Path], lesson: str) -> Iterator[tuple[Path, Label]]:
    """Yield what each name says; Blackboard's "HW_1_ann_lee_attempt_" does not say where the assignment's name ends."""
    labels = [naming.label(entry.name, lesson, _is_folder(entry)) for entry in entries]
    prefixes: dict[str, set[str]] = {}
    whole = [naming.normal(entry.name).partition("_attempt_")[0] for entry in entries]
    for label, prefix in zip(labels, whole, strict=True):
        if label.attempt:
            prefixes.setdefault(label.name, set()).add(prefix)
    for entry, label, prefix in zip(entries, labels, whole, strict=True):
        shared = label.attempt is not None and len(prefixes[label.name]) > 1
        yield entry, replace(label, name=prefix) if shared else label


def _gather(theirs: _Student, entry: Path, label: Label, unpacked: Path | None) -> None:
    """Add what a file or folder holds; whatever is wrong with it becomes a remark."""
    seen = 0

    def walk(path: Path, depth: int) -> None:
        nonlocal seen
        seen += 1
        shown = clean(entry.name if path == entry else str(path.relative_to(entry)))
        if seen > MOST:
            if seen == MOST + 1:
                theirs.remarks.append(f"more than {MOST:,} files: the others were not looked at")
            return
        try:
            if path.is_dir():
                if path.is_symlink():
                    theirs.remarks.append(f"{shown} is a link to a folder; links are not followed")
                elif path.name.startswith("."):
                    theirs.remarks.append(f"{shown} is a hidden folder (its name begins with a dot); it is not opened")
                elif depth == 0:
                    theirs.remarks.append(f"{shown} lies more than {DEEPEST} folders deep; it is not opened")
                else:
                    for inner in sorted(path.iterdir()):
                        if inner.name not in JUNK and seen <= MOST:
                            walk(inner, depth - 1)
            else:
                _add(theirs, path, shown, label, unpacked / str(seen) if unpacked else None)
        except OSError as error:
            if error.errno in OURS:
                raise
            theirs.remarks.append(f"{shown} cannot be opened: {error.strerror}")
            theirs.unread = True

    walk(entry, DEEPEST)


def _add(theirs: _Student, path: Path, shown: str, label: Label, unpacked: Path | None) -> None:
    name = path.name.lower()
    if name == stamps.TIMESTAMP or label.note:
        theirs.rest.append(shown)
        return
    own = label.file if path.name == theirs.entries[-1].name and label.file else path.name
    if own.lower() in REQUESTS and path.is_file() and not path.is_symlink():
        with path.open(encoding="utf-8", errors="replace") as file:
            theirs.asks.append(f"asks for a regrade: {clean(file.read(ASKED)).strip()}")
        return
    if name.endswith(".zip"):
        if unpacked is None or path.is_symlink() or not path.is_file():
            theirs.rest.append(shown)
            return
        found, left = archives.unpack(path, shown, unpacked, theirs.budget)
        for inside in found:
            times_seen, unread = stamps.known(path, label, inside.written)
            theirs.files.append(_File(inside.path, clean(inside.shown), NAMED, inside.path.name, label, times_seen, unread))
        theirs.rest += map(clean, left)
        return
    kind = NAMED if name.endswith(".ipynb") else SIMILAR if re.search(r"\.ipynb\b|\.py$", name) else 0
    if kind:
        times_seen, unread = stamps.known(path, label)
        theirs.files.append(_File(path, shown, kind, own, label, times_seen, unread))
    else:
        theirs.rest.append(shown)


def _choose(student: str, theirs: _Student, lesson: str, released: AbstractSet[str]) -> Submission:
    """Return the one submission of a student."""
    names = list(dict.fromkeys(label.name for label in theirs.labels))
    notes = [*theirs.asks, *theirs.remarks]
    if len(names) > 1:
        notes.append(f"handed in under several names: {', '.join(names)}")
    if not theirs.files:
        return _nothing(student, names[0], theirs)
    surest = max(file.label.sure for file in theirs.files)
    ours = [file for file in theirs.files if file.label.sure == surest]
    claims = sorted(file.shown for file in theirs.files if file.label.sure < surest)
    if claims:
        notes.append(f"not taken, because its name only begins with this student's: {', '.join(claims)}")
    taken, why = _best(ours, lesson, released)
    if why:
        notes.append(f"{taken.shown} was taken: {why}")
    others = tuple(sorted(file.shown for file in theirs.files if file is not taken))
    notes += taken.unread
    submitted = taken.time()
    source = next(where for where, when in taken.seen.items() if when == submitted)
    return Submission(
        student, taken.path, submitted, others, names[0], source, theirs.labels[0].number, prefix=taken.label.prefix,
        late=taken.label.late, notes=tuple(notes),
    )  # fmt: skip


def _nothing(student: str, name: str, theirs: _Student) -> Submission:
    found = [*theirs.remarks, *theirs.rest]
    more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    listed = "; ".join(found[:SHOWN]) + more if found else "nothing in it"
    problem = f"No notebook was handed in. Found: {listed}."
    entry, label = theirs.entries[0], theirs.labels[0]
    seen, _ = stamps.known(entry, label)
    source, submitted = max(seen.items(), key=lambda item: item[1])
    return Submission(
        student, entry, submitted, (), name, source, label.number, prefix=label.prefix, late=label.late,
        notes=tuple(theirs.asks), problem=problem, unread=theirs.unread,
    )  # fmt: skip


def _best(files: Sequence[_File], lesson: str, released: AbstractSet[str]) -> tuple[_File, str]:
    """Return the notebook of a student that counts, and why, or "" if there is only one."""
    if len(files) == 1:
        return files[0], ""
    recent = sorted(files, key=lambda file: (file.label.order, file.time(), file.shown))[-COMPARED:]
    rules: list[tuple[str, Callable[[_File], float]]] = [
        ("it has answers", lambda file: _answered(file.path, released)),
        ("it ends in .ipynb", lambda file: file.kind),
        ("it is named like the lesson", lambda file: naming.is_like(file.own, lesson)),
        ("it is the newest attempt", lambda file: file.label.order),
        ("it is the newest", lambda file: file.time().timestamp()),
    ]
    for why, rule in rules:
        values = [rule(file) for file in recent]
        left = [file for file, value in zip(recent, values, strict=True) if value == max(values)]
        if len(left) == 1:
            return left[0], why
        recent = left
    return recent[-1], "it is the last by name, of files of the same time"


def _answered(path: Path, released: AbstractSet[str]) -> int:
    """Return 2 if a notebook has code that students did not get, 1 if not, and 0 if it cannot be read."""
    try:
        if not path.is_symlink() and path.stat().st_size > LARGE:
            return 2  # the students' notebook has no outputs, and is much smaller
        cells = notebooks.read(path)
    except Exception:  # strangers hand in anything; what is wrong with it is said where it is graded
        return 0
    return 2 if any(cell.code and cell.source.strip() and cell.source.strip() not in released for cell in cells) else 1
