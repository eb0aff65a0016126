"""Execute lessons with papermill and report how each went."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.errors import CourseError
from course_lib.files import write_text
from course_lib.notebook import OPENED
from course_lib.starting import quickly
from course_lib.validation import guard, minutes, page
from course_lib.validation.lesson import Asked, Lesson, Timed
from course_lib.validation.minutes import Measured

if TYPE_CHECKING:
    from nbformat import NotebookNode

PATIENCE = 5  # times the recorded seconds: a guard against hangs, not a speed test
UNRECORDED = 1800.0  # seconds, for a lesson that was never recorded


def validate(
    root: Path,
    mode: str = "laptop",
    names: Sequence[str] = (),
    *,
    folder: str = "solutions",
    out: Path | None = None,
    jobs: int | None = None,
    record: bool = False,
) -> list[Lesson]:
    """Execute the lessons of `folder` and return how each went; write a page about all of them to `out`/index.html.

    Args:
        root: the repository. mode: "ci", "laptop" or "full". names: how the file names start; empty for all.
        folder: "solutions", where every exercise must be correct, or "notebooks", where none may be attempted.
        out: where the executed notebooks go; runs/validation/MODE if None.
        jobs: lessons at a time, one thread each; one per core if None. A single lesson gets all the threads.
        record: write the seconds to results/lessons/minutes.json, if every lesson is well.

    Raises:
        CourseError: for an unknown mode or lesson.
    """
    import joblib
    from tqdm import tqdm

    from course_lib.teaching import modes

    modes.get(mode)
    # The template for networks of one's own comes last; it has no exercises, so that both folders have the same.
    found = [*sorted((root / folder).glob("[0-9][0-9]_*.ipynb")), *(root / "own").glob("*.ipynb")]
    paths = [path for path in found if not names or path.name.startswith(tuple(names))]
    if names and not paths:
        raise CourseError(f"{', '.join(names)} was given; there is no such lesson in {folder}/.")
    out = (out or root / "runs" / "validation" / mode).resolve()
    out.mkdir(parents=True, exist_ok=True)
    cores = joblib.cpu_count()
    jobs = max(1, min(jobs or cores, len(paths)))
    threads = cores if jobs == 1 else 1
    known = minutes.recorded(root)
    tasks = [
        joblib.delayed(_execute)(path, mode, out / path.name, threads, _limit(known, path.stem, mode)) for path in paths
    ]
    before = guard.files(root, out)
    # Processes: papermill changes the folder and the environment of its whole process.
    runs = joblib.Parallel(jobs, return_as="generator_unordered")(tasks)
    lessons = sorted(tqdm(runs, total=len(tasks), desc=f"lessons ({mode})", unit="lesson"), key=lambda lesson: lesson.name)
    written = sorted(guard.files(root, out) ^ before)
    for lesson in lessons:
        lesson.problem = lesson.problem or _exercise_problem(lesson, folder)
        if written and not lesson.problem:
            path = written[0][0]
            lesson.problem = f"{path} was written, changed or removed while {lesson.name} ran; a lesson leaves no trace."
    write_text(out / "index.html", page.render(lessons, mode, folder, cores, threads))
    if record and all(not lesson.problem for lesson in lessons):
        minutes.record(root, lessons, mode, cores, threads)
    return lessons


def _execute(path: Path, mode: str, target: Path, threads: int, limit: float) -> Lesson:
    with quickly():
        import nbformat
        import papermill
        from jupyter_client.kernelspec import NoSuchKernel
        from nbclient.exceptions import CellTimeoutError, DeadKernelError
        from papermill.exceptions import PapermillExecutionError

    lesson, started = Lesson(path.stem), time.perf_counter()
    try:
        book = nbformat.read(path, 4)
    except (ValueError, nbformat.ValidationError) as error:  # the first is also what a JSON error is
        lesson.problem = f"{path.name} is not a notebook ({type(error).__name__}); `course build` writes it again."
        return lesson
    book.cells.insert(0, nbformat.v4.new_code_cell(guard.CELL, id="guard"))
    source = target.with_suffix(".source.ipynb")
    nbformat.write(book, source)
    settings = {"OMP_NUM_THREADS": str(threads), "COURSE_MODE": mode, "TQDM_DISABLE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    here, environment = Path.cwd(), dict(os.environ)
    os.environ.update(settings)  # papermill's kernels inherit them
    os.environ.pop(OPENED, None)  # what is validated earns nobody points
    try:
        papermill.execute_notebook(
            str(source), str(target), {"MODE": mode}, cwd=str(path.parent), kernel_name="python3", progress_bar=False,
            execution_timeout=math.ceil(limit),
        )  # fmt: skip
    except PapermillExecutionError as error:
        lesson.problem = f"{path.name} stops with {error.ename}: {error.evalue} (in the cell {_first_line(error.source)!r})."
    except CellTimeoutError:
        lesson.problem = f"{path.name} has a cell that runs for more than {limit:.0f} seconds, five times what was recorded."
    except NoSuchKernel:
        lesson.problem = (
            f"{path.name} cannot run: no kernel 'python3' is registered; `python -m ipykernel install --sys-prefix`."
        )
    except DeadKernelError:
        lesson.problem = f"{path.name} lost its kernel: it was killed, or ran out of memory."
    finally:
        source.unlink(missing_ok=True)
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environment)
    lesson.seconds = time.perf_counter() - started
    if target.exists():
        _read(lesson, nbformat.read(target, 4))
    return lesson


def _read(lesson: Lesson, book: NotebookNode) -> None:
    times: list[Timed] = []
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        times.append(Timed(cell.id, cell.metadata.get("papermill", {}).get("duration") or 0.0, _first_line(cell.source)))
        facts = cell.metadata.get("nbgrader", {})
        if facts.get("grade") and not facts.get("solution"):
            shown: dict[str, Any] = next((o.data for o in cell.outputs if o.output_type == "execute_result"), {})
            words = str(shown.get("text/html", ""))
            points = math.nan
            state = next((s for s in ("not-attempted", "not-yet", "correct") if f'data-state="{s}"' in words), "no verdict")
            with suppress(ValueError):
                points = float(shown.get("text/plain", "nan"))
            name = facts["grade_id"].split("-")[1]
            lesson.exercises.append(Asked(name, state.replace("-", " "), points, facts["points"]))
    lesson.slowest = sorted(times, key=lambda timed: -timed.seconds)[:5]


def _exercise_problem(lesson: Lesson, folder: str) -> str:
    wanted = "correct" if folder == "solutions" else "not attempted"
    for name, state, points, out_of in lesson.exercises:
        if state != wanted or points != (out_of if folder == "solutions" else 0):
            return (
                f"{lesson.name}: exercise {name} is {state!r} with {points:g} of {out_of:g} points; it should be {wanted!r}."
            )
    return ""


def _first_line(source: str) -> str:
    return next((line.strip() for line in source.splitlines() if line.strip()), "")[:80]


def _limit(known: Mapping[str, Mapping[str, Measured]], name: str, mode: str) -> float:
    return max(120.0, PATIENCE * known[name][mode]["seconds"]) if mode in known.get(name, {}) else UNRECORDED
