"""When something was handed in: all that is known of it, and where from. Students can write some: the newest counts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from course_lib.grading.collecting import times
from course_lib.grading.collecting.naming import Label
from course_lib.grading.reading.notebooks import clean

TIMESTAMP = "timestamp.txt"  # beside a notebook, as nbgrader's exchange writes it
OWN = "the file's own time"
ZONES = timedelta(hours=14)  # a time without a zone can be so much off


def known(path: Path, label: Label, packed: datetime | None = None) -> tuple[dict[str, datetime], tuple[str, ...]]:
    """Return where from -> when it was handed in, and what could not be read of it, in words."""
    found: dict[str, datetime] = {}
    unread: list[str] = []
    try:
        found[OWN] = datetime.fromtimestamp(path.lstat().st_mtime, tz=timezone.utc)
    except (ValueError, OverflowError, OSError):  # a file's time may be of any year
        unread.append("the file's own time cannot be read")
    if label.attempt:
        found["the name that the platform gave it (taken as UTC)"] = label.attempt
    own = found.get(OWN)
    if packed and own and packed > own + ZONES:  # an archive is never older than what is in it
        found["the time in the archive (taken as UTC)"] = packed
    if (text := _stamp(path.parent / TIMESTAMP)) is not None:
        if (written := times.moment(text)) is not None:
            found[TIMESTAMP] = written
        else:
            unread.append(f"{TIMESTAMP} says {text!r}, which is no time, or has a zone that is not known; it does not count")
    now = datetime.now(timezone.utc)
    ahead = {where for where, when in found.items() if when > now + timedelta(minutes=5)}
    unread += [
        f"{where} lies in the future ({found[where]:%Y-%m-%d %H:%M} UTC); it does not count" for where in sorted(ahead)
    ]
    known = {where: when for where, when in found.items() if where not in ahead}
    return known or {"the time of grading: no other one is known": now}, tuple(unread)


def _stamp(path: Path) -> str | None:
    """Return what a time stamp says; None if there is none."""
    try:
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 100:
            return clean(path.read_text(encoding="utf-8", errors="replace")).strip()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None
