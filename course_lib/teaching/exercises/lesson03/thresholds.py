"""What the two rules with a threshold have in common."""

from __future__ import annotations

from typing import Any

from course_lib.teaching.exercises.views import places, require_mask

STRONGEST = "A layer without any unit cuts the network in two: where all would go, the strongest stays."


def kept_scores(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Of equally strong units any may be the one that stays."""
    scores = inputs[0]
    mask = require_mask(output, scores)
    if len(inputs) == 3 and bool((mask & ~inputs[2]).any()):
        return mask, afterwards  # something came back: which one, matters
    return places(scores)[mask].sort().values, afterwards
