"""Students' names in the gradebook, so that formgrader and nbgrader's exports show them, and those who handed in nothing."""

from __future__ import annotations

from collections.abc import Sequence

from course_lib.grading.book import gradebook
from course_lib.grading.report import tables
from course_lib.grading.results import Graded


def enrol(url: str, graded: Sequence[Graded]) -> None:
    """Give every student of a class a row with the name in the gradebook; what stands there already is not written again.

    nbgrader writes names into its tables as they are, so here they are marked where a spreadsheet would run them.
    """
    with gradebook._open(url) as book:
        known = {student.id: student for student in book.students}
        for entry in graded:
            first, _, last = entry.name.rpartition(" ")
            wanted = {"first_name": first, "last_name": last} if entry.name != entry.result.student else {}
            wanted |= {"email": entry.roster.get("email", ""), "lms_user_id": entry.roster.get("lms", "")}
            wanted = {column: tables.safe(text) for column, text in wanted.items() if text}
            student = known.get(entry.result.student)
            if student is None:
                book.add_student(entry.result.student, **wanted)
            elif different := {column: text for column, text in wanted.items() if getattr(student, column) != text}:
                book.update_or_create_student(entry.result.student, **different)
