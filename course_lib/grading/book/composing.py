"""The graded notebook: the lesson's, with a student's answers and verdicts in their cells, and his own cells."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from course_lib.grading.book import cleaning
from course_lib.grading.reading.notebooks import LARGEST, clean
from course_lib.grading.reading.words import WORDS
from course_lib.grading.results import Mark, Result
from course_lib.teaching.verdict import Verdict

CELLS, TEXT, PICTURES = (
    500,
    250_000,
    8 << 20,
)  # the most of a student's own cells, their characters, and their pictures' bytes
PRINTED = 5_000  # characters of an output that are kept
Kept = Mapping[str, Any]  # a cell of a student's, harmless, as JSON: number, code, ids, source, shown, outputs


def keep(path: Path) -> list[Kept]:
    """Return the cells of a notebook that a student handed in, with nothing in them that a browser would run.

    number: from 1, as in the notebook. source: as it was typed. shown: the source of the cell that is shown for it. outputs:
    text and pictures. Of a file that is no notebook nothing is kept, and of a very long one the beginning.
    """
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            return []
        text = path.read_bytes()
        given = json.loads(text.decode(json.detect_encoding(text)))["cells"]
        if not isinstance(given, list):
            return []
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    kept: list[Kept] = []
    text_left, room = TEXT, _Room(PICTURES)
    for number, cell in enumerate(given[:CELLS], 1):
        if not isinstance(cell, dict) or text_left <= 0:
            continue
        one = _kept(number, cell, room)
        text_left -= len(one["source"])
        kept.append(one)
    return kept


@dataclass
class _Room:
    """What is left for pictures: also those that turn out to be none were looked at."""

    left: int

    def takes(self, text: str) -> bool:
        """Return whether there is room for it, and take it."""
        self.left -= len(text)
        return self.left >= 0


def _kept(number: int, cell: Mapping[str, Any], room: _Room) -> Kept:
    source = _text(cell.get("source"))
    kind = cell.get("cell_type")
    metadata = cell.get("metadata")
    marked = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    ids = [cell.get("id"), marked.get("grade_id") if isinstance(marked, dict) else None]
    attachments = _attachments(cell.get("attachments"), room) if kind == "markdown" else {}
    shown = source if kind == "code" else cleaning.words(source[:WORDS], attachments)
    return {
        "number": number, "code": kind == "code", "ids": [name for name in ids if isinstance(name, str)], "source": source,
        "shown": shown if kind != "raw" else cleaning.one_line(cleaning.plain(source[:WORDS])),
        "outputs": _outputs(cell.get("outputs"), room) if kind == "code" else [],
    }  # fmt: skip


def _text(source: Any) -> str:
    return clean("".join(map(str, source)) if isinstance(source, list) else str(source or ""))


def _attachments(given: Any, room: _Room) -> dict[str, dict[str, str]]:
    """Return the attachments of a cell that have the right form, until there is no room for more."""
    found: dict[str, dict[str, str]] = {}
    for name, kinds in given.items() if isinstance(given, dict) else ():
        if isinstance(kinds, dict):
            found[name] = {
                kind: data for kind, data in zip(kinds, map(_text, kinds.values()), strict=True) if room.takes(data)
            }
    return found


def _outputs(given: Any, room: _Room) -> list[dict[str, str]]:
    """Return what a cell printed and the pictures that it showed; HTML, programs and widgets are left out."""
    found: list[dict[str, str]] = []
    for output in given[:20] if isinstance(given, list) else ():
        if not isinstance(output, dict):
            continue
        data = output.get("data") if isinstance(output.get("data"), dict) else {}
        assert isinstance(data, dict)
        image = next((_text(data[kind]) for kind in ("image/png", "image/jpeg") if kind in data), "")
        if image and room.takes(image) and (address := cleaning.picture(image)):
            kind, _, content = address.removeprefix("data:").partition(";base64,")
            found.append({kind: content})
        elif printed := _text(output.get("text") or data.get("text/plain")):
            found.append({"text/plain": printed[:PRINTED]})
    return found


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
        hashes[grade_id] = hashlib.sha256(cell.source.encode()).hexdigest()


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
