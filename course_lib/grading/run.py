"""A class: every submission graded once, in parallel, into one folder; killed, the next call goes on."""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from filelock import FileLock, Timeout
from nbformat import NotebookNode

import course_lib
from course_lib.errors import CourseError
from course_lib.files import write_json, write_text
from course_lib.grading import gradebook, pages, sandbox
from course_lib.grading.marking import mark
from course_lib.grading.reading import hash_of
from course_lib.grading.results import Graded, Mark, Result
from course_lib.grading.sandbox import Limits
from course_lib.grading.submissions import Submission, collect
from course_lib.sweep import engines
from course_lib.teaching import exercises

DAY = 86_400.0  # seconds
DEATHS = 2  # of a process that had a submission in hand: then the submission is to blame


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
    """Grade all submissions of a lesson into the folder `out`, and return what came of them, by student.

    Args:
        root: the course, for the students' notebook. lesson: such as "02". jobs: submissions at a time; None: one per core.
        url: of the gradebook, any of SQLAlchemy's; an sqlite file in `out` if None.
        due: when it was to be handed in; late: share of a submission's points that each begun day later takes off.
        seed: of the inputs; drawn once and kept in `out` if None, so that all students get the same and none knows them.
        limits: of each exercise. unsafe: without a sandbox.

    Raises:
        CourseError: one sentence, before anything is graded, for what is missing or wrong.
    """
    if not unsafe and (told := sandbox.missing()):
        raise CourseError(
            f"submissions cannot be isolated here: {told} (--unsafe grades without isolation: only code you trust.)"
        )
    if not unsafe:
        _refuse_readable(root, submissions, out)
    if not 0 <= late <= 1:
        raise CourseError(f"late={late} was given; it is the share of the points that a day takes, between 0 and 1.")
    name, book = _lesson(root, lesson)
    found = collect(submissions, name)
    out.mkdir(parents=True, exist_ok=True)
    url = url or f"{gradebook.SQLITE}{(out / 'gradebook.db').resolve()}"
    try:
        with FileLock(out / ".lock", timeout=0):
            gradebook.prepare(url, name, book, due, out)
            key = {"seed": _seed(out, name, seed), "course_lib": course_lib.__version__}
            written = [cell.metadata.nbgrader.grade_id for cell in book.cells if _by_hand(cell)]
            work = _Work(lesson, name, out / "results" / name, key, limits or Limits(), unsafe, tuple(written))
            graded = []
            for one, result, recorded in _results(found, work, jobs):
                graded.append(_dated(name, one, result, due, late))
                stamp = [one.submitted.isoformat(), graded[-1].penalty, url]
                if recorded != stamp:  # never twice: a person may have changed the score in formgrader meanwhile
                    gradebook.record(url, name, book, result, one.submitted, graded[-1].penalty, out)
                    write_text(out / "feedback" / one.student / name / f"{name}.html", pages.student(graded[-1]))
                    write_json(work.path(one), {"key": key, "result": result.plain(), "recorded": stamp})
            graded.sort(key=lambda one: one.result.student)
            pages.summaries(graded, name, out)
    except Timeout as error:
        raise CourseError(f"another process is grading into {out}; wait for it, or stop it.") from error
    return graded


def _refuse_readable(*folders: Path) -> None:
    for folder in folders:
        for place in sandbox.readable():
            if folder.resolve().is_relative_to(os.path.realpath(place)):
                raise CourseError(f"{folder} was given; it lies within {place}, which student code can read. Move it.")


def preflight(path: Path) -> Result:
    """Return what would be graded of a student's own notebook, whose name says the lesson; drawn inputs, no isolation."""
    if not path.name[:2].isdigit() or not exercises.of(path.name[:2]):
        raise CourseError(
            f"{path.name} was given; a lesson's notebook is called NN_name.ipynb, such as 02_l1_filter_pruning.ipynb."
        )
    return mark(path, "you", path.name[:2], secrets.randbits(32), Limits(), unsafe=True)


@dataclass(frozen=True)
class _Work:
    """What all submissions of a call share."""

    lesson: str
    name: str
    folder: Path
    key: Mapping[str, Any]
    limits: Limits
    unsafe: bool
    written: tuple[str, ...]

    def path(self, one: Submission) -> Path:
        return self.folder / f"{one.student}.json"

    def known(self, one: Submission) -> dict[str, Any] | None:
        """Return what is kept of exactly this file, graded with exactly these inputs."""
        try:
            kept = json.loads(self.path(one).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        same = kept["key"] == self.key and kept["result"]["digest"] == hash_of(one.path)
        return kept if same else None


def _grade_one(work: _Work, one: Submission) -> Result:
    """Grade a submission and put its result away: what runs in a process of its own."""
    seed = work.key["seed"]
    result = mark(one.path, one.student, work.lesson, seed, work.limits, work.unsafe, work.written)
    write_json(work.path(one), {"key": work.key, "result": result.plain(), "recorded": None})
    return result


def _results(found: Sequence[Submission], work: _Work, jobs: int | None) -> Iterator[tuple[Submission, Result, Any]]:
    """Yield each submission with its result, as they come, and how it is recorded, if it is; kept results first."""
    from tqdm.auto import tqdm

    todo: deque[Submission] = deque()
    with tqdm(total=len(found), desc=f"grading {work.name}", unit="submission") as bar:
        for one in found:
            kept = work.known(one)
            if kept is None:
                todo.append(one)
                continue
            bar.update()
            yield one, Result.of(kept["result"]), kept["recorded"]
        if not todo:
            return
        deaths: Counter[str] = Counter()
        with engines.start("local", min(jobs or os.cpu_count() or 1, len(todo)), "cpu") as engine:
            running = {}
            while todo or running:
                while todo and len(running) < engine.slots():
                    one = todo.popleft()
                    running[engine.submit(_grade_one, work, one)] = one
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    one = running.pop(future)
                    try:
                        result = future.result()
                    except engine.lost:
                        deaths[one.student] += 1
                        if deaths[one.student] < DEATHS:
                            todo.append(one)
                            continue
                        result = _lost(work, one)
                    bar.update()
                    yield one, result, None


def _lost(work: _Work, one: Submission) -> Result:
    told = "The process that graded it died twice; grade it by hand."
    marks = tuple(Mark(exercise.name, "not yet", 0.0, exercise.points, told) for exercise in exercises.of(work.lesson))
    return Result(one.student, hash_of(one.path), marks, told)


def _dated(name: str, one: Submission, result: Result, due: datetime | None, late: float) -> Graded:
    seconds = (one.submitted - due).total_seconds() if due else 0.0
    days = max(0, -int(-seconds // DAY))
    return Graded(name, result, one.submitted, days, min(1.0, late * days) * result.points, one.others)


def _lesson(root: Path, lesson: str) -> tuple[str, NotebookNode]:
    books = sorted((root / "notebooks").glob(f"{lesson}_*.ipynb"))
    if len(books) != 1 or not exercises.of(lesson):
        known = ", ".join(sorted({one.lesson for one in exercises.everything()}))
        raise CourseError(f"--lesson {lesson} was given; there are {known}.")
    return books[0].stem, nbformat.read(books[0], 4)


def _by_hand(cell: NotebookNode) -> bool:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith("-explain")


def _seed(out: Path, name: str, seed: int | None) -> int:
    """Return the seed of a lesson's inputs, which is kept for later calls and belongs to the instructor alone."""
    path = out / "seeds.json"
    seeds = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if seed is not None or name not in seeds:
        seeds[name] = secrets.randbits(32) if seed is None else seed
        write_json(path, seeds)
        path.chmod(0o600)
    return seeds[name]
