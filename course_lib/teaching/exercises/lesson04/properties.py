"""What the tests of two properties of a measure have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case, Measure
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.views import unwrapped

Index = Callable[[Tensor], float]


def measure_cases(rng: torch.Generator) -> list[Case]:
    """Ask measures about vectors, so that each tolerance and each number of copies or zeros but the right one fails.

    The noise stays within 1e-6, and 2e-6 for each entry does not, when three entries become four or six; of four entries
    there is talk when three get one zero, or two one copy.
    """
    two, three, holed = torch.tensor([2.0, -1.0]), torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, 0.0, 2.0])
    drawn = torch.randn(integer(rng, 5, 8), generator=rng)
    asked = (
        ("PQ index", three),
        ("L1 norm", drawn),
        ("share of zeros", holed),
        ("Gini index", drawn),
        ("mean magnitude", drawn),
        ("mean, signs kept", two),
        ("1 / number of entries", drawn),
        ("1 for four entries, else 0", three),
        ("1 for four entries, else 0", two),
        ("1 for four entries, else 0", torch.cat([drawn[:1], three])),
        ("largest magnitude, with rounding noise", three),
        ("largest magnitude, and 2e-6 for each entry", three),
    )
    cases = [Case(f"the measure called {name}", (Measure(name), w)) for name, w in asked]
    return [*cases, Case("the PQ index of a drawn vector", (Measure("PQ index"), drawn))]


def truth(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """True or False is asked for; a bool tensor with one entry is as good."""
    output = unwrapped(output)
    if not isinstance(output, bool):
        raise CourseError("return True or False")
    return output, afterwards


def always(value: bool) -> Callable[..., bool]:
    """Return a wrong answer that says the same of every measure."""
    return lambda index, w: value
