"""Answers are found and run with all that they depend on: the verdict in Jupyter is preflight's and the grade."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from jupyter import NOT_RIGHT, RIGHT, B, started, verdicts

from course_lib import grading
from course_lib.grading import marking
from course_lib.grading.marking import mark
from course_lib.grading.reading import finding, notebooks
from course_lib.grading.reading.notebooks import Cell
from course_lib.grading.sandbox import isolation
from course_lib.grading.sandbox.box import Limits, Sandbox
from course_lib.teaching import exercises
from course_lib.teaching.verdict import CORRECT

ROOT = Path(__file__).parents[1]
NAME = "02_l1_filter_pruning"
SEED = 20261124
isolated = pytest.mark.skipif(bool(isolation.missing()), reason=isolation.missing())
CELLS = RIGHT | NOT_RIGHT


def notebook(path, *cells):
    """Write a notebook of code cells, or cells as they are given; return its path."""
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [cell if isinstance(cell, dict) else {**code, "source": cell} for cell in cells]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}))
    return path


@pytest.fixture(scope="module")
def places():
    """A sandbox, and the place where preflight runs."""
    with Sandbox(Limits(wall=30)) as safe, Sandbox(Limits(wall=30), unsafe=True) as free:
        yield safe, free


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(tmp_path_factory.mktemp("work"))
        yield started(tmp_path_factory.mktemp("ipython"))


@isolated
@pytest.mark.parametrize("name", CELLS)
def test_the_verdict_in_jupyter_is_preflights_and_the_grade(name, places, shell, tmp_path, monkeypatch):
    safe, free = places
    path = notebook(tmp_path / f"{NAME}.ipynb", *CELLS[name])
    here = verdicts(shell, CELLS[name], ["filter_l1"])["filter_l1"]
    assert (here[0] == CORRECT) == (name in RIGHT), here
    monkeypatch.setattr(marking, "Sandbox", lambda limits, unsafe: contextlib.nullcontext(free))
    before = {found.exercise: found for found in grading.preflight(path).marks}["filter_l1"]
    grade = {found.exercise: found for found in mark(path, "x", "02", SEED, Limits(), sandbox=safe).marks}["filter_l1"]
    assert (before.state, before.points) == here, before.reason
    assert (grade.state, grade.points) == here, grade.reason


@isolated
@pytest.mark.parametrize(
    "cells",
    [
        ["import torch", "@torch.compile\n" + B],
        ["import torch", "@torch.compile(mode='max-autotune')\n" + B],
        ["import torch", B + "\nfilter_l1 = torch.compile(filter_l1, dynamic=True)"],
    ],
    ids=["decorated", "with options", "by name"],
)
def test_a_compiled_function_is_graded_as_it_is(cells, places, tmp_path):
    path = notebook(tmp_path / f"{NAME}.ipynb", *cells)
    grade = {found.exercise: found for found in mark(path, "x", "02", SEED, Limits(), sandbox=places[0]).marks}
    assert grade["filter_l1"].state == CORRECT, grade["filter_l1"].reason


def test_values_are_those_of_their_place_in_the_notebook_and_moved_cells_still_run():
    def program(*cells):
        given = [Cell(number, True, source, ()) for number, source in enumerate(cells, 1)]
        scope = {}
        exec(finding.find(given, exercises.of("02"))["half_gone"].program, scope)
        return scope["half_gone"]

    assert program("n = 1", "half_gone = n / 2", "n = 7") == 0.5
    assert program("half_gone = n / 2", "n = 1") == 0.5
    assert program("n = 1", "def half(): return n / 2", "half_gone = half()", "n = 7") == 0.5
    assert program("n = 1", "half_gone = n", "half_gone /= 2") == 0.5
    assert program("bugs = 3", "if True:\n    half_gone = 1", "half_gone = 0.5", "half_gone = None") == 0.5


def test_an_answer_that_is_filled_in_after_its_definition_is_whole():
    sources = [
        "dims = [1]",
        "bugs = {}\nbugs['A'] = 2",
        "bugs['B'] = 5",
        "for key, line in [('C', 3)]:\n    bugs[key] = line",
    ]
    given = [Cell(number, True, source, ()) for number, source in enumerate(sources, 1)]
    found, scope = finding.find(given, exercises.of("02")), {}
    exec(found["bugs"].program, scope)
    assert scope["bugs"] == {"A": 2, "B": 5, "C": 3} and found["half_gone"].problem


def test_what_only_the_library_could_change_is_left_out_and_what_is_made_with_it_is_still_borrowed():
    def answer(*cells):
        given = [Cell(number, True, source, ()) for number, source in enumerate(cells, 1)]
        return finding.find(given, exercises.of("02"))["filter_l1"]

    ours = "from course_lib import data, models\nbench = data.load('fashion-mini')"
    body = "def filter_l1(weight):\n    return weight.abs().sum(dims)"
    assert answer(ours, "dims = [1]", "dims.append(bench)", body).borrowed == ""
    assert answer(ours, "dims = [1]", "print(dims, bench)", body).doubts == ()
    assert answer(ours, "dims = bench", body).borrowed == "data"
    assert answer(ours, "dims = (1, 2, 3)", "if bench:\n    dims = 3", body).borrowed == ""


@pytest.mark.parametrize("path", sorted((ROOT / "solutions").glob("[0-9]*.ipynb")), ids=lambda path: path.stem[:2])
def test_nothing_is_doubted_of_a_lessons_own_answers(path):
    before = [asked.name for asked in exercises.everything() if asked.kind == "code" and asked.lesson < path.name[:2]]
    found = finding.find(notebooks.read(path), exercises.of(path.name[:2]), before)
    assert not any({*answer.doubts} - {"in the notebook its check says correct"} for answer in found.values())
    assert not any(answer.problem or answer.borrowed or answer.notes for answer in found.values())
