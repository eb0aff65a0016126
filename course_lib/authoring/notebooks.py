"""`course build`: execute what changed, derive the student notebook, and compare without executing."""

from __future__ import annotations

import base64
import copy
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_lib import kernel
from course_lib.authoring import overview
from course_lib.authoring.frame import generated
from course_lib.authoring.source import AHEAD, CODE_STUB, TEXT_STUB, code_hash, lessons, own_code, read, templates
from course_lib.errors import CourseError
from course_lib.files import replacing, write_text
from course_lib.notebook import OPENED

LIMIT = 1_500_000  # bytes of an executed notebook
WIDGET = "application/vnd.jupyter.widget-view+json"


def build(root: Path, names: Sequence[str] = ()) -> list[Path]:
    """Write the notebooks of all lessons, or of those whose file name starts with one of `names`; return what changed.

    A lesson is executed only if its code cells differ from those of its executed notebook; otherwise the new text is
    put around the old outputs. The map and the glossary need every lesson, so they are written only if all are built.

    Raises:
        CourseError: for a name that no lesson has, and a lesson that cannot be read or executed.
    """
    chosen, beside = (
        [path for path in paths if not names or path.name.startswith(tuple(names))]
        for paths in (lessons(root), templates(root))
    )
    if not (chosen or beside):
        raise CourseError(f"{', '.join(names) or root} was given; there is no such lesson in solutions/.")
    written: list[Path] = []
    for path in chosen:
        plain = read(path, root)
        solution, student = path.with_suffix(".ipynb"), root / "notebooks" / f"{path.stem}.ipynb"
        old = nbformat.read(solution, 4) if solution.exists() else None
        executed = _with_old_outputs(plain, old) or _execute(plain, path)
        for target, text in ((solution, _text(executed)), (student, _text(to_student(plain)))):
            if not target.exists() or target.read_text(encoding="utf-8") != text:
                write_text(target, text)
                written.append(target)
        if (drawn := picture(executed)) and not _same(target := _ahead(root, path), drawn):
            with replacing(target) as part:
                part.write_bytes(drawn)
            written.append(target)
    for path in beside:
        if not _same(target := path.with_suffix(".ipynb"), (text := _text(to_student(read(path, root)))).encode()):
            write_text(target, text)
            written.append(target)
    return written + (overview.write(root) if not names else [])


def stale(root: Path) -> list[str]:
    """Return one sentence for each generated file that does not match its source; nothing is executed."""
    problems = []
    sources = lessons(root)
    for folder in ("solutions", "notebooks"):
        for stray in sorted((root / folder).glob("*.ipynb")):
            if stray.stem not in {path.stem for path in sources}:
                problems.append(
                    f"{folder}/{stray.name} has no source solutions/{stray.stem}.py: delete one or write the other."
                )
    for path in sources:
        try:
            plain = read(path, root)
        except CourseError as error:
            problems.append(str(error))
            continue
        solution, student = path.with_suffix(".ipynb"), root / "notebooks" / f"{path.stem}.ipynb"
        behind = f"does not follow solutions/{path.name}: run `course build`."
        if not student.exists() or student.read_text(encoding="utf-8") != _text(to_student(plain)):
            problems.append(f"notebooks/{student.name} {behind}")
        if not solution.exists():
            problems.append(f"solutions/{solution.name} {behind}")
            continue
        given = nbformat.read(solution, 4)
        if given.metadata.get("course", {}).get("code_hash") != code_hash(plain):
            problems.append(f"solutions/{solution.name} was executed with other code; it {behind}")
        elif _text(stripped(given)) != _text(_stamped(plain)):
            problems.append(f"solutions/{solution.name} {behind}")
        elif (drawn := picture(given)) and not _same(_ahead(root, path), drawn):
            problems.append(f"notebooks/pictures/{path.stem}.png {behind}")
    for path in templates(root):
        target = path.with_suffix(".ipynb")
        if not _same(target, _text(to_student(read(path, root))).encode()):
            problems.append(f"{target.relative_to(root)} does not follow {path.name}: run `course build`.")
    return problems + [sentence for sentence in overview.stale(root) if sentence not in problems]


def picture(executed: NotebookNode) -> bytes | None:
    """Return the PNG that the cell tagged "ahead" has drawn, or None if no cell is tagged so.

    Raises:
        CourseError: if that cell shows no picture, or several cells are tagged.
    """
    tagged = [cell for cell in executed.cells if AHEAD in cell.metadata.get("tags", [])]
    if not tagged:
        return None
    shown = "".join(output.get("data", {}).get("text/html", "") for output in tagged[0].outputs)
    drawn = re.findall(r'src="data:image/png;base64,([^"]+)"', shown)
    if len(tagged) > 1 or len(drawn) != 1:
        raise CourseError(f'{len(tagged)} cells are tagged "{AHEAD}", the first shows {len(drawn)} pictures; one of each.')
    return base64.b64decode(drawn[0])


def _ahead(root: Path, path: Path) -> Path:
    return root / "notebooks" / "pictures" / f"{path.stem}.png"


def _same(target: Path, content: bytes) -> bool:
    return target.exists() and target.read_bytes() == content


def to_student(plain: NotebookNode) -> NotebookNode:
    """Return the student's notebook: nbgrader's own steps of `generate_assignment`, without its database."""
    from nbgrader import preprocessors as steps
    from traitlets.config import Config

    config = Config()
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    book = _stamped(plain)
    resources: dict[str, Any] = {}
    order = ("LockCells", "ClearSolutions", "ClearOutput", "CheckCellMetadata", "ComputeChecksums", "ClearHiddenTests")
    for name in (*order, "ClearMarkScheme", "ComputeChecksums", "CheckCellMetadata"):
        book, resources = getattr(steps, name)(config=config).preprocess(book, resources)
    return book


def stripped(book: NotebookNode) -> NotebookNode:
    """Return the notebook without outputs and execution counts."""
    book = copy.deepcopy(book)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return book


def _stamped(plain: NotebookNode) -> NotebookNode:
    book = copy.deepcopy(plain)
    book.metadata["course"] = {"code_hash": code_hash(plain)}
    return book


def _with_old_outputs(plain: NotebookNode, old: NotebookNode | None) -> NotebookNode | None:
    if old is None or old.metadata.get("course", {}).get("code_hash") != code_hash(plain):
        return None
    book = _stamped(plain)
    for cell, was in zip(own_code(book), own_code(old), strict=True):
        cell.outputs, cell.execution_count = was.outputs, was.execution_count
    return book


def _execute(plain: NotebookNode, path: Path) -> NotebookNode:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    book = _stamped(plain)
    client = NotebookClient(book, timeout=1800, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}})
    # Every reader sees the notebook that is built: it always shows the laptop mode.
    environment = {**os.environ, "COURSE_MODE": "laptop"}
    environment.pop(OPENED, None)  # what is built earns nobody points
    try:
        client.execute(env=environment)
    except (CellExecutionError, DeadKernelError) as error:
        cell = next((c for c in book.cells if any(o.output_type == "error" for o in c.get("outputs", []))), None)
        end = f"{error.ename}: {error.evalue}" if isinstance(error, CellExecutionError) else "the death of its kernel"
        raise CourseError(f"{path.name}: cell {cell.id if cell else '?'} ended in {end}; nothing was written.") from error
    book.metadata.pop("widgets", None)
    book.metadata["language_info"] = copy.deepcopy(kernel.METADATA["language_info"])
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.metadata.pop("execution", None)
            if generated(cell):
                cell.outputs, cell.execution_count = [], None
                continue
            cell.outputs = [kept for kept in map(_cleaned, cell.outputs) if kept is not None]
            _check_outputs(cell, path)
    if len(_text(book).encode()) > LIMIT:
        raise CourseError(
            f"{path.name}: the executed notebook has {len(_text(book)):,} bytes; at most {LIMIT:,} are allowed."
        )
    return book


def _cleaned(output: NotebookNode) -> NotebookNode | None:
    """Return the output without its live widget, whose state is not kept; None if there was nothing but a progress bar."""
    data = output.get("data", {})
    if WIDGET in data:
        del data[WIDGET]
        return output if set(data) - {"text/plain"} else None
    if "course-still" in data.get("text/html", ""):  # what a page does around a slider is for one that can move
        data["text/html"] = re.sub(r"<(style|script)>.*?</\1>", "", data["text/html"], flags=re.S)
    if output.output_type == "stream" and output.name == "stderr" and re.search(r"\d+%\|.*\|", output.text):
        return None
    return output


def _check_outputs(cell: NotebookNode, path: Path) -> None:
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            raise CourseError(f"{path.name}: cell {cell.id} wrote to stderr: {output.text.strip()[-200:]!r}")
        words = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
        for place in {str(path.parent.parent.resolve()), str(Path.home()), tempfile.gettempdir()} - {"/"}:
            if f"{place}/" in words:
                raise CourseError(f"{path.name}: cell {cell.id} shows {place}, which exists on this machine only.")


def _text(book: NotebookNode) -> str:
    return nbformat.writes(book, 4) + "\n"
