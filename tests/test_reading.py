"""Notebooks are read whatever is in them: as jupytext's text, under limits, and with words wherever they were written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
import pytest

from course_lib.grading.marking import mark
from course_lib.grading.reading import examining, finding, notebooks, reader
from course_lib.grading.reading.notebooks import Cell, cells_of
from course_lib.grading.sandbox.box import Limits
from course_lib.teaching import exercises

ROOT = Path(__file__).parents[1]
NAME = "02_l1_filter_pruning"
COURSE = [examining.Exercise(asked.name, asked.lesson, asked.kind) for asked in exercises.everything()]
TEMPLATE = cells_of(nbformat.read(ROOT / "notebooks" / f"{NAME}.ipynb", 4), NAME)
QUESTION = "02-collapse-explain"
PLACE = next(place for place, cell in enumerate(TEMPLATE) if QUESTION in cell.ids)
RIGHT = "import torch\ndef filter_l1(weight):\n    # the sum of all sizes\n    return weight.abs().sum((1, 2, 3))"
WORDS = "Which layers, and was it trained again?"


def book(path, cells):
    """Write cells as a notebook; return its path."""
    plain = [
        {
            "cell_type": "code" if cell.code else "markdown",
            "source": cell.source,
            "metadata": {"nbgrader": {"grade_id": cell.ids[-1]}} if cell.ids[-1:] > ("02-",) else {},
            **({"id": cell.ids[0]} if cell.ids else {}),
            **({"outputs": [], "execution_count": None} if cell.code else {}),
        }
        for cell in cells
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": plain}))
    return path


def found(path, template=()):
    return reader.examine(path, "02", COURSE, template)


# limits


BREACHES = {
    "a name of itself, many times": "a=a\n" * 8_000,
    "a name of itself on some way": "if a: a=a\n" * 3_000,
    "names in a chain": "\n".join(f"a{n}=a{n - 1}" for n in range(4_000)),
    "names in a chain that is changed": "\n".join(f"a{n}=a{n - 1}\na{n}.append(1)" for n in range(2_000)),
    "functions in a chain": "\n".join(f"def f{n}(): f{n - 1}(); a.append(1)" for n in range(2_000)) + "\nf1()",
    "a module in a module in a module": "import " + ".".join("a" * 40_000),
    "many lines of IPython": "!a\n" * 5_000,
    "an expression that is deep": "a" + "+a" * 60_000,
    "brackets": "(" * 90 + ")" * 90,
    "one long text": "a = '" + "x" * 100_000 + "'",
    "many targets": "=".join(["a"] * 20_000),
}


@pytest.mark.parametrize("name", BREACHES)
def test_what_costs_a_parser_much_costs_the_grader_little_and_says_so_or_is_graded(name, tmp_path):
    cells = [
        Cell(1, True, RIGHT, ()),
        Cell(2, True, BREACHES[name], ()),
        Cell(3, True, f"{BREACHES[name]}\nhalf_gone = a", ()),
    ]
    before = psutil.Process().memory_info().rss
    result = found(book(tmp_path / "x.ipynb", cells))
    assert psutil.Process().memory_info().rss - before < 100 << 20
    if not result.problem:
        assert "weight.abs()" in result.answers["filter_l1"].program
    else:
        assert "a person has to look at it" in result.problem


def test_a_chain_of_eight_thousand_statements_is_followed_to_its_start(tmp_path):
    chain = "a = 0.5\n" + "a=a\n" * 8_000 + "half_gone = a"
    answer = finding.find([Cell(1, True, chain, ())], [asked for asked in COURSE if asked.lesson == "02"])["half_gone"]
    assert answer.program.startswith("a = 0.5") and answer.program.count("\n") == 8_001


def test_the_reader_holds_no_torch_and_starts_once(tmp_path):
    path = book(tmp_path / "x.ipynb", [Cell(1, True, RIGHT, ())])
    script = (
        "import sys\nfrom pathlib import Path\nfrom course_lib.grading.reading import examining, reader\n"
        f"path = Path({str(path)!r})\nids = set()\n"
        "for _ in range(3):\n"
        "    answers = reader.examine(path, '02', [examining.Exercise('filter_l1', '02', 'code')]).answers\n"
        "    ids.add(reader._READER[0].process.pid)\n"
        "maps = Path(f'/proc/{ids.pop()}/maps')\n"
        "assert not ids and answers['filter_l1'].program and 'torch' not in sys.modules\n"
        "assert not maps.exists() or 'torch' not in maps.read_text()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, timeout=100)


def test_a_reader_that_was_ended_is_started_again(tmp_path):
    path = book(tmp_path / "x.ipynb", [Cell(1, True, RIGHT, ())])
    assert found(path).answers["filter_l1"].program
    reader._READER[0].process.kill()
    reader._READER[0].process.wait()
    assert found(path).answers["filter_l1"].program


def test_a_file_that_never_ends_is_given_up(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "x.ipynb")
    assert "is a link or no file" in found(tmp_path / "x.ipynb").problem


def test_the_cells_of_a_notebook_come_under_the_same_limits(tmp_path):
    cells = reader.cells(book(tmp_path / "x.ipynb", [Cell(1, True, RIGHT, ("02-filter_l1-answer",))]))
    assert [(cell.source, cell.number, cell.ids[-1]) for cell in cells] == [(RIGHT, 1, "02-filter_l1-answer")]
    with pytest.raises(notebooks.Unreadable, match="is a link or no file"):
        reader.cells(tmp_path / "none.ipynb")


# what is shown, and what is said


def test_the_source_of_an_answer_is_as_it_was_handed_in(tmp_path):
    answer = found(book(tmp_path / "x.ipynb", [Cell(1, True, f"# mine\n{RIGHT}  # so\n\n# end", ())])).answers["filter_l1"]
    assert answer.source == RIGHT.removeprefix("import torch\n") + "  # so"


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["%run helpers.py", "def filter_l1(w):\n    return norms(w)"], ("no cell defines norms", "cell 1 may define it")),
        (["exec('a = 1')", "def filter_l1(w):\n    return a"], ("no cell defines a", "cell 1 may define it by exec")),
        (["%%cython\ndef norms(w): ...", "def filter_l1(w):\n    return norms(w)"], ("%%cython, which is not run",)),
        (["def filter_l1(w):\n    gpu = !nvidia-smi\n    return gpu"], ("a shell command or a magic",)),
        (
            ["from course_lib import data\ndims = []", "dims.append(data.load())", "def filter_l1(w):\n    return dims"],
            ("cell 2 may change dims by course_lib",),
        ),
        (["%run mine.py"], ("cell 1 may define it by exec, %run or the like",)),
    ],
)
def test_what_cannot_be_had_is_said_to_a_person(cells, why, tmp_path):
    cells = [Cell(number, True, source, ()) for number, source in enumerate(cells, 1)]
    answer = found(book(tmp_path / "x.ipynb", cells)).answers["filter_l1"]
    for sentence in why:
        assert any(sentence in doubt for doubt in answer.doubts), answer.doubts


def test_a_check_that_says_correct_where_grading_does_not_is_said_to_a_person(tmp_path):
    path = book(tmp_path / f"{NAME}.ipynb", [Cell(1, True, RIGHT + " * 2", ()), Cell(2, True, "check(filter_l1)", ())])
    plain = json.loads(path.read_text())
    html = '<div class="course-verdict" data-state="correct" role="status">'
    plain["cells"][1]["outputs"] = [{"output_type": "execute_result", "data": {"text/html": [html]}}]
    path.write_text(json.dumps(plain))
    notes = {found.exercise: found.notes for found in mark(path, "x", "02", 1, Limits(), unsafe=True).marks}
    assert notes["filter_l1"] == ("in the notebook its check says correct",) and notes["silence"] == ()


# other texts


def test_a_notebook_in_jupytexts_text_form_is_read(tmp_path):
    path = tmp_path / f"{NAME}.py"
    path.write_text(
        "# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       extension: .py\n"
        "#       format_name: percent\n# ---\n\n"
        f"# %% [markdown]\n# Words.\n\n# %%\n# %pip install x\n{RIGHT}\n\n"
        f'# %% nbgrader={{"grade_id": "02-half_gone-answer"}}\nhalf_gone = 0.5\n'
    )
    cells = notebooks.read(path)
    assert [cell.code for cell in cells] == [False, True, True] and cells[2].ids[-1] == "02-half_gone-answer"
    answers = found(path).answers
    assert answers["filter_l1"].program and answers["half_gone"].program == "half_gone = 0.5"


def test_a_script_without_cells_is_read_too_and_no_text_raises(tmp_path):
    path = tmp_path / "x.py"
    path.write_text(RIGHT)
    assert found(path).answers["filter_l1"].program
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read as a notebook in text form" in found(path).problem


# words


def handed_in(*changes, ids=True):
    """Return the cells of the students' notebook after changes: (place, cells in its place)."""
    cells = list(TEMPLATE)
    for place, new in sorted(changes, key=lambda change: -change[0]):
        cells[place : place + 1] = new
    strip = {} if ids else {"ids": ()}
    return [Cell(**{**vars(cell), "number": number} | strip) for number, cell in enumerate(cells, 1)]


def own(source, code=False):
    return Cell(0, code, source, ())


ASKS = TEMPLATE[PLACE - 1]
ANSWER = TEMPLATE[PLACE]
ELSEWHERE = {
    "in its cell": handed_in((PLACE, [Cell(0, False, WORDS, ANSWER.ids)])),
    "in a new cell below": handed_in((PLACE, [ANSWER, own(WORDS)])),
    "in a new cell above": handed_in((PLACE, [own(WORDS), ANSWER])),
    "in a new cell, its own deleted": handed_in((PLACE, [own(WORDS)])),
    "in its cell, without ids": handed_in((PLACE, [own(WORDS)]), ids=False),
    "in a new cell below, without ids": handed_in((PLACE, [ANSWER, own(WORDS)]), ids=False),
    "in its cell, the prompt deleted": handed_in((PLACE - 1, []), (PLACE, [Cell(0, False, WORDS, ANSWER.ids)])),
    "in a new cell, prompt and its own deleted": handed_in((PLACE - 1, []), (PLACE, [own(WORDS)])),
    "in a new cell, prompt deleted, without ids": handed_in((PLACE - 1, []), (PLACE, [own(WORDS)]), ids=False),
    "below the prompt, in one cell with it": handed_in((PLACE - 1, [Cell(0, False, f"{ASKS.source}\n\n{WORDS}", ASKS.ids)])),
    "as words in a cell for code": handed_in((PLACE, [ANSWER, own(WORDS, code=True)])),
    "as a comment in a cell for code": handed_in((PLACE, [ANSWER, own(f"# {WORDS}", code=True)])),
    "at the end": [*handed_in(), Cell(900, False, WORDS, ())],
    "at the start, without ids": [Cell(900, False, WORDS, ()), *handed_in(ids=False)],
}


@pytest.mark.parametrize("how", ELSEWHERE)
def test_words_are_found_wherever_they_were_written(how, tmp_path):
    texts = found(book(tmp_path / "x.ipynb", ELSEWHERE[how]), TEMPLATE).written
    assert WORDS in texts[QUESTION]
    assert (texts[QUESTION] == WORDS) == (how in ("in its cell", "in its cell, the prompt deleted"))
    if texts[QUESTION] != WORDS:
        assert texts[QUESTION].startswith("[Not in its own cell; ")


def test_a_question_that_nobody_answered_stays_as_it_was(tmp_path):
    for ids in (True, False):
        code = handed_in((3, [own("x = 1", code=True), TEMPLATE[3]]), ids=ids)
        texts = found(book(tmp_path / "x.ipynb", code), TEMPLATE).written
        assert texts.get(QUESTION, ANSWER.source) == ANSWER.source
