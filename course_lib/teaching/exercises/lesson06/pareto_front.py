"""The points that no other point dominates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception, identity
from course_lib.teaching.exercises.draws import integer


def _grid(rng: torch.Generator, n: int, low: int = 1, high: int = 9) -> Tensor:
    """Draw n tenths between low / 10 and high / 10: few values, so that ties are common."""
    return torch.randint(low, high + 1, (n,), generator=rng) / 10


def pareto_front(sparsity: Tensor, accuracy: Tensor) -> Tensor:
    """Which points no other dominates, (n,) bool: at least as good in both and better in one; of equal points the first."""
    return _undominated(sparsity, accuracy, lambda s, a: (s >= s[:, None]) & (a >= a[:, None]), _better_or_first)


def _better_or_first(s: Tensor, a: Tensor) -> Tensor:
    """Entry [i, j]: whether point j is better than i in one coordinate, or equal to it and earlier."""
    return (s > s[:, None]) | (a > a[:, None]) | _earlier_twin(s, a)


def _earlier_twin(s: Tensor, a: Tensor) -> Tensor:
    earlier = torch.arange(len(s)) < torch.arange(len(s))[:, None]
    return (s == s[:, None]) & (a == a[:, None]) & earlier


def _more_accurate(s: Tensor, a: Tensor) -> Tensor:
    return (s >= s[:, None]) & (a > a[:, None])


def _sparser(s: Tensor, a: Tensor) -> Tensor:
    return (s > s[:, None]) & (a >= a[:, None])


def _undominated(s: Tensor, a: Tensor, *parts: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    beaten = parts[0](s, a)
    for part in parts[1:]:
        beaten = beaten & part(s, a)
    return ~beaten.any(1)


def _points(rng: torch.Generator) -> list[Case]:
    n = integer(rng, 7, 10)
    doubled = _grid(rng, 2 * n).double()
    falling = torch.arange(1, n + 1) / 16
    little = 2**-22
    return [
        Case("four points", (torch.tensor([0.0, 0.5, 0.6, 0.9]), torch.tensor([0.8, 0.7, 0.75, 0.6]))),
        Case("drawn points", (torch.rand(n, generator=rng), torch.rand(n, generator=rng))),
        Case("two points of equal sparsity", (torch.tensor([0.5, 0.5, 0.2, 0.2]), torch.tensor([0.7, 0.8, 0.9, 0.85]))),
        Case("two points of equal accuracy", (torch.tensor([0.3, 0.9, 0.5]), torch.tensor([0.8, 0.8, 0.7]))),
        Case("points that differ by little", (0.5 + little * torch.arange(4), 0.75 - little * torch.tensor([0, 1, 3, 2]))),
        Case("a point that is there twice", (torch.tensor([0.9, 0.2, 0.9, 0.2]), torch.tensor([0.7, 0.9, 0.7, 0.9]))),
        Case("points on a falling line", (falling, 1 - falling)),
        Case("accuracies up and down", (torch.tensor([0.8, 0.6, 0.4, 0.2]), torch.tensor([0.6, 0.75, 0.65, 0.7]))),
        Case("a single point", (torch.tensor([0.5]), torch.tensor([0.1])), edge=True),
        Case("nothing left and nothing right", (torch.tensor([1.0, 0.5]), torch.tensor([0.0, 0.75])), edge=True),
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


EXERCISE = Exercise(
    "pareto_front",
    lesson="06",
    points=2,
    reference=pareto_front,
    cases=_points,
    misconceptions=(
        Misconception(
            "better in both",
            "A point is also dominated by one that is equal in one coordinate and better in the other.",
            lambda s, a: _undominated(s, a, lambda s, a: (s > s[:, None]) & (a > a[:, None])),
        ),
        *(
            Misconception(
                "better accuracy asked for",
                "A point of the SAME accuracy and more sparsity dominates as well: better in EITHER coordinate is enough.",
                lambda s, a, twins=twins: _undominated(
                    s, a, lambda s, a: _more_accurate(s, a) | (_earlier_twin(s, a) & twins)
                ),
            )
            for twins in (False, True)
        ),
        *(
            Misconception(
                "better sparsity asked for",
                "A point of the SAME sparsity and more accuracy dominates as well: better in EITHER coordinate is enough.",
                lambda s, a, twins=twins: _undominated(s, a, lambda s, a: _sparser(s, a) | (_earlier_twin(s, a) & twins)),
            )
            for twins in (False, True)
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
        *(
            Misconception(
                "points rounded",
                "Points that differ by little are not equal: compare them as they are.",
                lambda s, a, digits=digits: pareto_front(torch.round(s, decimals=digits), torch.round(a, decimals=digits)),
            )
            for digits in (2, 3, 4)
        ),
        Misconception(
            "accuracy 0 left out",
            "No accuracy is too low for the front, not even 0: begin with a best of minus infinity, not with 0.",
            lambda s, a: pareto_front(s, a) & (a > 0),
        ),
        Misconception("answer inverted", "True means: on the front.", lambda s, a: ~pareto_front(s, a)),
    ),
    view=_mask,
)
