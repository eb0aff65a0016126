"""nbgrader's gradebook: its cells, scores and graded notebooks, so that formgrader and nbgrader's exports work.

nbgrader's own steps (`SaveCells`, `SaveAutoGrades`) write the scores, from a notebook in which each verdict is the output of
its check cell. Student code is not executed here.
"""

from __future__ import annotations

import copy
import os
import sys
import warnings
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output

from course_lib.errors import CourseError
from course_lib.files import replacing, write_text
from course_lib.grading.results import Mark, Result
from course_lib.teaching.verdict import Verdict

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

SQLITE = "sqlite:///"
CONFIG = '''"""For nbgrader's formgrader and its exports: start JupyterLab, or `nbgrader export`, in this folder."""

c = get_config()  # noqa: F821 (nbgrader provides it)
c.CourseDirectory.db_url = {url!r}
c.HTMLExporter.sanitize_html = True  # a student's answer in words must not run as a program in your browser
'''


def prepare(url: str, lesson: str, book: NotebookNode, due: datetime | None, folder: Path) -> None:
    """Make the assignment `lesson` with the graded cells of the students' notebook `book`, if it is not there yet.

    folder: where nbgrader will be started; formgrader lists the assignments that have a notebook in its source/.

    Raises:
        CourseError: if the gradebook cannot be opened, or has this lesson with other exercises.
    """
    from nbgrader.preprocessors import SaveCells

    write_text(folder / "nbgrader_config.py", CONFIG.format(url=url))
    write_text(folder / "source" / lesson / f"{lesson}.ipynb", nbformat.writes(book, 4) + "\n")
    _create(url)
    with _open(url) as gradebook:
        gradebook.update_or_create_assignment(lesson, **({"duedate": _naive(due)} if due else {}))
    try:
        SaveCells().preprocess(copy.deepcopy(book), _resources(url, lesson, ""))
    except RuntimeError as error:
        raise CourseError(
            f"the gradebook has {lesson} with other exercises, and submissions for it; grade this version into another "
            "folder (--out)."
        ) from error


def record(
    url: str, lesson: str, book: NotebookNode, result: Result, submitted: datetime, penalty: float, folder: Path
) -> Path:
    """Write one result into the gradebook, and the graded notebook where formgrader looks; return the notebook's path.

    penalty: points that are taken off because it came late. A second call changes nothing.
    """
    from nbgrader.preprocessors import SaveAutoGrades

    graded = compose(book, result)
    path = folder / "autograded" / result.student / lesson / f"{lesson}.ipynb"
    write_text(path, nbformat.writes(graded, 4) + "\n")
    with warnings.catch_warnings(), _open(url) as gradebook:
        warnings.filterwarnings("ignore", "Object of type <Submitted")  # SQLAlchemy's, about nbgrader's own code
        gradebook.update_or_create_student(result.student)
        gradebook.update_or_create_submission(lesson, result.student, timestamp=_naive(submitted))
    SaveAutoGrades().preprocess(copy.deepcopy(graded), _resources(url, lesson, result.student))
    with _open(url) as gradebook:
        gradebook.find_submission_notebook(lesson, lesson, result.student).late_submission_penalty = penalty
        gradebook.db.commit()
    return path


def withdraw(url: str, lesson: str, student: str) -> None:
    """Take a submission out of the gradebook, and the student with it if nothing else of him is in it."""
    from nbgrader.api import MissingEntry

    with _open(url) as gradebook:
        try:
            gradebook.remove_submission(lesson, student)
            if not gradebook.find_student(student).submissions:
                gradebook.remove_student(student)
        except MissingEntry:
            pass


def compose(book: NotebookNode, result: Result) -> NotebookNode:
    """Return the students' notebook with this student's answers in their cells and the verdicts below them."""
    book = copy.deepcopy(book)
    marks = {mark.exercise: mark for mark in result.marks}
    for cell in book.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        _, _, rest = grade_id.partition("-")
        name, _, role = rest.rpartition("-")
        if role == "answer" and name in marks and marks[name].source:
            cell.source = marks[name].source
        elif role == "check" and name in marks:
            cell.execution_count, cell.outputs = 1, [_output(marks[name])]
        elif role == "explain" and grade_id in result.written:
            cell.source = result.written[grade_id]
    if result.problem:
        book.cells.insert(0, nbformat.v4.new_markdown_cell(f"**{result.problem}**", id="problem"))
    return book


def _output(mark: Mark) -> NotebookNode:
    verdict = Verdict(mark.state, mark.points, mark.out_of, mark.reason, mark.misconception)
    return new_output("execute_result", {"text/plain": repr(verdict), "text/html": verdict._repr_html_()}, execution_count=1)


def _create(url: str) -> None:
    """Make an sqlite gradebook whole or not at all: nbgrader accepts a half-made one for good."""
    if not url.startswith(SQLITE) or Path(url.removeprefix(SQLITE)).exists():
        return
    # nbgrader asks the program `alembic`, which lies beside this Python, for the version of its tables. (Its own `setenv`
    # does not put back what was there.)
    path = os.environ.get("PATH", os.defpath)
    with replacing(url.removeprefix(SQLITE)) as temporary:
        temporary.unlink()
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{path}"
        try:
            _open(f"{SQLITE}{temporary}").close()
        finally:
            os.environ["PATH"] = path


def _open(url: str) -> Gradebook:
    from nbgrader.api import Gradebook

    try:
        return Gradebook(url)
    except Exception as error:  # SQLAlchemy's, the driver's or nbgrader's own
        raise CourseError(
            f"the gradebook {url} cannot be opened ({type(error).__name__}); any SQLAlchemy URL will do."
        ) from error


def _naive(moment: datetime) -> datetime:
    """Return UTC without a zone, as nbgrader stores it."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def _resources(url: str, lesson: str, student: str) -> dict[str, Any]:
    return {"nbgrader": {"notebook": lesson, "assignment": lesson, "student": student, "db_url": url}}
