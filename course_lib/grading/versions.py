"""What a result was judged by: one hash over the lesson's notebook, its judges, and the library's files that they use."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

import course_lib

LIBRARY = Path(course_lib.__file__).parent
START = ("course_lib.grading.marking", "course_lib.grading.sandbox.worker")  # the worker is started by its path
EXERCISES = "course_lib.teaching.exercises"


def judging(lesson: str, notebook: Path) -> str:
    """Return a hash that changes if a result of this lesson (such as "02") could change; `notebook` is the students'."""
    total = hashlib.sha256(notebook.read_bytes())
    for path in files(lesson):
        total.update(f"\0{path.relative_to(LIBRARY)}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def files(lesson: str) -> list[Path]:
    """Return the files of the library that judging uses: what is imported from the marks on, and from the exercises.

    Those of later lessons do not count: an answer is given the functions of earlier ones only.
    """
    lessons = sorted(
        folder for folder in (LIBRARY / "teaching" / "exercises").glob("lesson*") if folder.name <= f"lesson{lesson}"
    )
    wanted = [*START, *(f"{EXERCISES}.{path.parent.name}.{path.stem}" for folder in lessons for path in folder.glob("*.py"))]
    found: dict[str, Path] = {}
    while wanted:
        name = wanted.pop()
        if name not in found and (path := _file(name)) is not None:
            found[name] = path
            wanted += _imports(path)
    return sorted(set(found.values()))


def _file(name: str) -> Path | None:
    place = LIBRARY.joinpath(*name.split(".")[1:])
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _imports(path: Path) -> Iterator[str]:
    """Yield the library's modules that a module imports anywhere; a package only if something of its own is imported."""
    for node in _statements(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("course_lib."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "course_lib":
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if _file(name) else str(node.module) for name in inner)


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements in a program; its expressions, which are most of it, hold none."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, part, ()) if not isinstance(tree, ast.expr) else ():
            yield node
            yield from _statements(node)
