"""Which notebooks of a folder are whose: students' folders, nbgrader's own, or files as a learning platform exports them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading.reading import clean

TIMESTAMP = "timestamp.txt"  # beside a notebook, as nbgrader's exchange writes it
DEEPEST = 3  # folders below the submissions' own


@dataclass(frozen=True)
class Submission:
    """One student's notebook. submitted: UTC. others: further notebooks of the same student that were not taken."""

    student: str
    path: Path
    submitted: datetime
    others: tuple[str, ...] = ()


def collect(folder: Path, lesson: str) -> list[Submission]:
    """Return the submissions of a lesson (its name, such as "02_l1_filter_pruning") in a folder, sorted by student.

    It understands STUDENT/NOTEBOOK.ipynb, nbgrader's STUDENT/LESSON/NOTEBOOK.ipynb, and files that a platform exports, such
    as STUDENT_12345_NOTEBOOK.ipynb, or STUDENT.ipynb. In a student's folder the notebook named like the lesson counts, or
    else the newest one; of several files of one student the newest. Files that are links are returned as well, so that they
    are refused by name; folders that are links are not entered.

    Raises:
        CourseError: if this is no folder, or no notebook is in it.
    """
    if not folder.is_dir():
        raise CourseError(f"{folder} was given; it is not a folder of submissions.")
    found = [submission for entry in sorted(folder.iterdir()) if (submission := _of(entry, lesson)) is not None]
    if not found:
        raise CourseError(f"{folder} was given; no notebook (*.ipynb) was found in it or in its students' folders.")
    by_name: dict[str, list[Submission]] = {}
    for submission in found:
        by_name.setdefault(submission.student, []).append(submission)
    taken = Counter(map(_identifier, by_name))
    by_student: dict[str, Submission] = {}
    for name, theirs in by_name.items():
        student = _identifier(name)
        if taken[student] > 1 and student != name:  # two names, one identifier
            student = f"{student}-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:6]}"
        newest = max(theirs, key=lambda submission: (submission.submitted, submission.path.name))
        others = sorted([*newest.others, *(clean(older.path.name) for older in theirs if older is not newest)])
        by_student[student] = replace(newest, student=student, others=tuple(others))
    return [by_student[student] for student in sorted(by_student)]


def _of(entry: Path, lesson: str) -> Submission | None:
    """Return the submission in a file or folder, with the student's name as it is written there; None if there is none."""
    if entry.name.startswith("."):
        return None
    if entry.is_dir() and not entry.is_symlink():
        books = list(_notebooks(entry, DEEPEST))
        if not books:
            return None
        best = min(
            books, key=lambda path: (not path.stem.startswith(lesson), not path.stem.startswith(lesson[:2]), -_time(path))
        )
        others = tuple(sorted(clean(str(path.relative_to(entry))) for path in books if path != best))
        return Submission(entry.name.split("_assignsubmission_")[0], best, _submitted(best), others)
    if not _is_notebook(entry):
        return None
    name = re.sub(rf"[-_. ]*{re.escape(lesson)}.*$", "", entry.stem) or entry.stem
    return Submission(name, entry, _submitted(entry))


def _notebooks(folder: Path, depth: int) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            if depth > 1:
                yield from _notebooks(entry, depth - 1)
        elif _is_notebook(entry):
            yield entry


def _is_notebook(path: Path) -> bool:
    return path.suffix.lower() == ".ipynb"


def _identifier(name: str) -> str:
    """Return a student's id that is safe as a file's name."""
    return re.sub(r"[^\w.@+-]+", "-", name).strip(".-_")[:100] or "unnamed"


def _time(path: Path) -> float:
    return path.lstat().st_mtime


def _submitted(path: Path) -> datetime:
    stamp = path.parent / TIMESTAMP
    if stamp.is_file() and not stamp.is_symlink() and stamp.stat().st_size < 100:
        text = stamp.read_text(encoding="utf-8", errors="replace").strip().replace(" UTC", "+00:00")
        try:
            time = datetime.fromisoformat(text)
            return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
        except (ValueError, OverflowError):
            pass
    try:
        return datetime.fromtimestamp(_time(path), tz=timezone.utc)
    except (ValueError, OverflowError, OSError):  # a file's time may be of any year
        return datetime.now(timezone.utc)
