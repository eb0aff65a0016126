"""Whose a file is, by its name: as a person names folders, and as Canvas, Moodle, Blackboard and Colab name files."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timezone

LONGEST = 80  # bytes of an id: it becomes a part of file names, which end at 255
FOLDER, PLATFORM, LESSON, PLAIN = 3, 2, 1, 0  # how surely a name says whose it is; students choose what stands at its end
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # no file of Windows may be called so
ENDING = re.compile(r"(\.(ipynb|txt|json|py|html?|zip|tar|gz|tgz|7z|rar|pdf|md))+$", re.IGNORECASE)
COPY = r"(?:(?:copy|copie|copia|cópia|kopie|kopia)[-_ +](?:of|de|von|av)[-_ +]+)"  # Colab's, in the user's language

# What follows the first mark is the student's to choose, so the first mark counts.
MOODLE = re.compile(r"(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_[a-z]+_?(?P<rest>.*)", re.DOTALL)
CANVAS = re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<number>\d+)_(?P<attempt>\d+)_(?P<rest>.+)", re.DOTALL)
BLACKBOARD = re.compile(r"(?P<name>.+?)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<rest>.+)|(?P<note>\.txt)?)", re.DOTALL)


@dataclass(frozen=True)
class Label:
    """What a name says.

    name: the student's, as it is written. sure: FOLDER, PLATFORM, LESSON or PLAIN. number: the platform's, of the student.
    attempt: when it was handed in; order: of the attempts on Canvas. file: the student's own name of the file. prefix: what
    a platform put before that, by which it knows a file that comes back. late: whether Canvas calls it late; None: nobody
    says. note: whether it is what Blackboard writes about a submission, and no submission itself.
    """

    name: str
    sure: int
    number: str = ""
    attempt: datetime | None = None
    order: int = 0
    file: str = ""
    prefix: str = ""
    late: bool | None = None
    note: bool = False

    @property
    def student(self) -> str:
        """The student's id."""
        return identifier(self.name, self.number)


def label(entry: str, lesson: str, folder: bool) -> Label:
    """Return what the name of a file or folder says; the same whatever else is there."""
    text = normal(entry)
    if match := MOODLE.fullmatch(text):
        prefix = f"{text.removesuffix(match['rest']).removesuffix('_')}_"
        return Label(match["name"], FOLDER if folder else PLATFORM, match["number"] or "", file=match["rest"], prefix=prefix)
    if match := BLACKBOARD.fullmatch(text):
        prefix = match["name"].removeprefix(f"{lesson}_")
        name = prefix if prefix != match["name"] else prefix.rpartition("_")[2] or prefix
        when = _attempt(match["when"])
        return Label(name, FOLDER if folder else PLATFORM, attempt=when, file=match["rest"] or "", note=bool(match["note"]))
    if folder:
        return Label(text, FOLDER)
    if match := CANVAS.fullmatch(text):
        prefix, late = text.removesuffix(match["rest"]), bool(match["late"])
        order = int(match["attempt"][:18])
        return Label(match["name"], PLATFORM, match["number"], order=order, file=match["rest"], prefix=prefix, late=late)
    stem = ENDING.sub("", text) or text
    before = re.search(rf"[-_. +]*{COPY}*{re.escape(lesson)}", stem, re.IGNORECASE)
    if before and stem[: before.start()]:
        return Label(stem[: before.start()], LESSON, file=stem[before.start() :])
    return Label(stem, PLAIN, file=text)


def _attempt(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d-%H-%M-%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def normal(name: str) -> str:
    """Return a name in Unicode's composed form, as one student's name on any system, without what no file can hold."""
    return unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))


def identifier(name: str, number: str = "") -> str:
    """Return a student's id: safe in names of files, another one for every name, and the same in every class.

    number: the platform's own, which tells students apart. Without one, a name that is not its own id gets a hash.

    >>> identifier("ann"), identifier("Ann Lee", "12")
    ('ann', 'Ann-Lee_12')
    """
    raw = name.encode("utf-8", "surrogateescape")
    name = normal(name)
    safe = re.sub(r"[^\w.@+-]+", "-", name).strip(".-_@+").encode()[:LONGEST].decode("utf-8", "ignore")
    if RESERVED.fullmatch(safe):
        safe = f"student-{safe}"
    if number:
        return f"{safe or 'unnamed'}_{number[:20]}"
    if safe == name:
        return safe
    distinct = raw if "?" in name else name.encode()  # what could not be decoded is "?" in `name`
    return f"{safe or 'unnamed'}-{hashlib.sha256(distinct).hexdigest()[:6]}"


def is_like(file: str, lesson: str) -> int:
    """Return how much a student's file is named like the lesson: 2, by its whole name, also as a copy; 1, by its number."""
    bare = re.sub(rf"^{COPY}+", "", normal(file), flags=re.IGNORECASE)
    return 2 if bare.startswith(lesson) else int(bare.startswith(lesson[:2]))
