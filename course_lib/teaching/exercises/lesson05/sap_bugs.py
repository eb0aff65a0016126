"""Four snippets of SAP: which line is wrong?"""

from __future__ import annotations

from course_lib.teaching.exercises.base import choices

_BUGS = {
    "A": {
        1: "Only the kept weights: right.",
        2: "The share of THESE weights that goes: right.",
        3: "The share of what remains is taken of the original size: later rounds take too many. It is kept.numel().",
        4: "Choosing the smallest of the kept ones by index is right.",
    },
    "B": {
        1: "Only the kept weights: right.",
        2: "The amount is right.",
        3: "A threshold: with equal magnitudes at the cut all of them go, or none. Choose indices.",
    },
    "C": {
        1: "state_dict() points to the live tensors: training changes `start` too, and rewinding does nothing. Clone it.",
        2: "Training is what it is.",
        3: "Pruning is right.",
        4: "Loading the whole state is right, if it is the old one.",
        5: "Applying the masks after rewinding is right.",
    },
    "D": {
        1: "beta = 1 with gamma = 8 lets one round take everything from a layer, and nothing stops it: the network is cut "
        "in two. Give min_per_layer, or leave beta below 1.",
        2: "The pruner is used as it should be.",
        3: "Training cannot bring back a layer without weights.",
    },
}
EXERCISE = choices("sap_bugs", "05", {"A": 3, "B": 3, "C": 1, "D": 1}, _BUGS)
