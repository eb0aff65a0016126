"""A prediction: the accuracies with 50, 90 and 99 % of the weights gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from course_lib.teaching.exercises.base import Value, is_number

SHARES = (50, 90, 99)


def _accuracies(value: Any) -> tuple[float, str]:
    def share(given: Any) -> bool:
        return is_number(given) and 0 <= given <= 1

    if isinstance(value, Mapping) and set(value) == set(SHARES) and all(map(share, value.values())):
        said = ", ".join(f"{value[gone]:g} at {gone} %" for gone in SHARES)
        return 1.0, f"You said {said}. The point is for saying it; read on to see how close it is."
    return 0.0, f"{value!r} was given; expected are three accuracies between 0 and 1, such as {{50: 0.7, 90: 0.5, 99: 0.3}}."


EXERCISE = Value("accuracy_left", "00", 1, _accuracies, locks=True)
