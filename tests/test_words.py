"""What is said in numbers and nouns, and what a reader sees first."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
import torch

from course_lib import authoring
from course_lib.authoring import notebooks, numbers
from course_lib.authoring.source import AHEAD, read
from course_lib.errors import CourseError
from course_lib.teaching import figures, widgets
from course_lib.teaching.verdict import earned
from course_lib.words import number_of

ROOT = Path(__file__).parent.parent


def test_one_of_a_kind_is_told_in_the_singular_and_anything_else_in_the_plural():
    told = [number_of(n, "point") for n in (0, 0.5, 1, 1.0, 2, 1200)]
    assert told == ["0 points", "0.5 points", "1 point", "1 point", "2 points", "1,200 points"]
    assert number_of(1, "class", "classes") == "1 class" and number_of(3, "class", "classes") == "3 classes"


def test_a_verdict_worth_one_point_says_point():
    assert (earned(1, 1), earned(0, 1), earned(1, 2), earned(0, 0)) == (
        "1 of 1 point",
        "0 of 1 point",
        "1 of 2 points",
        "practice",
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_measured_minutes_name_one_thread_as_one(threads, monkeypatch):
    monkeypatch.setattr(
        numbers, "recorded", lambda root: {"00_x": {"laptop": {"seconds": 60, "cores": 2, "threads": threads}}}
    )
    assert numbers.minutes(ROOT, "00_x", "laptop") == f"1.0 minutes ({number_of(threads, 'thread')})"


def test_figures_and_sliders_say_one_of_each_kind_in_the_singular():
    slider = widgets.ScheduleSlider()
    slider.controls["rounds"].value = 1
    one, two = torch.ones(1, 1, 1, 1), torch.ones(2, 2, 1, 1)
    told = [
        figures.kernels(one).alt,
        figures.kernels(two).alt,
        figures.flatten_map(channels=1, height=1, width=1, columns=[0]).alt,
        figures.crowd({"a": [0.5]}).alt,
        figures.staircase({"A": (0.5, 0.7)}, ["A"]).alt,
        figures.conv_places((1, 1), kernel=1).alt,
        figures.timings({"a": [1.0, 2.0, 3.0]}, 1, 1).alt,
        slider._readout.value,
    ]
    assert "1 filter of" in told[0] and "1 channel," in told[0]
    assert "2 filters of" in told[1] and "2 channels," in told[1]
    assert not [text for text in told if re.search(r"(?<![\d.,x])1 [a-z]+s\b(?<! is)(?<! times)", text)], told
    assert not [text for text in told if "(s)" in text]


HIDDEN = {"source_hidden": True}
SOURCES = authoring.lessons(ROOT)
each = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)


@pytest.fixture
def toy(tmp_path):
    (tmp_path / "solutions").mkdir()
    path = tmp_path / "solutions" / "02_toy.py"
    path.write_text(
        "# %% [markdown]\n# # A toy\n\n# %%\nimport copy\n\n"
        '# %% tags=["parameters"]\nMODE = "ci"\n\n# %% [markdown]\n# ## 1. Begin\n\n# %%\nprint(1)\n'
    )
    return path


def test_the_code_below_the_header_is_folded_and_no_other(toy):
    cells = read(toy, toy.parent.parent).cells
    assert [cell.metadata.get("jupyter") for cell in cells] == [None, HIDDEN, HIDDEN, None, None]
    student = notebooks.to_student(read(toy, toy.parent.parent))
    assert [cell.metadata.get("jupyter") for cell in student.cells] == [None, HIDDEN, HIDDEN, None, None]
    nbformat.validate(student)


def test_a_cell_tagged_folded_is_folded(toy):
    toy.write_text(toy.read_text().replace("# %%\nprint(1)", '# %% tags=["folded"]\nprint(1)'))
    assert [cell.metadata.get("jupyter") for cell in read(toy, toy.parent.parent).cells][-1] == HIDDEN


def test_a_folded_cell_is_never_an_exercise(toy):
    text = toy.read_text().replace("# %% [markdown]\n# ## 1. Begin\n\n", "")
    answer = '# %% answer="cliff"\ncliff = None\n### BEGIN SOLUTION\ncliff = 0.2\n### END SOLUTION\n\n'
    check = '# %% check="cliff"\ncheck(cliff, "cliff")\n'
    toy.write_text(text.replace("# %%\nprint(1)\n", answer + check))
    for cell in read(toy, toy.parent.parent).cells:
        assert not ("nbgrader" in cell.metadata and "jupyter" in cell.metadata)


def test_the_picture_of_the_cell_tagged_ahead_is_taken_from_its_output():
    cell = nbformat.v4.new_code_cell("figure", metadata={"tags": [AHEAD]})
    book = nbformat.v4.new_notebook(cells=[cell])
    with pytest.raises(CourseError, match="the first shows 0 pictures"):
        notebooks.picture(book)
    cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": figures.bars({"a": 1.0}, "y").html()})]
    assert notebooks.picture(book).startswith(b"\x89PNG")
    cell.metadata["tags"] = []
    assert notebooks.picture(book) is None


@each
def test_a_lesson_opens_with_its_goal_a_picture_and_the_minutes_it_takes(path):
    book = read(path, ROOT)
    head = book.cells[1].source
    assert "**Goal.**" in head and re.search(r"minutes? of computing", head)
    assert re.search(rf"!\[[^\]]{{20,}}\]\(\.\./notebooks/pictures/{path.stem}\.png\)", head)
    assert sum(AHEAD in cell.metadata.get("tags", []) for cell in book.cells) == 1
    folded = [cell for cell in book.cells if cell.metadata.get("jupyter") == HIDDEN]
    assert folded[:3] == book.cells[2:5] and "modes.get(MODE)" in folded[2].source


@each
def test_prose_promises_nothing_that_is_not_there(path):
    prose = " ".join(cell.source for cell in read(path, ROOT).cells if cell.cell_type == "markdown")
    assert not re.search(r"not (written|measured) yet|\bby lot\b|took the index for the amount", prose)
