"""The exercises in a notebook's cells, read as data: nothing is executed here.

An answer is found by its name in the code, or else by its cell's id. So cells that were split, copied, moved or renamed are
still graded, and what was deleted earns nothing and is named in one sentence.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from course_lib.grading.reading.effects import Definition
from course_lib.grading.reading.notebooks import Cell
from course_lib.grading.reading.program import Program, Statement, compiled
from course_lib.grading.reading.slicing import Slice
from course_lib.grading.reading.translating import UNREADABLE, python
from course_lib.teaching.borrowing import LIBRARY, global_names, imports_library

SUSPICIOUS = frozenset({"__import__", "ctypes", "eval", "exec", "gc", "importlib", "inspect", "subprocess", "sys"})
# What every notebook has of IPython, for a definition that calls it: what a shell or a magic would give is not to be had.
IPYTHON = {
    "display": "def display(*objects, **named): pass",
    "get_ipython": """
class get_ipython:
    def __getattr__(self, name):
        return lambda *given: [] if name == 'getoutput' else None
""",
}


class Asked(Protocol):
    """What must be known of an exercise to find its answer."""

    @property
    def name(self) -> str:
        """Of the function or value."""

    @property
    def lesson(self) -> str:
        """Such as "02"."""

    @property
    def kind(self) -> str:
        """`code` for a function, `value` for a value."""


@dataclass(frozen=True)
class Answer:
    """What a notebook has for one exercise.

    program: the student's statements that the answer needs, in order. supplied: other exercises that it calls. borrowed: a
    name of the library that it uses, or "". cell: from 1, or 0 if nothing was found. source: its definition as it was handed
    in. modules: what it imports. problem: why it cannot be graded, for the student, or "". notes: for the instructor.
    doubts: for the instructor as well, where it is not correct: why that may be unlike what the notebook itself says.
    """

    exercise: str
    name: str = ""
    program: str = ""
    supplied: tuple[str, ...] = ()
    borrowed: str = ""
    cell: int = 0
    source: str = ""
    modules: tuple[str, ...] = ()
    stub: bool = False
    problem: str = ""
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def find(cells: Sequence[Cell], exercises: Sequence[Asked], before: Collection[str] = ()) -> dict[str, Answer]:
    """Return exercise -> what a notebook has for it, for all exercises of a lesson. before: functions of earlier lessons."""
    program = _parse(cells)
    found: dict[str, Answer] = {}
    # Only earlier exercises are supplied: else two exercises could each be answered by calling the other. Functions of
    # earlier lessons are supplied unless the notebook binds the name itself: a student may use it for something else.
    bound = program.binders
    earlier = {name for name in before if all(program.statements[place].from_library for place in bound.get(name, ()))}
    for exercise in exercises:
        try:
            found[exercise.name] = _find(exercise, cells, program, earlier)
        except UNREADABLE as error:
            problem = f"{exercise.name} cannot be read as Python ({_why(error)})."
            found[exercise.name] = Answer(exercise.name, problem=problem, notes=("it could not be read: look at it",))
        if _said_correct(exercise.name, cells):
            doubt = "in the notebook its check says correct"
            found[exercise.name] = replace(found[exercise.name], doubts=(doubt, *found[exercise.name].doubts))
        if exercise.kind == "code":
            earlier.add(exercise.name)
    return found


def _said_correct(name: str, cells: Sequence[Cell]) -> bool:
    call = re.compile(rf"\bcheck\(\s*{name}\b")
    return any(cell.said == "correct" and call.search(cell.source) for cell in cells)


def _why(error: BaseException) -> str:
    return str(error.msg) if isinstance(error, SyntaxError) else f"too large or too deep: {type(error).__name__}"


def _no_python(error: BaseException) -> str:
    """Return what is wrong with a cell: a student's Python may be newer than the grader's, and read what this cannot."""
    if not isinstance(error, SyntaxError):
        return f" is {_why(error)}"
    where = f" (line {error.lineno})" if error.lineno else ""
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    return f"{where} is not {version}, with which it is graded; syntax of a newer Python is not known there"


def _parse(cells: Sequence[Cell]) -> Program:
    program = Program()
    for cell in cells:
        if not cell.code:
            continue
        try:
            read = python(cell.source)
            lines = read.text.split("\n")
            statements = [Statement.of(node, cell, lines) for node in read.tree.body]
        except UNREADABLE as error:
            program.silent[cell.number] = f"cell {cell.number}{_no_python(error)}", cell.source
            continue
        if read.magic:
            program.silent[cell.number] = f"cell {cell.number} is %%{read.magic}, which is not run as Python", cell.source
        program.statements += statements
    return program


def _find(exercise: Asked, cells: Sequence[Cell], program: Program, earlier: set[str]) -> Answer:
    name, notes = exercise.name, []
    found = [place for place in program.binders.get(name, ()) if not program.statements[place].takes_librarys]
    own_id = f"{exercise.lesson}-{name}-answer"
    marked = [cell for cell in cells if own_id in cell.ids]
    if not found and marked:
        place = _only_function(marked[-1], program) if exercise.kind == "code" else None
        if place is None:
            why = next((program.silent[cell.number][0] for cell in marked if cell.number in program.silent), "")
            return _absent(exercise, program, why, marked[-1])
        found = [place]
    if not found:
        why = next((reason for reason, source in program.silent.values() if name in source), "")
        return _absent(exercise, program, why)
    written = [place for place in found if not _is_stub(program.statements[place].node)]
    numbers = sorted({program.statements[place].cell.number for place in written})
    if len(numbers) > 1:
        notes.append(f"defined in cells {', '.join(map(str, numbers[-10:]))}: the last one counts")
    place = (written or found)[-1]
    statement = program.statements[place]
    called = statement.node.name if isinstance(statement.node, Definition) else name
    if called != name:
        notes.append(f"found by its cell: there it is called {called}")
    if not written:
        return Answer(name, called, cell=statement.cell.number, source=statement.text, stub=True)
    needed = Slice(program, place, earlier)
    nodes, text = needed.nodes(), needed.text()
    lacking = sorted(needed.unbound & IPYTHON.keys())
    text = "\n".join([*(IPYTHON[name] for name in lacking), text])
    return Answer(
        name, called, text, tuple(sorted(needed.supplied)), _borrowed(nodes), statement.cell.number, statement.text,
        _modules(nodes), notes=(*notes, *_reports(nodes)), doubts=(*sorted(needed.doubts), *_doubts(program, needed)),
    )  # fmt: skip


def _modules(nodes: Sequence[ast.stmt]) -> tuple[str, ...]:
    """Return the modules, or the packages around them, that statements import."""
    imports = [node for statement in nodes for node in ast.walk(statement) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in imports if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return tuple(sorted({name.partition(".")[0] for name in names}))


def _absent(exercise: Asked, program: Program, why: str, cell: Cell | None = None) -> Answer:
    name = exercise.name
    sentence = f"{name} was not found in the notebook: {why}." if why else f"{name} was not found in the notebook."
    doubts = _unseen(program)
    return Answer(name, cell=cell.number if cell else 0, source=cell.source if cell else "", problem=sentence, doubts=doubts)


def _only_function(cell: Cell, program: Program) -> int | None:
    statements = enumerate(program.statements)
    defined = [place for place, s in statements if s.cell is cell and isinstance(s.node, ast.FunctionDef)]
    return defined[0] if len(defined) == 1 else None


def _doubts(program: Program, needed: Slice) -> tuple[str, ...]:
    """Return why an answer may lack something that it has in its notebook."""
    found = []
    if "get_ipython" in needed.unbound:
        found.append("it uses a shell command or a magic of IPython, which grading does not have")
    if names := sorted(needed.unbound - IPYTHON.keys()):
        silent = next((why for why, source in program.silent.values() if any(name in source for name in names)), "")
        found.append(f"no cell defines {', '.join(names[:5])}" + (f" ({silent})" if silent else ""))
        found += _unseen(program)
    return tuple(found)


def _unseen(program: Program) -> tuple[str, ...]:
    """Return what a notebook runs that may define names and cannot be read."""
    return tuple(f"cell {number} may define it by exec, %run or the like" for number in program.unseen[:3])


def _is_stub(node: ast.AST) -> bool:
    """Return whether nothing is written yet, as `checks` finds it in what the same text compiles to."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return all(map(_does_nothing, node.body))
    value = getattr(node, "value", None)
    if isinstance(value, ast.Lambda):
        return isinstance(value.body, ast.Constant) and value.body.value is None
    return isinstance(value, ast.Constant) and value.value in (None, ...)


def _does_nothing(line: ast.stmt) -> bool:
    if isinstance(line, ast.Raise):
        return "NotImplementedError" in ast.unparse(line)
    if isinstance(line, ast.Return):
        return line.value is None or (isinstance(line.value, ast.Constant) and line.value.value is None)
    if isinstance(line, ast.AnnAssign):
        return line.value is None
    return isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))


def _reports(needed: Sequence[ast.stmt]) -> list[str]:
    """Return what an instructor should look at: use of the library, and of what could get around this reading."""
    text = "\n".join(ast.unparse(node) for node in needed)
    notes = ["it uses course_lib, which grading does not have"] if _borrowed(needed) else []
    evaluated = text.replace(".eval()", "")  # a network's own method: the function takes an argument
    words = sorted(SUSPICIOUS & set(re.findall(r"\w+", evaluated)))
    return notes + ([f"look at it: it uses {', '.join(words)}"] if words else [])


def _borrowed(needed: Sequence[ast.stmt]) -> str:
    """Return the name by which statements use the course's library, or ""."""
    if not imports_library(compiled(needed)):
        return ""
    inner = [node for statement in needed for node in ast.walk(statement) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in inner if (node.module or "").split(".")[0] == LIBRARY]
    names = [alias.asname or alias.name for node in ours for alias in node.names]
    read = global_names(compiled(needed))
    return next((name for name in names if name in read), LIBRARY)
