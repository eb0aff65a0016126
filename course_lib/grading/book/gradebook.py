"""nbgrader's gradebook: its cells, scores and graded notebooks, so that formgrader and nbgrader's exports work.

A submission's points are read off its graded notebook by nbgrader's own rule: each verdict is the output of its check cell.
Student code is not executed here.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode

from course_lib.errors import CourseError
from course_lib.files import replacing, write_text
from course_lib.grading.book import composing, formgrader
from course_lib.grading.book.composing import Kept
from course_lib.grading.places import shown
from course_lib.grading.results import Held, Result, Scored

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

SQLITE = "sqlite:///"
EXCHANGE = ("timestamp.txt", "submission_secret.txt")
LOCK = 0x6E6267726164  # of PostgreSQL's advisory locks, ours


def prepare(url: str, lesson: str, book: NotebookNode, due: datetime | None, folder: Path) -> None:
    """Make the assignment `lesson` with the graded cells of the students' notebook `book`, if it is not there yet.

    folder: where nbgrader will be started; formgrader lists the assignments that have a notebook in its source/.

    Raises:
        CourseError: if the gradebook cannot be opened, or has this lesson with other exercises.
    """
    from nbgrader.preprocessors import SaveCells

    formgrader.settings(folder, url)
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
    url: str, lesson: str, book: NotebookNode, result: Result, submitted: datetime, folder: Path, kept: Sequence[Kept] = ()
) -> Path:
    """Write one result into the gradebook, and the graded notebook where formgrader looks; return the notebook's path.

    kept: the cells that the student handed in. What a person gave and wrote stays where the answer is the same as in the
    graded notebook that is there. A second call changes nothing, and a call that was killed is made good by the next one.
    """
    from nbgrader.utils import determine_grade

    graded = composing.compose(book, result, kept)
    path = notebook_of(folder, lesson, result.student)
    before, now = composing.answers(path), composing.answers_of(graded)
    changed = {name for name in now if name in before and before[name] != now[name]}
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in graded.cells if "nbgrader" in cell.metadata}
    with warnings.catch_warnings(), _open(url) as gradebook:
        warnings.filterwarnings("ignore", "Object of type <Submitted")  # SQLAlchemy's, about nbgrader's own code
        gradebook.update_or_create_student(result.student)
        gradebook.update_or_create_submission(lesson, result.student, timestamp=_naive(submitted))
        notebook = gradebook.find_submission_notebook(lesson, lesson, result.student)
        for grade in notebook.grades:
            if grade.name in changed:
                grade.manual_score = grade.extra_credit = None
            known = grade.auto_score is not None or grade.manual_score is not None
            grade.auto_score, _ = determine_grade(cells[grade.name])
            if not known or grade.name in changed:
                grade.needs_manual_grade = grade.auto_score is None
            elif grade.manual_score is not None and grade.name not in before:
                grade.needs_manual_grade = True  # for which answer it was given is not known any more
        for comment in notebook.comments:
            # The points of an answer in code stand in the cell of its check.
            if {comment.name, f"{comment.name.removesuffix('answer')}check"} & changed:
                comment.manual_comment = None
            comment.auto_comment = "No response." if _untouched(cells[comment.name]) else None
        gradebook.db.commit()
    write_text(
        path, nbformat.writes(graded, 4) + "\n"
    )  # last: it tells the next call which answers the points above are for
    return path


def notebook_of(folder: Path, lesson: str, student: str) -> Path:
    """Return where nbgrader looks for a graded notebook."""
    return folder / "autograded" / student / lesson / f"{lesson}.ipynb"


def keep_beside(path: Path, submission: Path) -> None:
    """Put beside a graded notebook what nbgrader's exchange knows a submission by, to release its feedback later."""
    for name in EXCHANGE:
        source = submission.parent / name
        if source.is_file() and not source.is_symlink() and source.stat().st_size < 1000:
            write_text(path.parent / name, source.read_text(encoding="utf-8", errors="replace"))


def settle(url: str, lesson: str, shares: Mapping[str, float]) -> dict[str, Scored]:
    """Take each student's share of everything he earned off, and return what the gradebook then holds: student -> Scored.

    nbgrader keeps a penalty as a number of points: what a person gives after this call is not in it before the next.
    """
    from nbgrader.api import Assignment, SubmittedAssignment, SubmittedNotebook

    with _open(url) as gradebook:
        rows = gradebook.db.query(SubmittedAssignment.student_id, SubmittedAssignment.score, SubmittedNotebook)
        rows = rows.join(Assignment, SubmittedAssignment.assignment).filter(Assignment.name == lesson)
        for student, points, notebook in rows.join(SubmittedNotebook, SubmittedAssignment.notebooks).all():
            penalty = max(0.0, shares.get(student, 0.0) * points)
            if student in shares and notebook.late_submission_penalty != penalty:
                notebook.late_submission_penalty = penalty
        gradebook.db.commit()
    return scores(url, lesson)


def scores(url: str, lesson: str) -> dict[str, Scored]:
    """Return student -> what the gradebook holds of his submission: the truth for every table and page."""
    from nbgrader.api import Assignment, Comment, Grade, GradeCell, SolutionCell, SubmittedAssignment, SubmittedNotebook

    handed_in = SubmittedAssignment  # one query for all students, and not some for each
    with _open(url) as gradebook:
        asked = gradebook.db.query(handed_in.student_id, handed_in.score, handed_in.late_submission_penalty)
        sums = asked.join(Assignment, handed_in.assignment).filter(Assignment.name == lesson).all()
        cells: dict[str, dict[str, Held]] = {student: {} for student, *_ in sums}
        comments: dict[str, dict[str, str]] = {student: {} for student, *_ in sums}

        def of_all(row: Any, kind: Any, *columns: Any) -> list[Any]:
            found = gradebook.db.query(handed_in.student_id, kind.name, *columns).select_from(row)
            found = found.join(kind, row.cell_id == kind.id).join(SubmittedNotebook, row.notebook)
            found = found.join(handed_in, SubmittedNotebook.assignment).join(Assignment, handed_in.assignment)
            return list(found.filter(Assignment.name == lesson).all())

        for student, name, *numbers in of_all(Grade, GradeCell, Grade.score, GradeCell.max_score, Grade.needs_manual_grade):
            cells[student][name] = Held(*numbers)
        for student, name, words in of_all(Comment, SolutionCell, Comment.manual_comment):
            comments[student] |= {name: words} if words else {}
    return {student: Scored(cells[student], points, penalty, comments[student]) for student, points, penalty in sums}


def by_hand(url: str, lesson: str) -> set[str]:
    """Return the students to whom a person gave points or comments."""
    from nbgrader.api import Assignment, Comment, Grade, SubmittedAssignment, SubmittedNotebook

    given = ((Grade, Grade.manual_score), (Grade, Grade.extra_credit), (Comment, Comment.manual_comment))
    found = set[str]()
    with _open(url) as gradebook:
        for row, column in given:
            asked = gradebook.db.query(SubmittedAssignment.student_id).select_from(row).join(SubmittedNotebook, row.notebook)
            asked = asked.join(SubmittedAssignment, SubmittedNotebook.assignment)
            asked = asked.join(Assignment, SubmittedAssignment.assignment).filter(Assignment.name == lesson)
            found |= {student for (student,) in asked.filter(column.is_not(None)).all()}
    return found


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


def _untouched(cell: NotebookNode) -> bool:
    from nbgrader.utils import compute_checksum

    return cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)


def _create(url: str) -> None:
    """Make a gradebook's tables: those of an sqlite file whole or not at all, those of a server by one call at a time."""
    if not url.startswith(SQLITE):
        with _alone(url):
            _tables(url)
    elif not Path(url.removeprefix(SQLITE)).exists():  # nbgrader accepts a half-made one for good
        with replacing(url.removeprefix(SQLITE)) as temporary:
            temporary.unlink()
            _tables(f"{SQLITE}{temporary}")


def _tables(url: str) -> None:
    """Make the tables of a gradebook that has none, with the version by which nbgrader knows them, and its course.

    nbgrader makes them as well, but starts the program `alembic` to ask it for that version: five seconds.
    """
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from nbgrader.api import Base
    from nbgrader.dbutil import ALEMBIC_DIR
    from sqlalchemy import create_engine, inspect

    with _in_words(url):
        engine = create_engine(url)
        with engine.begin() as connection:
            if not inspect(connection).get_table_names():
                Base.metadata.create_all(connection)
                MigrationContext.configure(connection).stamp(ScriptDirectory(ALEMBIC_DIR), "head")
        engine.dispose()
    _open(url).close()


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """Let one call at a time make tables on a PostgreSQL server: nbgrader first looks for them, and then makes them."""
    from sqlalchemy import create_engine, text

    with _in_words(url):
        engine = create_engine(url)
        connection = engine.connect()
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
    try:
        yield
    finally:  # the lock ends with the connection
        connection.close()
        engine.dispose()


def _open(url: str) -> Gradebook:
    from nbgrader.api import Gradebook

    with _in_words(url):
        return Gradebook(url)


@contextmanager
def _in_words(url: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # SQLAlchemy's, the driver's or nbgrader's own
        why = f"the gradebook {shown(url)} cannot be opened ({type(error).__name__}); any SQLAlchemy URL will do."
        raise CourseError(why) from error


def _naive(moment: datetime) -> datetime:
    """Return UTC without a zone, as nbgrader stores it."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def _resources(url: str, lesson: str, student: str) -> dict[str, Any]:
    return {"nbgrader": {"notebook": lesson, "assignment": lesson, "student": student, "db_url": url}}
