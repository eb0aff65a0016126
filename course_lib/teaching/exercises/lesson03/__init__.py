"""Lesson 03, activation-based pruning (Hu et al. 2016): what students write, and how it goes wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.studies.stability import jaccard as library_jaccard
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception, choices, identity, prediction

LESSON = "03"


def _int(rng: torch.Generator, low: int, high: int) -> int:
    return int(torch.randint(low, high + 1, (), generator=rng))


def _rectified(rng: torch.Generator, *shape: int) -> Tensor:
    """Outputs behind a ReLU: many exact zeros, each channel with a share of its own."""
    shift = torch.randn(shape[1], generator=rng).view(1, -1, *[1] * (len(shape) - 2))
    return (torch.randn(*shape, generator=rng) + shift).clamp(min=0)


def _others(outputs: Tensor) -> list[int]:
    return [axis for axis in range(outputs.ndim) if axis != 1]


# ---- record


def record(total: Tensor, zeros: Tensor, count: int, outputs: Tensor) -> tuple[Tensor, Tensor, int]:
    """Add one batch of outputs, (b, c) or (b, c, h, w), to the sums, numbers of zeros (c,) and count of each unit."""
    others = _others(outputs)
    return (
        total + outputs.sum(others),
        zeros + (outputs == 0).sum(others),
        count + outputs.numel() // outputs.shape[1],
    )


def _tallies(rng: torch.Generator) -> list[Case]:
    def case(label: str, outputs: Tensor, fresh: bool = False) -> Case:
        units = outputs.shape[1]
        total = torch.zeros(units) if fresh else 50 * torch.rand(units, generator=rng)
        zeros = torch.zeros(units) if fresh else torch.randint(5, 50, (units,), generator=rng).float()
        edge = not outputs.any() or bool((outputs.abs() < 1e-6).all())
        return Case(label, (total, zeros, 0 if fresh else _int(rng, 60, 90), outputs), edge)

    b, c, h, w = _int(rng, 4, 6), _int(rng, 7, 9), 2, 3
    return [
        case("the first batch", _rectified(rng, 2, 3, 2, 2), fresh=True),
        case("a later batch", _rectified(rng, b, c, h, w)),
        case("a batch of one image", _rectified(rng, 1, c, h, w)),
        case("neurons, without rows and columns", _rectified(rng, b, c)),
        case("outputs that can be negative", torch.randn(b, c, h, w, generator=rng)),
        case("tiny activations that are not zero", 1e-9 * (1 + _rectified(rng, b, c, h, w))),
        case("outputs of zeros", torch.zeros(b, c, h, w)),
    ]


def _three(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if not isinstance(output, (tuple, list)) or len(output) != 3:
        raise CourseError("return the three: total, zeros, count")
    total, zeros, count = output
    count = count.item() if isinstance(count, Tensor) and count.numel() == 1 else count
    for name, value in (("total", total), ("zeros", zeros)):
        if not isinstance(value, Tensor) or value.shape != inputs[0].shape:
            raise CourseError(f"{name} is a tensor of shape {tuple(inputs[0].shape)}, one entry a unit")
    return total, zeros, count, afterwards


def _tally(
    summed: Callable[[Tensor], Tensor] = lambda o: o.sum(_others(o)),
    zero: Callable[[Tensor], Tensor] = lambda o: (o == 0).sum(_others(o)),
    counted: Callable[[Tensor], int] = lambda o: o.numel() // o.shape[1],
    add: bool = True,
) -> Callable[..., tuple[Tensor, Tensor, int]]:
    def wrong(total: Tensor, zeros: Tensor, count: int, outputs: Tensor) -> tuple[Tensor, Tensor, int]:
        found = summed(outputs), zero(outputs), counted(outputs)
        return (total + found[0], zeros + found[1], count + found[2]) if add else found

    return wrong


_IMAGES = "The count is of all outputs of a unit: images times rows times columns."
RECORD = Exercise(
    "record",
    LESSON,
    2,
    record,
    _tallies,
    (
        Misconception(
            "counts images",
            f"{_IMAGES} This counts images only.",
            _tally(counted=lambda o: o.shape[0]),
        ),
        Misconception(
            "counts all units together",
            f"{_IMAGES} This counts the outputs of all units together.",
            _tally(counted=lambda o: o.numel()),
        ),
        Misconception("counts batches", f"{_IMAGES} This counts batches.", _tally(counted=lambda o: 1)),
        Misconception(
            "forgets what was there",
            "This is the tally of the last batch only: add to what came before.",
            _tally(add=False),
        ),
        Misconception(
            "mean instead of sum",
            "These are means. Batches may have different sizes, so keep SUMS and divide once, in the end.",
            _tally(summed=lambda o: o.mean(_others(o))),
        ),
        Misconception(
            "shares instead of numbers",
            "These are shares of zeros. Batches may have different sizes, so keep NUMBERS and divide once, in the end.",
            _tally(zero=lambda o: (o == 0).float().mean(_others(o))),
        ),
        Misconception(
            "negative taken for zero",
            "Only exact zeros count as zeros; a negative output is not silent.",
            _tally(zero=lambda o: (o <= 0).sum(_others(o))),
        ),
        Misconception(
            "small taken for zero",
            "Only exact zeros count as zeros; a small output is not silent.",
            _tally(zero=lambda o: (o.abs() < 1e-6).sum(_others(o))),
        ),
        Misconception(
            "counts what is not zero",
            "This counts the outputs that are NOT zero.",
            _tally(zero=lambda o: (o != 0).sum(_others(o))),
        ),
        Misconception(
            "absolute values",
            "The mean activation takes the outputs as they are, without abs.",
            _tally(summed=lambda o: o.abs().sum(_others(o))),
        ),
    ),
    _three,
)


# ---- mean_activation, apoz


def mean_activation(batches: list[Tensor]) -> Tensor:
    """Mean activation of each unit over all images and positions of batches (b, c) or (b, c, h, w): (c,)."""
    return sum(batch.sum(_others(batch)) for batch in batches) / sum(batch.numel() // batch.shape[1] for batch in batches)


def apoz(batches: list[Tensor]) -> Tensor:
    """Average percentage of zeros of each unit over images and positions, in [0, 1] (Hu et al. 2016, section 3.1)."""
    zeros = sum((batch == 0).sum(_others(batch)) for batch in batches)
    return zeros / sum(batch.numel() // batch.shape[1] for batch in batches)


def _batches(rng: torch.Generator) -> list[Case]:
    c, h, w = _int(rng, 7, 9), 2, 3

    def unequal(*sizes: int, shape: tuple[int, ...] = (h, w)) -> list[Tensor]:
        # The last batch is louder, so that a mean of batch means is far off.
        return [_rectified(rng, size, c, *shape) * (1 + 2 * k) for k, size in enumerate(sizes)]

    dead = unequal(3, 5)
    for batch in dead:
        batch[:, 2] = 0
    return [
        Case("one batch of two images", ([_rectified(rng, 2, 3, 2, 2)],)),
        Case("two batches of the same size", (unequal(4, 4),)),
        Case("a last batch that is smaller", (unequal(6, 6, 1),)),
        Case("neurons, without rows and columns", (unequal(5, 2, shape=()),)),
        Case("a unit that is always silent", (dead,), edge=True),
        Case(
            "outputs that can be negative",
            ([torch.randn(4, c, h, w, generator=rng), torch.randn(2, c, h, w, generator=rng)],),
        ),
    ]


def _of_batches(one: Callable[[Tensor], Tensor]) -> Callable[[list[Tensor]], Tensor]:
    return lambda batches: torch.stack([one(batch) for batch in batches]).mean(0)


def _joined(of: Callable[[Tensor], Tensor]) -> Callable[[list[Tensor]], Tensor]:
    return lambda batches: of(torch.cat(batches))


_UNEQUAL = (
    "This is a mean of batch means: a last batch of one image would count as much as a full one. Divide once, in the end."
)
MEAN_ACTIVATION = Exercise(
    "mean_activation",
    LESSON,
    1,
    mean_activation,
    _batches,
    (
        Misconception("mean of batch means", _UNEQUAL, _of_batches(lambda b: b.mean(_others(b)))),
        Misconception(
            "divided by the number of images",
            "A unit of a convolution has an output at each position: divide by images times rows times columns.",
            lambda batches: sum(b.sum(_others(b)) for b in batches) / sum(len(b) for b in batches),
        ),
        Misconception(
            "divided by the number of batches",
            "Divide by the number of outputs of a unit, not by the number of batches.",
            lambda batches: sum(b.sum(_others(b)) for b in batches) / len(batches),
        ),
        Misconception("one number for the layer", "One number for each UNIT, the second axis.", _joined(lambda b: b.mean())),
        Misconception(
            "one number an image",
            "These are means of images; units are the second axis.",
            _joined(lambda b: b.flatten(1).mean(1)),
        ),
        Misconception(
            "only where it is active",
            "This is the mean of the outputs that are not zero: a unit that speaks once, loudly, looks like a busy one.",
            _joined(lambda b: b.sum(_others(b)) / (b != 0).sum(_others(b)).clamp(min=1)),
        ),
        Misconception(
            "largest activation", "This is the largest output of each unit.", _joined(lambda b: b.amax(_others(b)))
        ),
        Misconception(
            "absolute values", "Take the outputs as they are, without abs.", _joined(lambda b: b.abs().mean(_others(b)))
        ),
        Misconception("sum instead of mean", "This is the sum.", _joined(lambda b: b.sum(_others(b)))),
        Misconception(
            "last batch only", "This is the mean of the last batch.", lambda batches: batches[-1].mean(_others(batches[-1]))
        ),
        Misconception(
            "first batch only", "This is the mean of the first batch.", lambda batches: batches[0].mean(_others(batches[0]))
        ),
    ),
)
APOZ = Exercise(
    "apoz",
    LESSON,
    1,
    apoz,
    _batches,
    (
        Misconception("mean of batch means", _UNEQUAL, _of_batches(lambda b: (b == 0).float().mean(_others(b)))),
        Misconception(
            "share that is not zero",
            "This is the share that is NOT zero; that is the score, 1 - APoZ.",
            _joined(lambda b: (b != 0).float().mean(_others(b))),
        ),
        Misconception(
            "negative taken for zero",
            "Only exact zeros count; a negative output is not silent.",
            _joined(lambda b: (b <= 0).float().mean(_others(b))),
        ),
        Misconception(
            "percent",
            "This is a percentage; shares in this course lie between 0 and 1.",
            lambda batches: 100 * apoz(batches),
        ),
        Misconception(
            "number instead of share", "This is the number of zeros.", _joined(lambda b: (b == 0).sum(_others(b)))
        ),
        Misconception(
            "silent everywhere",
            "This asks for images in which the whole map is zero; APoZ counts every position.",
            _joined(lambda b: (b.flatten(2).sum(2) == 0).float().mean(0) if b.ndim == 4 else (b == 0).float().mean(0)),
        ),
        Misconception(
            "divided by the number of images",
            "A unit of a convolution has an output at each position: divide by images times rows times columns.",
            lambda batches: sum((b == 0).sum(_others(b)) for b in batches) / sum(len(b) for b in batches),
        ),
        Misconception(
            "one number for the layer",
            "One number for each UNIT, the second axis.",
            _joined(lambda b: (b == 0).float().mean()),
        ),
        Misconception(
            "small taken for zero",
            "Only exact zeros count; a small output is not silent.",
            _joined(lambda b: (b.abs() < 0.1).float().mean(_others(b))),
        ),
    ),
)


# ---- fixed_threshold, variable_threshold


def _keep_below(scores: Tensor, threshold: Tensor | float) -> Tensor:
    keep = scores >= threshold
    if not keep.any():
        keep[scores.argmax()] = True
    return keep


def fixed_threshold(scores: Tensor, threshold: float) -> Tensor:
    """(n,) scores -> (n,) bool, True = kept: those below the threshold go, but the strongest always stays."""
    return _keep_below(scores, threshold)


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


def _thresholds(rng: torch.Generator) -> list[Case]:
    n = _int(rng, 9, 14)
    drawn = torch.cat([torch.tensor([0.4]), torch.rand(n - 1, generator=rng) + 0.05])
    drawn[1:3] = torch.tensor([1.7, 0.04])  # so that neither the strongest nor the weakest comes first
    middle = float(drawn.sort().values[n // 2])
    exact = torch.tensor([0.5, 0.25, 0.75, 0.5, 0.125])
    return [
        Case("four units", (torch.tensor([0.2, 1.2, 0.6, 1.8]), 0.8)),
        Case("units of a random order", (drawn, 0.999 * middle)),
        Case("a score that equals the threshold", (exact, 0.5)),
        Case("a threshold below all", (drawn, 0.01), edge=True),
        Case("a threshold above all", (drawn, 9.0), edge=True),
        Case("threshold 0 and a unit that is never active", (torch.tensor([0.3, 0.0, 0.7]), 0.0), edge=True),
        Case("a single unit", (torch.tensor([0.1]), 0.5), edge=True),
        Case("scores below zero", (drawn - 1, middle - 1.001), edge=True),
    ]


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

    n = _int(rng, 9, 12)
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


def _mask(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """Of equally strong units any may be the one that stays."""
    scores = inputs[0]
    if not isinstance(output, Tensor) or output.dtype != torch.bool or output.shape != scores.shape:
        raise CourseError(f"return a bool tensor of shape {tuple(scores.shape)}, True = kept")
    if len(inputs) == 3 and bool((output & ~inputs[2]).any()):
        return output, afterwards  # something came back: which one, matters
    return scores[output].sort().values, afterwards


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
_STRONGEST = "A layer without any unit cuts the network in two: where all would go, the strongest stays."
FIXED_THRESHOLD = Exercise(
    "fixed_threshold",
    LESSON,
    1,
    fixed_threshold,
    _thresholds,
    (
        Misconception("empties the layer", _STRONGEST, lambda s, t: s >= t),
        Misconception(
            "keeps an arbitrary one",
            "Where all would go, the STRONGEST unit stays, not just any.",
            lambda s, t: s >= t if (s >= t).any() else torch.arange(len(s)) == 0,
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
            "numbers instead of a mask",
            "These are numbers; a mask is a tensor of True and False (dtype=torch.bool).",
            lambda s, t: fixed_threshold(s, t).float(),
        ),
    ),
    _mask,
)
VARIABLE_THRESHOLD = Exercise(
    "variable_threshold",
    LESSON,
    2,
    variable_threshold,
    _survivors,
    (
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
        Misconception("empties the layer", _STRONGEST, _variable(floor=False)),
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
    _mask,
)


# ---- jaccard


def jaccard(one: Tensor, other: Tensor) -> float:
    """Units in both sets over units in either: |A and B| / |A or B|; 1.0 if both are empty. one, other: (n,) bool."""
    return library_jaccard(one, other)


def _sets(rng: torch.Generator) -> list[Case]:
    n = _int(rng, 12, 20)
    one, other = torch.rand(n, generator=rng) < 0.5, torch.rand(n, generator=rng) < 0.3
    one[:3], other[:3] = torch.tensor([True, True, False]), torch.tensor([True, False, True])
    nothing = torch.zeros(n, dtype=torch.bool)
    return [
        Case("one unit in common", (torch.tensor([True, True, False, False]), torch.tensor([False, True, True, False]))),
        Case("two sets drawn by lot", (one, other)),
        Case("a set and itself", (one, one)),
        Case("sets that have nothing in common", (one, ~one)),
        Case("one set empty", (one, nothing), edge=True),
        Case("both sets empty", (nothing, nothing), edge=True),
        Case("a set within the other", (one & other, one)),
    ]


def _share(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, Tensor) and output.numel() == 1:
        output = output.item()
    if isinstance(output, float) and math.isnan(output):
        output = "not a number"  # NaN is equal to nothing, not even to the same mistake
    return identity(inputs, afterwards, output)


def _over(
    part: Callable[[Tensor, Tensor], Tensor], whole: Callable[[Tensor, Tensor], Any]
) -> Callable[[Tensor, Tensor], float]:
    def wrong(one: Tensor, other: Tensor) -> float:
        size = float(whole(one, other))
        return float(part(one, other).sum()) / size if size else 1.0

    return wrong


JACCARD = Exercise(
    "jaccard",
    LESSON,
    1,
    jaccard,
    _sets,
    (
        Misconception(
            "divides by nothing",
            "Two empty sets are equal: answer 1.0 before you divide by zero.",
            lambda a, b: float((a & b).sum() / (a | b).sum()) if (a | b).any() else float("nan"),
        ),
        Misconception(
            "divides by nothing",
            "Two empty sets are equal: answer 1.0 before you divide by zero.",
            lambda a, b: int((a & b).sum()) / int((a | b).sum()),
        ),
        Misconception(
            "empty sets at 0",
            "Two empty sets are equal: their overlap is 1.0.",
            lambda a, b: library_jaccard(a, b) if (a | b).any() else 0.0,
        ),
        Misconception(
            "agreement of all units",
            "This counts units that are in NEITHER set as agreement: with few units gone, any two sets would look alike.",
            lambda a, b: float((a == b).float().mean()),
        ),
        Misconception(
            "share of the first set",
            "This divides by the size of the first set only; divide by the units in either.",
            _over(lambda a, b: a & b, lambda a, b: a.sum()),
        ),
        Misconception(
            "share of the second set",
            "This divides by the size of the second set only; divide by the units in either.",
            _over(lambda a, b: a & b, lambda a, b: b.sum()),
        ),
        Misconception(
            "share of all units",
            "This divides by all units of the layer; divide by the units in either set.",
            _over(lambda a, b: a & b, lambda a, b: len(a)),
        ),
        Misconception(
            "Dice coefficient",
            "This counts the common units twice (the Dice coefficient).",
            _over(lambda a, b: torch.cat([a & b, a & b]), lambda a, b: a.sum() + b.sum()),
        ),
        Misconception(
            "common units counted twice",
            "The union counts a unit that is in both sets once: (one | other), not the sum of the sizes.",
            _over(lambda a, b: a & b, lambda a, b: a.sum() + b.sum()),
        ),
        Misconception("distance", "This is the distance, 1 - overlap.", lambda a, b: 1 - library_jaccard(a, b)),
        Misconception(
            "union over everything",
            "The common part belongs on top: & is 'in both', | is 'in either'.",
            _over(lambda a, b: a | b, lambda a, b: len(a)),
        ),
    ),
    _share,
)

_BUGS = {
    "A": {
        1: "One sum a batch of every unit's mean over positions is a fine start.",
        2: "These are the numbers of images, as they should be.",
        3: "This averages batch means: the images of the small last batch count more than all others.",
    },
    "B": {
        1: "Dropout is on in training mode: units look silent that are only switched off.",
        2: "No gradients are needed, and the recorder is on.",
        3: "Training images are the right ones.",
        4: "The recorder sees what passes its sites.",
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
EXERCISES = (
    RECORD,
    MEAN_ACTIVATION,
    APOZ,
    prediction("overlap", LESSON, 0, 1),
    FIXED_THRESHOLD,
    VARIABLE_THRESHOLD,
    JACCARD,
    prediction("dead_neurons", LESSON, 0, 512),
    choices("silent_bugs", LESSON, {"A": 3, "B": 1, "C": 2, "D": 2}, 4, _BUGS),
)
