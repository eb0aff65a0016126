"""Four snippets that measure wrongly: which line is it?"""

from __future__ import annotations

from course_lib.teaching.exercises.base import choices

_BUGS = {
    "A": {
        1: "Counting needs this context; it runs the model once and adds up.",
        2: "One image: that is right for the MACs of one image.",
        3: "The counter counts a multiply and an add as two operations: these are FLOPs. Halve them for MACs.",
        4: "The line prints what it is given; the number was wrong before.",
    },
    "B": {
        1: "Inference mode is right: nobody needs gradients here.",
        2: "A warm-up is right.",
        3: "The dense model is warmed up before it is timed, as it should be.",
        4: "The dense model is timed as it should be. Is the masked one, too?",
        5: "This one is timed outside inference mode and without a warm-up: two models are compared under two conditions.",
        6: "The ratio is the right one of the two times.",
    },
    "C": {
        1: "Counting before the second round is fine; the question is what the count is compared with.",
        2: "The second round prunes as it should.",
        3: "Counting after it is fine.",
        4: "This is the share of what REMAINED after the first round; sparsity is a share of ALL the dense model's weights.",
    },
    "D": {
        1: "Opening it for writing bytes is right.",
        2: "Everything is handed to the file, but not all of it has reached the disk yet.",
        3: "The last bytes still wait in the buffer: close (or flush) the file before its size is read.",
        4: "Closing is right; it comes too late.",
    },
}
EXERCISE = choices("measuring_bugs", "01", {"A": 3, "B": 5, "C": 4, "D": 3}, _BUGS)
