"""Tables for spreadsheets, in which no cell that a student wrote runs as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # spreadsheets run what begins so, full-width signs too
CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")  # tabs and line ends among them, which begin other cells and rows


def write(rows: Iterable[Sequence[str | float]], quoted: bool = False) -> str:
    """Return rows as CSV; numbers are written as short as they are, and text that could run is marked as text.

    quoted: whether every cell stands in quotes.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerows([safe(cell) if isinstance(cell, str) else f"{cell:.10g}" for cell in row] for row in rows)
    return text.getvalue()


def safe(text: str) -> str:
    """Return text that a spreadsheet shows on one line and does not run: an apostrophe goes before what could be a formula.

    >>> safe("=1+1"), safe("ann")
    ("'=1+1", 'ann')
    """
    line = CONTROLS.sub(" ", text)
    return f"'{line}" if line.lstrip(" \u00a0").startswith(FORMULAS) else line
