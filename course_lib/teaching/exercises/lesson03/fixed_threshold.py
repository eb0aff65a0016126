"""Units whose score lies below a threshold go."""

from __future__ import annotations

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.lesson03.thresholds import STRONGEST, kept_scores


def _keep_below(scores: Tensor, threshold: Tensor | float) -> Tensor:
    keep = scores >= threshold
    if not keep.any():
        keep[scores.argmax()] = True
    return keep


def fixed_threshold(scores: Tensor, threshold: float) -> Tensor:
    """(n,) scores -> (n,) bool, True = kept: those below the threshold go, but the strongest always stays."""
    return _keep_below(scores, threshold)


def _thresholds(rng: torch.Generator) -> list[Case]:
    n = integer(rng, 9, 14)
    drawn = torch.cat([torch.tensor([0.4]), torch.rand(n - 1, generator=rng) + 0.05])
    drawn[1:3] = torch.tensor([1.7, 0.04])  # so that neither the strongest nor the weakest comes first
    middle = float(drawn.sort().values[n // 2])
    exact = torch.tensor([0.5, 0.25, 0.75, 0.5, 0.125])
    return [
        Case("four units", (torch.tensor([0.2, 1.2, 0.6, 1.8]), 0.8)),
        Case("units of a random order", (drawn, 0.999 * middle)),
        Case("a score that equals the threshold", (exact, 0.5)),
        Case("a score a hair below the threshold", (torch.tensor([0.75, 0.4999999, 0.5, 0.498, 0.1]), 0.5), edge=True),
        Case("a threshold below all", (drawn, 0.01), edge=True),
        Case("a threshold above all", (drawn, 9.0), edge=True),
        Case("threshold 0 and a unit that is never active", (torch.tensor([0.3, 0.0, 0.7]), 0.0), edge=True),
        Case("a single unit", (torch.tensor([0.1]), 0.5), edge=True),
        Case("scores below zero", (drawn - 1, middle - 1.001), edge=True),
        Case("scores that are all below zero, as the threshold is not", (drawn - 2, 0.0), edge=True),
    ]


EXERCISE = Exercise(
    "fixed_threshold",
    lesson="03",
    points=1,
    reference=fixed_threshold,
    cases=_thresholds,
    misconceptions=(
        Misconception("empties the layer", STRONGEST, lambda s, t: s >= t),
        Misconception(
            "keeps an arbitrary one",
            "Where all would go, the STRONGEST unit stays, not just any.",
            lambda s, t: s >= t if (s >= t).any() else torch.arange(len(s)) == 0,
        ),
        Misconception(
            "keeps an arbitrary one",
            "Where all would go, the STRONGEST unit stays, not just any.",
            lambda s, t: s >= t if (s >= t).any() else torch.arange(len(s)) == len(s) - 1,
        ),
        Misconception(
            "keeps the largest size",
            "Where all would go, the unit of the HIGHEST score stays; with abs a score far below zero would be the highest.",
            lambda s, t: s >= t if (s >= t).any() else torch.arange(len(s)) == s.abs().argmax(),
        ),
        Misconception(
            "slack at the threshold",
            "A unit goes if its score is below the threshold, by however little: compare without slack.",
            lambda s, t: _keep_below(s, t - 1e-6),
        ),
        Misconception(
            "scores rounded",
            "Compare the scores as they are, without rounding.",
            lambda s, t: s.round(decimals=2) >= t if (s.round(decimals=2) >= t).any() else fixed_threshold(s, t),
        ),
        Misconception(
            "a score of zero taken for gone",
            "A score of 0 is a score: make the mask from the comparison, not from the scores that are left.",
            lambda s, t: (s * (s >= t) != 0) if (s * (s >= t)).any() else torch.arange(len(s)) == s.argmax(),
        ),
        Misconception(
            "keeps the weakest",
            "Where all would go, the STRONGEST unit stays, not the weakest.",
            lambda s, t: s >= t if (s >= t).any() else torch.arange(len(s)) == s.argmin(),
        ),
        Misconception(
            "keeps everything",
            "Where all would go, one unit stays, the strongest, not all of them.",
            lambda s, t: s >= t if (s >= t).any() else torch.ones_like(s, dtype=torch.bool),
        ),
        Misconception(
            "equal goes as well",
            "A unit goes if its score is BELOW the threshold; one that equals it stays.",
            lambda s, t: s > t if (s > t).any() else torch.arange(len(s)) == s.argmax(),
        ),
        Misconception(
            "equal goes as well, and empties the layer",
            "A unit goes if its score is BELOW the threshold, one that equals it stays; where all would go, the strongest "
            "stays.",
            lambda s, t: s > t,
        ),
        Misconception("inverted mask", "True means KEPT; this marks what goes.", lambda s, t: s < t),
        Misconception("inverted mask", "True means KEPT; this marks what goes.", lambda s, t: ~fixed_threshold(s, t)),
        Misconception(
            "absolute values",
            "The score is compared as it is, without abs: less is less important.",
            lambda s, t: _keep_below(s.abs(), t),
        ),
        Misconception(
            "threshold as a share",
            "This takes the threshold for a share of the units; it is a score.",
            lambda s, t: s >= torch.quantile(s, min(max(t, 0.0), 1.0)),
        ),
        Misconception(
            "relative to the largest",
            "This takes the threshold as a share of the largest score; it is a score itself.",
            lambda s, t: _keep_below(s, t * s.max()),
        ),
        Misconception(
            "relative to the largest",
            "This compares shares of the largest score; the threshold is a score itself.",
            lambda s, t: s / s.max() >= t if (s / s.max() >= t).any() else torch.arange(len(s)) == s.argmax(),
        ),
        Misconception(
            "numbers instead of a mask",
            "These are numbers; a mask is a tensor of True and False (dtype=torch.bool).",
            lambda s, t: fixed_threshold(s, t).float(),
        ),
    ),
    view=kept_scores,
)
