"""Does a measure of sparsity stay the same when the vector is cloned?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.lesson04.properties import Index, always, measure_cases, truth


def clone_test(index: Index, w: Tensor) -> bool:
    """Whether the index of w and that of w beside a copy of itself are equal, up to 1e-6 (property D4)."""
    return abs(index(torch.cat([w, w])) - index(w)) < 1e-6


def _by(longer: Callable[[Tensor], Tensor] = lambda w: w.repeat(2), tolerance: float = 1e-6) -> Callable[..., bool]:
    """longer: what stands in for the vector and its copy."""
    return lambda index, w: abs(index(longer(w)) - index(w)) < tolerance


_STRICT = (
    "Floating-point numbers come with rounding noise: compare with the tolerance that is asked for, 1e-6; this is stricter."
)
_TOLERANT = "This tolerance lets measures pass that change by more than 1e-6. (math.isclose and np.isclose bring their own.)"
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
            _by(lambda w: w + w),
        ),
        Misconception("too strict", _STRICT, lambda index, w: index(torch.cat([w, w])) == index(w)),
        Misconception("too strict", _STRICT, _by(tolerance=1e-12)),
        Misconception(
            "one-sided",
            "This accepts any value that is smaller: take the absolute difference.",
            lambda index, w: index(torch.cat([w, w])) - index(w) < 1e-6,
        ),
        Misconception(
            "one-sided",
            "This accepts any value that is larger: take the absolute difference.",
            lambda index, w: index(w) - index(torch.cat([w, w])) < 1e-6,
        ),
        Misconception(
            "zeros appended", "A clone is a copy of w, not zeros.", _by(lambda w: torch.cat([w, torch.zeros_like(w)]))
        ),
        Misconception(
            "more than one copy",
            "This is the vector with several copies; asked for is ONE copy beside it: everybody is there twice.",
            _by(lambda w: w.repeat(3)),
        ),
        Misconception(
            "signs turned", "A copy has the signs of the original: torch.cat([w, w]).", _by(lambda w: torch.cat([w, -w]))
        ),
        *(Misconception("too tolerant", _TOLERANT, _by(tolerance=tolerance)) for tolerance in (1e-3, 0.1, 0.5)),
        Misconception("answer inverted", "True means that the property HOLDS.", lambda index, w: not clone_test(index, w)),
    ),
    view=truth,
)
