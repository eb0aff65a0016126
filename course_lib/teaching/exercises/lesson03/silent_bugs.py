"""Four snippets about activations: which line is wrong?"""

from __future__ import annotations

from course_lib.teaching.exercises.base import choices

_BUGS = {
    "A": {
        1: "One sum a batch of every unit's mean over positions is a fine start.",
        2: "These are the numbers of images, as they should be.",
        3: "This averages batch means: the images of the small last batch count more than all others.",
    },
    "B": {
        1: "Dropout is on in training mode: units look silent that are only switched off.",
        2: "An empty list to fill is fine.",
        3: "This listens behind the ReLU, which is the right place.",
        4: "No gradients are needed.",
        5: "Training images are the right ones.",
        6: "The hook keeps what each batch puts out.",
        7: "The hook is removed, as it should be.",
    },
    "C": {
        1: "An empty list to fill is fine.",
        2: "This listens BEFORE the ReLU, where hardly anything is exactly zero: hook relu3.",
        3: "Eval mode is right.",
        4: "The hook is removed, as it should be.",
        5: "apoz takes a list of batches.",
    },
    "D": {
        1: "Any number may be a threshold.",
        2: "These are test images: nothing may be chosen on them. Calibrate on training images.",
        3: "The site behind the ReLU is the right one.",
        4: "The rule is applied as it should be.",
    },
}
EXERCISE = choices("silent_bugs", "03", {"A": 3, "B": 1, "C": 2, "D": 2}, _BUGS)
