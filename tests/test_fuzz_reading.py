"""Notebooks that were mutated at random are read without a crash, within the limits of time and memory.

COURSE_GALLERY_SEEDS large (`make validate`): 20,000 of them; else 1,000.
"""

from __future__ import annotations

import copy
import json
import os
import random
from pathlib import Path

import nbformat
import pytest
from jupyter import NOT_RIGHT, RIGHT

from course_lib.grading.reading import examining, reader
from course_lib.grading.reading.notebooks import cells_of
from course_lib.teaching import exercises

ROOT = Path(__file__).parents[1]
PARTS = 20
COUNT = (20_000 if int(os.environ.get("COURSE_GALLERY_SEEDS", "3")) > 10 else 1_000) // PARTS
COURSE = [examining.Exercise(asked.name, asked.lesson, asked.kind) for asked in exercises.everything()]
BOOKS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("0*.ipynb"))}
TEMPLATES = {lesson: cells_of(nbformat.read(path, 4), path.name) for lesson, path in BOOKS.items()}
SOLVED = {path.name[:2]: json.loads(path.read_text())["cells"] for path in sorted((ROOT / "solutions").glob("0*.ipynb"))}
for output in [output for cells in SOLVED.values() for cell in cells for output in cell.get("outputs", [])]:
    output.get("data", {}).pop("image/png", None)  # large, and never read
LINES = [
    "%time x = 1", "!ls", "x = !ls", "%%writefile x.py", "%%time", "%%bash", "x??", "?x", "%%", "%", "!", "%%capture out",
    "global x", "exec('x = 1')", "del filter_l1", "return 3", "await x", "yield", "lambda: (yield)", "from torch import *",
    "from course_lib import *", "import a.b.c as d", "filter_l1 = use(filter_l1)", "filter_l1 = None", "class A(A): pass",
    "@filter_l1", "def filter_l1(weight): return filter_l1(weight)", "filter_l1 = filter_l1", "x: int", "x += x",
    "if x:", "    ", "\t", "match x:\n  case {'a': a, **b}: pass\n  case [c, *d]: pass", "try:", "except* E:",
    "for filter_l1 in filter_l1: filter_l1 += filter_l1", "with x as (y, *z): z.append(y)", "[x := y for y in x]", "\\",
    "'''", '"""', "f'{x!r:{y}}'", "(" * 60, ")" * 60, "\0", "\ufeff", "é\u0308", "ﬁlter_l1 = 1", "\ud800", "\u202e", "# %%",
    ">>> x = 1", "globals()['x'] = 1", "setattr(x, 'y', z)", "x.y.z[0].w = v", "x().y = 1", "async def f(): pass", 
    "nonlocal x", "type X = int",
]  # fmt: skip
JUNK = [None, True, 0, -1, 1e308, "", "x", [], {}, [[]], {"a": {}}, "\ud800", "x" * 10_000, ["a", 1, None], [{}], 10**400]


def lines_changed(draw, source):
    lines = source.split("\n")
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(lines) + 1)
        how = draw.randrange(6)
        if how == 0:
            lines.insert(at, draw.choice(LINES))
        elif how == 1:
            del lines[at : at + draw.randint(1, 3)]
        elif how == 2:
            lines[at:at] = lines[at - 3 : at]
        elif how == 3 and lines:
            draw.shuffle(lines)
        elif how == 4 and at < len(lines):
            place = draw.randrange(len(lines[at]) + 1)
            lines[at] = (
                lines[at][:place]
                + draw.choice(["", "(", "'", " ", "\n", "x", ".", "=", "\\", "%", "!"])
                + lines[at][place + 1 :]
            )
        elif at < len(lines):
            lines[at] = draw.choice(["", "    ", "%time ", "# ", "@", "if x: "]) + lines[at]
        lines = lines or [""]
    return "\n".join(lines)


def cells_changed(draw, cells):
    at = draw.randrange(len(cells) + 1)
    how = draw.randrange(8)
    if how == 0:
        cells.insert(
            at, {"cell_type": draw.choice(["code", "markdown", "raw", ""]), "metadata": {}, "source": draw.choice(LINES)}
        )
    elif how == 1:
        del cells[at : at + draw.randint(1, 5)]
    elif how == 2:
        cells[at:at] = copy.deepcopy(cells[at - 2 : at])
    elif how == 3:
        draw.shuffle(cells)
    elif how == 4:
        for cell in cells:
            if isinstance(cell, dict):
                cell.pop("id", None)
                cell["metadata"] = {}
    elif at < len(cells) and isinstance(cells[at], dict):
        source = "".join(map(str, cells[at].get("source") or "")) if isinstance(cells[at].get("source"), (str, list)) else ""
        if how == 5:
            middle = draw.randrange(len(source) + 1)
            cells[at : at + 1] = [{**cells[at], "source": source[:middle]}, {**cells[at], "source": source[middle:]}]
        else:
            cells[at]["source"] = lines_changed(draw, source)


def junk_put_in(draw, tree):
    """Put junk in the place of a random part of JSON data."""
    for _ in range(draw.randint(1, 8)):
        keys = list(tree) if isinstance(tree, dict) else range(len(tree))
        if not keys:
            return
        key = draw.choice(list(keys))
        if isinstance(tree[key], (dict, list)) and tree[key] and draw.random() < 0.8:
            tree = tree[key]
        else:
            tree[key] = copy.deepcopy(draw.choice(JUNK))
            return


def mutated(draw):
    """Return a lesson and the bytes of a notebook for it."""
    lesson = draw.choice(sorted(SOLVED))
    solved = SOLVED[lesson]
    cells = copy.deepcopy(draw.sample(solved, min(len(solved), draw.choice([4, 12, 12, len(solved)]))))
    if draw.random() < 0.5:
        lesson, made = "02", draw.choice([*RIGHT.values(), *NOT_RIGHT.values()])
        cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in made] + cells[:3]
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    for _ in range(draw.randint(1, 5)):
        if draw.random() < 0.8 and isinstance(book.get("cells"), list):
            cells_changed(draw, book["cells"])
        else:
            junk_put_in(draw, book)
    data = json.dumps(book).encode()
    if draw.random() < 0.05:
        place = draw.randrange(len(data))
        data = data[:place] + draw.randbytes(draw.randint(0, 3)) + data[place + draw.randint(0, 3) :]
    return lesson, data


@pytest.mark.parametrize("part", range(PARTS))
def test_a_mutated_notebook_is_read_within_the_limits(part, tmp_path):
    path = tmp_path / "x.ipynb"
    for number in range(COUNT):
        draw = random.Random(part * 1_000_000 + number)
        lesson, data = mutated(draw)
        path.write_bytes(data)
        found = reader.examine(path, lesson, COURSE, TEMPLATES[lesson] if draw.random() < 0.5 else ())
        assert "a person has to look at it" not in found.problem, (part, number, found.problem)
        assert found.problem or found.answers
