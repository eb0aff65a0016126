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
from course_lib.grading import composing, formgrader, gradebook, isolation, pages, seeds
from course_lib.grading.marking import mark
from course_lib.grading.reading import hash_of
from course_lib.grading.results import Graded, Mark, Result
from course_lib.grading.sandbox import Limits
from course_lib.grading.submissions import Submission, collect
from course_lib.sweep import engines
from course_lib.sweep.drive import DEATHS, drive
from course_lib.teaching import exercises
from course_lib.teaching.verdict import NOT_YET

DAY = 86_400.0  # seconds
# What an entry was made from, as JSON: the time of handing in and the gradebook's URL; and what its page was made from.
Stamp = list[Any]


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
        _refuse_readable(root, submissions, out, seeds.folder())
    check_share("late", late)
    name, book = _lesson(root, lesson)
    found = collect(submissions, name)
    out.mkdir(parents=True, exist_ok=True)
    url = url or f"{gradebook.SQLITE}{(out / 'gradebook.db').resolve()}"
    try:
        with FileLock(out / ".lock", timeout=0):
            gradebook.prepare(url, name, book, due, out)
            formgrader.rubrics(out, name, root / "solutions" / f"{name}.ipynb")
            seed = seeds.seed_of(out, name, seed)
            key = {"seed": seeds.fingerprint(seed), "course_lib": course_lib.__version__}
            written = [cell.metadata.nbgrader.grade_id for cell in book.cells if _by_hand(cell)]
            work = _Work(lesson, name, out / "results" / name, key, limits or Limits(), unsafe, tuple(written), seed)
            held = gradebook.scores(url, name)
            kept: dict[Submission, tuple[Result, Stamp]] = {}

            def keep(submission: Submission, result: Result, recorded: Stamp | None) -> None:
                stamp = [submission.submitted.isoformat(), url]
                there = submission.student in held and gradebook.notebook_of(out, name, submission.student).exists()
                if not recorded or recorded[:2] != stamp or not there:
                    gradebook.record(url, name, book, result, submission.submitted, out, work.cells(submission, result))
                    recorded = [*stamp, ""]
                    work.write(submission, result, recorded)
                kept[submission] = result, recorded

            _grade_all(found, work, jobs, keep)
            graded = _settled(url, work, kept, due, late, out)
            pages.summaries(graded, name, out)
    except Timeout as error:
        raise CourseError(f"another process is grading into {out}; wait for it, or stop it.") from error
    return graded


def _settled(
    url: str,
    work: _Work,
    kept: Mapping[Submission, tuple[Result, Stamp]],
    due: datetime | None,
    late: float,
    out: Path,
) -> list[Graded]:
    """Bring penalties into step with what was earned by now, and students' pages with the gradebook; return all, sorted."""
    days = {submission: _days(submission, due) for submission in kept}
    shares = {submission.student: min(1.0, late * days[submission]) for submission in kept}
    held = gradebook.settle(url, work.name, shares)
    graded = []
    for submission, (result, recorded) in sorted(kept.items(), key=lambda item: item[0].student):
        student = submission.student
        entry = Graded(
            work.name, result, submission.submitted, days[submission], shares[student], held[student], submission.others
        )
        graded.append(entry)
        page = out / "feedback" / student / work.name / f"{work.name}.html"
        made_from = pages.made_from(entry)
        if recorded[2] != made_from or not page.exists():
            words = composing.words(gradebook.notebook_of(out, work.name, student))
            write_text(page, pages.student(entry, words))
            work.write(submission, result, [*recorded[:2], made_from])
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
    """What all submissions of a call share. written: grade_ids of the questions that a person grades."""

    lesson: str
    name: str
    folder: Path
    key: Mapping[str, Any]
    limits: Limits
    unsafe: bool
    written: tuple[str, ...]
    seed: int

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

    def keep_cells(self, submission: Submission) -> None:
        """Put the cells of a submission away, for its graded notebook."""
        cells = composing.keep(submission.path)
        write_json(
            self.folder / "cells" / f"{submission.student}.json", {"digest": hash_of(submission.path), "cells": cells}
        )

    def cells(self, submission: Submission, result: Result) -> list[composing.Kept]:
        """Return the cells of exactly the file that was graded; none if they are not there."""
        try:
            kept = json.loads((self.folder / "cells" / f"{submission.student}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return kept["cells"] if kept["digest"] == result.digest else []


def _grade_one(work: _Work, submission: Submission) -> Result:
    """Grade a submission and put its result away; this runs in a process of its own."""
    result = mark(submission.path, submission.student, work.lesson, work.seed, work.limits, work.unsafe, work.written)
    work.keep_cells(submission)
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


def _days(submission: Submission, due: datetime | None) -> int:
    """Return the begun days after the deadline."""
    seconds = (submission.submitted - due).total_seconds() if due else 0.0
    return max(0, -int(-seconds // DAY))


def _lesson(root: Path, lesson: str) -> tuple[str, NotebookNode]:
    books = sorted((root / "notebooks").glob(f"{lesson}_*.ipynb"))
    if len(books) != 1 or not exercises.of(lesson):
        known = ", ".join(sorted({exercise.lesson for exercise in exercises.everything()}))
        raise CourseError(f"--lesson {lesson} was given; there are {known}.")
    return books[0].stem, nbformat.read(books[0], 4)


def _by_hand(cell: NotebookNode) -> bool:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith("-explain")
