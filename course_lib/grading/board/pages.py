"""The two boards as one page and one table; nothing in them runs, whatever a name says."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from course_lib import pareto
from course_lib.capstone import BATCH
from course_lib.files import write_text
from course_lib.grading.board.rows import Row
from course_lib.grading.report import tables
from course_lib.measure import standard_error
from course_lib.validation.page import STYLE
from course_lib.words import number_of

NAME = "leaderboard"
COLUMNS = (
    "student", "name", "score_place", "macs_place", "score", "accuracy", "standard_error", "sparsity", "kept_parameters",
    "macs", "macs_ratio", "milliseconds", "milliseconds_ratio", "test_accuracy", "remark",
)  # fmt: skip


def write(rows: Sequence[Row], out: Path, data: str, model: str) -> None:
    """Write leaderboard.html and leaderboard.csv, each whole or not at all. rows: in the order of the first board."""
    write_text(out / f"{NAME}.csv", tables.write([COLUMNS, *map(_cells, rows)]))
    write_text(out / f"{NAME}.html", page(rows, data, model))


def _cells(row: Row) -> list[str | float]:
    places = [place or "" for place in (row.score_place, row.macs_place)]
    test = "" if row.test is None else row.test
    m = row.entry.measures
    if m is None:
        return [row.student, row.name, *places, *[""] * 9, test, row.remark]
    error = standard_error(m.accuracy, m.images)
    time = row.time or ("", "")
    return [
        row.student, row.name, *places, m.score, m.accuracy, error, m.sparsity, m.kept, m.macs, m.macs_ratio, *time, test,
        row.remark,
    ]  # fmt: skip


def page(rows: Sequence[Row], data: str, model: str) -> str:
    """Return the page: both boards, who is not ranked and why, and files that are the same to the byte."""
    on = [row for row in rows if row.score_place]
    off = [row for row in rows if not row.score_place]
    test = any(row.test is not None for row in rows)
    images = next((row.entry.measures.images for row in on if row.entry.measures), 0)
    parts = [
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Leaderboard</title><style>{STYLE}</style>",
        f"<h1>Leaderboard: {html.escape(model)} on {html.escape(data)}</h1>",
        f"<p>{number_of(len(rows), 'student')}, {len(on)} ranked. Accuracy is of {images or 'the'} validation images, with "
        f"one standard error; the floor is {pareto.FLOOR:.2f}. Sparsity is counted from the weights in each file: the share "
        "of the dense network's parameters that is not there or zero. "
        + ("Test images were read once for each student; no place depends on them." if test else "")
        + "</p><h2>Board 1: score, the mean of accuracy and sparsity</h2>",
        _table(
            ["place", "student", "score", "accuracy", "sparsity", "parameters kept", *(["test"] if test else []), "remark"],
            [_scored(row, test) for row in on],
        ),
        "<h2>Board 2: MACs, and milliseconds</h2>",
        f"<p>As ratios to the dense network: MACs of one image; milliseconds of {BATCH} images on the CPU, all networks "
        "timed in turns in one run. Masked weights are multiplied like others: only what was cut out counts here.</p>",
        _table(
            ["place", "student", "MACs, ratio", "ms, ratio", "ms", "accuracy", "remark"],
            [_sized(row) for row in sorted(on, key=lambda row: (row.macs_place or 0, row.student))],
        ),
    ]
    if off:
        parts += ["<h2>Not ranked</h2>", _table(["student", "why"], [[row.student, row.remark] for row in off])]
    if alike := _alike(rows):
        parts.append(f"<h2>The same file, to the byte</h2><p>{html.escape('; '.join(alike))}.</p>")
    return "".join(parts) + "</html>\n"


def _scored(row: Row, test: bool) -> list[str]:
    m = row.entry.measures
    assert m is not None  # it is ranked
    read = [] if not test else ["" if row.test is None else f"{row.test:.4f}"]
    accuracy = f"{m.accuracy:.4f} ± {standard_error(m.accuracy, m.images):.4f}"
    return [
        str(row.score_place),
        row.student,
        f"{m.score:.4f}",
        accuracy,
        f"{m.sparsity:.4f}",
        f"{m.kept:,}",
        *read,
        row.remark,
    ]


def _sized(row: Row) -> list[str]:
    m = row.entry.measures
    assert m is not None  # it is ranked
    time = ["", ""] if row.time is None else [f"{row.time[1]:.2f}", f"{row.time[0]:.2f}"]
    return [str(row.macs_place), row.student, f"{m.macs_ratio:.4f}", *time, f"{m.accuracy:.4f}", row.remark]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
    return f"<table><tr><th>{'<th>'.join(head)}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _alike(rows: Sequence[Row]) -> list[str]:
    students = defaultdict(list)
    for row in rows:
        if row.file:
            students[row.file].append(row.student)
    return [", ".join(names) for names in students.values() if len(names) > 1]
