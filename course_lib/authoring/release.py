"""The tree that students get: notebooks, library, tables of the studies; no solutions and no gallery."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from course_lib import validation
from course_lib.authoring import notebooks
from course_lib.authoring.source import BEGIN, END, TEMPLATE
from course_lib.errors import CourseError

FILES = ("LICENSE", "pyproject.toml", "environment.yml", "results/lessons/minutes.json", "results/README.md")
GLOBS = (
    "notebooks/*.ipynb",
    "notebooks/*.md",
    "notebooks/pictures/*.png",
    "own/*.ipynb",
    "own/example_net.py",
    "course_lib/**/*",
    "results/*/table.csv",
    "results/*/README.md",
    "results/*/*.png",
)
NOT = {"__pycache__", ".ipynb_checkpoints"}
FORBIDDEN = ("solutions", "tests", "gallery", "records")
ATTACKS = Path("results/grading")  # what was tried against the grader, and how it ended
PLACEHOLDER = "OWNER/REPOSITORY"  # in the line that installs the course where a notebook is opened alone, as on Colab
INSTALL = re.compile(rf'%pip install (-q )?\\"course_lib @ git\+https://github\.com/{PLACEHOLDER}\\"')  # as JSON has it
NOWHERE = (
    "raise ModuleNotFoundError('course_lib is not installed here, and this copy of the course does not say where it comes "
    "from: ask your instructor.')"
)
AFTER = Path("course_lib") / "teaching" / "another" / "after.py"  # when solutions are shown
PART = ".release-"  # starts the name of a folder that is not whole yet; the number of its process follows
SHORT = 12  # characters; a line of an answer that is no longer gives nothing away
README = """# Pruning neural networks: a course

With Python 3.10 or newer, in this folder (the set-up downloads PyTorch, about 5.5 GB with its CUDA libraries on Linux):

```
python -m venv .venv
.venv/bin/pip install -e .
.venv/bin/course lab                                    # opens the first lesson in JupyterLab
.venv/bin/course preflight notebooks/02_....ipynb       # before you hand it in: what will be graded of it?
```

With conda instead: `conda env create -f environment.yml`, `conda activate course`, `course lab`.
The lessons lie in notebooks/, to be worked through in their order. If something does not work: `course doctor`.
Points so far, and what is open: `course progress`.
own/bring_your_own.ipynb prunes and ships a network of yours, on your photographs; shipping needs `pip install -e '.[ship]'`.
"""
SHOWN = "After several different wrong answers a check names `course solution`, which costs points in `course progress`.\n"


def release(root: Path, out: Path, run: bool = True, repository: str = "", solutions_after: int | None = None) -> list[str]:
    """Write the students' tree to `out`, scan it for answers and execute its notebooks once in ci mode; return its files.

    out: a folder that does not exist yet, or is empty; it is filled only if everything is well.
    repository: where git finds the released course, such as "https://github.com/me/pruning-course"; "" if nowhere.
    solutions_after: how many different wrong answers it takes until `course solution` shows one; None is never.

    Raises:
        CourseError: for notebooks that do not match their sources, an answer that would leak, or a lesson that fails.
    """
    from tqdm import tqdm

    if repository and not re.fullmatch(r"(https|http|ssh|git)://[\w.@:/~+%-]+", repository):
        raise CourseError(f"--repository {repository} was given; it takes an address such as https://github.com/me/course.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CourseError(f"--out {out} was given; it is not empty. Give a new folder.")
    if problems := notebooks.stale(root):
        raise CourseError(f"nothing is released: {problems[0]}")
    out.parent.mkdir(parents=True, exist_ok=True)
    _sweep(out.parent)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f"{PART}{os.getpid()}-") as folder:
        tree = Path(folder) / "course"
        for path in tqdm(list(_chosen(root)), desc="copying", unit="file"):
            target = tree / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        for path in tree.rglob("*.ipynb"):
            path.write_text(located(path.read_text(encoding="utf-8"), repository), encoding="utf-8")
        (tree / "README.md").write_text(README + ("" if solutions_after is None else SHOWN), encoding="utf-8")
        if solutions_after is not None:
            setting = re.sub("= None.*", f"= {solutions_after}", (tree / AFTER).read_text(encoding="utf-8"))
            (tree / AFTER).write_text(setting, encoding="utf-8")
        if leaks := scan(tree, root):
            raise CourseError(f"nothing is released: {leaks[0]}")
        if run:
            _execute(tree, Path(folder) / "executed")
        if out.exists():
            out.rmdir()
        os.replace(tree, out)
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


def located(text: str, repository: str) -> str:
    """Return a notebook's text that installs the course from `repository`, or says that nobody knows where it is."""
    return INSTALL.sub(rf'%pip install -q \\"course_lib @ git+{repository}\\"' if repository else NOWHERE, text)


def _sweep(folder: Path) -> None:
    """Remove what calls that were killed have left in a folder."""
    for left in folder.glob(f"{PART}*-*"):
        number = left.name.removeprefix(PART).partition("-")[0]
        if number.isdigit() and not psutil.pid_exists(int(number)) and left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)


def scan(tree: Path, root: Path) -> list[str]:
    """Return one sentence for each answer, output or folder in `tree` that students must not get.

    root: the course, whose sources say what the answers are.
    """
    found = []
    for path in sorted(tree.rglob("*")):
        inside = path.relative_to(tree)
        if set(inside.parts) & set(FORBIDDEN):
            found.append(f"{inside} is not for students.")
        if inside.is_relative_to(ATTACKS):
            found.append(f"{inside} lists what was tried against the grader.")
        if path.suffix == ".ipynb":
            found += [f"{inside} {leak}" for leak in _leaks(path, root)]
    return found


def _chosen(root: Path) -> Iterator[Path]:
    paths = [root / name for name in FILES] + [path for glob in GLOBS for path in sorted(root.glob(glob))]
    for path in paths:
        inside = path.relative_to(root)
        if path.is_file() and not set(inside.parts) & NOT and not inside.is_relative_to(ATTACKS) and inside.suffix != ".pyc":
            yield path


def _leaks(path: Path, root: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    book = json.loads(text)
    if any(cell.get("outputs") or cell.get("attachments") for cell in book["cells"]):
        yield "has outputs or attachments."
    for mark in (BEGIN, END, "*Rubric", PLACEHOLDER):
        if mark in text:
            yield f"holds {mark!r}."
    if path.parent.name != TEMPLATE.parent.name:  # which asks for no answers
        yield from _answers(book, (root / "solutions" / f"{path.stem}.py").read_text(encoding="utf-8"))


def _answers(book: dict[str, Any], source: str) -> Iterator[str]:
    answers = re.findall(rf"{BEGIN}\n(.*?)\s*{END}", source, re.S)
    shown = re.sub(rf"{BEGIN}.*?{END}", "", source, flags=re.S)
    sources = "\n".join("".join(cell["source"]) for cell in book["cells"])
    for line in {line.strip() for answer in answers for line in answer.splitlines()}:
        if len(line) > SHORT and line in sources and line not in shown:
            yield f"holds a line of an answer: {line!r}."


def _execute(tree: Path, out: Path) -> None:
    """Execute the notebooks with the released library, not with the installed one."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(tree.resolve())
    try:
        done = validation.validate(tree, "ci", folder="notebooks", out=out)
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    for lesson in done:
        if lesson.problem:
            raise CourseError(f"nothing is released: {lesson.problem}")
