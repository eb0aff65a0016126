"""What came of one lesson that was executed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Lesson:
    """What came of one lesson.

    exercises: (name, state, points, out of). slowest: (cell id, seconds, its first line). problem: one sentence, or "".
    """

    name: str
    seconds: float = 0.0
    problem: str = ""
    exercises: list[tuple[str, str, float, float]] = field(default_factory=list)
    slowest: list[tuple[str, float, str]] = field(default_factory=list)
