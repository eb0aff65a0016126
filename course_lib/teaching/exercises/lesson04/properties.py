"""What the tests of two properties of a measure have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case, Measure
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.measures import MEASURES
from course_lib.teaching.exercises.views import unwrapped

Index = Callable[[Tensor], float]


def measure_cases(rng: torch.Generator) -> list[Case]:
    """Ask each measure of MEASURES about a vector."""
    vectors = (torch.tensor([1.0, 2.0, 3.0]), torch.randn(integer(rng, 5, 8), generator=rng), torch.tensor([0.5, 0.0, 2.0]))
    return [
        Case(f"the measure called {name}", (Measure(name), vectors[k % len(vectors)])) for k, name in enumerate(MEASURES)
    ] + [Case("the PQ index of a drawn vector", (Measure("PQ index"), vectors[1]))]


def truth(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """True or False is asked for; a bool tensor with one entry is as good."""
    output = unwrapped(output)
    if not isinstance(output, bool):
        raise CourseError("return True or False")
    return output, afterwards


def always(value: bool) -> Callable[..., bool]:
    """Return a wrong answer that says the same of every measure."""
    return lambda index, w: value
