"""Four snippets that cut, time or round a network in a wrong way: which line is it?"""

from __future__ import annotations

from course_lib.teaching.exercises.base import choices

_BUGS = {
    "A": {
        1: "The rows of the first layer are its filters: that is right.",
        2: "Axis 0 are the next layer's own filters; what is gone are its INPUTS, axis 1.",
        3: "The bias belongs to the filter and goes with it.",
    },
    "B": {
        1: "64 images at a time: nothing wrong with that.",
        2: "One image here and 64 there: times are compared at one batch size only.",
        3: "The ratio is right, once both are of one batch size.",
    },
    "C": {
        1: "This sets the mask.",
        2: "From here on nothing holds the zeros, and the training below brings them back.",
        3: "By now no mask is left that could hold the zeros while this trains: it would have to be given to `fit`.",
        4: "Counting is right; it shows what went wrong.",
    },
    "D": {
        1: "The export is checked by `to_onnx` itself.",
        2: "The ranges are chosen on test images, so the accuracy on test is no longer that of unseen ones.",
        3: "The rounding is right; the ranges are not.",
        4: "Test images may be read once, at the end, if nothing was chosen on them.",
    },
}
EXERCISE = choices("shipping_bugs", "07", {"A": 2, "B": 2, "C": {2, 3}, "D": 2}, _BUGS)
