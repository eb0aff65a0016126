"""Where grades are written: the folder and the gradebook, for one call at a time, and what is wrong with them in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from course_lib.errors import CourseError
from course_lib.files import reason

SQLITE = re.compile(r"sqlite(?:\+\w+)?://(?P<path>.*)", re.DOTALL)


def resolved(url: str) -> str:
    """Return a gradebook's URL that means the same in every folder: nbgrader is started in another one.

    Raises:
        CourseError: for a gradebook in memory, and for what is no URL.
    """
    if not re.match(r"[a-z][a-z0-9_+]*://", url):
        raise CourseError(
            f"--db {shown(url)} was given; an SQLAlchemy URL is expected, such as sqlite:///grades.db or postgresql://..."
        )
    if not (match := SQLITE.fullmatch(url)):
        return url
    path, mark, query = match["path"].partition("?")
    if not path.startswith("/") or path[1:] in ("", ":memory:"):
        raise CourseError(
            f"--db {url} was given; a file is expected, such as sqlite:///grades.db: what is in memory is lost."
        )
    return f"sqlite:///{Path(path[1:]).resolve()}{mark}{query}"


def shown(url: str) -> str:
    """Return a gradebook's URL as it may be shown and kept: without its password.

    >>> shown("postgresql://ina:secret@host/grades")
    'postgresql://ina:***@host/grades'
    """
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", url)


def file_of(url: str) -> Path | None:
    """Return the file of an sqlite gradebook; None for a server."""
    match = SQLITE.fullmatch(url)
    return Path(match["path"].partition("?")[0][1:]) if match else None


def is_new(url: str) -> bool:
    """Return whether a gradebook that is a file is not there yet."""
    path = file_of(url)
    return path is not None and not path.exists()


@contextmanager
def alone(out: Path, url: str) -> Iterator[None]:
    """Let one call at a time write into a folder, and into a gradebook that is a file.

    Raises:
        CourseError: if another process does.
    """
    locks = {out: out / ".lock"}
    if (path := file_of(url)) is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        locks[path] = path.with_name(f".{path.name}.lock")
    with ExitStack() as held:
        for place, lock in locks.items():
            try:
                held.enter_context(FileLock(lock, timeout=0))
            except Timeout as error:
                raise CourseError(f"another process is grading into {place}; wait for it, or stop it.") from error
        yield


@contextmanager
def in_words(out: Path) -> Iterator[None]:
    """Turn what a disk or a database raises into one sentence: a call that is repeated goes on where this one ended.

    Raises:
        CourseError: for a full or read-only disk, and a database that fails.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except OSError as error:
        raise CourseError(
            f"the grades cannot be written into {out}: {reason(error)}; when that is mended, call it again: what is "
            "finished is kept."
        ) from error
    except SQLAlchemyError as error:
        why = reason(getattr(error, "orig", None) or error)
        raise CourseError(
            f"the gradebook failed: {why}; when that is mended, call it again: what is finished is kept."
        ) from error
