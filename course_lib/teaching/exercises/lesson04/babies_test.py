"""Does a measure of sparsity rise when a zero is appended?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.lesson04.properties import Index, always, measure_cases, truth


def babies_test(index: Index, w: Tensor) -> bool:
    """Whether appending a zero raises the index by more than 1e-6 (property P2)."""
    return index(torch.cat([w, torch.zeros(1)])) > index(w) + 1e-6


def _by(entries: Callable[[Tensor], Tensor] = lambda w: torch.zeros(1), least: float = 1e-6) -> Callable[..., bool]:
    """entries: what is appended; least: by how much the index has to rise."""
    return lambda index, w: index(torch.cat([w, entries(w)])) > index(w) + least


EXERCISE = Exercise(
    "babies_test",
    lesson="04",
    points=1,
    reference=babies_test,
    cases=measure_cases,
    misconceptions=(
        Misconception("always true", "This says True of every measure: call `index` on both vectors.", always(True)),
        Misconception(
            "always false",
            "This says False of every measure. Is the zero a new ENTRY, torch.cat([w, torch.zeros(1)])?",
            always(False),
        ),
        Misconception(
            "not smaller",
            "The index has to RISE; one that stays the same fails.",
            lambda index, w: index(torch.cat([w, torch.zeros(1)])) >= index(w),
        ),
        Misconception(
            "no tolerance",
            "Rounding noise alone can make a number larger: the index has to rise by more than the 1e-6 that is asked for.",
            _by(least=0),
        ),
        Misconception(
            "only different",
            "The index has to rise, not only to change.",
            lambda index, w: abs(index(torch.cat([w, torch.zeros(1)])) - index(w)) > 1e-6,
        ),
        Misconception(
            "falls",
            "With a zero appended the vector is SPARSER, so the index has to rise.",
            lambda index, w: index(torch.cat([w, torch.zeros(1)])) < index(w) - 1e-6,
        ),
        Misconception("ones appended", "Babies are zeros.", _by(lambda w: torch.ones(1))),
        *(
            Misconception("several zeros", "ONE zero is appended, torch.zeros(1); these are several.", _by(zeros))
            for zeros in (torch.zeros_like, lambda w: torch.zeros(2), lambda w: torch.zeros(3))
        ),
        *(
            Misconception("asks for too much", "To rise by more than 1e-6 is enough; this asks for more.", _by(least=least))
            for least in (1e-3, 0.1, 0.5)
        ),
    ),
    view=truth,
)
