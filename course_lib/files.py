"""Files that are either whole or not there, and why one could not be read or written."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from course_lib.errors import CourseError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["cache_folder", "read_tensors", "reason", "replacing", "tomllib", "write_json", "write_text"]

PART = ".part"  # ends the name of a file that is not whole yet


def cache_folder() -> Path:
    """Return the folder of downloads and decoded data: COURSE_DATA_DIR, or the user's cache folder."""
    return Path(os.environ.get("COURSE_DATA_DIR") or platformdirs.user_cache_dir("course_lib")).expanduser()


@contextmanager
def replacing(path: str | Path, private: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends well it becomes `path`, otherwise it is removed.

    A crash, a kill or a full disk inside the block leaves an older `path` as it was. private: only its owner can read it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PART)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        if not private:
            temporary.chmod(0o666 & ~umask)  # mkstemp made it private; the finished file gets the usual mode
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str, private: bool = False) -> None:
    """Write `text` to `path`, whole or not at all. private: only its owner can read it."""
    with replacing(path, private) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` to `path` as JSON, whole or not at all; NaN and infinity are refused (they are not JSON)."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def read_tensors(path: str | Path, what: str) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return what a safetensors file says of itself, and its tensors. what: it was given as, for messages.

    Raises:
        CourseError: for a file that is not there, cut short, or of another kind; nothing is unpickled.
    """
    from safetensors import SafetensorError, safe_open  # loaded by whoever reads such a file, with torch

    try:
        with safe_open(path, "pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except OSError as error:
        raise CourseError(f"{path} was given as {what}; no such file can be read.") from error
    except SafetensorError as error:
        raise CourseError(f"{path} was given as {what}; it is cut short, or no safetensors file.") from error


def reason(error: BaseException) -> str:
    """Return in one line why a file could not be read or written, without addresses in memory and names of ours.

    >>> reason(FileNotFoundError(2, "No such file or directory", "photo.jpg"))
    'No such file or directory: photo.jpg'
    """
    if isinstance(error, OSError) and error.strerror:
        named = "" if error.filename is None or str(error.filename).endswith(PART) else f": {error.filename}"
        return f"{error.strerror}{named}"
    words = " ".join(re.sub(r"<[^<>]* at 0x[0-9a-fA-F]+>", "it", str(error)).split()).rstrip(".")
    return words or type(error).__name__
