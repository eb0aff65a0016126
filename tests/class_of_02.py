"""A class of lesson 02 with prepared results: all of `course grade` but the sandbox."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import os
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pytest
from PIL import Image

from course_lib import grading
from course_lib.grading.book import gradebook
from course_lib.grading.reading import notebooks, words
from course_lib.grading.results import Mark, Result
from course_lib.teaching import exercises
from course_lib.teaching.verdict import CORRECT, NOT_YET

ROOT = Path(__file__).parents[1]
NAME = "02_l1_filter_pruning"
WORDS = "02-collapse-explain"
DUE = datetime(2026, 11, 20, tzinfo=timezone.utc)


def png(colour="red"):
    held = io.BytesIO()
    Image.new("RGB", (6, 4), colour).save(held, "PNG")
    return base64.b64encode(held.getvalue()).decode()


def code(source, **more):
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None} | more


def text(source, **more):
    return {"cell_type": "markdown", "metadata": {}, "source": source} | more


def explained(source, **more):
    return text(source, metadata={"nbgrader": {"grade_id": WORDS}}, **more)


def handed_in(folder, student, *cells, when="2026-11-19 10:00:00 UTC"):
    path = folder / student / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": list(cells)}))
    (path.parent / "timestamp.txt").write_text(when)
    moment = datetime.fromisoformat(when.replace(" UTC", "+00:00")).timestamp()
    os.utime(path, (moment, moment))  # the newest time that is known counts
    return path


def prepared(path, student, lesson, seed, limits, unsafe=False, written=(), sandbox=None):
    """Stand for `marking.mark`: an answer "filter_l1 = 1.5" earns 1.5 points."""
    cells = notebooks.read(path)
    given = {}
    for cell in cells:
        if cell.code and " = " in cell.source:
            name, _, value = cell.source.splitlines()[-1].partition(" = ")
            with contextlib.suppress(ValueError):
                given[name] = float(value), cell
    marks = []
    for exercise in exercises.of(lesson):
        points, cell = given.get(exercise.name, (0.0, None))
        state = CORRECT if points == exercise.points else NOT_YET
        source = cell.source if cell else ""
        number = cell.number if cell else 0
        marks.append(Mark(exercise.name, state, min(points, exercise.points), exercise.points, cell=number, source=source))
    return Result(student, notebooks.hash_of(path), tuple(marks), "", words.written(cells, written))


@functools.cache
def empty_gradebook():
    """Return nbgrader's empty database; to make one it starts a program, which takes seconds."""
    with tempfile.TemporaryDirectory() as folder:
        gradebook._create(f"sqlite:///{folder}/gradebook.db")
        return Path(folder, "gradebook.db").read_bytes()


def graded(folder, out, **options):
    """Return student -> Graded of a class that lies in `folder`."""
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "gradebook.db").exists():
        (out / "gradebook.db").write_bytes(empty_gradebook())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(grading.run, "mark", prepared)
        patched.setitem(os.environ, "TQDM_DISABLE", "1")
        found = grading.grade(ROOT, folder, "02", out, **{"jobs": 1, "seed": 7, "unsafe": True} | options)
    return {entry.result.student: entry for entry in found}
