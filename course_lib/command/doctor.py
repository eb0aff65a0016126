"""What is installed and available, and what to do about what is not."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

from course_lib.files import cache_folder
from course_lib.starting import quickly
from course_lib.words import number_of

PACKAGES = ("torch", "torchvision", "safetensors", "pandas", "matplotlib", "joblib")
ENOUGH = 2  # GB of free disk


def rows() -> list[tuple[str, str, str]]:
    """Return (what, what was found, what to do about it, or "") for everything that the course needs."""
    with quickly():
        import torch

        from course_lib import data

    found = [("Python", platform.python_version(), "" if sys.version_info >= (3, 10) else "install Python 3.10 or newer")]
    for name in PACKAGES:
        try:
            found.append((name, metadata.version(name), ""))
        except metadata.PackageNotFoundError:
            found.append((name, "not installed", f"pip install {name}, or make course"))
    device = data.pick_device("auto")
    chip = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or platform.machine()
    found.append(("device", f"{device.type} ({chip})", ""))
    found.append(("threads", f"{torch.get_num_threads()} of {number_of(os.cpu_count() or 1, 'core')}", ""))
    folder = cache_folder()
    exists = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(exists).free / 1e9
    lack = "" if free > ENOUGH else f"free {ENOUGH} GB, or set COURSE_DATA_DIR to a folder on another disk"
    found.append((f"disk at {_short(folder)}", f"{free:.0f} GB free", lack))
    for name, how in data.available().items():
        there = not how.startswith("not here")
        found.append((f"data: {name}", "not here" if not there else how, "" if there else how.partition(": ")[2]))
    return found


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
