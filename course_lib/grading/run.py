"""A class: every submission graded once, in parallel, into one folder; killed, the next call goes on."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path

from course_lib.starting import quickly

with quickly():
    import nbformat
    from nbformat import NotebookNode

from course_lib.errors import CourseError, check_share
from course_lib.files import write_text
from course_lib.grading import places, seeds, versions
from course_lib.grading.book import composing, enrolment, formgrader, gradebook
from course_lib.grading.collecting.submissions import Submission, collect
from course_lib.grading.collecting.terms import Terms, agree, applied
from course_lib.grading.marking import mark
from course_lib.grading.reading.notebooks import cells_of
from course_lib.grading.report import likeness, pages
from course_lib.grading.report.likeness import Alike
from course_lib.grading.results import Graded, Mark, Result
from course_lib.grading.sandbox import isolation
from course_lib.grading.sandbox.box import Limits
from course_lib.grading.work import Stamp, Work, digest
from course_lib.sweep import engines
from course_lib.sweep.drive import DEATHS, drive
from course_lib.teaching import exercises
from course_lib.teaching.exercises import Exercise
from course_lib.teaching.verdict import NOT_YET

LOST = "The gradebook was not there any more: points and comments that a person gave were only in it, and are gone."


def grade(
    root: Path,
    submissions: Path,
    lesson: str,
    out: Path,
    *,
    jobs: int | None = None,
    url: str | None = None,
    due: datetime | None = None,
    late: float | None = None,
    seed: int | None = None,
    limits: Limits | None = None,
    unsafe: bool = False,
    roster: Path | None = None,
    received: Path | None = None,
    again: Collection[str] = (),
    withdraw: Collection[str] = (),
    tell: Callable[[str], None] = lambda sentence: None,
) -> list[Graded]:
    """Grade all submissions of a lesson into the folder `out`, and return the results sorted by student.

    Args:
        root: the course, for the students' notebook. lesson: such as "02". jobs: submissions at a time; None: one per core.
        url: of the gradebook, any SQLAlchemy URL; an sqlite file in `out` if None.
        due: the deadline (`times.NONE`: none any more); late: share of a submission's points that each begun day after it
            costs; None: as kept in `out`.
        seed: of the inputs; drawn once and kept in `out` if None, so that all students get the same and none knows them.
        limits: of each exercise. unsafe: without a sandbox.
        roster: a table of the class. received: a table of when the platform got each submission; None: as kept in `out`.
        again: students who are graded again though nothing changed, or "all".
        withdraw: students, or "all", who may go from the gradebook with what a person gave them, as their submission did.
        tell: is given sentences about the call, such as which deadline counts.

    Raises:
        CourseError: one sentence, before anything is graded, for what is missing or wrong; or for a full disk and a
            gradebook that fails, after which everything that was finished is still there.
    """
    if not unsafe and (lack := isolation.missing()):
        raise CourseError(
            f"submissions cannot be isolated here: {lack} (--unsafe grades without isolation: only for code you trust.)"
        )
    if not unsafe:
        _refuse_readable(root, submissions, out, seeds.folder())
    check_share("--late-penalty", late or 0.0)
    name, book, path = _lesson(root, lesson)
    url = places.resolved(url or f"{gradebook.SQLITE}{(out / 'gradebook.db').resolve()}")
    with places.in_words(out), tempfile.TemporaryDirectory(prefix="course-grade-") as private:
        found = collect(submissions, name, _released(book), Path(private))
        out.mkdir(parents=True, exist_ok=True)
        with places.alone(out, url):
            terms, found = applied(agree(out, name, due, late, roster, received), found)
            work = _work(lesson, out, book, path, seeds.seed_of(out, name, seed), limits or Limits(), unsafe, again)
            found = list(map(work.dated, found))
            work.check(found)
            lost = places.is_new(url) and any(work.folder.glob("*.json"))
            gradebook.prepare(url, name, book, terms.due, out)
            formgrader.rubrics(out, name, root / "solutions" / f"{name}.ipynb")
            _refuse_loss(work.gone(found), withdraw, gradebook.by_hand(url, name))
            kept = _recorded(found, work, jobs, url, book, out)
            withdrawn = [_withdraw(student, url, name, out) for student in work.gone(found)]
            graded = _settled(kept, work, terms, url, out)
            enrolment.enrol(url, graded)
            said = [*terms.said, *([LOST] if lost else []), *_sentences(terms, withdrawn), *terms.doubts(graded)]
            pages.summaries(graded, name, out, pages.report(said, _alike(graded, lesson, book, root, out)))
    for sentence in said:
        tell(sentence)
    return graded


def _refuse_loss(gone: Sequence[str], withdraw: Collection[str], by_hand: Collection[str]) -> None:
    names = [student for student in gone if student in by_hand and not {student, "all"} & set(withdraw)]
    if names:
        raise CourseError(
            f"{', '.join(names)} handed in before and would be taken out of the gradebook, with the points or comments that "
            "a person gave: give the folder of the whole class, or --withdraw NAME (or all) where that is meant."
        )


def _work(
    lesson: str, out: Path, book: NotebookNode, path: Path, seed: int, limits: Limits, unsafe: bool, again: Collection[str]
) -> Work:
    name = path.stem
    key = {"seed": seeds.fingerprint(seed), "judging": versions.judging(lesson, path)}
    written = tuple(cells_of(book, name))
    return Work(lesson, name, out / "results" / name, key, limits, unsafe, written, frozenset(again), seed)


def _recorded(
    found: Sequence[Submission], work: Work, jobs: int | None, url: str, book: NotebookNode, out: Path
) -> dict[Submission, tuple[Result, Stamp]]:
    """Grade what is not graded yet, put it into the gradebook unless it is there already, and return all that is kept."""
    held = gradebook.scores(url, work.name)
    kept: dict[Submission, tuple[Result, Stamp]] = {}

    def keep(submission: Submission, result: Result, recorded: Stamp | None) -> None:
        stamp = [submission.submitted.isoformat(), hashlib.sha256(url.encode()).hexdigest()[:16]]
        there = submission.student in held and gradebook.notebook_of(out, work.name, submission.student).exists()
        if not recorded or recorded[:2] != stamp or not there:
            path = gradebook.record(url, work.name, book, result, submission.submitted, out, work.cells(submission, result))
            gradebook.keep_beside(path, submission.path)
            recorded = [*stamp, ""]
            work.write(submission, result, recorded)
        kept[submission] = result, recorded

    _grade_all(found, work, jobs, keep)
    return kept


def _settled(kept: Mapping[Submission, tuple[Result, Stamp]], work: Work, terms: Terms, url: str, out: Path) -> list[Graded]:
    """Bring penalties into step with what was earned by now, and students' pages with the gradebook; return all, sorted."""
    held = gradebook.settle(url, work.name, {one.student: terms.lateness(one)[1] for one in kept})
    graded = []
    for submission, (result, recorded) in kept.items():
        entry = terms.graded(submission, result, held[submission.student])
        graded.append(entry)
        page = out / "feedback" / submission.student / work.name / f"{work.name}.html"
        made_from = pages.made_from(entry)
        if recorded[2] != made_from or not page.exists():
            words = composing.words(gradebook.notebook_of(out, work.name, submission.student))
            write_text(page, pages.student(entry, words))
            work.write(submission, result, [*recorded[:2], made_from])
    return sorted([*graded, *terms.absent(graded[0].scored)], key=lambda entry: entry.result.student)


def _alike(graded: Sequence[Graded], lesson: str, book: NotebookNode, root: Path, out: Path) -> list[Alike]:
    """Return which students' answers are alike, apart from what everybody was given and from the official ones."""
    name = graded[0].lesson
    solved = root / "solutions" / f"{name}.ipynb"
    official = json.loads(solved.read_text(encoding="utf-8"))["cells"] if solved.exists() else []
    texts = [cell.source for cell in book.cells] + ["".join(cell["source"]) for cell in official]
    asked = []
    for place, exercise in enumerate(exercises.of(lesson)):
        if isinstance(exercise, Exercise):
            answers = {entry.result.student: entry.result.marks[place].source for entry in graded}
            known = [text for text in texts if f"def {exercise.name}" in text] + [inspect.getsource(exercise.reference)]
            asked.append(likeness.Asked(exercise.name, answers, known))
    return likeness.in_class(asked, out / "results" / f"{name}-likeness.json")


def _sentences(terms: Terms, withdrawn: Sequence[str]) -> list[str]:
    said = [f"Due {terms.due:%Y-%m-%d %H:%M} UTC."] if terms.due else []
    if unknown := terms.unknown():
        said.append(f"Not in the roster: {', '.join(unknown)}.")
    if withdrawn:
        said.append(f"No longer among the submissions, and taken out of all tables: {', '.join(withdrawn)}.")
    return said


def _withdraw(student: str, url: str, name: str, out: Path) -> str:
    """Take out what was kept of a student who is no longer among the submissions; return the student."""
    gradebook.withdraw(url, name, student)
    for path in (
        out / "feedback" / student / name / f"{name}.html",
        *(out / "autograded" / student / name / file for file in (*gradebook.EXCHANGE, f"{name}.ipynb")),
        out / "results" / name / "cells" / f"{student}.json",
        out / "results" / name / f"{student}.json",  # last: a call that is killed before it withdraws again
    ):
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # a folder with something else in it stays
            path.parent.rmdir()
            path.parent.parent.rmdir()
    return student


def _refuse_readable(*folders: Path) -> None:
    for folder in folders:
        for place in isolation.readable():
            if folder.resolve().is_relative_to(os.path.realpath(place)):
                raise CourseError(f"{folder} was given; it lies within {place}, which student code can read: move it.")


def preflight(path: Path) -> Result:
    """Return what would be graded of a student's own notebook, whose name says the lesson; drawn inputs, no isolation."""
    if not path.name[:2].isdigit() or not exercises.of(path.name[:2]):
        raise CourseError(
            f"{path.name} was given; a lesson's notebook is called NN_name.ipynb, such as 02_l1_filter_pruning.ipynb."
        )
    return mark(path, "you", path.name[:2], secrets.randbits(32), Limits(), unsafe=True)


def _grade_one(work: Work, submission: Submission) -> Result:
    """Grade a submission and put its result away; this runs in a process of its own."""
    result = mark(submission.path, submission.student, work.lesson, work.seed, work.limits, work.unsafe, work.written)
    work.keep_cells(submission)
    work.write(submission, result, None)
    return result


def _grade_all(
    found: Sequence[Submission],
    work: Work,
    jobs: int | None,
    keep: Callable[[Submission, Result, Stamp | None], None],
) -> None:
    """Hand each submission's result to `keep` as it comes, kept ones first, with its gradebook stamp."""
    from tqdm import tqdm

    todo: list[Submission] = []
    with tqdm(total=len(found), desc=f"grading {work.name}", unit="submission") as bar:

        def finish(submission: Submission, result: Result, recorded: Stamp | None = None) -> bool:
            bar.update()
            keep(submission, result, recorded)
            return True

        for submission in found:
            if (known := work.known(submission)) is not None:
                finish(submission, *known)
            elif submission.problem:
                finish(submission, _without(work, submission, submission.problem))
            else:
                todo.append(submission)
        if not todo:
            return
        with engines.start("local", min(jobs or os.cpu_count() or 1, len(todo)), "cpu") as engine:

            def step(submission: Submission) -> Future[Result]:
                return engine.submit(_grade_one, work, submission)

            def give_up(submission: Submission, error: BaseException) -> None:
                finish(submission, _lost(work, submission))

            drive(todo, step, finish, give_up, engine.lost, engine.slots)


def _lost(work: Work, submission: Submission) -> Result:
    return _without(work, submission, f"The process that graded it died {DEATHS} times; grade it by hand.")


def _without(work: Work, submission: Submission, why: str) -> Result:
    marks = tuple(Mark(exercise.name, NOT_YET, 0.0, exercise.points, why) for exercise in exercises.of(work.lesson))
    return Result(submission.student, digest(submission), marks, why)


def _lesson(root: Path, lesson: str) -> tuple[str, NotebookNode, Path]:
    books = sorted((root / "notebooks").glob(f"{lesson}_*.ipynb"))
    if len(books) != 1 or not exercises.of(lesson):
        known = ", ".join(sorted({exercise.lesson for exercise in exercises.everything()}))
        raise CourseError(f"--lesson {lesson} was given; there are {known}.")
    return books[0].stem, nbformat.read(books[0], 4), books[0]


def _released(book: NotebookNode) -> frozenset[str]:
    """Return the code that every student got."""
    return frozenset(cell.source.strip() for cell in book.cells if cell.cell_type == "code")
