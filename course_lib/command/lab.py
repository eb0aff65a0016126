"""`course lab`: JupyterLab at the first lesson, with settings and a kernel of its own; the user's own stay as they are."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course_lib import kernel
from course_lib.errors import CourseError
from course_lib.files import write_json
from course_lib.starting import LAB

EXTENSION, EXTENSION_NAME = Path(__file__).parent / "labextension", "pruning-course"
OWN = ".lab"  # where what is only `course lab`'s lies, below the course's folder
GRADING = "@jupyter/nbgrader"
SERVER = "nbgrader.server_extensions."
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"},
    "@jupyterlab/notebook-extension:tracker": {
        "kernelShutdown": True,  # each kernel holds most of a gigabyte
        "codeCellConfig": {"lineNumbers": False, "lineWrap": True},  # no cell scrolls sideways
    },
}
# As the plugins name their panels to JupyterLab, which leaves out what it does not know.
TOC = "@jupyterlab/toc:plugin"
SIDE = ["filebrowser", "running-sessions", TOC]


def register(prefix: str = sys.prefix) -> Path:
    """Register this environment's Python below `prefix` as the kernel "Pruning course"; return its folder."""
    from ipykernel.kernelspec import install

    folder = Path(install(kernel_name=kernel.NAME, display_name=kernel.TITLE, prefix=prefix))
    spec = json.loads((folder / "kernel.json").read_text(encoding="utf-8"))
    write_json(folder / "kernel.json", spec | {"argv": [*spec["argv"], f"--IPKernelApp.extra_extensions={kernel.__name__}"]})
    return folder


def command(
    root: Path, browser: bool = True, port: int = 8888, ip: str = "localhost", instructor: bool = False
) -> list[str]:
    """Return the command that starts JupyterLab in `root` with its first lesson open."""
    lessons = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not lessons:
        raise CourseError(f"{root / 'notebooks'} has no lessons; run `course build` first.")
    first = lessons[0].relative_to(root).as_posix()
    options: Sequence[str] = (
        f"--ServerApp.root_dir={root}",
        f"--ServerApp.preferred_dir={root if instructor else root / 'notebooks'}",
        f"--LabApp.default_url=/lab/tree/{first}",
        f"--MultiKernelManager.default_kernel_name={kernel.NAME}",
        f"--KernelSpecManager.allowed_kernelspecs={kernel.NAME}",
        f"--ServerApp.port={port}",
        f"--ServerApp.ip={ip}",
        *_terminal(),
    )
    return [sys.executable, "-c", LAB, *options, *(() if browser else ("--no-browser",))]


def settle(root: Path, instructor: bool = False) -> dict[str, str]:
    """Write JupyterLab's settings for students, or for instructors, below `root`/.lab; return the environment that has them.

    What is changed in JupyterLab's own dialogs is kept there as well, and a window comes back as it was left.
    """
    own = root / OWN / ("instructor" if instructor else "student")
    config = own / "config"
    off = {} if instructor else {GRADING: True}
    write_json(config / "labconfig" / "page_config.json", {"disabledExtensions": off})
    write_json(config / "labconfig" / "default_setting_overrides.json", SETTINGS)
    names = ("formgrader", "validate_assignment", "assignment_list", "course_list")
    extensions = {SERVER + name: instructor for name in names}
    write_json(config / "jupyter_server_config.d" / "course.json", {"ServerApp": {"jpserver_extensions": extensions}})
    workspace = own / "workspaces" / "default-37a8.jupyterlab-workspace"  # as JupyterLab calls the one that it opens
    if not workspace.exists():
        write_json(workspace, _workspace())
    register(str(own))
    shutil.copytree(EXTENSION, own / "share" / "jupyter" / "labextensions" / EXTENSION_NAME, dirs_exist_ok=True)
    return {
        "JUPYTER_CONFIG_PATH": _before("JUPYTER_CONFIG_PATH", config),
        "JUPYTER_PATH": _before("JUPYTER_PATH", own / "share" / "jupyter"),
        "PATH": _before("PATH", Path(sys.executable).parent),  # so that `course` is known in JupyterLab's terminal
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(workspace.parent),
    }


def _terminal() -> list[str]:
    """Return the option for a shell that keeps this environment's PATH: a login shell, JupyterLab's own, sets it anew."""
    shell = os.environ.get("SHELL") or shutil.which("bash") or shutil.which("sh")
    return [f"--ServerApp.terminado_settings={{'shell_command': [{shell!r}]}}"] if os.name == "posix" and shell else []


def _before(name: str, path: Path) -> str:
    return os.pathsep.join([str(path), *filter(None, [os.environ.get(name)])])


def _workspace() -> dict[str, Any]:
    """Return a window whose table of contents is open, wide enough for the headings of a lesson."""
    left = {"collapsed": False, "visible": True, "current": TOC, "widgets": SIDE}
    layout = {"main": {"dock": None}, "left": left, "relativeSizes": [0.24, 0.76, 0]}
    return {"data": {"layout-restorer:data": layout}, "metadata": {"id": "default"}}


def start(
    root: Path,
    browser: bool = True,
    port: int = 8888,
    ip: str = "localhost",
    more: Sequence[str] = (),
    instructor: bool = False,
) -> None:
    """Write the settings and become JupyterLab. more: options that are JupyterLab's own, such as --allow-root."""
    line = [*command(root, browser, port, ip, instructor), *more]
    os.environ.update(settle(root, instructor))
    os.execv(line[0], line)
