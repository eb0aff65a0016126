"""The cells of a notebook that a student handed in, harmless, for his graded notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib.grading.reading import cleaning
from course_lib.grading.reading.notebooks import LARGEST, clean
from course_lib.grading.reading.words import WORDS

CELLS, TEXT, PICTURES = 500, 250_000, 8 << 20  # the most of a student's own cells, their characters, their pictures' bytes
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
