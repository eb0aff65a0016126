"""Do the lessons run? Each in a fresh kernel, top to bottom, from its own folder: `course validate`."""

from course_lib.validation.lesson import Lesson
from course_lib.validation.run import validate

__all__ = ["Lesson", "validate"]
