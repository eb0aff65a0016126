"""What the lessons are made of: exercises that answer in words, figures, widgets and run modes."""

from course_lib.teaching.checks import check, use

__all__ = ["check", "use"]
