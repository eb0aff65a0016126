"""Units that lie some standard deviations below the mean of the survivors go."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.lesson03.thresholds import STRONGEST, kept_scores


def variable_threshold(scores: Tensor, deviations: float, kept: Tensor) -> Tensor:
    """New mask (n,): of the units that are kept (n,) so far those below mean - deviations * std of THEIR scores go.

    std is the population's (divided by n, not by n - 1), as in Hu et al. (2016, section 3.2); the strongest always stays.
    """
    alive = scores[kept]
    threshold = alive.mean() - deviations * alive.std(correction=0)
    keep = kept & (scores >= threshold)
    if not keep.any():
        keep[torch.where(kept, scores, -torch.inf).argmax()] = True
    return keep


def _survivors(rng: torch.Generator) -> list[Case]:
    """Drawn until the right rule and those that are nearly right all differ: masks are compared, not thresholds."""
    while True:
        cases = _some_survivors(rng)
        rules = (variable_threshold, *_NEARLY.values())
        if len({tuple(tuple(rule(*case.inputs).tolist()) for case in cases) for rule in rules}) == len(rules):
            return cases


def _some_survivors(rng: torch.Generator) -> list[Case]:
    def scores(n: int, low: float = 1.0) -> Tensor:
        return low + 4 * torch.rand(n, generator=rng) ** 2  # skewed, as activations are: the median lies below the mean

    n = integer(rng, 9, 12)
    drawn = torch.cat([0.4 + 0.5 * torch.rand(n // 2, generator=rng), scores(n)])
    every = torch.ones(len(drawn), dtype=torch.bool)
    some = torch.arange(len(drawn)) >= n // 2  # what went in earlier rounds has the lowest scores
    order = torch.randperm(len(drawn), generator=rng)
    drawn, some = drawn[order], some[order]
    k = 0.3 + 0.4 * float(torch.rand((), generator=rng))
    return [
        Case("four units, all kept so far", (torch.tensor([0.0, 1.0, 3.0, 4.0]), 1.2, torch.ones(4, dtype=torch.bool))),
        Case("more units, all kept so far", (drawn, k, every)),
        Case("a third of them gone in earlier rounds", (drawn, k, some)),
        Case("a negative number of deviations", (drawn, -k, some)),
        Case("four survivors", (scores(4), 1.0 + k, torch.ones(4, dtype=torch.bool))),
        Case("more deviations than any score is away", (drawn, 9.0, some), edge=True),
        Case("so few deviations that all would go", (drawn, -9.0, some), edge=True),
        Case("a single survivor", (drawn, 0.5, torch.arange(len(drawn)) == int(drawn.argmax())), edge=True),
        Case("equal scores", (torch.full((5,), 0.5), 0.5, torch.ones(5, dtype=torch.bool)), edge=True),
    ]


def _deviation(alive: Tensor, correction: int) -> Tensor:
    """torch's std, but without its warning where nothing is left to divide by: stderr costs points in nbgrader."""
    return ((alive - alive.mean()).square().sum() / (len(alive) - correction)).sqrt()


def _variable(
    population: Callable[[Tensor, Tensor], Tensor] = lambda s, kept: s[kept],
    middle: Callable[[Tensor], Tensor] = lambda alive: alive.mean(),
    spread: Callable[[Tensor], Tensor] = lambda alive: _deviation(alive, 0),
    sign: float = -1.0,
    only_kept: bool = True,
    floor: bool = True,
) -> Callable[[Tensor, float, Tensor], Tensor]:
    def wrong(scores: Tensor, deviations: float, kept: Tensor) -> Tensor:
        alive = population(scores, kept)
        keep = scores >= middle(alive) + sign * deviations * spread(alive)
        if only_kept:
            keep = keep & kept
        if floor and not keep.any():
            keep[torch.where(kept, scores, -torch.inf).argmax()] = True
        return keep

    return wrong


# Rules whose thresholds may fall into the same gap between two scores as the right one's.
_NEARLY = {
    "gone units counted": _variable(population=lambda s, kept: s),
    "gone units as zeros": _variable(population=lambda s, kept: s * kept),
    "sample deviation": _variable(spread=lambda alive: _deviation(alive, 1)),
    "variance": _variable(spread=lambda alive: _deviation(alive, 0) ** 2),
    "median": _variable(middle=lambda alive: alive.median()),
}
EXERCISE = Exercise(
    "variable_threshold",
    lesson="03",
    points=2,
    reference=variable_threshold,
    cases=_survivors,
    misconceptions=(
        Misconception(
            "gone units counted",
            "Mean and standard deviation are those of the SURVIVORS: gone units have low scores and would pull both.",
            _NEARLY["gone units counted"],
        ),
        Misconception(
            "gone units as zeros",
            "Multiplying by the mask leaves zeros in the mean: select the survivors, scores[kept].",
            _NEARLY["gone units as zeros"],
        ),
        Misconception(
            "un-prunes",
            "A unit that was gone is back: the new mask is a subset of `kept`.",
            _variable(only_kept=False),
        ),
        Misconception("empties the layer", STRONGEST, _variable(floor=False)),
        Misconception(
            "plus for minus",
            "The threshold lies BELOW the mean: mean - deviations * std.",
            _variable(sign=1.0),
        ),
        Misconception(
            "sample deviation",
            "torch's std divides by n - 1; asked for is the population's, std(correction=0): a single survivor has one too.",
            _NEARLY["sample deviation"],
        ),
        Misconception(
            "variance for deviation",
            "This takes the variance; its root is wanted.",
            _NEARLY["variance"],
        ),
        Misconception(
            "median for mean",
            "This starts from the median; the rule takes the mean.",
            _NEARLY["median"],
        ),
        Misconception(
            "deviations taken for a threshold",
            "This compares the scores with `deviations` itself; the threshold is mean - deviations * std.",
            lambda s, d, kept: (
                kept & (s >= d)
                if (kept & (s >= d)).any()
                else (torch.arange(len(s)) == torch.where(kept, s, -torch.inf).argmax())
            ),
        ),
        Misconception(
            "inverted mask",
            "True means KEPT; this marks what goes.",
            lambda s, d, kept: kept & ~variable_threshold(s, d, kept),
        ),
        Misconception(
            "inverted mask", "True means KEPT; this marks what goes.", lambda s, d, kept: ~variable_threshold(s, d, kept)
        ),
    ),
    view=kept_scores,
)
