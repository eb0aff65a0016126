"""nbgrader's formgrader on a folder of grades: its settings, the rubrics that it shows, and where it opens."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat

from course_lib.errors import CourseError
from course_lib.files import write_json, write_text
from course_lib.grading.places import shown
from course_lib.starting import LAB

SETTINGS, SERVER, RUBRICS = "nbgrader_config.py", "jupyter_server_config.py", "rubrics"
CONFIG = '''"""For nbgrader's formgrader and its exports: start them in this folder."""

c = get_config()  # noqa: F821 (nbgrader provides it)
c.CourseDirectory.db_url = {url!r}
# nbgrader would skip a page that is there, and write over those of `course grade`: it has a folder of its own.
c.CourseDirectory.feedback_directory = "feedback-notebooks"
c.GenerateFeedback.force = True
c.HTMLExporter.sanitize_html = True  # outputs; answers in words were cleaned before they came here
c.HTMLExporter.preprocessors = ["course_lib.grading.book.beside.Beside"]  # rubrics, in formgrader only
'''
# Formgrader's own pages need scripts in the page and eval. Nothing else may load, send or embed anything from elsewhere, but
# MathJax and mermaid, which nbconvert's pages load from there.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' https://cdnjs.cloudflare.com",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data: https://cdnjs.cloudflare.com",
    "connect-src": "'self' ws: wss:",
    "worker-src": "'self' blob:",
    "frame-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
SERVED = '''"""For JupyterLab in this folder: `course formgrader` starts it with this file."""

c = get_config()  # noqa: F821 (Jupyter provides it)
# nbgrader's pages ask at addresses that lie beside their own, not below it: the cookie of the log-in has to hold for all.
c.IdentityProvider.cookie_options = {{"path": "/"}}
c.ServerApp.tornado_settings = {{"headers": {{"Content-Security-Policy": {policy!r}}}}}
'''


def settings(folder: Path, url: str) -> None:
    """Write the settings with which nbgrader and JupyterLab work in a folder of grades."""
    policy = "; ".join(f"{kind} {places}" for kind, places in POLICY.items())
    write_text(folder / SETTINGS, CONFIG.format(url=url), private=shown(url) != url)  # it holds a server's password
    write_text(folder / SERVER, SERVED.format(policy=policy))


def rubrics(folder: Path, lesson: str, solution: Path) -> None:
    """Keep the rubric and the samples of each question in words, from the executed solution, for `Beside`."""
    if not solution.is_file():  # a released course has none
        return
    cells = nbformat.read(solution, 4).cells
    found = {cell.id: cell.source for cell in cells if cell.id.endswith("-explain")}
    write_json(folder / RUBRICS / f"{lesson}.json", found)


def place(folder: Path) -> str:
    """Return where formgrader opens: at the lesson with most submissions that wait for a person, or else at all lessons."""
    waiting = {}
    for path in sorted(folder.glob("[0-9][0-9]_*.json")):
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
            waiting[path.stem] = sum(bool(entry.get("waits")) for entry in entries)
        except (ValueError, AttributeError, TypeError):
            continue
    lesson = max(waiting, key=lambda name: waiting[name], default="")
    return f"/formgrader/gradebook/{lesson}/{lesson}" if lesson and waiting[lesson] else "/formgrader/gradebook"


def command(folder: Path, more: Sequence[str] = ()) -> list[str]:
    """Return the command that starts JupyterLab in a folder of grades, at formgrader. more: options of JupyterLab's own."""
    if not (folder / SETTINGS).is_file() or not (folder / SERVER).is_file():
        raise CourseError(f"{folder} was given; it is no folder of grades, as `course grade ... --out` writes it.")
    options = (f"--config={SERVER}", f"--ServerApp.root_dir={folder.resolve()}", f"--LabApp.default_url={place(folder)}")
    return [sys.executable, "-c", LAB, *options, *more]


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of that command: nbgrader's programs lie beside this Python."""
    return {**given, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{given.get('PATH', os.defpath)}"}


def start(folder: Path, more: Sequence[str] = ()) -> None:
    """Become JupyterLab in a folder of grades, at formgrader."""
    line = command(folder, more)
    os.chdir(folder)  # nbgrader reads its settings from where it is started
    os.execve(line[0], line, environment(os.environ))
