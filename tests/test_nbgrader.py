"""The folder is an nbgrader course as it is: generate, autograde, and the points come out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_lib import authoring
from course_lib.kernel import METADATA

ROOT = Path(__file__).parent.parent
LESSONS = [path.stem for path in authoring.lessons(ROOT)]
HEAVY = ("train.", "measure.", "slim.", "widgets.", "figures.", "masks", "bench", "use(")


def nbgrader(course, *arguments):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COURSE_MODE": "ci"}
    environment |= {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    line = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(line, cwd=course, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    shutil.copytree(
        ROOT / "solutions", course / "solutions", ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    )
    (course / "solutions" / ".ruff_cache").mkdir(exist_ok=True)  # what tools leave behind must not be released
    return course


@pytest.fixture(scope="module")
def generated(course):
    nbgrader(course, "generate_assignment", ".", "--force", "--create")
    return course


def test_the_release_has_the_student_notebooks_byte_for_byte_and_nothing_else(generated):
    released = {path.name for path in (generated / "notebooks").iterdir()}
    assert released == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    for name in released:
        ours, theirs = (folder / "notebooks" / name for folder in (ROOT, generated))
        assert nbformat.read(theirs, 4) == nbformat.read(ours, 4)
        assert theirs.read_text().rstrip() == ours.read_text().rstrip()


def without_training(book):
    """The lesson without the cells that train: they earn no points, and the lesson as a whole runs in other tests."""
    imports = next(cell.source for cell in book.cells if cell.source.startswith("import copy")).split("\nmode =")[0]
    book.cells = [
        cell
        for cell in book.cells
        if "nbgrader" in cell.metadata or cell.cell_type == "markdown" or not any(word in cell.source for word in HEAVY)
    ]
    book.cells.insert(0, nbformat.v4.new_code_cell(imports))
    return book


@pytest.mark.heavy
def test_autograde_gives_the_stub_nothing_and_the_solution_all_auto_graded_points(generated):
    for student, source in (("stub", generated / "notebooks"), ("solved", generated / "solutions")):
        place = generated / "submitted" / student
        place.mkdir(parents=True)
        for lesson in LESSONS:
            nbformat.write(without_training(nbformat.read(source / f"{lesson}.ipynb", 4)), place / f"{lesson}.ipynb")
    nbgrader(generated, "autograde", ".", "--force")

    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{generated}/gradebook.db") as book:
        for lesson in LESSONS:
            points = {}
            for student in ("stub", "solved"):
                grades = book.find_submission_notebook(lesson, ".", student).grades
                automatic = [grade for grade in grades if grade.name.endswith("-check")]
                points[student] = (sum(grade.auto_score for grade in automatic), sum(grade.max_score for grade in automatic))
            full = sum(e.points for e in authoring.source.exercises.of(lesson[:2]))
            assert points == {"stub": (0.0, full), "solved": (full, full)}, lesson


def test_notebooks_name_the_kernel_that_every_environment_has():
    for folder in ("solutions", "notebooks"):
        for path in (ROOT / folder).glob("*.ipynb"):
            assert nbformat.read(path, 4).metadata.kernelspec == METADATA["kernelspec"]
