"""After how many wrong answers `course solution` shows one; `course release` sets it."""

from __future__ import annotations

WRONG: int | None = None  # never
