"""Tables that learning platforms import, and the feedback pages as one archive.

Columns: Canvas, "How do I import grades in the Gradebook?": Student, ID, SIS User ID, SIS Login ID, Section and the
assignment, and a second row with the points possible. Moodle, "Grade import": any columns, of which its form asks which one
says who it is; they are called as in its offline grading worksheet. Blackboard, "Working offline with grade data": Username;
each cell in quotes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.files import replacing, write_text
from course_lib.grading.report import tables
from course_lib.grading.results import Graded
from course_lib.teaching.verdict import earned
from course_lib.words import number_of

Row = list[str | float]


def write(graded: Sequence[Graded], folder: Path, platforms: Sequence[str]) -> list[Path]:
    """Write LESSON-PLATFORM.csv for each platform, and LESSON-feedback.zip if there is any; return their paths."""
    if not platforms or not graded:
        return []
    lesson = graded[0].lesson
    written = []
    for platform in platforms:
        if platform not in TABLES:
            raise CourseError(f"export={platform!r} was given; there are {', '.join(TABLES)}.")
        path = folder / f"{lesson}-{platform}.csv"
        write_text(path, tables.write(TABLES[platform](graded), quoted=platform == "blackboard"))
        written.append(path)
    path = folder / f"{lesson}-feedback.zip"
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in graded:
            page = folder / "feedback" / entry.result.student / lesson / f"{lesson}.html"
            if page.is_file():
                archive.write(page, f"{_prefix(entry, platforms)}{lesson}.html")
    return [*written, path]


def _prefix(entry: Graded, platforms: Sequence[str]) -> str:
    """Return how a page's name begins: as the platform's own name of what was handed in, or as Moodle's upload wants it."""
    student = entry.result.student
    known = f"{student}_{entry.number}_assignsubmission_file_" if entry.number and "moodle" in platforms else f"{student}_"
    return entry.prefix or known


def _most(graded: Sequence[Graded]) -> float:
    return graded[0].scored.out_of


def _who(entry: Graded, column: str) -> str:
    return entry.roster.get(column, "")


def _canvas(graded: Sequence[Graded]) -> list[Row]:
    lesson = graded[0].lesson
    rows: list[Row] = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", lesson]]
    rows.append(["    Points Possible", "", "", "", "", _most(graded)])
    for entry in graded:
        number = entry.number
        login = _who(entry, "student") or ("" if number else entry.result.student)
        rows.append([entry.name, number, _who(entry, "sis"), login, _who(entry, "section"), entry.score])
    return rows


def _moodle(graded: Sequence[Graded]) -> list[Row]:
    rows: list[Row] = [
        ["Identifier", "Full name", "Email address", "Username", "Grade", "Maximum grade", "Feedback comments"]
    ]
    for entry in graded:
        number = entry.number
        identifier = f"Participant {number}" if number else ""
        user = _who(entry, "student") or ("" if number else entry.result.student)
        rows.append([identifier, entry.name, _who(entry, "email"), user, entry.score, _most(graded), _words(entry)])
    return rows


def _blackboard(graded: Sequence[Graded]) -> list[Row]:
    title = f"{graded[0].lesson} [Total Pts: {_most(graded):g}]"
    rows: list[Row] = [["Last Name", "First Name", "Username", "Student ID", title]]
    for entry in graded:
        first, _, last = entry.name.rpartition(" ")
        user = _who(entry, "student") or entry.result.student
        rows.append([last, first, user, _who(entry, "sis"), entry.score])
    return rows


TABLES = {"canvas": _canvas, "moodle": _moodle, "blackboard": _blackboard}


def _words(entry: Graded) -> str:
    """Return in short what each exercise earned and why, for a cell of a table."""
    reasons = {f"{entry.lesson[:2]}-{mark.exercise}-check": mark.reason for mark in entry.result.marks}
    given = {f"{entry.lesson[:2]}-{mark.exercise}-check": mark.points for mark in entry.result.marks}
    marks = []
    for name, held in entry.scored.cells.items():
        state = "waits for a person" if held.waits else earned(held.points, held.out_of)
        title = name.partition("-")[2].removesuffix("-check").removesuffix("-explain")
        reason = "changed by a person." if given.get(name, held.points) != held.points else reasons.get(name, "")
        comment = entry.scored.comments.get(f"{name.removesuffix('check')}answer" if name.endswith("check") else name, "")
        marks.append(" ".join(filter(None, [f"{title}: {state}.", reason, comment])))
    late = [f"{number_of(entry.days, 'day')} late: {number_of(entry.penalty, 'point')} less."] if entry.days else []
    return " ".join([entry.result.problem, *late, *marks]).strip()
