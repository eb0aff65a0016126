"""A lesson writes only to temporary folders and caches.

`install` runs in the lesson's own kernel and refuses at once, wherever the file is, but it sees only what Python opens.
`files`, called before and after, also shows what other programs and compiled libraries wrote, but only in the repository.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from course_lib.files import cache_folder

WRITES = {"os.mkdir": (0,), "os.rename": (0, 1), "os.remove": (0,), "os.rmdir": (0,), "shutil.rmtree": (0,)}
TOOLS = {".git", ".venv", "runs", "__pycache__", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints", ".hypothesis"}
# Run in the executed copy only, as its first cell.
CELL = "from course_lib.validation import guard\n\nguard.install()"


def allowed() -> list[Path]:
    """Return the folders to which a lesson may write: temporary ones, the data cache, and those of its tools."""
    import matplotlib
    from jupyter_core.paths import jupyter_runtime_dir

    home = Path(os.environ.get("IPYTHONDIR", Path.home() / ".ipython"))
    places: list[str | Path] = [
        tempfile.gettempdir(),
        "/dev",
        cache_folder(),
        home,
        jupyter_runtime_dir(),
        matplotlib.get_cachedir(),
    ]
    return [Path(place).resolve() for place in places]


def files(root: Path, *but: Path) -> set[tuple[str, int, int]]:
    """Return (path, size, time of change in ns) of every file below `root`, except in tools' folders and those in `but`."""
    found = set()
    for folder, names, held in os.walk(root):
        names[:] = [name for name in names if name not in TOOLS and Path(folder, name) not in but]
        for name in held:
            with contextlib.suppress(FileNotFoundError):  # a temporary file that is gone
                path = Path(folder, name)
                facts = path.stat()
                found.add((str(path.relative_to(root)), facts.st_size, facts.st_mtime_ns))
    return found


def install() -> None:
    """From now on, refuse every write of this process to any other folder."""
    places = allowed()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & (os.O_WRONLY | os.O_RDWR)
            targets = [path] if writes else []
        else:
            targets = [arguments[i] for i in WRITES.get(event, ())]
        for target in targets:
            if not isinstance(target, (str, bytes, os.PathLike)):
                continue  # an open file descriptor
            path = Path(os.fsdecode(target)).resolve()
            if "__pycache__" not in path.parts and not any(path.is_relative_to(place) for place in places):
                raise PermissionError(f"the lesson writes to {path}; it may write to temporary folders only.")

    sys.addaudithook(hook)
