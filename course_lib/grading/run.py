"""A class: every submission graded once, in parallel, into one folder; killed, the next call goes on."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from filelock import FileLock, Timeout
from nbformat import NotebookNode

import course_lib
from course_lib.errors import CourseError, check_share
from course_lib.files import write_json, write_text
from course_lib.grading import gradebook, isolation, pages
from course_lib.grading.marking import mark
from course_lib.grading.reading import Cell, cells_of, hash_of
from course_lib.grading.results import Graded, Mark, Result
from course_lib.grading.sandbox import Limits
from course_lib.grading.submissions import Submission, collect
from course_lib.sweep import engines
from course_lib.sweep.drive import DEATHS, drive
from course_lib.teaching import exercises
from course_lib.teaching.verdict import NOT_YET

DAY = 86_400.0  # seconds
Stamp = list[Any]  # what a gradebook entry was made from, as JSON: the time of handing in, the penalty, the gradebook's URL


def grade(
    root: Path,
    submissions: Path,
    lesson: str,
    out: Path,
    *,
    jobs: int | None = None,
    url: str | None = None,
    due: datetime | None = None,
    late: float = 0.0,
    seed: int | None = None,
    limits: Limits | None = None,
    unsafe: bool = False,
) -> list[Graded]:
    """Grade all submissions of a lesson into the folder `out`, and return the results sorted by student.

    Args:
        root: the course, for the students' notebook. lesson: such as "02". jobs: submissions at a time; None: one per core.
        url: of the gradebook, any SQLAlchemy URL; an sqlite file in `out` if None.
        due: the deadline; late: share of a submission's points that each begun day after it costs.
        seed: of the inputs; drawn once and kept in `out` if None, so that all students get the same and none knows them.
        limits: of each exercise. unsafe: without a sandbox.

    Raises:
        CourseError: one sentence, before anything is graded, for what is missing or wrong.
    """
    if not unsafe and (lack := isolation.missing()):
        raise CourseError(
            f"submissions cannot be isolated here: {lack} (--unsafe grades without isolation: only for code you trust.)"
        )
    if not unsafe:
        _refuse_readable(root, submissions, out)
    check_share("late", late)
    name, book = _lesson(root, lesson)
    found = collect(submissions, name)
    out.mkdir(parents=True, exist_ok=True)
    url = url or f"{gradebook.SQLITE}{(out / 'gradebook.db').resolve()}"
    try:
        with FileLock(out / ".lock", timeout=0):
            gradebook.prepare(url, name, book, due, out)
            key = {"seed": _seed(out, name, seed), "course_lib": course_lib.__version__}
            written = cells_of(book, name)
            work = _Work(lesson, name, out / "results" / name, key, limits or Limits(), unsafe, tuple(written))
            graded: list[Graded] = []

            def keep(submission: Submission, result: Result, recorded: Stamp | None) -> None:
                dated = _dated(name, submission, result, due, late)
                graded.append(dated)
                stamp = [submission.submitted.isoformat(), dated.penalty, url]
                if recorded != stamp:  # never twice: a person may have changed the score in formgrader meanwhile
                    gradebook.record(url, name, book, result, submission.submitted, dated.penalty, out)
                    write_text(out / "feedback" / submission.student / name / f"{name}.html", pages.student(dated))
                    work.write(submission, result, stamp)

            _grade_all(found, work, jobs, keep)
            graded.sort(key=lambda dated: dated.result.student)
            pages.summaries(graded, name, out)
    except Timeout as error:
        raise CourseError(f"another process is grading into {out}; wait for it, or stop it.") from error
    return graded


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


@dataclass(frozen=True)
class _Work:
    """What all submissions of a call share. written: the cells of the students' notebook."""

    lesson: str
    name: str
    folder: Path
    key: Mapping[str, Any]
    limits: Limits
    unsafe: bool
    written: tuple[Cell, ...]

    def path(self, submission: Submission) -> Path:
        return self.folder / f"{submission.student}.json"

    def known(self, submission: Submission) -> tuple[Result, Stamp | None] | None:
        """Return what is kept of exactly this file, graded with exactly these inputs, and its stamp in the gradebook."""
        try:
            kept = json.loads(self.path(submission).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        if kept["key"] != self.key or kept["result"]["digest"] != hash_of(submission.path):
            return None
        return Result.of(kept["result"]), kept["recorded"]

    def write(self, submission: Submission, result: Result, recorded: Stamp | None) -> None:
        write_json(self.path(submission), {"key": self.key, "result": result.plain(), "recorded": recorded})


def _grade_one(work: _Work, submission: Submission) -> Result:
    """Grade a submission and put its result away; this runs in a process of its own."""
    seed = work.key["seed"]
    result = mark(submission.path, submission.student, work.lesson, seed, work.limits, work.unsafe, work.written)
    work.write(submission, result, None)
    return result


def _grade_all(
    found: Sequence[Submission],
    work: _Work,
    jobs: int | None,
    keep: Callable[[Submission, Result, Stamp | None], None],
) -> None:
    """Hand each submission's result to `keep` as it comes, kept ones first, with its gradebook stamp."""
    from tqdm.auto import tqdm

    todo: list[Submission] = []
    with tqdm(total=len(found), desc=f"grading {work.name}", unit="submission") as bar:

        def finish(submission: Submission, result: Result, recorded: Stamp | None = None) -> bool:
            bar.update()
            keep(submission, result, recorded)
            return True

        for submission in found:
            known = work.known(submission)
            if known is None:
                todo.append(submission)
            else:
                finish(submission, *known)
        if not todo:
            return
        with engines.start("local", min(jobs or os.cpu_count() or 1, len(todo)), "cpu") as engine:

            def step(submission: Submission) -> Future[Result]:
                return engine.submit(_grade_one, work, submission)

            def give_up(submission: Submission, error: BaseException) -> None:
                finish(submission, _lost(work, submission))

            drive(todo, step, finish, give_up, engine.lost, engine.slots)


def _lost(work: _Work, submission: Submission) -> Result:
    reason = f"The process that graded it died {DEATHS} times; grade it by hand."
    marks = tuple(Mark(exercise.name, NOT_YET, 0.0, exercise.points, reason) for exercise in exercises.of(work.lesson))
    return Result(submission.student, hash_of(submission.path), marks, reason)


def _dated(name: str, submission: Submission, result: Result, due: datetime | None, late: float) -> Graded:
    seconds = (submission.submitted - due).total_seconds() if due else 0.0
    days = max(0, -int(-seconds // DAY))
    penalty = min(1.0, late * days) * result.points
    return Graded(name, result, submission.submitted, days, penalty, submission.others)


def _lesson(root: Path, lesson: str) -> tuple[str, NotebookNode]:
    books = sorted((root / "notebooks").glob(f"{lesson}_*.ipynb"))
    if len(books) != 1 or not exercises.of(lesson):
        known = ", ".join(sorted({exercise.lesson for exercise in exercises.everything()}))
        raise CourseError(f"--lesson {lesson} was given; there are {known}.")
    return books[0].stem, nbformat.read(books[0], 4)


def _seed(out: Path, name: str, seed: int | None) -> int:
    """Return the seed of a lesson's inputs, which is kept for later calls and belongs to the instructor alone."""
    path = out / "seeds.json"
    seeds = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if seed is not None or name not in seeds:
        seeds[name] = secrets.randbits(32) if seed is None else seed
        write_json(path, seeds)
        path.chmod(0o600)
    return seeds[name]
