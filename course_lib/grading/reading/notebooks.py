"""A notebook that a student handed in, read as data: its cells. Nothing is executed here."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The most bytes of a notebook, characters of code in it, and cells: reading it costs more the more it has of these.
LARGEST, CODE, CELLS = 20 << 20, 256 << 10, 5_000
SAID = re.compile(r'class="course-verdict" data-state="([a-z-]+)"')


class Unreadable(Exception):
    """A submission that is no notebook; the message is one sentence for student and instructor."""


@dataclass(frozen=True)
class Cell:
    """A cell as it was handed in.

    number: from 1. ids: its id, and the grade_id of its metadata, if there are any. said: the state of the verdict that a
    check showed below it, such as "correct", or "".
    """

    number: int
    code: bool
    source: str
    ids: tuple[str, ...]
    said: str = ""


def read(path: Path) -> list[Cell]:
    """Return the cells of a notebook (nbformat 4.0 to 4.5, also where it is not quite valid, in UTF-8, UTF-16 or UTF-32).

    A file that ends in .py is read as jupytext reads it.

    Raises:
        Unreadable: for anything else.
    """
    name = clean(path.name)
    try:
        if path.is_symlink() or not path.is_file():
            raise Unreadable(f"{name} is a link or no file; hand in the notebook itself.")
        size = path.stat().st_size
        if size > LARGEST:
            raise Unreadable(
                f"{name} has {size:,} bytes; at most {LARGEST:,} are read. Clear its outputs and hand it in again."
            )
        text = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{name} cannot be read: {error.strerror}.") from error
    return cells_of(_scripts(text, name) if path.suffix.lower() == ".py" else _notebooks(text, name), name)


def _notebooks(text: bytes, name: str) -> Mapping[str, Any]:
    try:
        return json.loads(text.decode(json.detect_encoding(text)))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{name} is not a notebook: it cannot be read as JSON ({_no_json(text, error)}).") from error


def _scripts(text: bytes, name: str) -> Mapping[str, Any]:
    """Return the notebook that a text of jupytext's stands for."""
    import jupytext

    if len(text) > CODE:
        raise Unreadable(f"{name} holds {len(text):,} bytes of text; at most {CODE:,} are read.")
    try:
        book = jupytext.reads(text.decode("utf-8-sig"), fmt="py")
    except Exception as error:  # strangers write it, for a parser that expects its own text
        raise Unreadable(f"{name} cannot be read as a notebook in text form ({type(error).__name__}).") from error
    for cell in book["cells"]:
        cell.pop("id", None)  # drawn anew each time
    return book


def cells_of(book: Mapping[str, Any], name: str) -> list[Cell]:
    """Return the cells of a notebook's JSON.

    Raises:
        Unreadable: where it has none, or more than are read.
    """
    try:
        if len(book["cells"]) > CELLS:
            raise Unreadable(f"{name} has {len(book['cells']):,} cells; at most {CELLS:,} are read.")
        cells = [_cell(number, cell) for number, cell in enumerate(book["cells"], 1) if isinstance(cell, dict)]
    except (KeyError, TypeError) as error:
        raise Unreadable(f"{name} is not a notebook of nbformat 4: it has no list of cells.") from error
    code = sum(len(cell.source) for cell in cells if cell.code)
    if code > CODE:
        raise Unreadable(f"{name} holds {code:,} characters of code; at most {CODE:,} are read.")
    return cells


def _no_json(text: bytes, error: Exception) -> str:
    """Return why a file is no JSON."""
    if not text.strip():
        return "empty"
    if isinstance(error, UnicodeDecodeError):
        return "its text is neither UTF-8 nor UTF-16"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return "damaged" if text.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"{") else "damaged, or something else"


def missing_modules(modules: Collection[str]) -> list[str]:
    """Return those of some modules that the grader's Python does not have, sorted; nothing is imported."""
    # Of "a.b" only "a" is looked for: to look for "b" would run what "a" does when it is imported.
    tops = {name.split(".")[0] for name in modules} - set(sys.modules)
    return sorted(name for name in tops if importlib.util.find_spec(name) is None)


def _cell(number: int, cell: dict[str, Any]) -> Cell:
    source = cell.get("source", "")
    source = "".join(map(str, source)) if isinstance(source, list) else str(source)
    metadata = cell.get("metadata")
    marked = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    ids = (cell.get("id"), marked.get("grade_id") if isinstance(marked, dict) else None)
    code = cell.get("cell_type") == "code"
    return Cell(number, code, clean(source), tuple(clean(str(name)) for name in ids if name), _said(cell) if code else "")


def _said(cell: Mapping[str, Any]) -> str:
    """Return the state of the last verdict that stands below a cell. A student may have forged it."""
    outputs = cell.get("outputs")
    said = ""
    for output in outputs if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        shown = data.get("text/html") if isinstance(data, dict) else None
        text = "".join(map(str, shown)) if isinstance(shown, list) else shown
        if isinstance(text, str) and (found := SAID.search(text[:10_000])):
            said = found[1]
    return said


def clean(text: str) -> str:
    """Return `text` without what no file can hold, such as half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8")


def hash_of(path: Path) -> str:
    """Return what tells one submission from another: the hash of the file's bytes."""
    try:
        if path.is_symlink() or not path.is_file():
            return "no file"
        if (size := path.stat().st_size) > LARGEST:
            return f"{size} bytes"  # more than is read
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"no file: {error.strerror}"
