"""A mistake that every exercise with a number for an answer can meet: the number is right, and rounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.teaching.exercises.base import Misconception


def rounded(function: Callable[..., Any], *digits: int) -> list[Misconception]:
    """Return the mistakes of rounding what `function` returns, a number, a tensor, or several of these, to `digits`."""
    sentence = "The result is rounded: return all of its digits, and round where it is printed."
    return [Misconception("rounded", sentence, _to(function, places)) for places in digits or (2, 3, 4)]


def _to(function: Callable[..., Any], places: int) -> Callable[..., Any]:
    def short(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(map(short, value))
        return torch.round(value, decimals=places) if isinstance(value, Tensor) else round(value, places)

    return lambda *inputs: short(function(*inputs))
