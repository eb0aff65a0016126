"""The seeds of the inputs on which a class is graded: kept outside the folder of grades, which Jupyter serves to a browser.

They lie in the user's data folder, in a file that is named in GRADES/.class. So they follow the folder when it is moved or
copied on this machine. Where they are lost (another machine or user) new ones are drawn, and everything is graded again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from pathlib import Path

import platformdirs

from course_lib.errors import CourseError
from course_lib.files import reason, replacing, write_text

OLD = "seeds.json"  # where they lay before, in the folder of grades itself
NAME = ".class"


def folder() -> Path:
    """Return where seeds lie: below the user's data folder, or in COURSE_SEEDS_DIR."""
    return Path(os.environ.get("COURSE_SEEDS_DIR") or Path(platformdirs.user_data_dir("course_lib")) / "seeds").expanduser()


def seed_of(grades: Path, lesson: str, given: int | None = None) -> int:
    """Return the seed of a lesson's inputs for the class that is graded into `grades`: the one given, or kept, or drawn now.

    Raises:
        CourseError: if the seeds cannot be read or kept; grading with others would give everybody other inputs.
    """
    path = folder() / f"{_class(grades)}.json"
    old = grades / OLD
    try:
        known = {} if not old.exists() else _read(old)
        known |= _read(path) if path.exists() else {}
        if given is not None or lesson not in known:
            known[lesson] = secrets.randbits(63) if given is None else given
        if not path.exists() or _read(path) != known:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with replacing(path) as temporary:
                temporary.write_text(json.dumps(known) + "\n", encoding="utf-8")
            path.chmod(0o600)
        old.unlink(missing_ok=True)  # only now: a call that is killed finds it again
    except (OSError, ValueError) as error:
        raise CourseError(
            f"the seeds of the inputs in {path} cannot be read or written ({reason(error)}); repair the file or set "
            "COURSE_SEEDS_DIR to a folder of yours."
        ) from error
    return known[lesson]


def fingerprint(seed: int) -> str:
    """Return what tells one seed from another without saying what it is; it is kept beside the results."""
    return hashlib.sha256(f"course_lib seed {seed}".encode()).hexdigest()[:16]


def _class(grades: Path) -> str:
    path = grades / NAME
    name = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    if not re.fullmatch(r"[0-9a-f]{32}", name):
        name = secrets.token_hex(16)
        write_text(path, name + "\n")
    return name


def _read(path: Path) -> dict[str, int]:
    known = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(known, dict) or not all(isinstance(seed, int) for seed in known.values()):
        raise ValueError("it does not hold lessons and their seeds")
    return known
