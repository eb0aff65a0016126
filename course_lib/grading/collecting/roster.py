"""The class as the university knows it, from an instructor's table or a platform's own; and when a platform got what."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.files import reason
from course_lib.grading.collecting import naming, times
from course_lib.grading.collecting.submissions import Submission

# What the columns are called, in our table and in those that Canvas, Moodle and Blackboard export; the first found counts.
COLUMNS = {
    "student": ("student_id", "student", "username", "user name", "sis login id", "login"),
    "name": ("name", "full name"),
    "first": ("first name", "first_name"),
    "last": ("last name", "last_name", "surname"),
    "section": ("section", "group", "groups"),
    "lms": ("lms_id", "lms id", "identifier", "participant", "id"),
    "sis": ("sis_id", "sis user id", "id number", "student id"),
    "email": ("email", "email address"),
    "extension": ("extension", "extension_days"),
    "time": ("time", "received", "submitted", "submitted_at", "last modified (submission)", "date submitted"),
}
CANVAS = "sis login id"  # a table with this column calls the name "Student"
NOBODY = re.compile(r"points possible|student, test$", re.IGNORECASE)  # its rows that are no student
NOTHING = ("", "-")  # platforms write so where nothing was handed in
DAYS = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:d|days?)?", re.IGNORECASE)


@dataclass(frozen=True)
class Person:
    """A student as a table has one. lms: the platform's number. days, due: an extension. time: when the platform got it."""

    student: str
    name: str
    section: str = ""
    lms: str = ""
    sis: str = ""
    email: str = ""
    days: float = 0.0
    due: datetime | None = None
    time: datetime | None = None

    @property
    def identifier(self) -> str:
        """The id of a student who handed in nothing."""
        return naming.identifier(self.student or self.name)

    def deadline(self, due: datetime | None) -> datetime | None:
        """Return the student's own deadline, where the class has `due`."""
        return self.due or (due + timedelta(days=self.days) if due else None)


def read(text: str, argument: str, timed: bool = False) -> list[Person]:
    """Return the students of a table with a row of titles (CSV, or with tabs or semicolons), in its order.

    timed: whether each row has to have a time, as in `--received`.

    Raises:
        CourseError: one sentence, for a table without the columns, and a row that cannot be understood.
    """
    first = text.splitlines()[0] if text.strip() else ""
    mark = max("\t;,", key=first.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    titles = [" ".join(title.lower().split()) for title in rows[0]] if rows else []
    names = {**COLUMNS, "name": ("student",), "student": (CANVAS,)} if CANVAS in titles else COLUMNS
    place = {key: titles.index(found) for key, known in names.items() if (found := _first(known, titles))}
    needed = [("time", "time")] if timed else []
    if not {"student", "name", "lms", "last"} & set(place) or any(key not in place for key, _ in needed):
        columns = "student and time" if timed else "student, and if you like name, section, extension, lms_id and email"
        raise CourseError(f"{argument} was given; its first row has no titles that are known; expected are {columns}.")
    people = []
    for number, row in enumerate(rows[1:], 2):
        cells = {key: row[index].strip() if index < len(row) else "" for key, index in place.items()}
        if any(cells.values()) and not (CANVAS in titles and NOBODY.search(cells["name"])):
            people.append(_person(cells, f"{argument}, row {number}", timed))
    if not people:
        raise CourseError(f"{argument} was given; there are no students in it.")
    return people


def _first(known: Sequence[str], titles: Sequence[str]) -> str:
    return next((name for name in known if name in titles), "")


def _person(cells: Mapping[str, str], where: str, timed: bool) -> Person:
    name = cells.get("name") or " ".join(filter(None, (cells.get("first"), cells.get("last"))))
    lms = re.sub(r"^participant\s+", "", cells.get("lms", ""), flags=re.IGNORECASE)
    days, due, time = 0.0, None, None
    if extension := cells.get("extension"):
        if match := DAYS.fullmatch(extension):
            days = float(match[1].replace(",", "."))
        elif (due := times.moment(extension)) is None:
            raise CourseError(f"{where} has the extension {extension!r}; a number of days is expected, or {times.EXPECTED}.")
    if timed and cells["time"] not in NOTHING and (time := times.moment(cells["time"])) is None:
        raise CourseError(f"{where} has the time {cells['time']!r}; {times.EXPECTED}.")
    student = cells.get("student") or (name if not lms else "")
    return Person(
        student, name, cells.get("section", ""), lms, cells.get("sis", ""), cells.get("email", ""), days, due, time
    )


def text_of(path: Path, argument: str) -> str:
    """Return a table's text, in UTF-8 or in the UTF-16 of spreadsheets."""
    try:
        data = path.read_bytes()
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is neither UTF-8 nor UTF-16" if isinstance(error, UnicodeDecodeError) else reason(error)
        raise CourseError(f"{argument} {path} was given; it cannot be read: {why}.") from error


def match(people: Sequence[Person], submissions: Iterable[Submission]) -> dict[str, list[Person]]:
    """Return student's id -> a table's rows of this student: one in a roster, one for each attempt in `--received`.

    The platform's number counts first, then the id, then the name; if rows of different people fit, none is taken.
    """
    levels = [_index(people, level) for level in range(3)]
    found: dict[str, list[Person]] = {}
    for submission in submissions:
        asked = Person(submission.student, submission.name, lms=submission.number)
        for level, index in enumerate(levels):
            rows = [row for key in _keys(asked, level) for row in index.get(key, ())]
            if rows:
                if len({(row.student, row.name, row.lms) for row in rows}) == 1:
                    found[submission.student] = list(dict.fromkeys(rows))
                break
    return found


def _index(people: Sequence[Person], level: int) -> dict[str, list[Person]]:
    index: dict[str, list[Person]] = {}
    for person in people:
        for key in _keys(person, level):
            index.setdefault(key, []).append(person)
    return index


def _keys(person: Person, level: int) -> set[str]:
    """Return by what a person may be known: 0, the platform's number; 1, ids; 2, the name in any order, as Canvas has it."""
    if level == 0:
        return {person.lms} if person.lms else set()
    if level == 1:
        given = (person.student, person.name, person.email, f"{person.student}_{person.lms}" if person.lms else "")
        return {key for text in given if text for key in (text, naming.identifier(text))}
    words = re.findall(r"\w+", naming.normal(person.name or person.student).casefold())
    return {"".join(words), "".join([*words[-1:], *words[:-1]])} - {""}
