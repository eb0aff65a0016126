"""Three snippets that prune wrongly: which line is it?"""

from __future__ import annotations

from course_lib.teaching.exercises.base import choices

_BUGS = {
    "A": {
        1: "The L1 norm of each filter is right.",
        2: "With equal scores a threshold takes all of them or none, and this index also takes one filter too many.",
        3: "`silence` does what section 3 asks for.",
    },
    "B": {
        2: "Trying a few levels is fine.",
        3: "The masks are those of the level, and slimming is exact.",
        4: "Recalibrating uses training images and is what section 5 asks for.",
        5: "The test part chooses the level here, so its accuracy is no longer an honest estimate: choose on validation.",
        6: "Taking the best is fine; what it is the best OF is not.",
    },
    "C": {
        1: "Scores and mask are right.",
        2: "Without no_grad PyTorch would refuse; this line is needed.",
        3: "norm.bias is missing: BatchNorm's shift beta goes on speaking.",
        4: "~keep are the rows to go; the question is rows of WHAT.",
    },
}
EXERCISE = choices("bugs", "02", {"A": 2, "B": 5, "C": 3}, _BUGS)
