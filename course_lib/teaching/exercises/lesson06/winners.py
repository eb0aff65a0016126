"""A prediction: the best method at three sparsities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from course_lib.teaching.exercises.base import Value


def naming(name: str, lesson: str, questions: tuple[Any, ...], options: tuple[str, ...], points: float = 1) -> Value:
    """Return a prediction that names one of `options` for each question, as a dict; the points are for locking it in."""

    def judge(value: Any) -> tuple[float, str]:
        if isinstance(value, Mapping) and set(value) == set(questions) and set(value.values()) <= set(options):
            return 1.0, "The point is for saying it; read on to see who it is."
        asked = f"{{{', '.join(f'{question!r}: ...' for question in questions)}}}"
        return 0.0, f"{value!r} was given; predict {asked}, each one of {', '.join(map(repr, options))}."

    return Value(name, lesson, points, judge, locks=True)


METHODS = (
    "SAP",
    "magnitude",
    "random weights",
    "L1 units",
    "activation",
    "random units",
)  # as the lesson's arena names them
EXERCISE = naming("winners", "06", (0.5, 0.9, 0.97), METHODS)
