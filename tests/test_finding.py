"""Answers are found and run with all that they depend on: the verdict in Jupyter is preflight's and the grade."""

from __future__ import annotations

import contextlib
import json

import pytest
from jupyter import NOT_RIGHT, RIGHT, started, verdicts

from course_lib import grading
from course_lib.grading import isolation, marking
from course_lib.grading.marking import mark
from course_lib.grading.sandbox import Limits, Sandbox
from course_lib.teaching.verdict import CORRECT

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
