"""Grading a class: students' code runs in isolation, its points are decided outside, and nbgrader's gradebook keeps them."""

from course_lib.grading.results import Graded, Mark, Result
from course_lib.grading.run import grade, preflight
from course_lib.grading.sandbox import Limits

__all__ = ["Graded", "Limits", "Mark", "Result", "grade", "preflight"]
