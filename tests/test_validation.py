"""Lessons are executed as a student would, and what goes wrong is said in one sentence."""

from __future__ import annotations

import json
import os

import nbformat
import pytest

from course_lib import kernel, validation
from course_lib.errors import CourseError
from course_lib.teaching.verdict import Verdict
from course_lib.validation import minutes, run

FACTS = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "task": False, "points": 2}


def lesson(root, name, *sources, check=None, folder="solutions"):
    book = nbformat.v4.new_notebook(metadata=kernel.METADATA)
    book.cells = [nbformat.v4.new_code_cell('MODE = "laptop"', metadata={"tags": ["parameters"]})]
    book.cells += [nbformat.v4.new_code_cell(source) for source in sources]
    if check:
        source = f"from course_lib.teaching.verdict import Verdict\n\n{check!s}"
        book.cells.append(nbformat.v4.new_code_cell(source, metadata={"nbgrader": FACTS | {"grade_id": "02-norm-check"}}))
    (root / folder).mkdir(exist_ok=True)
    nbformat.write(book, root / folder / f"{name}.ipynb")


CORRECT = 'Verdict("correct", 2, 2)'


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    lesson(root, "01_well", 'print(MODE)\nassert MODE == "ci"', "open('/dev/null', 'w').write('')", check=CORRECT)
    lesson(root, "02_raises", "x = 1", "1 / 0  # here")
    lesson(root, "04_dies", "import os\nos._exit(1)")
    lesson(root, "05_wrong", check='Verdict("not yet", 1, 2)')
    lesson(root, "06_temporary", "import tempfile\nwith tempfile.TemporaryFile('w') as file:\n    file.write('x')")
    lesson(root, "01_student", check='Verdict("not attempted", 0, 2)', folder="notebooks")
    return root


@pytest.fixture(scope="module")
def done(root):
    return {outcome.name: outcome for outcome in validation.validate(root, "ci", out=root / "out", jobs=2, record=True)}


def test_a_good_lesson_passes_with_the_mode_that_was_asked_for(done):
    assert done["01_well"].problem == ""
    assert done["01_well"].exercises == [("norm", "correct", 2.0, 2)]
    assert done["06_temporary"].problem == ""


def test_a_cell_that_raises_is_named(done):
    assert done["02_raises"].problem == (
        "02_raises.ipynb stops with ZeroDivisionError: division by zero (in the cell '1 / 0  # here')."
    )


def test_a_lesson_that_writes_outside_its_temporary_folder_is_refused(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    litter = tmp_path / "solutions" / "litter.txt"
    lesson(tmp_path, "01_litters", f"open({str(litter)!r}, 'w')")
    (outcome,) = validation.validate(tmp_path, "ci", out=tmp_path / "out")
    assert f"the lesson writes to {litter}; it may write to temporary folders only." in outcome.problem
    assert not litter.exists()


WRITERS = {
    "torch": "import torch\ntorch.save(torch.zeros(1), {path!r})",
    "safetensors": "import torch\nfrom safetensors.torch import save_file\nsave_file({{'x': torch.zeros(1)}}, {path!r})",
    "another program": "import subprocess\nsubprocess.run(['touch', {path!r}], check=True)",
}


@pytest.mark.parametrize("way", WRITERS)
def test_what_the_guard_cannot_see_is_found_in_the_repository_afterwards(tmp_path, way):
    lesson(tmp_path, "01_litters", WRITERS[way].format(path=str(tmp_path / "solutions" / "litter.bin")))
    (outcome,) = validation.validate(tmp_path, "ci", out=tmp_path / "out")
    assert outcome.problem == (
        "solutions/litter.bin was written, changed or removed while 01_litters ran; a lesson leaves no trace."
    )


def test_a_file_that_is_no_notebook_is_told_and_the_others_run(tmp_path):
    lesson(tmp_path, "02_well", "pass")
    (tmp_path / "solutions" / "01_broken.ipynb").write_text("{ no json")
    broken, well = validation.validate(tmp_path, "ci", out=tmp_path / "out", jobs=1)
    assert broken.problem.startswith("01_broken.ipynb is not a notebook (")
    assert well.problem == ""


def test_a_check_without_a_number_is_no_verdict(tmp_path):
    lesson(tmp_path, "01_x", check="'correct'")
    (outcome,) = validation.validate(tmp_path, "ci", out=tmp_path / "out")
    assert "exercise norm is 'no verdict'" in outcome.problem


def test_folder_and_environment_are_as_before(tmp_path):
    before = os.getcwd(), dict(os.environ)
    lesson(tmp_path, "01_well", "import os\nos.chdir('/')\nos.environ['LEFT'] = 'over'")
    validation.validate(tmp_path, "ci", out=tmp_path / "out")
    assert (os.getcwd(), dict(os.environ)) == before


def test_a_dead_kernel_is_told(done):
    assert "lost its kernel" in done["04_dies"].problem


def test_a_solution_without_full_points_fails(done):
    assert done["05_wrong"].problem == ("05_wrong: exercise norm is 'not yet' with 1 of 2 points; it should be 'correct'.")


def test_student_notebooks_are_expected_to_be_not_attempted(root):
    (outcome,) = validation.validate(root, "ci", folder="notebooks", out=root / "out-student")
    assert (outcome.problem, outcome.exercises) == ("", [("norm", "not attempted", 0.0, 2)])


def test_the_page_tells_times_states_and_what_failed(done, root):
    page = (root / "out" / "index.html").read_text()
    assert "3 failed" in page
    assert "ZeroDivisionError" in page
    assert '<a href="01_well.ipynb">' in page
    assert nbformat.read(root / "out" / "01_well.ipynb", 4).cells[-1].outputs


def test_minutes_are_recorded_only_if_every_lesson_is_well(done, root, tmp_path):
    assert not (root / minutes.MINUTES).exists()
    lesson(tmp_path, "01_well", "pass")
    validation.validate(tmp_path, "ci", out=tmp_path / "out", record=True)
    known = json.loads((tmp_path / minutes.MINUTES).read_text())
    assert known["01_well"]["ci"]["seconds"] > 0


def test_a_hang_ends_at_five_times_the_recorded_seconds(tmp_path, monkeypatch):
    assert run._limit({"01_x": {"ci": {"seconds": 60.0}}}, "01_x", "ci") == 300
    assert run._limit({}, "01_x", "ci") == run.UNRECORDED
    monkeypatch.setattr(run, "UNRECORDED", 2.0)
    lesson(tmp_path, "01_hangs", "import time\ntime.sleep(60)")
    (outcome,) = validation.validate(tmp_path, "ci", out=tmp_path / "out")
    assert "runs for more than 2 seconds" in outcome.problem


def test_a_verdict_is_found_again_in_its_own_html():
    for state in ("correct", "not yet", "not attempted"):
        assert f'data-state="{state.replace(" ", "-")}"' in Verdict(state, 0, 1)._repr_html_()


def test_an_unknown_lesson_or_mode_is_refused(root):
    with pytest.raises(CourseError, match="there is no such lesson"):
        validation.validate(root, "ci", ["99"])
    with pytest.raises(CourseError, match="MODE='slow' was given"):
        validation.validate(root, "slow")
