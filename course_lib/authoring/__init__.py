"""One text source for each lesson becomes a student notebook and an executed solution: `course build`."""

from course_lib.authoring.notebooks import build, stale
from course_lib.authoring.source import CODE_STUB, TEXT_STUB, lessons

__all__ = ["CODE_STUB", "TEXT_STUB", "build", "lessons", "stale"]
