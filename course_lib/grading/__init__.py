"""Grading a class: what students wrote runs isolated, what it is worth is decided outside, nbgrader's gradebook keeps it."""

from course_lib.grading.results import Graded, Mark, Result
from course_lib.grading.run import grade, preflight
from course_lib.grading.sandbox import Limits

__all__ = ["Graded", "Limits", "Mark", "Result", "grade", "preflight"]
