"""The graded notebook: the lesson's, with a student's answers and verdicts in their cells, and his own cells."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from course_lib.grading.reading import cleaning
from course_lib.grading.reading.keeping import Kept
from course_lib.grading.reading.words import HEADING, WORDS
from course_lib.grading.results import Mark, Result
from course_lib.teaching.verdict import Verdict


def compose(book: NotebookNode, result: Result, kept: Sequence[Kept] = ()) -> NotebookNode:
    """Return the students' notebook with this student's answers in their cells, the verdicts below them, and his own cells.

    kept: the cells that he handed in. In the metadata: grade_id -> hash of each answer, so that a changed one can be told.
    """
    book = copy.deepcopy(book)
    theirs, own = _placed(book.cells, kept)
    shown: list[NotebookNode] = [*map(_own, own.get(-1, ()))]
    hashes: dict[str, str] = {}
    for place, cell in enumerate(book.cells):
        before = cell.source
        _fill(cell, result, kept, hashes)
        typed = theirs.get(place)
        shown.append(cell)
        if (
            typed
            and typed["source"].strip() not in {before.strip(), cell.source.strip(), ""}
            and typed["shown"] != cell.source
        ):
            if "nbgrader" in cell.metadata:
                shown.append(_own(typed))
            else:
                cell.source = typed["shown"]
        shown += map(_own, own.get(place, ()))
    if result.problem:
        shown.insert(0, new_markdown_cell(cleaning.sentence(result.problem), id="problem"))
    book.cells = shown
    book.metadata["course"] = {**book.metadata.get("course", {}), "answers": hashes}
    return book


def answers(path: Path) -> dict[str, str]:
    """Return grade_id -> hash of each answer in a graded notebook; nothing if there is none yet."""
    try:
        return answers_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def answers_of(graded: Mapping[str, Any]) -> dict[str, str]:
    """Return grade_id -> hash of each answer in what `compose` returned."""
    return dict(graded["metadata"]["course"]["answers"])


def words(path: Path) -> dict[str, str]:
    """Return grade_id -> the harmless HTML of each answer in words of a graded notebook that was touched."""
    cells = nbformat.read(path, 4).cells
    marked = {cell.metadata.get("nbgrader", {}).get("grade_id", ""): cell.source for cell in cells}
    return {name: source for name, source in marked.items() if name.endswith("-explain") and source.startswith("<div")}


def _fill(cell: NotebookNode, result: Result, kept: Sequence[Kept], hashes: dict[str, str]) -> None:
    """Put an answer or a verdict into its cell."""
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
    name, _, role = grade_id.partition("-")[2].rpartition("-")
    mark = next((mark for mark in result.marks if mark.exercise == name), None)
    if role == "answer" and mark and mark.source:
        # The whole cell with its comments where it is this one; what was graded of another cell otherwise.
        typed = next((one for one in kept if one["number"] == mark.cell and grade_id in one["ids"]), None)
        cell.source = typed["source"] if typed else mark.source
    elif role == "check" and mark:
        cell.execution_count, cell.outputs = 1, [_verdict(mark)]
        hashes[grade_id] = hashlib.sha256(mark.source.encode()).hexdigest()
    elif role == "explain":
        written = result.written.get(grade_id, cell.source)
        if written.strip() != cell.source.strip():  # nbgrader gives an untouched one no points, and knows it by its text
            same = (one["shown"] for one in kept if not one["code"] and one["source"][:WORDS] == written)
            cell.source = next(same, None) or cleaning.words(written)
        # Words that moved into their own cell are still those that a person gave points.
        bare = HEADING.sub("", written, count=1)
        same_text = cell.source if bare == written else cleaning.words(bare)
        hashes[grade_id] = hashlib.sha256(same_text.encode()).hexdigest()


def _placed(cells: Sequence[NotebookNode], kept: Sequence[Kept]) -> tuple[dict[int, Kept], dict[int, list[Kept]]]:
    """Return place -> the student's version of a lesson's cell, and place -> his own cells after it (-1: before all)."""
    by_id = {name: place for place, cell in reversed(list(enumerate(cells))) for name in _ids(cell)}
    by_text = {cell.source.strip(): place for place, cell in reversed(list(enumerate(cells)))}
    theirs: dict[int, Kept] = {}
    own: dict[int, list[Kept]] = {}
    here = -1
    for one in kept:
        found = [by_id[name] for name in one["ids"] if name in by_id] + [by_text.get(one["source"].strip(), -1)]
        place = next((place for place in found if place >= 0 and place not in theirs), None)
        if place is not None and (cells[place].cell_type == "code") == one["code"]:
            theirs[place], here = one, place
        elif one["source"].strip() and one["source"].strip() not in by_text:
            own.setdefault(here, []).append(one)
    return theirs, own


def _ids(cell: NotebookNode) -> list[str]:
    return [name for name in (cell.get("id"), cell.metadata.get("nbgrader", {}).get("grade_id")) if name]


def _own(one: Kept) -> NotebookNode:
    identifier = f"own-{one['number']}"
    if not one["code"]:
        return new_markdown_cell(one["shown"], id=identifier)
    outputs = [new_output("display_data", data) for data in one["outputs"]]
    return new_code_cell(one["source"], id=identifier, outputs=outputs)


def _verdict(mark: Mark) -> NotebookNode:
    verdict = Verdict(mark.state, mark.points, mark.out_of, mark.reason, mark.misconception)
    return new_output("execute_result", {"text/plain": repr(verdict), "text/html": verdict._repr_html_()}, execution_count=1)
