"""`course lab`: JupyterLab at the first lesson, with a kernel that has the course's name."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.starting import LAB

KERNEL, TITLE = "pruning-course", "Pruning course"


def register(prefix: str = sys.prefix) -> Path:
    """Register this environment's Python as the kernel "Pruning course" below `prefix`; return its folder."""
    from ipykernel.kernelspec import install

    return Path(install(kernel_name=KERNEL, display_name=TITLE, prefix=prefix))


def command(root: Path, browser: bool = True, port: int = 8888, ip: str = "localhost") -> list[str]:
    """Return the command that starts JupyterLab in `root` with its first lesson open."""
    lessons = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not lessons:
        raise CourseError(f"{root / 'notebooks'} has no lessons; run `course build` first.")
    first = lessons[0].relative_to(root).as_posix()
    options: Sequence[str] = (
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{first}",
        f"--MultiKernelManager.default_kernel_name={KERNEL}",
        f"--ServerApp.port={port}",
        f"--ServerApp.ip={ip}",
    )
    return [sys.executable, "-c", LAB, *options, *(() if browser else ("--no-browser",))]


def start(root: Path, browser: bool = True, port: int = 8888, ip: str = "localhost", more: Sequence[str] = ()) -> None:
    """Register the kernel and become JupyterLab. more: options that are JupyterLab's own, such as --allow-root."""
    line = [*command(root, browser, port, ip), *more]
    register()
    os.execv(line[0], line)
