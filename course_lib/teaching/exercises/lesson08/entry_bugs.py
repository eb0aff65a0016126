"""Four entries that are less than they seem: which line is it?"""

from __future__ import annotations

from course_lib.teaching.exercises.base import choices

_BUGS = {
    "A": {
        1: "The run is fine.",
        2: "The round is CHOSEN by its test accuracy. The final reading will be lower: choose by `accuracy` in the rows.",
        3: "Handing the chosen round in is right; how it was chosen is not.",
    },
    "B": {
        1: "Masks of a pruner, as they should be.",
        2: "Without masks=masks the optimizer gives every gone weight a value again: the file is nearly dense.",
        3: "The call is right for a network whose gone weights are zero.",
    },
    "C": {
        1: "A budget of six epochs.",
        2: "Three rounds are as good as another number.",
        3: "Each ROUND gets the whole budget here: eighteen epochs in all. Split it.",
    },
    "D": {
        1: "Masks of filters and neurons: they could be cut out.",
        2: "The training is fine.",
        3: "A masked network has the dense one's MACs. Slim it first, and hand in what `slim.slim` returns.",
    },
}
EXERCISE = choices("entry_bugs", "08", {"A": 2, "B": 2, "C": 3, "D": 3}, _BUGS)
