"""A code cell as the Python that a notebook makes of it: IPython's own transformation, and which cell magics run Python."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager

# What Python, and IPython's transformation, raise for source that they cannot read.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError, RuntimeError)
# Cell magics whose text runs as Python in the notebook: IPython's, and those of the profilers that students meet.
RUN = frozenset({"time", "timeit", "capture", "prun", "debug", "memit", "pyinstrument", "scalene", "snakeviz", "viztracer"})
AS_IT_STANDS = frozenset({"time", "prun"})  # line magics whose line runs in the notebook: what it binds stays bound
DEEPEST = 10  # cell magics in one another
# IPython reads a cell once more for each of its magics. The most characters that are read of one, all times together.
MOST = 4_000_000


@dataclass(frozen=True)
class Python:
    """A cell's Python. text: where the lines of `tree` stand. magic: of a cell that runs none, the name of its magic."""

    tree: ast.Module
    text: str
    magic: str = ""


def python(source: str) -> Python:
    """Return what a notebook runs of a cell.

    Raises:
        UNREADABLE: for text that is neither Python nor IPython; the notebook runs nothing of it either.
    """
    text = source
    for _ in range(DEEPEST):
        tree, text = _parsed(text)
        magic = _cell_magic(tree)
        if magic is None:
            return Python(_Inlined().visit(tree) if "run_line_magic" in text else tree, text)
        name, text = magic
        if name not in RUN:
            return Python(ast.Module([], []), source, name)
    raise ValueError("too many cell magics in one another")


def _parsed(text: str) -> tuple[ast.Module, str]:
    try:
        return ast.parse(text), text
    except SyntaxError:
        if len(text) * sum(map(text.count, "!%?")) > MOST:
            raise ValueError("too many magics in one cell") from None
        text = TransformerManager().transform_cell(text)
        return ast.parse(text), text


def _cell_magic(tree: ast.Module) -> tuple[str, str] | None:
    """Return name and text of a cell magic, as IPython writes a cell with one."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return None
    given = called(tree.body[0].value, "run_cell_magic")
    return (given[0], given[-1]) if len(given) == 3 else None


def called(node: ast.expr, method: str) -> list[str]:
    """Return the texts with which a node calls a method of `get_ipython()`; none if it does not."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != method:
        return []
    owner = node.func.value
    if not isinstance(owner, ast.Call) or not isinstance(owner.func, ast.Name) or owner.func.id != "get_ipython":
        return []
    texts = [given.value for given in node.args if isinstance(given, ast.Constant) and isinstance(given.value, str)]
    return texts if len(texts) == len(node.args) else []


class _Inlined(ast.NodeTransformer):
    """Puts the Python of `%time x = f()` in the place of the magic."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        return _line(node.value) or self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        lines = _line(node)
        return lines[0].value if len(lines) == 1 and isinstance(lines[0], ast.Expr) else self.generic_visit(node)


def _line(node: ast.expr) -> list[ast.stmt]:
    given = called(node, "run_line_magic")
    if len(given) != 2 or given[0] not in AS_IT_STANDS:
        return []
    try:
        return ast.parse(given[1]).body
    except SyntaxError:  # such as the options of %prun
        return []
