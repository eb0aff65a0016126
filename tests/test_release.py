"""What students get holds no answer and runs with nothing but itself."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from course_lib import authoring
from course_lib.authoring import release
from course_lib.errors import CourseError

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("release") / "course"
    release.release(ROOT, out, run=False)
    return out


def test_a_release_has_every_lesson_the_library_and_the_tables(tree):
    assert {path.stem for path in (tree / "notebooks").glob("*.ipynb")} == {path.stem for path in authoring.lessons(ROOT)}
    assert (tree / "course_lib" / "data" / "embedded" / "fashion-mini.npz").exists()
    assert (tree / "results" / "cifar10-one-seed" / "table.csv").exists()
    assert (tree / "README.md").read_text() == release.README


def test_a_release_has_the_template_for_networks_of_ones_own_and_its_example(tree):
    assert {path.name for path in (tree / "own").iterdir()} == {"bring_your_own.ipynb", "example_net.py"}
    assert release.PLACEHOLDER not in (tree / "own" / "bring_your_own.ipynb").read_text()


def test_a_release_says_when_solutions_are_shown(tree, tmp_path):
    never = (tree / release.AFTER).read_text()
    release.release(ROOT, tmp_path / "course", run=False, solutions_after=4)
    scope = {}
    exec((tmp_path / "course" / release.AFTER).read_text(), scope)
    assert scope["WRONG"] == 4 and never == (ROOT / release.AFTER).read_text()


def test_a_release_has_no_solutions_tests_or_gallery(tree):
    assert release.scan(tree, ROOT) == []
    parts = {part for path in tree.rglob("*") for part in path.relative_to(tree).parts}
    assert not parts & {"solutions", "tests", "gallery", "records", "__pycache__"}


@pytest.mark.parametrize(
    ("leak", "words"),
    [
        (lambda cell: cell.update(outputs=[{"output_type": "stream", "name": "stdout", "text": "42"}]), "has outputs"),
        (lambda cell: cell.update(source="### BEGIN SOLUTION\n1\n### END SOLUTION"), "holds '### BEGIN SOLUTION'"),
        (lambda cell: cell.update(source="    keep[scores.argsort()[:gone]] = False"), "holds a line of an answer"),
        (lambda cell: cell.update(source="*Rubric (2 points).* One point for"), "holds '*Rubric'"),
    ],
    ids=["outputs", "markers", "an answer", "a rubric"],
)
def test_an_answer_in_a_notebook_is_found(tree, tmp_path, leak, words):
    copy = tmp_path / "course"
    shutil.copytree(tree, copy)
    path = copy / "notebooks" / "02_l1_filter_pruning.ipynb"
    book = json.loads(path.read_text())
    leak(next(cell for cell in book["cells"] if cell["cell_type"] == "code"))
    path.write_text(json.dumps(book))
    (sentence,) = {sentence for sentence in release.scan(copy, ROOT) if words in sentence}
    assert sentence.startswith("notebooks/02_l1_filter_pruning.ipynb")


def test_a_folder_of_solutions_in_the_tree_is_found(tree, tmp_path):
    copy = tmp_path / "course"
    shutil.copytree(tree, copy)
    (copy / "solutions").mkdir()
    assert release.scan(copy, ROOT) == ["solutions is not for students."]


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CourseError, match="is not empty"):
        release.release(ROOT, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_release_runs_once_with_its_own_library_before_it_appears(tmp_path, monkeypatch):
    seen = {}

    def validate(root, mode, *, folder, out):
        import os

        seen.update(
            root=root, mode=mode, folder=folder, path=os.environ["PYTHONPATH"], library=(root / "course_lib").is_dir()
        )
        return [type("Lesson", (), {"problem": "02 stops with NameError."})()]

    monkeypatch.setattr(release.validation, "validate", validate)
    with pytest.raises(CourseError, match="02 stops with NameError"):
        release.release(ROOT, tmp_path / "course")
    assert (seen["mode"], seen["folder"], seen["library"]) == ("ci", "notebooks", True)
    assert seen["path"] == str(seen["root"].resolve())
    assert list(tmp_path.iterdir()) == []


def test_the_placeholder_of_the_repository_never_reaches_a_student(tree, tmp_path):
    given = "https://github.com/me/pruning-course"
    release.release(ROOT, tmp_path / "course", run=False, repository=given)
    for path in (tmp_path / "course" / "notebooks").glob("*.ipynb"):
        assert f'%pip install -q "course_lib @ git+{given}"' in sources(path) and "OWNER" not in path.read_text()
    for path in (tree / "notebooks").glob("*.ipynb"):
        assert "ask your instructor" in sources(path) and "OWNER" not in path.read_text() and "git+" not in sources(path)
    with pytest.raises(CourseError, match="--repository"):
        release.release(ROOT, tmp_path / "other", run=False, repository='x"; import os')


def sources(path):
    return "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"])


def test_a_placeholder_that_is_left_is_found(tree, tmp_path):
    copy = tmp_path / "course"
    shutil.copytree(tree, copy)
    path = next((copy / "notebooks").glob("02*.ipynb"))
    path.write_text(path.read_text().replace("ask your instructor", "OWNER/REPOSITORY"))
    assert release.scan(copy, ROOT) == ["notebooks/02_l1_filter_pruning.ipynb holds 'OWNER/REPOSITORY'."]


def test_what_was_tried_against_the_grader_is_not_released(tree, tmp_path):
    assert not (tree / "results" / "grading").exists()
    copy = tmp_path / "course"
    shutil.copytree(tree, copy)
    (copy / "results" / "grading").mkdir()
    assert release.scan(copy, ROOT) == ["results/grading lists what was tried against the grader."]


def test_a_release_that_was_killed_leaves_no_half_made_folder_behind_the_next_one(tmp_path):
    alive = tmp_path / f".release-{os.getpid()}-abc"
    dead = tmp_path / ".release-4194999-abc"  # no process has this number
    for folder in (alive, dead):
        (folder / "course").mkdir(parents=True)
    release.release(ROOT, tmp_path / "course", run=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [alive.name, "course"]
