"""The sparsity after each step of the cubic schedule."""

from __future__ import annotations

import torch

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.views import lenient_number


def cubic_schedule(step: int, steps: int, final: float, initial: float = 0.0) -> float:
    """Sparsity after `step` of `steps`: s_f + (s_i - s_f)(1 - t/n)^3 (Zhu & Gupta 2017, section 3)."""
    return final + (initial - final) * (1 - step / steps) ** 3


def _steps(rng: torch.Generator) -> list[Case]:
    n, final = integer(rng, 7, 20), 0.5 + 0.4 * float(torch.rand((), generator=rng))
    t = integer(rng, 2, n - 2)
    return [
        Case("one step of two", (1, 2, 0.8)),
        Case("one step of three", (1, 3, 0.8)),
        Case("a step on the way", (t, n, final)),
        Case("a start that is not dense", (t, n, final, 0.3)),
        Case("step 0", (0, n, final, 0.1), edge=True),
        Case("the last step", (n, n, final, 0.1)),
        Case("a single step", (1, 1, final), edge=True),
    ]


_ROUNDED = "The sparsity is rounded: return it as it is, and round where you print."
EXERCISE = Exercise(
    "cubic_schedule",
    lesson="02",
    points=1,
    reference=cubic_schedule,
    cases=_steps,
    misconceptions=(
        Misconception(
            "start ignored", "The start is not always 0: use `initial`.", lambda t, n, f, i=0.0: f - f * (1 - t / n) ** 3
        ),
        Misconception("linear", "This rises in a straight line.", lambda t, n, f, i=0.0: i + (f - i) * t / n),
        Misconception(
            "slow start",
            "This prunes little at first and most at the end; the cubic schedule does the reverse: (1 - t/n) is cubed.",
            lambda t, n, f, i=0.0: i + (f - i) * (t / n) ** 3,
        ),
        Misconception("squared", "The exponent is 3.", lambda t, n, f, i=0.0: f + (i - f) * (1 - t / n) ** 2),
        Misconception(
            "sign",
            "The difference is the other way round: initial - final.",
            lambda t, n, f, i=0.0: f + (f - i) * (1 - t / n) ** 3,
        ),
        Misconception(
            "start and end exchanged",
            "initial and final are swapped: this starts at `final`.",
            lambda t, n, f, i=0.0: i + (f - i) * (1 - t / n) ** 3,
        ),
        Misconception(
            "integer division",
            "// throws the fraction away: step // steps is 0 until the last step.",
            lambda t, n, f, i=0.0: f + (i - f) * (1 - t // n) ** 3,
        ),
        Misconception(
            "counted from 1",
            "This is one step behind: after the last step the sparsity is `final`.",
            lambda t, n, f, i=0.0: f + (i - f) * (1 - (t - 1) / n) ** 3,
        ),
        Misconception(
            "a step too few",
            "There are `steps` steps, and step 0 before them: divide by `steps`, not by one less.",
            lambda t, n, f, i=0.0: f + (i - f) * (1 - t / (n - 1 or 1)) ** 3,
        ),
        Misconception(
            "starts pruned",
            "At step 0 nothing has been pruned yet: the sparsity is `initial`.",
            lambda t, n, f, i=0.0: f + (i - f) * (1 - max(1, t) / n) ** 3,
        ),
        Misconception(
            "start added on top",
            "The way goes from `initial` to `final`: what is added to `initial` is a part of their difference.",
            lambda t, n, f, i=0.0: i + f * (1 - (1 - t / n) ** 3),
        ),
        *(
            Misconception("rounded", _ROUNDED, lambda t, n, f, i=0.0, d=d: round(cubic_schedule(t, n, f, i), d))
            for d in (2, 3, 4)
        ),
    ),
    view=lenient_number,
)
