"""How long each lesson took when it was measured: results/lessons/minutes.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from course_lib.files import write_text
from course_lib.validation.lesson import Lesson

MINUTES = Path("results") / "lessons" / "minutes.json"


class Measured(TypedDict):
    """What one run of a lesson took. seconds: of the clock. cores: of the machine. threads: of the lesson."""

    seconds: float
    cores: int
    threads: int


def recorded(root: Path) -> dict[str, dict[str, Measured]]:
    """Return lesson -> mode -> what it took; empty if nothing was measured yet."""
    try:
        known: dict[str, dict[str, Measured]] = json.loads((root / MINUTES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return known


def record(root: Path, lessons: Sequence[Lesson], mode: str, cores: int, threads: int) -> None:
    """Write down what the lessons took in a mode; other lessons and modes keep what they have."""
    known = recorded(root)
    for lesson in lessons:
        measured = Measured(seconds=round(lesson.seconds, 1), cores=cores, threads=threads)
        known.setdefault(lesson.name, {})[mode] = measured
    write_text(root / MINUTES, json.dumps(known, indent=1, sort_keys=True) + "\n")
