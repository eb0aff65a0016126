"""The exercises in a notebook's cells, read as data: nothing is executed here.

An answer is found by its name in the code, or else by its cell's id. So cells that were split, copied, moved or renamed are
still graded, and what was deleted earns nothing and is named in one sentence.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType

from course_lib.grading.reading import Cell
from course_lib.teaching.borrowing import LIBRARY, global_names, imports_library
from course_lib.teaching.exercises import Exercise, Value, everything

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)  # what Python raises for source that it cannot read
BUILTINS = frozenset(dir(builtins))
SUSPICIOUS = frozenset({"__import__", "ctypes", "eval", "exec", "gc", "importlib", "inspect", "subprocess", "sys"})
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Answer:
    """What a notebook has for one exercise.

    program: the student's statements that the answer needs, in order. supplied: other exercises that it calls. borrowed: a
    name of the library that it uses, or "". cell: from 1, or 0 if nothing was found. problem: why it cannot be graded, for
    the student, or "". notes: for the instructor.
    """

    exercise: str
    name: str = ""
    program: str = ""
    supplied: tuple[str, ...] = ()
    borrowed: str = ""
    cell: int = 0
    source: str = ""
    stub: bool = False
    problem: str = ""
    notes: tuple[str, ...] = ()


@dataclass
class _Program:
    """All top-level statements of a notebook that bind names, in order.

    by_name: name -> places in `bound`. broken: number of a cell -> why it is not Python, its text.
    """

    bound: list[tuple[frozenset[str], ast.stmt, Cell]] = field(default_factory=list)
    by_name: dict[str, list[int]] = field(default_factory=dict)
    broken: dict[int, tuple[str, str]] = field(default_factory=dict)

    def binding(self, name: str) -> list[ast.stmt]:
        """Return the statements that bind a name."""
        return [self.bound[place][1] for place in self.by_name.get(name, ())]

    def add(self, names: frozenset[str], node: ast.stmt, cell: Cell) -> None:
        for name in names:
            self.by_name.setdefault(name, []).append(len(self.bound))
        self.bound.append((names, node, cell))


def find(cells: Sequence[Cell], exercises: Sequence[Exercise | Value]) -> dict[str, Answer]:
    """Return exercise -> what the notebook has for it, for all exercises of a lesson."""
    program = _parse(cells)
    found: dict[str, Answer] = {}
    # Only earlier exercises are supplied: else two exercises could each be answered by calling the other. Functions of
    # earlier lessons are supplied unless the notebook binds the name itself: a student may use it for something else.
    earlier = {name for name in _of_earlier_lessons(exercises) if all(map(_from_library, program.binding(name)))}
    for exercise in exercises:
        try:
            found[exercise.name] = _find(exercise, cells, program, earlier)
        except UNREADABLE as error:
            problem = f"{exercise.name} cannot be read as Python ({_why(error)})."
            found[exercise.name] = Answer(exercise.name, problem=problem)
        if isinstance(exercise, Exercise):
            earlier.add(exercise.name)
    return found


def _of_earlier_lessons(asked: Sequence[Exercise | Value]) -> set[str]:
    first = min((exercise.lesson for exercise in asked), default="")
    return {exercise.name for exercise in everything() if isinstance(exercise, Exercise) and exercise.lesson < first}


def _from_library(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "course_lib"


def _why(error: BaseException) -> str:
    return str(error.msg) if isinstance(error, SyntaxError) else f"too large or too deep: {type(error).__name__}"


def _no_python(error: BaseException) -> str:
    """Return what is wrong with a cell: a student's Python may be newer than the grader's, and read what this cannot."""
    if not isinstance(error, SyntaxError):
        return f" is {_why(error)}"
    where = f" (line {error.lineno})" if error.lineno else ""
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    return f"{where} is not {version}, with which it is graded; syntax of a newer Python is not known there"


def _parse(cells: Sequence[Cell]) -> _Program:
    program = _Program()
    for cell in cells:
        if not cell.code:
            continue
        try:
            tree = _tree(cell.source)
            bindings = [(bound, node, cell) for node in tree.body if (bound := frozenset(_binds(node)))]
        except UNREADABLE as error:
            program.broken[cell.number] = f"cell {cell.number}{_no_python(error)}", cell.source
            continue
        for binding in bindings:
            program.add(*binding)
    return program


def _tree(source: str) -> ast.Module:
    """Parse a cell; if it is not Python as it stands, without the lines that are IPython's."""
    try:
        return ast.parse(source)
    except SyntaxError:
        lines = [line if not line.lstrip().startswith(("%", "!", "?")) else "" for line in source.splitlines()]
        return ast.parse("\n".join(lines))


def _find(exercise: Exercise | Value, cells: Sequence[Cell], program: _Program, earlier: set[str]) -> Answer:
    name, notes = exercise.name, []
    found: list[tuple[ast.stmt, Cell]] = [
        (node, cell) for bound, node, cell in program.bound if name in bound and not _uses_library(node)
    ]
    own_id = f"{exercise.lesson}-{name}-answer"
    marked = [cell for cell in cells if own_id in cell.ids]
    if not found and marked:
        renamed = _only_function(marked[-1], program) if isinstance(exercise, Exercise) else None
        if renamed is None:
            why = next((program.broken[cell.number][0] for cell in marked if cell.number in program.broken), "")
            return Answer(name, cell=marked[-1].number, source=marked[-1].source, problem=_absent(name, why))
        notes.append(f"found by its cell: there it is called {renamed.name}")
        found = [(renamed, marked[-1])]
    if not found:
        why = next((reason for reason, source in program.broken.values() if name in source), "")
        return Answer(name, problem=_absent(name, why))
    written = [(node, cell) for node, cell in found if not _is_stub(node)]
    if len({cell.number for _, cell in written}) > 1:
        numbers = ", ".join(str(cell.number) for _, cell in written[-10:])
        notes.append(f"defined in cells {numbers}: the last one counts")
    node, cell = (written or found)[-1]
    called = node.name if isinstance(node, Definition) else name
    if not written:
        return Answer(name, called, cell=cell.number, source=ast.unparse(node), stub=True)
    needed, supplied = _closure(node, program, earlier)
    text = "\n".join(ast.unparse(statement) for statement in needed)
    notes += _reports(needed)
    return Answer(
        name, called, text, tuple(sorted(supplied)), _borrowed(needed), cell.number, ast.unparse(node), notes=tuple(notes)
    )


def _absent(name: str, why: str) -> str:
    return f"{name} was not found in the notebook: {why}." if why else f"{name} was not found in the notebook."


def _only_function(cell: Cell, program: _Program) -> ast.FunctionDef | None:
    defined = [node for _, node, where in program.bound if where is cell and isinstance(node, ast.FunctionDef)]
    return defined[0] if len(defined) == 1 else None


def _binds(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds at its own level, not those inside functions and classes."""
    if isinstance(node, Definition):
        yield node.name
        return
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield (alias.asname or alias.name).split(".")[0]
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return
    for child in ast.iter_child_nodes(node):
        yield from _binds(child)


def _uses_library(node: ast.stmt) -> bool:
    """Return whether this is the lesson's own `name = use(name)`, after which the name is the library's."""
    calls = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return isinstance(node, ast.Assign) and any(isinstance(called, ast.Name) and called.id == "use" for called in calls)


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


def _needs(node: ast.stmt) -> set[str]:
    """Return the global names that a statement reads anywhere inside; annotations are never evaluated."""
    return global_names(_compiled([node])) - BUILTINS


def _compiled(nodes: Sequence[ast.stmt]) -> CodeType:
    """Compile statements as the sandbox does: annotations are never evaluated."""
    return compile(ast.Module(list(nodes), []), "answer", "exec", __future__.annotations.compiler_flag, dont_inherit=True)


def _closure(start: ast.stmt, program: _Program, others: set[str]) -> tuple[list[ast.stmt], set[str]]:
    """Return the statements that `start` needs, in the notebook's order, and the other exercises that it calls."""
    wanted, chosen, supplied = [start], {id(start)}, set()
    own = {start.name} if isinstance(start, Definition) else set()  # a function that calls itself needs no earlier one
    while wanted:
        for name in _needs(wanted.pop()) - own:
            if name in others:
                supplied.add(name)
                continue
            for bound, node, _ in (program.bound[place] for place in program.by_name.get(name, ())):
                taken = bound & others and not _from_library(node)
                if id(node) not in chosen and not taken and not _uses_library(node):
                    chosen.add(id(node))
                    wanted.append(node)
    ordered = [node for _, node, _ in program.bound if id(node) in chosen and node is not start]
    return [*ordered, start], supplied


def _reports(needed: Sequence[ast.stmt]) -> list[str]:
    """Return what an instructor should look at: use of the library, and of what could get around this reading."""
    text = "\n".join(ast.unparse(node) for node in needed)
    notes = ["it uses course_lib, which grading does not have"] if _borrowed(needed) else []
    words = sorted(SUSPICIOUS & set(re.findall(r"\w+", text)))
    return notes + ([f"look at it: it uses {', '.join(words)}"] if words else [])


def _borrowed(needed: Sequence[ast.stmt]) -> str:
    """Return the name by which statements use the course's library, or ""."""
    if not imports_library(_compiled(needed)):
        return ""
    inner = [node for statement in needed for node in ast.walk(statement) if isinstance(node, ast.ImportFrom)]
    names = [alias.asname or alias.name for node in inner if _from_library(node) for alias in node.names]
    read = set().union(*map(_needs, needed))
    return next((name for name in names if name in read), LIBRARY)
