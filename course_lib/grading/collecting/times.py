"""Moments as people and platforms write them: understood with their time zone, or refused."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from course_lib.errors import CourseError

WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d(:\d\d)?)(\.\d+)?\s*"
    r"(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-]\d\d:?\d\d|[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+)?"
)
LONG = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M")  # Moodle's, in English
UTC = timezone.utc
NONE = datetime.max.replace(tzinfo=UTC)  # given as a deadline: there is none any more
EXPECTED = (
    "a time such as 2026-12-01T23:59, 2026-12-01T23:59+01:00 or '2026-12-01 23:59 Europe/Berlin' is expected; without a "
    "zone it is UTC; none takes it back"
)


def moment(text: str) -> datetime | None:
    """Return a written time in UTC; None for what is no time, or not certainly one.

    A zone is Z, UTC, an offset or a name such as Europe/Berlin: letters such as CST mean several, and are not guessed.
    Without a zone it is UTC. The hour that comes twice in autumn is the later one; the hour that spring leaves out is none.

    >>> moment("2026-12-01T23:59+01:00").isoformat()
    '2026-12-01T22:59:00+00:00'
    """
    text = text.strip()
    try:
        if match := WRITTEN.fullmatch(text):
            local = datetime.fromisoformat(f"{match['day']}T{match['time']}")
            return _in_utc(local, match["zone"] or "UTC")
        for form in LONG:
            if (found := _long(text, form)) is not None:
                return found
    except (ValueError, OverflowError, ZoneInfoNotFoundError, OSError):
        pass
    return None


def _long(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None


def _in_utc(local: datetime, zone: str) -> datetime | None:
    offset = zone.removeprefix("UTC").removeprefix("GMT")
    if offset in ("", "Z"):
        return local.replace(tzinfo=UTC)
    if offset[0] in "+-" and "/" not in offset:
        hours, minutes = int(offset[1:3]), int(offset[-2:])
        if hours > 14 or minutes > 59:
            return None
        shift = timedelta(hours=hours, minutes=minutes)
        return (local - shift if offset[0] == "+" else local + shift).replace(tzinfo=UTC)
    there = ZoneInfo(zone)
    found = local.replace(tzinfo=there, fold=1).astimezone(UTC)
    return found if found.astimezone(there).replace(tzinfo=None) == local else None


def has_zone(text: str) -> bool:
    """Return whether a written time says its zone, or is none."""
    match = WRITTEN.fullmatch(text.strip())
    return bool(match and match["zone"]) or text.strip().lower() == "none"


def given(argument: str, text: str) -> datetime:
    """Return the time that was given for an argument; NONE for "none".

    Raises:
        CourseError: for what is no time, or has a zone that is not known.
    """
    found = NONE if text.strip().lower() == "none" else moment(text)
    if found is None:
        raise CourseError(f"{argument} {text!r} was given; {EXPECTED}.")
    return found
