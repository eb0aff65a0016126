"""What students may see of a class, in a folder to be shared: each one's own page, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.files import replacing
from course_lib.grading.results import Graded

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PRINTING = ("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
PATIENCE = 60  # seconds for one page


def check(grades: Path, into: Path, pdf: bool) -> None:
    """Raise CourseError, before anything is graded, where pages could not be published or others would be seen."""
    if into.resolve().is_relative_to(grades.resolve()):
        raise CourseError(f"--publish {into} was given; it lies in {grades}, whose tables and notebooks no student may see.")
    if pdf and not _browser():
        raise CourseError(f"--pdf was given; no program that prints pages was found: install one of {', '.join(BROWSERS)}.")


def publish(graded: Sequence[Graded], grades: Path, into: Path, pdf: bool = False) -> list[Path]:
    """Write STUDENT/LESSON.html, and as PDF if that is asked, of everybody who handed in something; return what changed.

    grades: the folder that `grade` wrote. The pages of students who are no longer there are taken away.
    """
    lesson = graded[0].lesson
    changed = []
    here = {entry.result.student for entry in graded if entry.submitted}
    for student in sorted(here):
        page = (grades / "feedback" / student / lesson / f"{lesson}.html").read_bytes()
        target = into / student / f"{lesson}.html"
        if not target.is_file() or target.read_bytes() != page:
            with replacing(target) as temporary:
                temporary.write_bytes(page)
            target.with_suffix(".pdf").unlink(missing_ok=True)  # of the page before
            changed.append(target)
        if pdf and not target.with_suffix(".pdf").exists():
            _print(target)
    for old in into.glob(f"*/{lesson}.*"):
        if old.parent.name not in here and old.suffix in (".html", ".pdf"):
            old.unlink()
    return changed


def _browser() -> str:
    return next(filter(None, map(shutil.which, BROWSERS)), "")


def _print(page: Path) -> None:
    """Print a page beside it, as PDF."""
    with tempfile.TemporaryDirectory(prefix="course-print-") as folder, replacing(page.with_suffix(".pdf")) as temporary:
        line = [_browser(), *PRINTING, f"--user-data-dir={folder}", "--no-pdf-header-footer", f"--print-to-pdf={temporary}"]
        line += ["--no-sandbox"] if os.geteuid() == 0 else []  # it does not start as root; the page runs nothing
        try:
            subprocess.run([*line, page.absolute().as_uri()], check=True, capture_output=True, timeout=PATIENCE)
        except (OSError, subprocess.SubprocessError) as error:
            raise CourseError(f"{page} could not be printed as PDF by {line[0]} ({type(error).__name__}).") from error
        if not temporary.stat().st_size:
            raise CourseError(f"{page} could not be printed as PDF by {line[0]} (nothing came of it).")
