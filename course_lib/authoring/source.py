"""Read a lesson's text source (jupytext percent) as a notebook whose cells nbgrader understands."""

from __future__ import annotations

import ast
import copy
import hashlib
import itertools
from collections import Counter
from pathlib import Path

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from course_lib import kernel
from course_lib.authoring.frame import framed, generated
from course_lib.authoring.numbers import fill
from course_lib.errors import CourseError
from course_lib.teaching import exercises

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
CODE_STUB = "pass  # your code here"  # runs: a function returns None, a value stays None, and no student cell raises
TEXT_STUB = "*Your answer here.*"
ROLES = ("answer", "check", "explain")
OPTIONS = {*ROLES, "points", "tags"}
FOLDED = "folded"  # tag of a code cell whose input is hidden
TEMPLATE = Path("own") / "bring_your_own.py"  # a notebook beside the lessons: no exercises, no executed copy
AHEAD = "ahead"  # tag of the cell whose picture stands at the head of the lesson: where the reader is going


def lessons(root: Path) -> list[Path]:
    """Return the sources of all lessons in their order: solutions/NN_name.py."""
    return sorted((root / "solutions").glob("[0-9][0-9]_*.py"))


def templates(root: Path) -> list[Path]:
    """Return the source of the notebook for networks of one's own, if this course has it."""
    return [root / TEMPLATE] if (root / TEMPLATE).exists() else []


def read(path: Path, root: Path) -> NotebookNode:
    """Return the lesson as a notebook without outputs, with ids, nbgrader's metadata and the numbers in its prose.

    Raises:
        CourseError: one sentence that names the file and the cell, for anything that would break grading later.
    """
    book = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    number = path.name[:2]
    seen: Counter[str] = Counter()
    cells = []
    for place, cell in enumerate(book.cells, 1):
        where = f"{path.name}, cell {place}"
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's note about blank lines
        roles = [role for role in ROLES if role in cell.metadata]
        unknown = sorted(set(cell.metadata) - OPTIONS)
        if unknown or len(roles) > 1:
            given = unknown[0] if unknown else " and ".join(roles)
            raise CourseError(f"{where}: the option {given} was given; a cell has one of {', '.join(ROLES)}, or tags.")
        _check_markers(cell, where)
        if cell.cell_type == "markdown":
            cell.source = fill(cell.source, root, path.stem, where)
        if roles:
            _mark(cell, roles[0], number, where)
        else:
            digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
            seen[digest] += 1
            cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        cells.append(cell)
    _fold(cells)
    _check_exercises(cells, path)
    cells = framed(cells, path, lessons(root), root)
    notebook = new_notebook(cells=cells, metadata=copy.deepcopy(kernel.METADATA))
    notebook.nbformat_minor = 5
    return notebook


def code_hash(notebook: NotebookNode) -> str:
    """Return the hash of the lesson's code cells; executed outputs belong to it."""
    code = "\n# %%\n".join(cell.source for cell in own_code(notebook))
    return hashlib.sha256(code.encode()).hexdigest()


def own_code(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells that stand in the lesson's source."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and not generated(cell)]


def _fold(cells: list[NotebookNode]) -> None:
    """Hide code that all run and nobody reads: below the header (install, import, mode), and where tagged "folded"."""
    head = itertools.takewhile(lambda cell: cell.cell_type == "code" and "nbgrader" not in cell.metadata, cells[1:])
    for cell in [*head, *(cell for cell in cells if FOLDED in cell.metadata.get("tags", []))]:
        cell.metadata["jupyter"] = {"source_hidden": True}


def _check_markers(cell: NotebookNode, where: str) -> None:
    marks = [line.strip() for line in cell.source.splitlines() if line.strip() in (BEGIN, END)]
    if marks != [BEGIN, END] * (len(marks) // 2) or len(marks) % 2:
        raise CourseError(f"{where}: the answer markers are {marks}; every {BEGIN!r} needs its {END!r}.")
    if bool(marks) != ("answer" in cell.metadata):
        raise CourseError(f"{where}: answer markers and the option answer= belong together; one is missing.")
    if cell.cell_type != "code":
        return
    try:
        ast.parse("\n".join(line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))))
    except SyntaxError as error:
        raise CourseError(f"{where}: this is not Python ({error.msg}, line {error.lineno} of the cell).") from error


def _mark(cell: NotebookNode, role: str, number: str, where: str) -> None:
    name = cell.metadata.pop(role)
    points = cell.metadata.pop("points", None)
    code = role != "explain"
    if (cell.cell_type == "code") != code:
        raise CourseError(f"{where}: {role}={name!r} stands on a {cell.cell_type} cell; it belongs on the other kind.")
    if code:
        asked = exercises.find(name)  # refuses a check without a judge
        if asked.lesson != number:
            raise CourseError(f"{where}: {name!r} is an exercise of lesson {asked.lesson}.")
        points = asked.points
    elif not isinstance(points, (int, float)):
        raise CourseError(f"{where}: explain={name!r} needs points=, a number.")
    last = cell.source.strip().splitlines()[-1]
    if role == "check" and not last.startswith("check("):
        raise CourseError(f"{where}: the last line is {last!r}; a check cell ends in check(...), or its points are lost.")
    cell.id = f"{number}-{name}-{role}"
    graded = role != "answer"
    if role == "check":
        cell.metadata["tags"] = ["nbval-check-output"]  # a verdict depends on neither mode nor machine
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade": graded,
        "solution": role != "check",
        "locked": role == "check",
        "task": False,
        "grade_id": cell.id,
    } | ({"points": points} if graded else {})


def _check_exercises(cells: list[NotebookNode], path: Path) -> None:
    ids = [cell.metadata.nbgrader.grade_id for cell in cells if "nbgrader" in cell.metadata]
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        raise CourseError(f"{path.name}: two exercises are called {twice[0].split('-')[1]!r}; give one another name.")
    for role, partner in (("answer", "check"), ("check", "answer")):
        for name in ids:
            if name.endswith(f"-{role}") and name.removesuffix(role) + partner not in ids:
                exercise = name.split("-")[1]
                raise CourseError(f"{path.name}: exercise {exercise!r} has a cell with {role}= but none with {partner}=.")
    parameters = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    if len(parameters) != 1:
        raise CourseError(f'{path.name}: {len(parameters)} cells are tagged "parameters"; papermill needs exactly one.')
