"""Lesson 06, the Pareto frontier: what students write, and how comparisons go wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception, Value, choices, identity, prediction

LESSON = "06"
Row = dict[str, Any]
Curve = tuple[Tensor, Tensor]


def _int(rng: torch.Generator, low: int, high: int) -> int:
    return int(torch.randint(low, high + 1, (), generator=rng))


def _grid(rng: torch.Generator, n: int, low: int = 1, high: int = 9) -> Tensor:
    """Draw n tenths between low / 10 and high / 10: few values, so that ties are common."""
    return torch.randint(low, high + 1, (n,), generator=rng) / 10


# ---- score


def score(accuracy: Tensor, sparsity: Tensor, floor: float = 0.6) -> Tensor:
    """(accuracy + sparsity) / 2 of each point, 0 where the accuracy lies below the floor."""
    return torch.where(accuracy >= floor, (accuracy + sparsity) / 2, 0.0)


def _scored(rng: torch.Generator) -> list[Case]:
    n = _int(rng, 6, 9)
    drawn = 0.3 + 0.69 * torch.rand(n, generator=rng), torch.rand(n, generator=rng)
    doubled = torch.rand(2 * n, generator=rng, dtype=torch.float64)
    return [
        Case("three points", (torch.tensor([0.8, 0.7, 0.5]), torch.tensor([0.0, 0.9, 0.99]))),
        Case("drawn points", drawn),
        Case("a higher floor", (torch.tensor([0.65, 0.7, 0.8]), torch.rand(3, generator=rng), 0.75)),
        Case("a lower floor", (torch.tensor([0.3, 0.45, 0.2]), torch.rand(3, generator=rng), 0.25)),
        Case("an accuracy that equals the floor", (torch.tensor([0.5, 0.75, 1.0]), torch.tensor([0.9, 0.9, 0.9]), 0.75)),
        Case("every accuracy below the floor", (torch.tensor([0.1, 0.2]), torch.tensor([1.0, 0.95]))),
        Case("nothing gone, and everything", (torch.tensor([0.9, 0.7]), torch.tensor([0.0, 1.0])), edge=True),
        Case("every other entry of a float64 tensor", (doubled[::2], doubled[1::2])),
    ]


SCORE = Exercise(
    "score",
    LESSON,
    1,
    score,
    _scored,
    (
        Misconception(
            "no floor",
            "A network that only guesses must not win by being empty: below the floor the score is 0.",
            lambda a, s, floor=0.6: (a + s) / 2,
        ),
        Misconception(
            "strict floor",
            "An accuracy that EQUALS the floor counts: `>=`, not `>`.",
            lambda a, s, floor=0.6: torch.where(a > floor, (a + s) / 2, 0.0),
        ),
        Misconception(
            "floor of the score",
            "The floor is one of the ACCURACY, not of the score.",
            lambda a, s, floor=0.6: torch.where((a + s) / 2 >= floor, (a + s) / 2, 0.0),
        ),
        Misconception(
            "half a zero",
            "Below the floor the whole score is 0, not only the accuracy's part of it.",
            lambda a, s, floor=0.6: (torch.where(a >= floor, a, 0.0) + s) / 2,
        ),
        Misconception(
            "floor fixed",
            "The floor is an argument; 0.6 is only its default.",
            lambda a, s, floor=0.6: torch.where(a >= 0.6, (a + s) / 2, 0.0),
        ),
        Misconception(
            "sum",
            "Take the MEAN of accuracy and sparsity: divide by 2.",
            lambda a, s, floor=0.6: torch.where(a >= floor, a + s, 0.0),
        ),
        Misconception(
            "product",
            "The rule is the mean of the two, not their product.",
            lambda a, s, floor=0.6: torch.where(a >= floor, a * s, 0.0),
        ),
        Misconception(
            "density",
            "Sparsity is the share that is GONE; this rewards what is kept.",
            lambda a, s, floor=0.6: torch.where(a >= floor, (a + 1 - s) / 2, 0.0),
        ),
        Misconception(
            "points left out",
            "Every point gets a score: 0 below the floor, so that the result has the shape of the input.",
            lambda a, s, floor=0.6: ((a + s) / 2)[a >= floor],
        ),
        Misconception(
            "floor itself",
            "Below the floor the score is 0; raising the accuracy to the floor would reward bad networks.",
            lambda a, s, floor=0.6: (a.clamp(min=floor) + s) / 2,
        ),
    ),
)


# ---- pareto_front


def pareto_front(sparsity: Tensor, accuracy: Tensor) -> Tensor:
    """Which points no other dominates, (n,) bool: at least as good in both and better in one; of equal points the first."""
    return _undominated(sparsity, accuracy, lambda s, a: (s >= s[:, None]) & (a >= a[:, None]), _better_or_first)


def _better_or_first(s: Tensor, a: Tensor) -> Tensor:
    """Entry [i, j]: whether point j is better than i in one coordinate, or equal to it and earlier."""
    equal = (s == s[:, None]) & (a == a[:, None])
    earlier = torch.arange(len(s)) < torch.arange(len(s))[:, None]
    return (s > s[:, None]) | (a > a[:, None]) | (equal & earlier)


def _undominated(s: Tensor, a: Tensor, *parts: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    beaten = parts[0](s, a)
    for part in parts[1:]:
        beaten = beaten & part(s, a)
    return ~beaten.any(1)


def _points(rng: torch.Generator) -> list[Case]:
    n = _int(rng, 7, 10)
    doubled = _grid(rng, 2 * n).double()
    falling = torch.arange(1, n + 1) / 16
    return [
        Case("four points", (torch.tensor([0.0, 0.5, 0.6, 0.9]), torch.tensor([0.8, 0.7, 0.75, 0.6]))),
        Case("drawn points", (torch.rand(n, generator=rng), torch.rand(n, generator=rng))),
        Case("two points of equal sparsity", (torch.tensor([0.5, 0.5, 0.2]), torch.tensor([0.7, 0.8, 0.9]))),
        Case("two points of equal accuracy", (torch.tensor([0.3, 0.9, 0.5]), torch.tensor([0.8, 0.8, 0.9]))),
        Case("a point that is there twice", (torch.tensor([0.9, 0.2, 0.9, 0.2]), torch.tensor([0.7, 0.9, 0.7, 0.9]))),
        Case("points on a falling line", (falling, 1 - falling)),
        Case("a single point", (torch.tensor([0.5]), torch.tensor([0.1])), edge=True),
        Case("all points equal", (torch.full((4,), 0.5), torch.full((4,), 0.75)), edge=True),
        Case("many ties, every other entry of a float64 tensor", (doubled[::2], doubled[1::2])),
    ]


def _mask(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    n = len(inputs[0])
    if not isinstance(output, Tensor) or output.dtype != torch.bool or output.shape != (n,):
        raise CourseError("return a bool tensor with one entry for each point, True = on the front")
    return identity(inputs, afterwards, output)


def _no_worse(s: Tensor, a: Tensor) -> Tensor:
    return (s >= s[:, None]) & (a >= a[:, None])


def _another(s: Tensor, a: Tensor) -> Tensor:
    return ~torch.eye(len(s), dtype=torch.bool)


def _kept_last(s: Tensor, a: Tensor) -> Tensor:
    return pareto_front(s.flip(0), a.flip(0)).flip(0)


def _sorted_once(s: Tensor, a: Tensor) -> Tensor:
    """A running maximum of the accuracy from the sparsest point on, equal sparsities in the order they came."""
    order = torch.argsort(s, descending=True, stable=True)
    best = torch.cummax(a[order], 0).values
    before = torch.cat([torch.full((1,), -torch.inf, dtype=a.dtype), best[:-1]])
    return torch.zeros(len(s), dtype=torch.bool).index_put((order,), a[order] > before)


PARETO_FRONT = Exercise(
    "pareto_front",
    LESSON,
    2,
    pareto_front,
    _points,
    (
        Misconception(
            "better in both",
            "A point is also dominated by one that is equal in one coordinate and better in the other.",
            lambda s, a: _undominated(s, a, lambda s, a: (s > s[:, None]) & (a > a[:, None])),
        ),
        Misconception(
            "equal points both kept",
            "Two equal points: the first of them is enough.",
            lambda s, a: _undominated(s, a, _no_worse, lambda s, a: (s > s[:, None]) | (a > a[:, None])),
        ),
        Misconception(
            "equal points both lost",
            "Two equal points throw each other out here: to dominate, a point must be BETTER in one coordinate.",
            lambda s, a: _undominated(s, a, _no_worse, _another),
        ),
        Misconception(
            "dominated by itself",
            "Every point is as good as itself: leave it out of the comparison, or ask for better in one coordinate.",
            lambda s, a: _undominated(s, a, _no_worse),
        ),
        Misconception("last of equal points", "Of equal points keep the FIRST.", _kept_last),
        Misconception(
            "front from the wrong side",
            "More sparsity is better, and this is the front for less. Go from the SPARSEST point: a denser one is on the "
            "front only if it is more accurate than all sparser ones.",
            lambda s, a: pareto_front(-s, a),
        ),
        Misconception(
            "sorted by sparsity only",
            "Nearly: among points of EQUAL sparsity the most accurate must come first, or its worse twin is kept as well.",
            _sorted_once,
        ),
        Misconception(
            "ends only",
            "The front is more than its two ends, the best of each coordinate.",
            lambda s, a: (s == s.max()) | (a == a.max()),
        ),
        Misconception(
            "best score only",
            "That is the best point by ONE preference, the mean; the front holds the best of every preference.",
            lambda s, a: (s + a) == (s + a).max(),
        ),
        Misconception("answer inverted", "True means: on the front.", lambda s, a: ~pareto_front(s, a)),
    ),
    _mask,
)


# ---- mean_and_band


def mean_and_band(curves: list[Curve], at: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and sample standard deviation over seeds of the accuracies at common sparsities, interpolated, each (m,)."""
    return _band(curves, at, lambda values: values.std(0, correction=1))


def _interpolated(curves: list[Curve], at: Tensor) -> Tensor:
    return torch.tensor(np.array([np.interp(at.numpy(), s.numpy(), a.numpy()) for s, a in curves]))


def _band(curves: list[Curve], at: Tensor, spread: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    values = _interpolated(curves, at)
    return values.mean(0), spread(values)


def _curve(rng: torch.Generator, points: int, dtype: torch.dtype = torch.float32) -> Curve:
    steps = 0.05 + torch.rand(points, generator=rng, dtype=dtype)
    reach = steps.cumsum(0) / steps.sum()
    return torch.cat([torch.zeros(1, dtype=dtype), 0.97 * reach]), 0.9 - 0.4 * torch.rand(
        points + 1, generator=rng, dtype=dtype
    )


def _curves(rng: torch.Generator) -> list[Case]:
    ends = torch.tensor([0.0, 0.5, 0.9])
    toy = [(ends, torch.tensor([0.8, 0.7, 0.5])), (torch.tensor([0.0, 0.6, 0.9]), torch.tensor([0.9, 0.8, 0.4]))]
    same = [(ends, torch.rand(3, generator=rng)) for _ in range(4)]
    wide = torch.rand(8, generator=rng, dtype=torch.float64).sort().values
    return [
        Case("two curves, at sparsities that both have", (toy, torch.tensor([0.0, 0.9]))),
        Case("two curves, between their points", (toy, torch.tensor([0.3, 0.55, 0.75]))),
        Case("three drawn curves", ([_curve(rng, 5) for _ in range(3)], 0.97 * torch.rand(4, generator=rng).sort().values)),
        Case("four curves over the same points", (same, ends)),
        Case("curves of different lengths", ([_curve(rng, k) for k in (2, 4, 7)], torch.tensor([0.2, 0.8]))),
        Case("sparsities in no order", ([_curve(rng, 4) for _ in range(3)], torch.tensor([0.9, 0.1, 0.5]))),
        Case("a single curve, of which no spread is known", ([_curve(rng, 3)], torch.tensor([0.25, 0.5])), edge=True),
        Case(
            "every other entry of a float64 tensor",
            ([_curve(rng, 4, torch.float64) for _ in range(3)], 0.9 * wide[::2]),
        ),
    ]


def _two(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    pair = isinstance(output, (tuple, list)) and len(output) == 2
    if not pair or not all(isinstance(part, Tensor) and part.shape == inputs[1].shape for part in output):
        raise CourseError(
            "return two tensors, mean and deviation, one entry for each sparsity (torch.tensor(...) makes one of an array)"
        )
    # NaN is equal to nothing, yet of a single curve it is the right deviation: -1 can be nobody's result by chance
    return tuple(torch.nan_to_num(part.double(), nan=-1.0) for part in output), afterwards


def _nearest(curves: list[Curve], at: Tensor) -> tuple[Tensor, Tensor]:
    values = torch.stack([a[(s - at[:, None]).abs().argmin(1)] for s, a in curves])
    return values.mean(0), values.std(0)


def _pooled(curves: list[Curve], at: Tensor) -> tuple[Tensor, Tensor]:
    values = _interpolated(curves, at)
    return values.mean(0), values.flatten().std().expand(len(at)).clone()


MEAN_AND_BAND = Exercise(
    "mean_and_band",
    LESSON,
    2,
    mean_and_band,
    _curves,
    (
        Misconception(
            "population deviation",
            "Seeds are a sample of all seeds: divide by n - 1 (std with correction=1); n makes the band too narrow.",
            lambda curves, at: _band(curves, at, lambda v: v.std(0, correction=0)),
        ),
        Misconception(
            "standard error",
            "This is the error of the mean, the deviation over the root of n; asked is the deviation itself.",
            lambda curves, at: _band(curves, at, lambda v: v.std(0) / len(v) ** 0.5),
        ),
        Misconception(
            "variance", "The band is the standard deviation, the ROOT of the variance.",
            lambda curves, at: _band(curves, at, lambda v: v.var(0)),
        ),
        Misconception(
            "range",
            "Highest minus lowest grows with the number of seeds; asked is the standard deviation.",
            lambda curves, at: _band(curves, at, lambda v: v.amax(0) - v.amin(0)),
        ),
        Misconception(
            "best seed",
            "This is the luckiest seed at each sparsity, not the mean.",
            lambda curves, at: (_interpolated(curves, at).amax(0), _interpolated(curves, at).std(0)),
        ),
        Misconception(
            "median",
            "This is the median over seeds; asked is the mean.",
            lambda curves, at: (_interpolated(curves, at).quantile(0.5, 0), _interpolated(curves, at).std(0)),
        ),
        Misconception(
            "nearest point",
            "The seeds' points lie at different sparsities: interpolate on the straight line between two points.",
            _nearest,
        ),
        Misconception(
            "one band for all",
            "Each sparsity has a deviation of its own: over the seeds, axis 0, only.",
            _pooled,
        ),
        Misconception(
            "over the wrong axis",
            "The mean is over the seeds, one number for each sparsity.",
            lambda curves, at: (_interpolated(curves, at).mean(1), _interpolated(curves, at).std(1)),
        ),
    ),
    _two,
)  # fmt: skip


# ---- hypervolume


def hypervolume(sparsity: Tensor, accuracy: Tensor, reference: tuple[float, float] = (0.0, 0.6)) -> float:
    """The area that the points dominate beyond the reference point (sparsity, accuracy)."""
    return _area(sparsity, accuracy, reference)


def _front(s: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
    on = pareto_front(s, a)
    order = torch.argsort(s[on])
    return s[on][order], a[on][order]


def _area(s: Tensor, a: Tensor, reference: tuple[float, float], shift: int = 0, clip: bool = True) -> float:
    """Sum the steps of the front; shift 1 gives each step the height of the point before, clip=False lets it go below."""
    s, a = _front(s.double(), a.double())
    width = torch.diff((s - reference[0]).clamp(min=0), prepend=torch.zeros(1, dtype=torch.float64))
    height = a - reference[1]
    height = height.clamp(min=0) if clip else height
    if shift:
        height = torch.cat([height[:1], height[:-1]])
    return float((width * height).sum())


def _areas(rng: torch.Generator) -> list[Case]:
    n = _int(rng, 7, 10)
    high = 0.62 + 0.35 * torch.rand(n, generator=rng)
    doubled = torch.rand(2 * n, generator=rng, dtype=torch.float64)
    stairs = torch.tensor([0.5, 0.8, 0.9]), torch.tensor([0.9, 0.8, 0.7])
    return [
        Case("a single point", (torch.tensor([0.5]), torch.tensor([0.8]))),
        Case("three points of a front", stairs),
        Case("the same points in another order", tuple(values.flip(0) for values in stairs)),
        Case("a dominated point among them", (torch.tensor([0.5, 0.4, 0.9]), torch.tensor([0.9, 0.7, 0.7]))),
        Case("points below the reference", (torch.tensor([0.5, 0.9, 0.99]), torch.tensor([0.9, 0.7, 0.1]))),
        Case("no point beyond the reference", (torch.tensor([0.5, 0.9]), torch.tensor([0.5, 0.4])), edge=True),
        Case("drawn points", (torch.rand(n, generator=rng), high)),
        Case("another reference", (torch.rand(n, generator=rng), high, (0.25, 0.5))),
        Case("a point that is there twice", (torch.tensor([0.5, 0.5, 0.75]), torch.tensor([0.75, 0.75, 0.7]))),
        Case("every other entry of a float64 tensor", (doubled[::2], doubled[1::2], (0.0, 0.25))),
    ]


def _number(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if isinstance(output, Tensor) and output.numel() == 1:
        output = output.item()
    if not isinstance(output, (int, float)) or isinstance(output, bool):
        raise CourseError("return one number")
    return identity(inputs, afterwards, "not a number" if output != output else float(output))


def _rectangles(s: Tensor, a: Tensor, reference: tuple[float, float] = (0.0, 0.6)) -> Tensor:
    return (s - reference[0]).clamp(min=0) * (a - reference[1]).clamp(min=0)


def _trapezoids(s: Tensor, a: Tensor, reference: tuple[float, float] = (0.0, 0.6)) -> float:
    s, a = _front(s, a)
    return float(torch.trapezoid((a - reference[1]).clamp(min=0), s))


def _as_given(s: Tensor, a: Tensor, reference: tuple[float, float] = (0.0, 0.6)) -> float:
    width = torch.diff((s - reference[0]).clamp(min=0), prepend=torch.zeros(1, dtype=s.dtype))
    return float((width * (a - reference[1]).clamp(min=0)).sum())


def _all_sorted(s: Tensor, a: Tensor, reference: tuple[float, float] = (0.0, 0.6)) -> float:
    order = torch.argsort(s, stable=True)
    return _as_given(s[order], a[order], reference)


HYPERVOLUME = Exercise(
    "hypervolume",
    LESSON,
    2,
    hypervolume,
    _areas,
    (
        Misconception(
            "below the reference counted",
            "A point below the reference adds no area, and takes none away.",
            lambda s, a, reference=(0.0, 0.6): _area(s, a, reference, clip=False),
        ),
        Misconception(
            "height of the point before",
            "From one point to the next sparser one the step has the height of the SPARSER: the other does not reach there.",
            lambda s, a, reference=(0.0, 0.6): _area(s, a, reference, shift=1),
        ),
        Misconception(
            "not sorted", "Sort the points by sparsity first: the widths are differences between neighbours.", _as_given
        ),
        Misconception(
            "dominated points counted",
            "A dominated point cuts a notch into the area: take the points of the front only.",
            _all_sorted,
        ),
        Misconception(
            "rectangles added",
            "The rectangles overlap; each counts only from the point before it on.",
            lambda s, a, reference=(0.0, 0.6): float(_rectangles(s, a, reference).sum()),
        ),
        Misconception(
            "largest rectangle",
            "This is the best single point; the area is that of all of them together.",
            lambda s, a, reference=(0.0, 0.6): float(_rectangles(s, a, reference).max()),
        ),
        Misconception(
            "straight lines between",
            "Nobody trained the networks between two points: the front is a staircase, not a straight line.",
            _trapezoids,
        ),
        Misconception(
            "no reference",
            "Only what lies beyond the reference counts: subtract it from both coordinates.",
            lambda s, a, reference=(0.0, 0.6): _area(s, a, (0.0, 0.0)),
        ),
        Misconception(
            "reference accuracy ignored",
            "The reference has an accuracy, too: heights begin there.",
            lambda s, a, reference=(0.0, 0.6): _area(s, a, (reference[0], 0.0)),
        ),
        Misconception(
            "reference sparsity ignored",
            "The reference has a sparsity, too: widths begin there.",
            lambda s, a, reference=(0.0, 0.6): _area(s, a, (0.0, reference[1])),
        ),
        Misconception(
            "reference fixed",
            "The reference is an argument; use both of its numbers.",
            lambda s, a, reference=(0.0, 0.6): _area(s, a, (0.0, 0.6)),
        ),
    ),
    _number,
)


# ---- equal_budget


def equal_budget(rows: list[Row]) -> list[Row]:
    """The rows of seeds that every method ran, of no more epochs than every method has spent on those seeds."""
    seeds = _common(rows)
    return [row for row in rows if row["seed"] in seeds and row["epochs"] <= _budget(rows, seeds)]


def _common(rows: list[Row]) -> set[int]:
    methods = {row["method"] for row in rows}
    return set.intersection(*({row["seed"] for row in rows if row["method"] == method} for method in methods))


def _budget(rows: list[Row], seeds: set[int]) -> float:
    """The smallest of the methods' longest trainings on `seeds`; 0 where there are none."""
    longest: dict[str, float] = {}
    for row in rows:
        if row["seed"] in seeds:
            longest[row["method"]] = max(row["epochs"], longest.get(row["method"], 0))
    return min(longest.values(), default=0)


def _table(rng: torch.Generator, spent: Mapping[str, Mapping[int, tuple[float, ...]]]) -> list[Row]:
    """Return rows of drawn accuracies: method -> seed -> the epochs of its points."""
    accuracies = iter((0.5 + 0.4 * torch.rand(64, generator=rng)).tolist())
    return [
        {"method": method, "seed": seed, "epochs": epochs, "accuracy": round(next(accuracies), 3)}
        for method, seeds in spent.items()
        for seed, points in seeds.items()
        for epochs in points
    ]


def _studies(rng: torch.Generator) -> list[Case]:
    long, short_, first = _int(rng, 20, 30), _int(rng, 9, 12), _int(rng, 3, 5)
    fair = {"SAP": {0: (first, short_)}, "L1": {0: (first, short_)}}
    longer = {"SAP": {0: (first, short_, long)}, "L1": {0: (first, short_)}}
    seeds = {"SAP": {0: (first,), 1: (first,), 2: (first,)}, "L1": {0: (first,), 2: (first,)}}
    both = {"SAP": {0: (first, long), 1: (first, long)}, "L1": {1: (first, short_), 2: (first, short_)}}
    lonely = {"SAP": {0: (first, short_)}, "L1": {0: (first,), 1: (first, short_)}}
    studies = {
        "a fair comparison": fair,
        "one method trained longer": longer,
        "one method without a seed": seeds,
        "another seed and more epochs": both,
        "a long training of a seed that only one method has": lonely,
        "three methods": {"SAP": {0: (first, long)}, "L1": {0: (first, short_, long)}, "random": {0: (first, short_ + 0.5)}},
        "points at other epochs": {"SAP": {0: (2, 4, 6)}, "L1": {0: (1.5, 4.5)}},
        "a method at its last epoch": {"SAP": {0: (short_,)}, "L1": {0: (short_, short_ + 1)}},
        "a single method": {"SAP": {0: (first, short_), 1: (first,)}},
        "no seed in common": {"SAP": {0: (first,)}, "L1": {1: (first,)}},
    }
    edges = ("a single method", "no seed in common")
    return [Case(label, (_table(rng, spent),), label in edges) for label, spent in studies.items()]


def _rows(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    if not isinstance(output, list) or not all(isinstance(row, Mapping) for row in output):
        raise CourseError("return a list of those rows that may be compared")
    return identity(inputs, afterwards, output)


def _told(rows: list[Row]) -> str:
    return "; ".join(f"{r['method']} seed {r['seed']} epochs {r['epochs']:g}" for r in rows) or "no row at all"


def _within(rows: list[Row], seeds: set[int], budget: float) -> list[Row]:
    return [row for row in rows if row["seed"] in seeds and row["epochs"] <= budget]


def _all_seeds(rows: list[Row]) -> set[int]:
    return {row["seed"] for row in rows}


def _shortest(rows: list[Row]) -> float:
    return min((row["epochs"] for row in rows if row["seed"] in _common(rows)), default=0)


def _common_epochs(rows: list[Row]) -> list[Row]:
    """Only epochs at which every method has a point."""
    seeds = _common(rows)
    rows = [row for row in rows if row["seed"] in seeds]
    methods = {row["method"] for row in rows}
    shared = [{row["epochs"] for row in rows if row["method"] == method} for method in methods]
    return [row for row in rows if row["epochs"] in set.intersection(*shared)] if shared else []


EQUAL_BUDGET = Exercise(
    "equal_budget",
    LESSON,
    3,
    equal_budget,
    _studies,
    (
        Misconception("nothing mended", "This returns every row: nothing is mended.", lambda rows: list(rows)),
        Misconception(
            "seeds ignored",
            "The epochs are equal now, the seeds are not: leave out those that a method did not run.",
            lambda rows: _within(rows, _all_seeds(rows), _budget(rows, _all_seeds(rows))),
        ),
        Misconception(
            "epochs ignored",
            "The seeds are equal now, the epochs are not: the budget is the SMALLEST of the methods' longest trainings.",
            lambda rows: _within(rows, _common(rows), float("inf")),
        ),
        Misconception(
            "budget before seeds",
            "First the seeds, then the budget: a long training on a seed that is left out must not count.",
            lambda rows: _within(rows, _common(rows), _budget(rows, _all_seeds(rows))),
        ),
        Misconception(
            "strictly less",
            "A row that has spent exactly the budget is fair: `<=`.",
            lambda rows: [row for row in equal_budget(rows) if row["epochs"] < _budget(rows, _common(rows))],
        ),
        Misconception(
            "only the last rows",
            "Rows of FEWER epochs than the budget are fair as well: keep the whole curve up to there.",
            lambda rows: [row for row in equal_budget(rows) if row["epochs"] == _budget(rows, _common(rows))],
        ),
        Misconception(
            "shortest row",
            "The budget is the LONGEST training of each method, and of these the smallest; not the smallest of all rows.",
            lambda rows: _within(rows, _common(rows), _shortest(rows)),
        ),
        Misconception(
            "same epochs only",
            "Points need not lie at the same epochs; they must only lie within the common budget.",
            _common_epochs,
        ),
    ),
    _rows,
    lambda inputs, wanted: _told(wanted),
)  # fmt: skip


# ---- values


def naming(name: str, lesson: str, questions: tuple[Any, ...], options: tuple[str, ...], points: float = 1) -> Value:
    """Return a prediction that names one of `options` for each question, as a dict; the points are for locking it in."""

    def judge(value: Any) -> tuple[float, str]:
        if isinstance(value, Mapping) and set(value) == set(questions) and set(value.values()) <= set(options):
            return 1.0, "The point is for saying it; read on to see who it is."
        asked = f"{{{', '.join(f'{question!r}: ...' for question in questions)}}}"
        return 0.0, f"{value!r} was given; predict {asked}, each one of {', '.join(map(repr, options))}."

    return Value(name, lesson, points, judge, locks=True)


METHODS = (
    "SAP",
    "magnitude",
    "random weights",
    "L1 units",
    "activation",
    "random units",
)  # as the lesson's arena names them
_BUGS = {
    "A": {
        1: "Reading a table is fine.",
        2: "A size limit may be set before anything is measured.",
        3: "The point is CHOSEN by its test accuracy, so that number is the luckiest of many: choose on validation.",
        4: "What is printed is honest only if the choice was.",
    },
    "B": {
        1: "The masks are fine.",
        2: "These are the MACs of the dense model.",
        3: "Zeros in a tensor of the same size are multiplied like any number: a masked network keeps the dense one's MACs.",
        4: "The division is right; what is divided is not.",
    },
    "C": {
        1: "Five seeds are what one wants.",
        2: "This is the luckiest seed, called the mean.",
        3: "The deviation is that of a sample, as it should be.",
        4: "The line prints what it is given.",
    },
    "D": {
        1: "`train.evaluate` returns a share.",
        2: "This is a percent, and the accuracy is a share: the score is now all sparsity.",
        3: "The rule itself is right.",
    },
    "E": {
        1: "This counts the operations of one image.",
        2: "The counter takes a multiply and an add for two operations: these are FLOPs; halve them.",
        3: "The comparison is right, once both are MACs.",
    },
}
EXERCISES = (
    SCORE,
    PARETO_FRONT,
    naming("winners", LESSON, (0.5, 0.9, 0.97), METHODS),
    MEAN_AND_BAND,
    HYPERVOLUME,
    prediction("optimism", LESSON, 0, 30),
    EQUAL_BUDGET,
    choices("arena_bugs", LESSON, {"A": 3, "B": 3, "C": 2, "D": 2, "E": 2}, 5, _BUGS),
)
