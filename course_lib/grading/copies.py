"""Whether an answer is the library's own text, under other names and among lines without effect: a report, no verdict.

A notebook's official solution may be what the library has as well, where there is one way to write it; then everybody may.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path

import course_lib
from course_lib.teaching.exercises import Exercise

ALIKE = 0.94  # share of two texts' tokens that agree, from which one is called a copy of the other
SHORT = 3  # statements of a function that everybody writes alike
LONGEST = 4_000  # tokens of a function that are compared: far more than any of the library's has
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def copied(program: str, exercise: Exercise) -> bool:
    """Return whether one of a program's functions is the library's version of an exercise."""
    own = _library(exercise)
    if not own:
        return False
    try:
        functions = [node for node in ast.walk(ast.parse(program)) if isinstance(node, Function)]
        return any(_alike(tuple(_tokens(function)), own) for function in functions)
    except UNREADABLE:
        return False


@lru_cache
def _library(exercise: Exercise) -> tuple[str, ...]:
    """Return the tokens of the library's version; none where it is short, or what the official solution says as well."""
    try:
        function = ast.parse(textwrap.dedent(inspect.getsource(exercise.reference))).body[0]
    except (OSError, TypeError, *UNREADABLE):
        return ()
    if not isinstance(function, Function):
        return ()
    own = tuple(_tokens(function))
    short = sum(isinstance(node, ast.stmt) for node in ast.walk(function)) <= SHORT
    return () if short or any(_alike(theirs, own) for theirs in _official(exercise)) else own


def _official(exercise: Exercise) -> Iterator[tuple[str, ...]]:
    """Yield the tokens of the official solution; nothing where the solutions do not lie beside the library."""
    for path in (Path(course_lib.__file__).parents[1] / "solutions").glob(f"{exercise.lesson}_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, Function) and node.name == exercise.name:
                yield tuple(_tokens(node))


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if len(one) > LONGEST or 2 * min(len(one), len(other)) < ALIKE * (len(one) + len(other)):
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE


def _tokens(function: Function) -> list[str]:
    """Return what a function does as a list of tokens, without its names, annotations and statements without effect."""
    names: dict[str, str] = {}
    read = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    bound = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    bound |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    tokens: list[str] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.stmt) and _idle(node, read):
            return
        tokens.append(type(node).__name__)
        if isinstance(node, ast.Name):
            tokens.append(names.setdefault(node.id, f"v{len(names)}") if node.id in bound else node.id)
        elif isinstance(node, ast.arg):
            tokens.append(names.setdefault(node.arg, f"v{len(names)}"))
            return  # its annotation says nothing about what is done
        elif isinstance(node, ast.Attribute):
            tokens.append(node.attr)
        elif isinstance(node, ast.Constant):
            tokens.append(repr(node.value))
        for child in ast.iter_child_nodes(node):
            if not isinstance(node, ast.AnnAssign) or child is not node.annotation:
                visit(child)

    for part in (function.args, *_reached(function.body)):
        visit(part)
    return [token for token in tokens if token not in ("Load", "Store", "Del", "AnnAssign", "Assign")]


def _reached(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a body up to the one that ends it."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.Return, ast.Raise)):
            return


def _idle(node: ast.stmt, read: set[str]) -> bool:
    """Return whether a statement does nothing: a text, `pass`, a name that nobody reads, a branch never taken."""
    if isinstance(node, (ast.Pass, ast.Assert, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal)):
        return True
    if isinstance(node, ast.Expr):
        return not any(isinstance(inner, (ast.Call, ast.Yield, ast.YieldFrom, ast.Await)) for inner in ast.walk(node.value))
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id not in read for target in node.targets)
    if isinstance(node, ast.AnnAssign):
        return node.value is None or (isinstance(node.target, ast.Name) and node.target.id not in read)
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Constant) and not node.test.value and not node.orelse
    if isinstance(node, (ast.For, ast.While)):
        return all(_idle(inner, read) for inner in node.body)
    return False
