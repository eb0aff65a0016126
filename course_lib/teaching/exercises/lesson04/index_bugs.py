"""Three snippets about the index: which line is wrong?"""

from __future__ import annotations

from course_lib.teaching.exercises.base import choices

_BUGS = {
    "A": {
        1: "The number of entries is right.",
        2: "The p-norm is right.",
        3: "The q-norm is right.",
        4: "The exponent's sign is wrong: 1/q - 1/p is negative.",
    },
    "B": {
        1: "Pruning the smallest is fine.",
        2: "Zeros instead of the survivors: they count as weights, so the index rises with every round. It is weight[mask].",
        3: "The zeros of the mask count as weights here, so the index rises with every round, whatever the survivors do.",
    },
    "C": {
        1: "20,000 weights are many, but no mistake.",
        2: "0.1 is a legal p.",
        3: "This sum to the power 10 is larger than float32 can hold: inf, and the index is NaN or 0.",
        4: "The q-norm is harmless.",
        5: "The formula is right.",
    },
}
EXERCISE = choices("index_bugs", "04", {"A": 4, "B": {2, 3}, "C": 3}, _BUGS)
