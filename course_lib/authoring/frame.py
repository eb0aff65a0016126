"""What stands around every lesson of a course that has a map: the ways to its neighbours, and the points so far.

The cells are generated. No hash has their code and no executed notebook what they show, for that is the reader's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

GLOSSARY = Path("solutions") / "glossary.toml"
MAP_PAGE, GLOSSARY_PAGE = Path("notebooks") / "README.md", Path("notebooks") / "GLOSSARY.md"
ID = "course-"  # starts the id of a generated cell
POINTS = "Points so far"
SAYS = (
    f"## {POINTS}\n\n"
    "Run this cell: it counts what your checks have said, here and in the other lessons (in a terminal: `course progress`). "
    "It is for you alone: grades are made from what you hand in."
)


def generated(cell: NotebookNode) -> bool:
    """Return whether a cell was put around the lesson."""
    return cell.id.startswith(ID)


def framed(cells: list[NotebookNode], path: Path, lessons: Sequence[Path], root: Path) -> list[NotebookNode]:
    """Return a lesson's cells with the header and the footer around them; without, if the course has no map.

    lessons: the sources of all lessons, in their order; `path` is one of them.
    """
    if path not in lessons or not (root / GLOSSARY).exists():
        return cells
    ways = _ways(path, lessons)
    middle = [f"[map](../{MAP_PAGE.as_posix()})", f"[glossary](../{GLOSSARY_PAGE.as_posix()})"]
    # With the file's name: of two open lessons, JupyterLab would look for the section in the one that was opened first.
    points = f"[points so far]({path.stem}.ipynb#{POINTS.replace(' ', '-')})"
    header = " · ".join([*ways[0], *middle, points, *ways[1]])
    footer = " · ".join([*ways[0], *middle, *ways[1]])
    code = f'from course_lib.teaching import so_far\n\nso_far("{path.name[:2]}")'
    return [
        new_markdown_cell(header, id=f"{ID}header"),
        *cells,
        new_markdown_cell(SAYS, id=f"{ID}about-points"),
        new_code_cell(code, id=f"{ID}points"),
        new_markdown_cell(footer, id=f"{ID}footer"),
    ]


def _ways(path: Path, lessons: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Return the links to the lesson before and to the one behind, each in a list that is empty where there is none."""
    place = lessons.index(path)
    before = [f"← {_link(lesson)}" for lesson in lessons[max(0, place - 1) : place]]
    return before, [f"{_link(lesson)} →" for lesson in lessons[place + 1 : place + 2]]


def _link(lesson: Path) -> str:
    title = re.search(r"^# # (.+)$", lesson.read_text(encoding="utf-8"), re.M)
    return f"[{title[1].replace(' · ', ' ') if title else lesson.stem}]({lesson.stem}.ipynb)"
