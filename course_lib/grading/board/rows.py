"""A student's row on the boards, and the places of all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from course_lib.capstone import Entry


@dataclass(frozen=True)
class Row:
    """What the boards say of a student.

    file: hash of the file's bytes, "" where none was read. time: milliseconds of a batch, and their ratio to the dense
    network's. test: accuracy on test images, once it was read. score_place, macs_place: from 1; None: not ranked.
    """

    student: str
    name: str
    file: str
    entry: Entry
    path_of_weights: Path | None = None
    time: tuple[float, float] | None = None
    test: float | None = None
    score_place: int | None = None
    macs_place: int | None = None
    remarks: tuple[str, ...] = ()

    @cached_property
    def shape(self) -> str:
        """What tells the widths of one network from another's."""
        widths = self.entry.measures.widths if self.entry.measures else {}
        return hashlib.sha256(json.dumps(widths, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def remark(self) -> str:
        """All that is said beside the numbers, in one line."""
        return " ".join(filter(None, (self.entry.remark, *self.remarks)))


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with their places, the best score first, then those who are not ranked.

    By validation alone: score, and then MACs. Who is equal shares a place, and the next one counts all before.
    """
    scores = _places(rows, lambda row: -round(row.entry.measures.score, 12) if row.entry.measures else 0.0)
    macs = _places(rows, lambda row: row.entry.measures.macs if row.entry.measures else 0.0)
    placed = [replace(row, score_place=scores[row.student], macs_place=macs[row.student]) for row in rows]
    return sorted(placed, key=lambda row: (row.score_place or len(rows) + 1, row.student))


def _places(rows: Sequence[Row], key: Callable[[Row], float]) -> dict[str, int | None]:
    values = {row.student: key(row) for row in rows if row.entry.measures and row.entry.measures.ranked}
    return {
        row.student: 1 + sum(other < values[row.student] for other in values.values()) if row.student in values else None
        for row in rows
    }
