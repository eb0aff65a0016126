"""Five snippets that compare unfairly: which line is it?"""

from __future__ import annotations

from course_lib.teaching.exercises.base import choices

_BUGS = {
    "A": {
        1: "Reading a table is fine.",
        2: "A size limit may be set before anything is measured.",
        3: "The point is CHOSEN by its test accuracy, so that number is the luckiest of many: choose on validation.",
        4: "What is printed is honest only if the choice was.",
    },
    "B": {
        1: "The masks are fine.",
        2: "These are the MACs of the dense model.",
        3: "Zeros in a tensor of the same size are multiplied like any number: a masked network keeps the dense one's MACs.",
        4: "The division is right; what is divided is not.",
    },
    "C": {
        1: "Five seeds are what one wants.",
        2: "This is the luckiest seed, called the mean.",
        3: "The deviation is that of a sample, as it should be.",
        4: "The line prints what it is given.",
    },
    "D": {
        1: "`train.evaluate` returns a share.",
        2: "This is a percent, and the accuracy is a share: the score is now all sparsity.",
        3: "The rule itself is right.",
    },
    "E": {
        1: "This counts the operations of one image.",
        2: "The counter takes a multiply and an add for two operations: these are FLOPs; halve them.",
        3: "The comparison is right, once both are MACs.",
    },
}
EXERCISE = choices("arena_bugs", "06", {"A": 3, "B": 3, "C": 2, "D": 2, "E": 2}, _BUGS)
