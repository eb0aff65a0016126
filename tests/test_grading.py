"""Grading a class: every honest submission gets exactly the score it should, whatever was done to the notebook.

COURSE_GALLERY_SEEDS large (`make validate`): every answer of the gallery goes through the sandbox; else a sample per lesson.
COURSE_KILLS sets how often a class is killed: 3 in `make test`, 20 in `make validate`.
"""

from __future__ import annotations

import ast
import contextlib
import csv
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import nbformat
import psutil
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import grading
from course_lib.errors import CourseError
from course_lib.grading.book import composing, formgrader
from course_lib.grading.collecting.submissions import collect
from course_lib.grading.marking import mark
from course_lib.grading.reading import finding, notebooks
from course_lib.grading.results import Result
from course_lib.grading.sandbox import isolation, seccomp, wire
from course_lib.grading.sandbox.box import Limits, Sandbox
from course_lib.teaching import checks, exercises
from course_lib.teaching.exercises import Exercise
from course_lib.teaching.exercises.attempts import Failure

ROOT = Path(__file__).parents[1]
EVERYTHING = int(os.environ.get("COURSE_GALLERY_SEEDS", "3")) > 10
KILLS = int(os.environ.get("COURSE_KILLS", "3"))
SEED = 20261124
NAME = "02_l1_filter_pruning"
MISSING = isolation.missing()

if MISSING and os.environ.get("COURSE_CI") == "1":
    pytest.fail(f"CI has to isolate submissions: {MISSING}", pytrace=False)
isolated = pytest.mark.skipif(bool(MISSING), reason=f"submissions cannot be isolated here: {MISSING}")

HONEST = """
import torch

def filter_l1(weight):
    return weight.abs().sum((1, 2, 3))

def columns_of_channel(channel, height, width):
    return range(channel * height * width, (channel + 1) * height * width)

half_gone = 0.5
"""
POINTS = 4  # of the honest answers


@pytest.fixture(scope="module")
def place():
    with Sandbox(Limits(wall=30)) as shared:
        yield shared


def notebook(path, *sources, **changes):
    """Write a notebook with code cells, or cells as they are given; return its path."""
    cells = [
        source
        if isinstance(source, dict)
        else {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for source in sources
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells} | changes))
    return path


def marked(path, place, lesson="02", **options):
    result = mark(path, "student", lesson, SEED, Limits(), sandbox=place, **options)
    return result, {mark.exercise: mark for mark in result.marks}


# honest variety

LESSONS = sorted(path.name[-2:] for path in (ROOT / "tests" / "gallery").glob("lesson*"))


def answers(lesson):
    """Return the gallery's definitions as text, and kind -> exercise -> [(label, text of the answer, function)]."""
    definitions, found = {}, {"WRONG": {}, "RIGHT": {}}
    for name in [exercise.name for exercise in exercises.of(lesson) if isinstance(exercise, Exercise)]:
        module = importlib.import_module(f"gallery.lesson{lesson}.{name}")
        for node in ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body:
            kind = node.targets[0].id if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) else ""
            if kind not in found:
                definitions[ast.unparse(node)] = None  # modules import the same: once is enough
                continue
            texts = [ast.unparse(answer.elts[0] if kind == "WRONG" else answer) for answer in node.value.values]
            functions = [answer[0] if kind == "WRONG" else answer for answer in getattr(module, kind).values()]
            found[kind][name] = list(zip(getattr(module, kind), texts, functions, strict=True))
    ours = ("from __future__", "from gallery")  # what another module of the gallery defines is in the text as well
    return "\n".join(line for line in definitions if not line.startswith(ours)), found


def columns(lesson):
    """Yield what submissions of a class answer: exercise -> (label, text, function), each answer of the gallery in one.

    A wrong answer that calls the right one by its name is left out: in a notebook that name would be its own.
    """
    _, given = answers(lesson)
    for kind in given.values():
        for name in kind:
            kind[name] = [answer for answer in kind[name] if name not in answer[2].__code__.co_names]
    for kind in ("RIGHT", "WRONG"):
        for number in range(max(map(len, given[kind].values()))):
            yield {name: there[number % len(there)] for name, there in given[kind].items()}
    mixed = zip(given["RIGHT"].items(), given["WRONG"].values(), strict=True)
    yield {name: (wrong if place % 2 else right)[-1] for place, ((name, right), wrong) in enumerate(mixed)}


def chosen(lesson):
    found = list(columns(lesson))
    return found if EVERYTHING else [found[1], found[len(found) // 2], found[-1]]


@isolated
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_submission_of_gallery_answers_gets_exactly_the_points_that_each_check_gives(lesson, place, tmp_path):
    definitions, _ = answers(lesson)
    for number, column in enumerate(chosen(lesson)):
        cells = [f"{name} = {text}" for name, (_, text, _) in column.items()]
        result, marks = marked(notebook(tmp_path / f"{number}.ipynb", definitions, *cells), place, lesson)
        for name, (label, _, function) in column.items():
            verdict = checks.judge(lesson, name, function, SEED)
            got = (marks[name].state, marks[name].points, marks[name].misconception)
            assert got == (verdict.state, verdict.points, verdict.misconception), (name, label, marks[name].reason)
        assert result.points == sum(marks[name].points for name in column) and not result.problem


@isolated
@pytest.mark.parametrize("path", sorted((ROOT / "solutions").glob("[0-9]*.ipynb")), ids=lambda path: path.stem[:2])
def test_a_solution_gets_all_points_and_the_students_notebook_none(path, place):
    solved, _ = marked(path, place, path.name[:2])
    assert solved.points == sum(mark.out_of for mark in solved.marks), [(m.exercise, m.reason) for m in solved.marks]
    stub, marks = marked(ROOT / "notebooks" / path.name, place, path.name[:2])
    assert stub.points == 0 and {mark.state for mark in marks.values()} == {"not attempted"}


# notebook surgery

MARKDOWN = {"cell_type": "markdown", "metadata": {}, "source": "text"}


def cell(source, identifier):
    metadata = {"nbgrader": {"grade_id": identifier, "grade": False, "solution": True}}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": 1}


PARTS = HONEST.strip().split("\n\n")
RENAMED = PARTS[1].replace("filter_l1", "my_norm")
SURGERY = {
    "as it was": [HONEST],
    "split": PARTS,
    "text between": [PARTS[0], MARKDOWN, *PARTS[1:]],
    "reordered": PARTS[::-1],
    "copied": [*PARTS, *PARTS],
    "an older wrong version above": [PARTS[0], "def filter_l1(weight):\n    return weight", *PARTS[1:]],
    "a stub below": [*PARTS, "def filter_l1(weight):\n    ...", "half_gone = None"],
    "a stub that raises below": [*PARTS, "def filter_l1(weight):\n    raise NotImplementedError"],
    "renamed": [PARTS[0], cell(RENAMED, "02-filter_l1-answer"), *PARTS[2:]],
    "ids twice": [PARTS[0], *[cell(part, "02-filter_l1-answer") for part in PARTS[1:]] * 2],
    "ids exchanged": [PARTS[0], cell(PARTS[1], "02-bugs-answer"), cell(PARTS[2], "02-filter_l1-answer"), PARTS[3]],
    "source as lines": [{**cell("", "x"), "source": HONEST.splitlines(keepends=True)}],
    "a helper in another cell": [
        "from torch import abs as size",
        PARTS[0],
        PARTS[1].replace("weight.abs()", "size(weight)"),
        *PARTS[2:],
    ],
    "magics and shell lines": ["%matplotlib inline\n!ls\n" + PARTS[0], "%%time\n" + PARTS[1], *PARTS[2:]],
    "an operator at the start of a line": [PARTS[0], PARTS[1], PARTS[2], "half_gone = (7\n    % 3) / 2\n"],
    "a broken cell": ["def filter_l1(weight)\n    return", *PARTS],
    "a return outside a function": ["return 5", "break", *PARTS],
    "an error above": ["1 / 0", "raise ValueError", "import nothing_of_that_name", *PARTS],
    "the lesson's use()": [*PARTS, "filter_l1 = use(filter_l1)", "columns_of_channel = use(columns_of_channel)"],
    "names that shadow built-ins": ["sum = 3\nabs = None\nmax = print", *PARTS],
    "names of other lessons": ["sparsity = 0.5\nscore = 3", *PARTS[:3], "half_gone = sparsity"],
    "annotations of what is not there": [PARTS[0], PARTS[1].replace("weight)", "weight: Masks) -> Tensor"), *PARTS[2:]],
    "async cell below": [*PARTS, "await nothing()"],
    "cells that are none": [7, None, "x"],
}


@isolated
@pytest.mark.parametrize("how", [name for name in SURGERY if name != "cells that are none"])
def test_a_notebook_after_surgery_gets_its_points(how, place, tmp_path):
    result, marks = marked(notebook(tmp_path / f"{NAME}.ipynb", *SURGERY[how]), place)
    assert result.points == POINTS, [(m.exercise, m.reason) for m in result.marks]
    assert not result.problem
    if how == "renamed":
        assert marks["filter_l1"].notes == ("found by its cell: there it is called my_norm",)


@isolated
def test_a_deleted_cell_costs_its_points_and_says_so(place, tmp_path):
    result, marks = marked(notebook(tmp_path / f"{NAME}.ipynb", PARTS[0], PARTS[2]), place)
    assert result.points == 1
    assert marks["filter_l1"].reason == "filter_l1 was not found in the notebook."


@isolated
@pytest.mark.parametrize("minor", range(6))
def test_every_minor_version_of_nbformat_4_grades(minor, place, tmp_path):
    book = json.loads(notebook(tmp_path / "x.ipynb", HONEST).read_text())
    book |= {"nbformat_minor": minor, "metadata": {"kernelspec": {"name": "julia-1.9", "display_name": "Julia"}}}
    if minor == 5:
        book["cells"][0]["id"] = "02-filter_l1-answer"
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text(json.dumps(book))
    assert marked(path, place)[0].points == POINTS


@isolated
@pytest.mark.parametrize(
    "harm",
    [
        lambda book: book.pop("nbformat"),
        lambda book: book.update(metadata=None, nbformat="four"),
        lambda book: [cell.pop("metadata") for cell in book["cells"]],
        lambda book: [cell.pop("outputs") for cell in book["cells"]],
        lambda book: [cell.update(id=["x"], metadata=[]) for cell in book["cells"]],
        lambda book: book["cells"].extend([7, None, "x", [], {}, {"cell_type": "code", "source": {"a": 1}}]),
        lambda book: book["cells"].append({"cell_type": "code", "source": [None, 7], "metadata": {"nbgrader": 7}}),
    ],
)
def test_a_notebook_that_is_not_quite_valid_grades(harm, place, tmp_path):
    book = json.loads(notebook(tmp_path / "x.ipynb", HONEST).read_text())
    harm(book)
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text(json.dumps(book))
    result, _ = marked(path, place)
    assert result.points == POINTS and not result.problem


@isolated
def test_a_notebook_with_a_byte_order_mark_grades(place, tmp_path):
    path = notebook(tmp_path / f"{NAME}.ipynb", HONEST)
    path.write_text("\ufeff" + path.read_text(), encoding="utf-8")
    assert marked(path, place)[0].points == POINTS


@isolated
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_notebook_in_utf_16_grades(encoding, place, tmp_path):
    path = notebook(tmp_path / f"{NAME}.ipynb", HONEST + "# é ☂")
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert marked(path, place)[0].points == POINTS


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"cells": [{"source": "é"}]}'.encode("latin-1"), "its text is neither UTF-8 nor UTF-16"),
        (b'{"cells": [{"source": "\x93a\x94"}]}', "its text is neither UTF-8 nor UTF-16"),
        (b'{"cells": [', "damaged"),
        (b"# %%\nprint(1)\n", "damaged, or something else"),
        (b"<!DOCTYPE html>", "damaged, or something else"),
        (b" \n", "empty"),
        (b"[" * 200_000, "nested too deeply"),
    ],
    ids=["latin-1", "Windows", "cut off", "a script", "a page", "blank", "nested"],
)
def test_a_file_that_is_no_notebook_is_told_what_is_wrong_with_it(content, why, tmp_path):
    path = tmp_path / f"{NAME}.ipynb"
    path.write_bytes(content)
    with pytest.raises(notebooks.Unreadable) as caught:
        notebooks.read(path)
    assert str(caught.value).endswith(f"({why}).")


NEWER = "def filter_l1[T](weight: T) -> T:\n    return weight.abs().sum((1, 2, 3))"


def test_a_cell_that_python_cannot_read_names_the_python_that_grades(tmp_path, monkeypatch):
    result = mark(
        notebook(tmp_path / f"{NAME}.ipynb", "def filter_l1(weight):\n    retrun 1"), "x", "02", SEED, Limits(), True
    )
    (found,) = [mark for mark in result.marks if mark.exercise == "filter_l1"]
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    assert f"cell 1 (line 2) is not {version}" in found.reason and "newer" in found.reason and "0x" not in found.reason


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows the newer syntax")
def test_newer_syntax_than_the_graders_is_said_to_be_newer_perhaps(tmp_path):
    result = mark(notebook(tmp_path / f"{NAME}.ipynb", NEWER), "x", "02", SEED, Limits(), unsafe=True)
    (found,) = [mark for mark in result.marks if mark.exercise == "filter_l1"]
    assert "syntax of a newer Python" in found.reason


def test_a_cell_that_is_too_deep_is_not_said_to_be_no_python(tmp_path):
    cell = "def filter_l1(weight):\n    return 1" + "+1" * 20_000
    result = mark(notebook(tmp_path / f"{NAME}.ipynb", cell), "x", "02", SEED, Limits(), unsafe=True)
    (found,) = [mark for mark in result.marks if mark.exercise == "filter_l1"]
    assert "too large or too deep" in found.reason and "is not Python" not in found.reason


@isolated
@pytest.mark.parametrize(
    "code",
    [
        "import torch, no_such_module\ndef filter_l1(weight):\n    return no_such_module.norm(weight)",
        "def filter_l1(weight):\n    from no_such_module.sub import norm\n    return norm(weight)",
        "from no_such_module import norm as filter_l1",
    ],
    ids=["above", "inside", "itself"],
)
def test_a_module_that_grading_does_not_have_is_named(code, place, tmp_path):
    _, marks = marked(notebook(tmp_path / f"{NAME}.ipynb", code), place)
    assert (
        "ModuleNotFoundError" in (reason := marks["filter_l1"].reason) and "Grading has no module no_such_module" in reason
    )


@isolated
def test_the_words_of_an_error_of_a_missing_module_are_still_kept_back(place, tmp_path):
    code = "def filter_l1(weight):\n    raise ModuleNotFoundError(f'No module named {float(weight.sum())}')"
    _, marks = marked(notebook(tmp_path / f"{NAME}.ipynb", code), place)
    assert "its words are shown in the notebook's own check only" in marks["filter_l1"].reason
    assert "No module named" not in marks["filter_l1"].reason


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        ([], "Nothing of lesson 02 was found in it."),
        (["x = 1"], "Nothing of lesson 02 was found in it."),
        (["def power_mean(w, s):\n    return 1", "def pq_index(w):\n    return 0"], "it looks like lesson 04."),
    ],
)
def test_a_notebook_of_something_else_scores_nothing_with_one_sentence(sources, sentence, tmp_path):
    result = mark(notebook(tmp_path / f"{NAME}.ipynb", *sources), "x", "02", SEED, Limits())
    assert result.points == 0 and result.problem.endswith(sentence)


def test_a_file_that_is_missing_or_must_not_be_read_scores_nothing(tmp_path):
    for path in (tmp_path / "gone.ipynb", tmp_path):
        result = mark(path, "x", "02", SEED, Limits())
        assert result.points == 0 and "is a link or no file" in result.problem


# which files are whose


def test_the_three_layouts_of_submissions_are_understood(tmp_path):
    files = (f"amy/{NAME}.ipynb", "amy/scratch.ipynb", f"bob/{NAME}/{NAME}.ipynb", f"carl_77_{NAME}.ipynb", "dora.ipynb")
    for name in (
        *files,
        ".hidden/x.ipynb",
        "eve/.ipynb_checkpoints/x.ipynb",
        f"Fay Ö_12_assignsubmission_file/{NAME}.ipynb",
    ):
        notebook(tmp_path / name, HONEST)
    (tmp_path / "bob" / NAME / "timestamp.txt").write_text("2026-11-20 10:00:00.000000 UTC")
    os.utime(tmp_path / "bob" / NAME / f"{NAME}.ipynb", (1e9, 1e9))
    found = {submission.student: submission for submission in collect(tmp_path, NAME)}
    rows = {student: bool(submission.problem) for student, submission in found.items()}
    assert rows.pop("eve") and rows.pop(next(student for student in rows if student.startswith("hidden")))
    assert list(rows) == sorted(["amy", "bob", "carl_77", "dora", "Fay-Ö_12"]) and not any(rows.values())
    assert found["amy"].path.name == f"{NAME}.ipynb" and found["amy"].others == ("scratch.ipynb",)
    assert found["bob"].submitted == datetime(2026, 11, 20, 10, tzinfo=timezone.utc)


def test_an_ending_in_capital_letters_is_a_notebooks_as_well(tmp_path):
    for name in (f"amy/{NAME}.IPYNB", f"bob_{NAME}.Ipynb"):
        notebook(tmp_path / name, HONEST)
    assert [submission.student for submission in collect(tmp_path, NAME)] == ["amy", "bob"]


def test_of_several_files_of_one_student_the_newest_counts_and_strangers_are_not_mixed_up(tmp_path):
    for age, name in enumerate((f"amy_{NAME}.ipynb", f"amy_{NAME}-1.ipynb", f"a b_{NAME}.ipynb", f"a-b_{NAME}.ipynb")):
        os.utime(notebook(tmp_path / name, HONEST), (1e9 + age, 1e9 + age))
    found = collect(tmp_path, NAME)
    assert {submission.path.name for submission in found if submission.student == "amy"} == {f"amy_{NAME}-1.ipynb"}
    assert [submission.others for submission in found if submission.student == "amy"] == [(f"amy_{NAME}.ipynb",)]
    assert len(found) == 3 and "a-b" in {submission.student for submission in found}


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "yesterday", "", "\udcff"])
def test_a_time_stamp_that_is_none_is_not_believed(when, tmp_path):
    notebook(tmp_path / "amy" / f"{NAME}.ipynb", HONEST)
    (tmp_path / "amy" / "timestamp.txt").write_text(when, errors="surrogateescape")
    (submission,) = collect(tmp_path, NAME)
    assert abs(submission.submitted.timestamp() - time.time()) < 600


def test_an_empty_folder_and_no_folder_are_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(CourseError, match="was given"):
            collect(folder, NAME)


# a class and its gradebook

DUE = datetime(2026, 11, 20, tzinfo=timezone.utc)


def handed_in(folder, student, *sources, when="2026-11-19 10:00:00 UTC"):
    path = notebook(folder / student / f"{NAME}.ipynb", *sources)
    (path.parent / "timestamp.txt").write_text(when)
    os.utime(path, (1e9, 1e9))  # the newest of both times counts
    return path


def graded(folder, out, **options):
    given = {"jobs": 1, "seed": SEED, "limits": Limits(wall=30), "due": DUE, "late": 0.25} | options
    return {entry.result.student: entry for entry in grading.grade(ROOT, folder, "02", out, **given)}


def scores(out):
    """Return student -> (score, penalty), and grade_id -> score of each student, as nbgrader reads them."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{out}/gradebook.db") as book:
        assert len({submission.student.id for submission in book.assignment_submissions(NAME)}) == len(
            book.assignment_submissions(NAME)
        )
        total = {
            submission.student.id: (submission.score, submission.late_submission_penalty)
            for submission in book.assignment_submissions(NAME)
        }
        cells = {
            submission.student.id: {grade.name: grade.score for nb in submission.notebooks for grade in nb.grades}
            for submission in book.assignment_submissions(NAME)
        }
    return total, cells


EXPLAINED = {"cell_type": "markdown", "metadata": {"nbgrader": {"grade_id": "02-collapse-explain"}}, "source": "Because."}


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    if MISSING:
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("classroom")
    handed_in(folder / "in", "amy", HONEST, EXPLAINED)
    handed_in(folder / "in", "late", HONEST, when="2026-11-21 10:00:00 UTC")
    handed_in(folder / "in", "nothing")
    return folder, graded(folder / "in", folder / "out")


def test_nbgraders_gradebook_holds_what_was_graded(classroom):
    folder, found = classroom
    total, cells = scores(folder / "out")
    assert total == {"amy": (POINTS, 0), "late": (POINTS, 2.0), "nothing": (0, 0)}
    assert {name: found[name].score for name in found} == {"amy": 4, "late": 2, "nothing": 0}
    assert cells["amy"]["02-filter_l1-check"] == 2 and cells["amy"]["02-bugs-check"] == 0
    assert set(cells["amy"]) == set(cells["nothing"])


def test_formgrader_finds_the_graded_notebook_with_answer_and_verdict(classroom):
    folder, _ = classroom
    book = nbformat.read(folder / "out" / "autograded" / "amy" / NAME / f"{NAME}.ipynb", 4)
    nbformat.validate(book)
    by_id = {cell.metadata.nbgrader.grade_id: cell for cell in book.cells if "nbgrader" in cell.metadata}
    assert "weight.abs().sum((1, 2, 3))" in by_id["02-filter_l1-answer"].source
    assert by_id["02-filter_l1-check"].outputs[0]["data"]["text/plain"] == "2.0"
    assert by_id["02-collapse-explain"].source == "<div><p>Because.</p>&#10;</div>"


def test_nbgraders_own_export_runs_on_it(classroom):
    folder, _ = classroom
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    line = [sys.executable, "-m", "nbgrader", "export"]
    subprocess.run(line, cwd=folder / "out", env=environment, check=True, capture_output=True, timeout=300)
    rows = {row["student_id"]: row for row in csv.DictReader((folder / "out" / "grades.csv").open())}
    assert {name: float(rows[name]["score"]) for name in rows} == {"amy": 4, "late": 2, "nothing": 0}


def test_the_tables_and_pages_say_the_same(classroom):
    folder, _ = classroom
    rows = {row["student"]: row for row in csv.DictReader((folder / "out" / f"{NAME}.csv").open())}
    assert {name: float(rows[name]["score"]) for name in rows} == {"amy": 4, "late": 2, "nothing": 0}
    data = {row["student"]: row for row in json.loads((folder / "out" / f"{NAME}.json").read_text())}
    assert data["late"]["penalty"] == 2 and data["late"]["days_late"] == 2
    page = (folder / "out" / "feedback" / "late" / NAME / f"{NAME}.html").read_text()
    assert "2 of 14 points" in page and "2 days late" in page
    assert "Nothing of lesson 02" in (folder / "out" / f"{NAME}.html").read_text()


def test_a_new_submission_regrades_only_itself_and_a_persons_score_survives(classroom, monkeypatch):
    from nbgrader.api import Gradebook

    folder, _ = classroom
    out = folder / "again"
    shutil.copytree(folder / "out", out)
    with Gradebook(f"sqlite:///{out}/gradebook.db") as book:
        grade = book.find_grade("02-collapse-explain", NAME, NAME, "amy")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        book.find_grade("02-bugs-check", NAME, NAME, "amy").manual_score = 3
        book.db.commit()
    shutil.copytree(folder / "in", folder / "in2")
    handed_in(folder / "in2", "nothing", HONEST)
    seen = []
    real = grading.run.mark
    monkeypatch.setattr(grading.run, "mark", lambda path, student, *rest: seen.append(student) or real(path, student, *rest))
    again = graded(folder / "in2", out)
    assert seen == ["nothing"]
    assert {name: again[name].score for name in again} == {"amy": 8.5, "late": 2, "nothing": 4}
    total, cells = scores(out)
    assert total["amy"][0] == POINTS + 1.5 + 3 and total["nothing"] == (POINTS, 0)
    seen.clear()
    graded(folder / "in2", out)
    assert seen == [] and scores(out) == (total, cells)


def test_two_calls_at_once_do_not_write_into_one_folder(classroom):
    from filelock import FileLock

    folder, _ = classroom
    with FileLock(folder / "out" / ".lock"), pytest.raises(CourseError, match="another process is grading"):
        graded(folder / "in", folder / "out")


@isolated
def test_folders_that_student_code_can_read_are_refused(tmp_path, monkeypatch):
    handed_in(tmp_path / "in", "amy", HONEST)
    system = isolation.readable()
    monkeypatch.setattr(isolation, "readable", lambda: [*system, str(tmp_path)])
    monkeypatch.setattr(isolation, "missing", lambda: "")  # it would try a sandbox with that folder in it
    with pytest.raises(CourseError, match="student code can read"):
        graded(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_a_sandbox_nothing_is_graded(tmp_path, monkeypatch):
    handed_in(tmp_path / "in", "amy", HONEST)
    monkeypatch.setattr(isolation.shutil, "which", lambda name: None)
    with pytest.raises(CourseError, match=r"cannot be isolated here: bubblewrap is not installed.*--unsafe"):
        graded(tmp_path / "in", tmp_path / "out")


def test_preflight_says_what_is_found_of_a_students_own_notebook(tmp_path):
    result = grading.preflight(notebook(tmp_path / f"{NAME}.ipynb", HONEST))
    states = {mark.exercise: (mark.state, mark.cell) for mark in result.marks}
    assert states["filter_l1"] == ("correct", 1) and states["bugs"] == ("not yet", 0) and result.points == POINTS
    with pytest.raises(CourseError, match="NN_name"):
        grading.preflight(tmp_path / "mine.ipynb")


def test_a_grader_that_is_killed_between_any_two_writes_goes_on(classroom, monkeypatch):
    """Every file that is written, one after the other, is the last one that a first call gets to."""
    folder, first = classroom
    wanted, out = scores(folder / "out"), folder / "interrupted"
    shutil.copytree(folder / "out" / "results", out / "results")
    for path in (out / "results" / NAME).glob("*.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "recorded": None}))
    for last in range(1, 30):
        writes = []

        def replace(source, target, last=last, writes=writes, real=os.replace):
            writes.append(target)
            real(source, target)
            if len(writes) == last:
                raise KeyboardInterrupt

        with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
            patched.setattr(os, "replace", replace)
            graded(folder / "in", out)
            break
    assert last > 8  # so many times it was interrupted
    assert scores(out) == wanted
    assert {name: entry.score for name, entry in graded(folder / "in", out).items()} == {
        n: o.score for n, o in first.items()
    }


# kills

CALL = (
    "import sys\nfrom pathlib import Path\nfrom course_lib import grading\n"
    "if __name__ == '__main__':\n"
    "    limits = grading.Limits(wall=60)\n"
    f"    grading.grade(Path(sys.argv[1]), Path(sys.argv[2]), '02', Path(sys.argv[3]), jobs=2, seed={SEED}, limits=limits)\n"
)


def plain(out):
    """Everything that was graded but the clock."""
    table = json.loads((out / f"{NAME}.json").read_text())
    return [{key: value for key, value in row.items() if key != "seconds"} for row in table], scores(out)


@pytest.mark.heavy
@isolated
def test_a_class_that_is_killed_at_random_moments_ends_as_if_it_had_not_been(tmp_path):
    size = 30 if KILLS >= 20 else 6
    parts = [*PARTS[1:], "def cut_pair(weight, following, keep):\n    return weight"]
    for number in range(size):
        handed_in(tmp_path / "in", f"s{number:02}", PARTS[0], *[p for bit, p in enumerate(parts) if number >> bit & 1])
    script = tmp_path / "call.py"
    script.write_text(CALL)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    draw, struck, results = random.Random(SEED), 0, tmp_path / "out" / "results" / NAME
    line = [sys.executable, str(script), str(ROOT), str(tmp_path / "in")]
    subprocess.run([*line, str(tmp_path / "quiet")], env=environment, check=True, timeout=600)
    for _ in range(KILLS):
        wanted = len(list(results.glob("*.json"))) + 1  # how long a start takes is not known, so the clock starts after it
        process = subprocess.Popen([*line, str(tmp_path / "out")], env=environment)
        while process.poll() is None and len(list(results.glob("*.json"))) < wanted:
            time.sleep(0.01)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(draw.random() / 4)
        family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        struck += process.poll() is None
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(family, timeout=20)
        assert alive == []
    assert struck
    subprocess.run([*line, str(tmp_path / "out")], env=environment, check=True, timeout=600)
    assert plain(tmp_path / "out") == plain(tmp_path / "quiet")
    assert len(plain(tmp_path / "out")[0]) == size


@pytest.mark.heavy
def test_a_submission_whose_process_dies_every_time_is_left_to_a_person_and_the_others_get_their_points(tmp_path):
    """The processes that die with it may hold other submissions, which are not to blame."""
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom course_lib import grading\nfrom course_lib.grading import run\n"
        "grade_one = run._grade_one\n"
        "def deadly(work, submission):\n"
        "    if submission.student == 'bad':\n        os.kill(os.getpid(), 9)\n"
        "    return grade_one(work, submission)\n"
        "run._grade_one = deadly\n"
        "grading.grade(Path(sys.argv[1]), Path(sys.argv[2]), '02', Path(sys.argv[3]), jobs=2, unsafe=True)\n"
    )
    for student in ("amy", "bad", "cora"):
        handed_in(tmp_path / "in", student, HONEST)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    line = [sys.executable, "-c", script, str(ROOT), str(tmp_path / "in"), str(tmp_path / "out")]
    subprocess.run(line, env=environment, check=True, timeout=600)
    table = {row["student"]: row for row in json.loads((tmp_path / "out" / f"{NAME}.json").read_text())}
    assert {name: row["points"] for name, row in table.items()} == {"amy": POINTS, "bad": 0, "cora": POINTS}
    assert table["bad"]["problem"] == "The process that graded it died 2 times; grade it by hand."


# the wire

numbers = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(max_size=8)
keys = st.integers(-9, 9) | st.text(max_size=3) | st.tuples(st.integers(0, 3))
kinds = st.sampled_from([torch.float32, torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool])
tensors = st.builds(
    lambda shape, kind, axes: torch.arange(torch.Size(shape).numel()).reshape(shape).to(kind).permute(axes(len(shape))),
    st.lists(st.integers(0, 3), max_size=4),
    kinds,
    st.sampled_from([lambda n: list(range(n)), lambda n: list(range(n))[::-1]]),
)
values = st.recursive(
    numbers | tensors | st.builds(range, st.integers(-5, 5), st.integers(-5, 5)) | st.builds(Failure, st.text(), st.text()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
        | st.sets(keys, max_size=3)
    ),
    max_leaves=8,
)


def equal(left, right):
    if isinstance(left, torch.Tensor):
        as_before = min(left.shape, default=2) < 2 or left.stride() == right.stride()  # short axes have any stride
        return left.dtype == right.dtype and torch.equal(left, right) and as_before
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(equal(left[key], right[key]) for key in left)
    return left == right


@given(values)
def test_what_is_packed_is_unpacked(value):
    assert equal(wire.unpack(wire.pack(value)), value)


@given(values, st.data())
def test_a_message_cut_short_is_refused_by_name(value, data):
    message = wire.pack(value)
    for stranger in (True, False):
        with pytest.raises(wire.WireError):
            wire.unpack(message[: data.draw(st.integers(0, len(message) - 1))], stranger)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_name_or_hold_plain_data(data):
    for stranger in (True, False):
        with contextlib.suppress(wire.WireError):
            assert isinstance(wire.pack(wire.unpack(data, stranger)), bytes)  # what is no plain data cannot be packed


@settings(max_examples=300)
@given(values, st.data())
def test_a_message_with_a_changed_byte_is_read_or_refused_by_name(value, data):
    message = bytearray(wire.pack([value, torch.zeros(2)]))
    place = data.draw(st.integers(0, len(message) - 1))
    message[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(wire.WireError):
        assert isinstance(wire.unpack(bytes(message)), object)


def message(tree, tensors=b""):
    text = json.dumps(tree).encode()
    return len(text).to_bytes(8, "little") + text + tensors


HEADER = json.dumps({"a": {"dtype": "F32", "shape": [1] * 5000, "data_offsets": [0, 4]}}).encode()
SLOW = {
    "axes": message({"is": "tensor", "of": "a", "order": list(range(400_000))[::-1]}, wire.pack(torch.zeros(1))[-76:]),
    "dimensions": message({"is": "tensor", "of": "a", "order": [0]}, len(HEADER).to_bytes(8, "little") + HEADER + bytes(4)),
    "equal hashes": message({"is": "set", "of": [n * (2**61 - 1) for n in range(50_000)]}),
    "equal hashes in many": message([{"is": "set", "of": [n * (2**61 - 1) for n in range(3_000)]} for _ in range(10)]),
    "keys": message({"is": "dict", "of": [[n * (2**61 - 1), 0] for n in range(50_000)]}),
    "ranges": message({"is": "range", "of": [0, 10**15]}),
    "range of huge numbers": message({"is": "range", "of": [0, 10**300]}),
    "nesting": message(json.loads("[" * 100 + "]" * 100)),
    "many lists": message([[]] * 1_000_000),
    "a record": message({"is": "Network", "of": {"layers": {"is": "dict", "of": []}}}),
    "a record of a wrong kind": message({"is": "Failure", "of": [1]}),
    "a class": message({"is": "str", "of": []}),
    "a tensor that is not there": message({"is": "tensor", "of": "a", "order": []}),
    "a huge header": message(1) + (1 << 40).to_bytes(8, "little") + b"{}",
}


@pytest.mark.parametrize("name", SLOW)
def test_a_message_that_would_take_long_or_makes_what_it_should_not_is_refused_at_once(name):
    started = time.monotonic()
    with pytest.raises(wire.WireError):
        wire.unpack(SLOW[name])
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "value", [object(), lambda: 0, 1j, torch.zeros(2).to_sparse(), b"x", 10**5000], ids=lambda value: type(value).__name__
)
def test_what_is_no_plain_data_is_not_sent(value):
    with pytest.raises(wire.WireError):
        wire.pack(value)


@pytest.mark.parametrize("exercise", [e for e in exercises.everything() if isinstance(e, Exercise)], ids=lambda e: e.name)
def test_what_an_exercise_is_given_arrives_whole_and_its_answer_fits(exercise):
    cases = exercise.cases(torch.Generator().manual_seed(SEED))
    data = wire.pack(cases)
    arrived = wire.unpack(data, stranger=False)
    assert [case.label for case in arrived] == [case.label for case in cases]
    assert exercise.judge(arrived, *exercises.attempts.attempt(exercise.reference, cases)).points == exercise.points
    answer = wire.pack(exercises.attempts.attempt(exercise.reference, arrived))
    assert len(answer) < Limits().reply / 2
    assert exercise.judge(cases, *wire.unpack(answer)).points == exercise.points


# the rest


def test_the_filter_of_system_calls_has_the_form_that_the_kernel_reads():
    for machine in seccomp.MACHINES:
        lines = seccomp.program(machine)
        assert len(lines) % 8 == 0 and len(lines) // 8 < 4096
        assert lines.endswith((seccomp.ALLOW).to_bytes(4, "little"))


def test_a_result_survives_its_file(tmp_path):
    result = mark(notebook(tmp_path / f"{NAME}.ipynb"), "x", "02", SEED, Limits())
    assert Result.of(json.loads(json.dumps(result.plain()))) == result


def test_the_verdict_in_a_graded_notebook_shows_a_students_text_as_text(tmp_path):
    path = notebook(tmp_path / f"{NAME}.ipynb", "bugs = '<script>alert(1)</script>'")
    result = mark(path, "x", "02", SEED, Limits(), unsafe=True)
    book = nbformat.read(ROOT / "notebooks" / f"{NAME}.ipynb", 4)
    shown = [
        str(cell.outputs) for cell in composing.compose(book, result).cells if cell.cell_type == "code" and cell.outputs
    ]
    assert any("&lt;script&gt;" in text for text in shown) and not any("<script" in text for text in shown)


def test_formgrader_shows_an_answer_in_words_without_running_what_is_in_it(tmp_path):
    from nbconvert.exporters import HTMLExporter
    from traitlets.config import Config

    words = {**EXPLAINED, "source": "Because <script>alert(1)</script> <img src=x onerror='alert(2)'> *it* is."}
    path = notebook(tmp_path / f"{NAME}.ipynb", words)
    result = mark(path, "x", "02", SEED, Limits(), written=["02-collapse-explain"])
    book = composing.compose(nbformat.read(ROOT / "notebooks" / f"{NAME}.ipynb", 4), result)
    config = Config()
    exec(formgrader.CONFIG.format(url="sqlite://"), {"get_config": lambda: config})
    page, _ = HTMLExporter(config=config).from_notebook_node(book)
    assert "<em>it</em> is." in page and "<script>alert(1)" not in page and "<img src=x" not in page
    page, _ = HTMLExporter().from_notebook_node(book)  # it does not depend on a setting
    assert "<em>it</em> is." in page and "<script>alert(1)" not in page and "<img src=x" not in page


def test_an_instructor_is_told_of_the_librarys_own_text_and_of_ways_around(tmp_path):
    source = "import sys\n\ndef variable_threshold(a, b, c):\n    alive = a[c]\n"
    source += "    threshold = alive.mean() - b * alive.std(correction=0)\n    keep = c & (a >= threshold)\n"
    source += "    if not keep.any():\n        keep[torch.where(c, a, -torch.inf).argmax()] = True\n    return keep\n"
    cells = notebooks.read(notebook(tmp_path / "x.ipynb", "import torch", source + "\ndef apoz(x):\n    return sys.exit()"))
    found = finding.find(cells, exercises.of("03"))
    assert found["apoz"].notes == ("look at it: it uses sys",)
    result = mark(tmp_path / "x.ipynb", "x", "03", SEED, Limits(), unsafe=True)
    assert "the text is the library's own" in {m.exercise: m.notes for m in result.marks}["variable_threshold"]
