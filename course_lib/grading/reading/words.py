"""Answers in words: found in their cells, and where students wrote elsewhere, beside them; read as data."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from course_lib.grading.reading.notebooks import Cell
from course_lib.grading.reading.translating import UNREADABLE

WORDS = 50_000  # characters of a written answer that are kept
EXPLAIN = "-explain"  # ends the grade_id of a question that is answered in words
HEADING = re.compile(r"\[Not in its own cell; (?:perhaps )?in cell [\d, ]+ of the notebook:\]\n\n")
SHOWN = 12  # cells that are listed where it is not clear which of them is the answer


def written(cells: Sequence[Cell], template: Sequence[Cell]) -> dict[str, str]:
    """Return grade_id -> what a notebook has for it in words. template: the cells of the students' notebook.

    What does not stand in its cell begins with a line in brackets that says where it stands, for the person who grades it.
    """
    asked = [(place, name) for place, cell in enumerate(template) for name in cell.ids if name.endswith(EXPLAIN)]
    theirs = _Theirs(cells, template)
    found: dict[str, str] = {}
    for place, name in asked:
        own = [cell for cell in cells if name in cell.ids]
        texts = dict.fromkeys(cell.source for cell in own if cell.source.strip() not in ("", template[place].source.strip()))
        text = "\n\n".join(texts) or theirs.beside(place)
        if text:
            found[name] = text[:WORDS]
        elif own:
            found[name] = own[0].source[:WORDS]
    unanswered = [name for place, name in asked if found.get(name, "").strip() in ("", template[place].source.strip())]
    if rest := theirs.elsewhere(set(found.values())):
        found |= dict.fromkeys(unanswered, rest[:WORDS])
    return found


class _Theirs:
    """Which cells are the lesson's and which the student's own."""

    def __init__(self, cells: Sequence[Cell], template: Sequence[Cell]) -> None:
        self.cells, self.template = cells, template
        self.ids = {name: place for place, cell in enumerate(template) for name in cell.ids}
        self.sources = {cell.source.strip(): place for place, cell in enumerate(template) if cell.source.strip()}
        self.places = list(map(self._place, cells))  # of each cell in the template; None: the student's own
        self.used: set[int] = set()
        self.whole = bool(self.sources)  # else no more than the names of questions is known

    def _place(self, cell: Cell) -> int | None:
        by_id = next((self.ids[name] for name in cell.ids if name in self.ids), None)
        return self.sources.get(cell.source.strip()) if by_id is None else by_id

    def beside(self, place: int) -> str:
        """Return what stands between the lesson's cells around a question, and what was added to the cell that asks it."""
        if not self.whole:
            return ""
        first = max((n for n, at in enumerate(self.places) if at is not None and at < place), default=-1)
        last = min(
            (n for n, at in enumerate(self.places) if at is not None and at > place and n > first), default=len(self.cells)
        )
        found = [(cell.number, cell.source) for cell in self.cells[first + 1 : last] if self._of_words(cell)]
        if first >= 0 and self.places[first] == place - 1:
            question, cell = self.template[place - 1].source.strip(), self.cells[first]
            added = cell.source.strip().removeprefix(question).strip()
            if added and not cell.code and added != question:
                found.insert(0, (cell.number, added))
        self.used |= {number for number, _ in found}
        return _listed(found)

    def elsewhere(self, known: set[str]) -> str:
        """Return all words of the student's own that belong to no question."""
        own = [cell for cell in self.cells if not cell.code and self._of_words(cell) and cell.number not in self.used]
        found = [(cell.number, cell.source) for cell in own if cell.source not in known]
        return _listed(found[:SHOWN], "perhaps ") if self.whole else ""

    def _of_words(self, cell: Cell) -> bool:
        return self._place(cell) is None and bool(cell.source.strip()) and (not cell.code or _no_code(cell.source))


def _no_code(source: str) -> bool:
    """Return whether a cell for code holds words alone: comments, texts, or what is no Python and no command."""
    try:
        return all(map(_is_text, ast.parse(source).body))
    except UNREADABLE:
        return not any(line.lstrip().startswith(("%", "!", "?")) for line in source.splitlines())


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _listed(found: Sequence[tuple[int, str]], sure: str = "") -> str:
    if not found:
        return ""
    numbers = ", ".join(str(number) for number, _ in found)
    heading = f"[Not in its own cell; {sure}in cell {numbers} of the notebook:]"
    return "\n\n".join([heading, *(source for _, source in found)])
