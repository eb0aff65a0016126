"""What is kept of a class between calls: each submission's result, and what it was graded with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from course_lib.errors import CourseError
from course_lib.files import write_json
from course_lib.grading.collecting.submissions import Submission
from course_lib.grading.collecting.terms import RECEIVED
from course_lib.grading.reading import reader
from course_lib.grading.reading.keeping import Kept
from course_lib.grading.reading.notebooks import Cell, hash_of
from course_lib.grading.results import Result
from course_lib.grading.sandbox.box import Limits

# What an entry was made from, as JSON: the time of handing in, a hash of the gradebook's URL, what its page was made from.
Stamp = list[Any]


@dataclass(frozen=True)
class Work:
    """What all submissions of a call share. written: the cells of the students' notebook."""

    lesson: str
    name: str
    folder: Path
    key: Mapping[str, Any]
    limits: Limits
    unsafe: bool
    written: tuple[Cell, ...]
    again: frozenset[str]
    seed: int

    def path(self, submission: Submission) -> Path:
        return self.folder / f"{submission.student}.json"

    def _kept(self, submission: Submission) -> dict[str, Any] | None:
        """Return what is kept of exactly this file; of one that cannot be read now, what is kept of the student."""
        try:
            kept = json.loads(self.path(submission).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return kept if submission.unread or kept["result"]["digest"] == digest(submission) else None

    def known(self, submission: Submission) -> tuple[Result, Stamp | None] | None:
        """Return what is kept of exactly this file, graded with exactly these inputs, and its stamp in the gradebook."""
        kept = self._kept(submission)
        asked = self.again & {"all", submission.student} and not submission.unread
        if kept is None or asked or kept["key"] != self.key:
            return None
        return Result.of(kept["result"]), kept["recorded"]

    def dated(self, submission: Submission) -> Submission:
        """Return a submission with the time at which it was graded, if it is the same notebook or cannot be read now.

        Who hands in the same once more, to ask for a regrade, is not late by it, also where all is graded again. What the
        platform says counts before that.
        """
        if (kept := self._kept(submission)) is None or kept["recorded"] is None:
            return submission
        before = datetime.fromisoformat(kept["recorded"][0])
        if submission.unread:
            counts = "its earlier result counts. " if self.known(submission) else ""
            return replace(submission, submitted=before, notes=(*submission.notes, f"{counts}Now: {submission.problem}"))
        if submission.source == RECEIVED or submission.submitted <= before:
            return submission
        return replace(submission, submitted=before, source="an earlier call: the notebook is the same")

    def check(self, found: Sequence[Submission]) -> None:
        """Raise CourseError for students to grade again who are not there, and for a folder without any notebook."""
        students = {submission.student for submission in found}
        if unknown := sorted(self.again - students - {"all"}):
            known = ", ".join(sorted(students)[:10])
            raise CourseError(
                f"--again {' '.join(unknown)} was given; there are {known}{' ...' if len(students) > 10 else ''}."
            )
        if all(submission.problem for submission in found) and any(self.folder.glob("*.json")):
            raise CourseError(
                f"no notebook was found in {found[0].path.parent}, and an earlier call graded some, which would all be "
                "taken out of the tables. Is it the folder of the submissions?"
            )

    def gone(self, found: Sequence[Submission]) -> list[str]:
        """Return the students of earlier calls who are no longer among the submissions."""
        students = {submission.student for submission in found}
        return sorted(path.stem for path in self.folder.glob("*.json") if path.stem not in students)

    def keep_cells(self, submission: Submission) -> None:
        """Put the cells of a submission away, for its graded notebook."""
        cells = reader.keep(submission.path)
        write_json(
            self.folder / "cells" / f"{submission.student}.json", {"digest": hash_of(submission.path), "cells": cells}
        )

    def cells(self, submission: Submission, result: Result) -> list[Kept]:
        """Return the cells of exactly the file that was graded; none if they are not there."""
        try:
            kept = json.loads((self.folder / "cells" / f"{submission.student}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return kept["cells"] if kept["digest"] == result.digest else []

    def write(self, submission: Submission, result: Result, recorded: Stamp | None) -> None:
        write_json(self.path(submission), {"key": self.key, "result": result.plain(), "recorded": recorded})


def digest(submission: Submission) -> str:
    """Return what tells one submission from another, also where there is no notebook."""
    if submission.problem:
        return f"none: {hashlib.sha256(submission.problem.encode()).hexdigest()}"
    return hash_of(submission.path)
