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


def _layer(rng: torch.Generator, away: float, *gone: float, scale: float = 1.0) -> tuple[Tensor, float, Tensor]:
    """Draw scores, deviations, and who is kept, so that the threshold lies between two survivors that hardly differ.

    Then any other threshold, were it only a little higher or lower, gives another mask. away: about how many deviations
    below the mean it lies. gone: scores of gone units; the survivors' lie between 1 and 5.
    """
    alive = 1 + 4 * torch.rand(integer(rng, 9, 12), generator=rng) ** 2  # skewed: the median lies below the mean
    threshold = alive.mean() - away * alive.std(correction=0)
    alive[:2] = threshold + alive.std(correction=0) * torch.tensor([-1e-3, 1e-3])
    deviations = float((alive.double().mean() - threshold) / alive.double().std(correction=0))
    scores = torch.cat([alive, torch.tensor(gone)])
    kept = torch.arange(len(scores)) < len(alive)
    while True:
        order = torch.randperm(len(scores), generator=rng)
        mixed, still = scores[order], kept[order]
        if _tells(mixed, still):
            return scale * mixed, deviations, still


def _tells(scores: Tensor, kept: Tensor) -> bool:
    """Return whether the strongest survivor and what each mistake would keep for it are different units."""
    survivors = kept.nonzero().flatten().tolist()
    strongest = survivors[int(scores[kept].argmax())]
    ends = {survivors[0], survivors[-1], survivors[int(scores[kept].argmin())]}
    if kept.all():
        return strongest not in ends
    place = int(scores[kept].argmax())
    gone = {int((~kept).int().argmax()), int(scores.argmax())}
    return not kept[0] and len({strongest, place} | ends) == 2 + len(ends) and place not in gone


def _survivors(rng: torch.Generator) -> list[Case]:
    weakest, strongest = (0.2, 0.7, 0.4), (6.5, 5.5, 7.0)
    high, k, some = _layer(rng, 0.5, *strongest, scale=10.0)
    mixed, _, others = _layer(rng, 0.5, 0.3, 2.5, 6.0)
    single = torch.arange(len(high)) == torch.where(some, high, torch.inf).argmin()
    four, five = torch.ones(4, dtype=torch.bool), torch.ones(5, dtype=torch.bool)
    return [
        Case("four units, all kept so far", (torch.tensor([0.0, 1.0, 3.0, 4.0]), 1.2, four)),
        Case("more units, all kept so far", _layer(rng, 0.6)),
        Case("one unit far above the others", (torch.tensor([1.2, 1.0, 9.0, 1.6, 1.4]), 0.3, five)),
        Case("the weakest gone in earlier rounds", _layer(rng, 0.5, *weakest)),
        Case("the strongest gone in earlier rounds", (high, k, some)),
        Case("a negative number of deviations", _layer(rng, -0.5, 0.3, 2.5, 6.0)),
        Case("a score that equals the threshold", (torch.tensor([1.0, 3.0, 3.0, 1.0]), 1.0, four), edge=True),
        Case("more deviations than any score is away", (high, 9.0, some), edge=True),
        Case("so few deviations that all would go", (high, -9.0, some), edge=True),
        Case("scores below zero, where all would go", (mixed - 100, -9.0, others), edge=True),
        Case("a single survivor", (high, 0.5, single), edge=True),
        Case("equal scores", (torch.full((5,), 0.5), 0.5, five), edge=True),
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


def _with_floor(strongest: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, float, Tensor], Tensor]:
    def wrong(scores: Tensor, deviations: float, kept: Tensor) -> Tensor:
        keep = _variable(floor=False)(scores, deviations, kept)
        if not keep.any():
            keep[strongest(scores, kept)] = True
        return keep

    return wrong


def _strict(scores: Tensor, deviations: float, kept: Tensor) -> Tensor:
    alive = scores[kept]
    keep = kept & (scores > alive.mean() - deviations * _deviation(alive, 0))
    return keep if keep.any() else kept & (torch.arange(len(scores)) == torch.where(kept, scores, -torch.inf).argmax())


_COUNTED = "Mean and standard deviation are those of the SURVIVORS: what gone units score would pull both."
_REVIVED = "A unit that was gone is back: where all would go, the strongest SURVIVOR stays, not the strongest of all."
_ARBITRARY = "Where all would go, the STRONGEST survivor stays, not just any."
_SIGN = "`deviations` can be negative: then the threshold lies above the mean."
EXERCISE = Exercise(
    "variable_threshold",
    lesson="03",
    points=2,
    reference=variable_threshold,
    cases=_survivors,
    misconceptions=(
        Misconception(
            "gone units counted",
            _COUNTED,
            _variable(population=lambda s, kept: s),
        ),
        Misconception(
            "gone units as zeros",
            "Multiplying by the mask leaves zeros in the mean: select the survivors, scores[kept].",
            _variable(population=lambda s, kept: s * kept),
        ),
        Misconception(
            "un-prunes",
            "A unit that was gone is back: the new mask is a subset of `kept`.",
            _variable(only_kept=False),
        ),
        Misconception("un-prunes", _REVIVED, _with_floor(lambda s, kept: s.argmax())),
        Misconception("un-prunes", _REVIVED, _with_floor(lambda s, kept: (s * kept).argmax())),
        Misconception(
            "place among the survivors",
            "scores[kept].argmax() is a place among the survivors, not in the layer; the mask counts all units.",
            _with_floor(lambda s, kept: s[kept].argmax()),
        ),
        Misconception(
            "keeps an arbitrary one", _ARBITRARY, _with_floor(lambda s, kept: torch.where(kept, s, torch.inf).argmin())
        ),
        Misconception("keeps an arbitrary one", _ARBITRARY, _with_floor(lambda s, kept: kept.int().argmax())),
        Misconception(
            "keeps everything",
            "Where all would go, one unit stays, the strongest survivor, not all of them.",
            _with_floor(lambda s, kept: kept),
        ),
        Misconception("empties the layer", STRONGEST, _variable(floor=False)),
        Misconception(
            "gone units counted", _COUNTED, lambda s, d, kept: _variable(spread=lambda alive: _deviation(s, 0))(s, d, kept)
        ),
        Misconception(
            "gone units counted", _COUNTED, lambda s, d, kept: _variable(middle=lambda alive: s.mean())(s, d, kept)
        ),
        Misconception(
            "mean absolute deviation",
            "This is the mean absolute deviation; the standard deviation is the root of the mean SQUARE.",
            _variable(spread=lambda alive: (alive - alive.mean()).abs().mean()),
        ),
        Misconception(
            "standard error",
            "This is the error of the mean, the deviation over the root of n; asked is the deviation itself.",
            _variable(spread=lambda alive: _deviation(alive, 0) / len(alive) ** 0.5),
        ),
        Misconception(
            "equal goes as well", "A unit goes if its score lies BELOW the threshold; one that equals it stays.", _strict
        ),
        Misconception("sign of k ignored", _SIGN, lambda s, d, kept: variable_threshold(s, abs(d), kept)),
        Misconception("sign of k ignored", _SIGN, lambda s, d, kept: variable_threshold(s, max(0.0, d), kept)),
        Misconception(
            "plus for minus",
            "The threshold lies BELOW the mean: mean - deviations * std.",
            _variable(sign=1.0),
        ),
        Misconception(
            "sample deviation",
            "torch's std divides by n - 1; asked for is the population's, std(correction=0): a single survivor has one too.",
            _variable(spread=lambda alive: _deviation(alive, 1)),
        ),
        Misconception(
            "variance for deviation",
            "This takes the variance; its root is wanted.",
            _variable(spread=lambda alive: _deviation(alive, 0) ** 2),
        ),
        Misconception(
            "median for mean",
            "This starts from the median; the rule takes the mean.",
            _variable(middle=lambda alive: alive.median()),
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
