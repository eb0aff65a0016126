"""Grading a class: students' code runs in isolation, its points are decided outside, and nbgrader's gradebook keeps them."""

import sys

# nbformat brings jsonschema, which reads 39 grammars of addresses where it finds their parser: half of the time that a call
# takes in which nothing changed. No notebook's schema asks for an address of that kind.
if "nbformat" not in sys.modules and "rfc3987_syntax" not in sys.modules:
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    import nbformat  # noqa: F401

    del sys.modules["rfc3987_syntax"]

from course_lib.grading.results import Graded, Mark, Result
from course_lib.grading.run import grade, preflight
from course_lib.grading.sandbox import Limits

__all__ = ["Graded", "Limits", "Mark", "Result", "grade", "preflight"]
