"""Does a measure of sparsity stay the same when the vector is cloned?"""

from __future__ import annotations

import torch
from torch import Tensor

from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.lesson04.properties import Index, always, measure_cases, truth


def clone_test(index: Index, w: Tensor) -> bool:
    """Whether the index of w and that of w beside a copy of itself are equal, up to 1e-6 (property D4)."""
    return abs(index(torch.cat([w, w])) - index(w)) < 1e-6


EXERCISE = Exercise(
    "clone_test",
    lesson="04",
    points=1,
    reference=clone_test,
    cases=measure_cases,
    misconceptions=(
        Misconception("always true", "This says True of every measure: call `index` on both vectors.", always(True)),
        Misconception("always false", "This says False of every measure.", always(False)),
        Misconception(
            "entries doubled",
            "w + w doubles the NUMBERS (that is scaling); a clone stands beside the original: torch.cat([w, w]).",
            lambda index, w: abs(index(w + w) - index(w)) < 1e-6,
        ),
        Misconception(
            "exact equality",
            "Floating-point numbers: compare with a tolerance, such as 1e-6.",
            lambda index, w: index(torch.cat([w, w])) == index(w),
        ),
        Misconception(
            "one-sided",
            "This accepts any value that is smaller: take the absolute difference.",
            lambda index, w: index(torch.cat([w, w])) - index(w) < 1e-6,
        ),
        Misconception(
            "zeros appended",
            "A clone is a copy of w, not zeros.",
            lambda index, w: abs(index(torch.cat([w, torch.zeros_like(w)])) - index(w)) < 1e-6,
        ),
        Misconception(
            "too tolerant",
            "This tolerance lets measures pass that visibly change.",
            lambda index, w: abs(index(torch.cat([w, w])) - index(w)) < 0.5,
        ),
        Misconception("answer inverted", "True means that the property HOLDS.", lambda index, w: not clone_test(index, w)),
    ),
    view=truth,
)
