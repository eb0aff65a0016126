"""The area that a front dominates."""

from __future__ import annotations

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.lesson06.pareto_front import pareto_front
from course_lib.teaching.exercises.rounding import rounded
from course_lib.teaching.exercises.views import number


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
    n = integer(rng, 7, 10)
    high = 0.62 + 0.35 * torch.rand(n, generator=rng)
    doubled = torch.rand(2 * n, generator=rng, dtype=torch.float64)
    doubled[:2] = 0.9 * doubled[:2] * torch.tensor([1.0, 0.25])
    stairs = torch.tensor([0.5, 0.8, 0.9]), torch.tensor([0.9, 0.8, 0.7])
    return [
        Case("a single point", (torch.tensor([0.5]), torch.tensor([0.8]))),
        Case("three points of a front", stairs),
        Case("the same points in another order", tuple(values.flip(0) for values in stairs)),
        Case("a dominated point among them", (torch.tensor([0.5, 0.4, 0.9]), torch.tensor([0.9, 0.7, 0.7]))),
        Case("points below the reference", (torch.tensor([0.5, 0.9, 0.99]), torch.tensor([0.9, 0.7, 0.1]))),
        Case(
            "a point that is denser than the reference",
            (torch.tensor([0.75, 0.125, 0.5]), torch.tensor([0.7, 0.95, 0.875]), (0.25, 0.5)),
        ),
        Case("no point beyond the reference", (torch.tensor([0.5, 0.9]), torch.tensor([0.5, 0.4])), edge=True),
        Case("drawn points", (torch.rand(n, generator=rng), high)),
        Case("another reference", (torch.rand(n, generator=rng), high, (0.25, 0.5))),
        Case("a point that is there twice", (torch.tensor([0.5, 0.5, 0.75]), torch.tensor([0.75, 0.75, 0.7]))),
        Case("every other entry of a float64 tensor, one below the reference", (doubled[::2], doubled[1::2], (0.0, 0.25))),
    ]


def _rectangles(s: Tensor, a: Tensor, reference: tuple[float, float] = (0.0, 0.6)) -> Tensor:
    return (s - reference[0]).clamp(min=0) * (a - reference[1]).clamp(min=0)


def _from(s: Tensor, a: Tensor, reference: tuple[float, float], start: float) -> float:
    """Steps from `start` on, of whatever sign."""
    s, a = _front(s.double(), a.double())
    width = torch.diff(s, prepend=torch.tensor([start], dtype=torch.float64))
    return float((width * (a - reference[1]).clamp(min=0)).sum())


def _from_the_left(s: Tensor, a: Tensor, reference: tuple[float, float] = (0.0, 0.6)) -> float:
    s, a = _front(s.double(), a.double())
    width = torch.diff(s, prepend=torch.tensor([reference[0]], dtype=torch.float64))
    return float((width * (a - reference[1]).clamp(min=0))[s > reference[0]].sum())


def _without_the_first(s: Tensor, a: Tensor, reference: tuple[float, float] = (0.0, 0.6)) -> float:
    beyond = (s > reference[0]) & (a > reference[1])
    s, a = _front(s[beyond].double(), a[beyond].double())
    return float((torch.diff(s) * (a - reference[1])[1:]).sum())


def _trapezoids(s: Tensor, a: Tensor, reference: tuple[float, float] = (0.0, 0.6)) -> float:
    s, a = _front(s, a)
    return float(torch.trapezoid((a - reference[1]).clamp(min=0), s))


def _as_given(s: Tensor, a: Tensor, reference: tuple[float, float] = (0.0, 0.6)) -> float:
    width = torch.diff((s - reference[0]).clamp(min=0), prepend=torch.zeros(1, dtype=s.dtype))
    return float((width * (a - reference[1]).clamp(min=0)).sum())


def _all_sorted(s: Tensor, a: Tensor, reference: tuple[float, float] = (0.0, 0.6)) -> float:
    order = torch.argsort(s, stable=True)
    return _as_given(s[order], a[order], reference)


EXERCISE = Exercise(
    "hypervolume",
    lesson="06",
    points=2,
    reference=hypervolume,
    cases=_areas,
    misconceptions=(
        Misconception(
            "below the reference counted",
            "A point below the reference adds no area, and takes none away.",
            lambda s, a, reference=(0.0, 0.6): _area(s, a, reference, clip=False),
        ),
        Misconception(
            "denser than the reference counted",
            "A point that is denser than the reference adds no area: nothing to the left of the reference counts.",
            lambda s, a, reference=(0.0, 0.6): _from(s, a, reference, reference[0]),
        ),
        Misconception(
            "denser than the reference counted",
            "A point that is denser than the reference adds no area: the first step begins AT the reference.",
            _from_the_left,
        ),
        Misconception(
            "first step without a width",
            "The first step begins at the reference: its width is the first sparsity minus the reference's.",
            _without_the_first,
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
        Misconception(
            "coordinates swapped",
            "The reference is (sparsity, accuracy), in this order.",
            lambda s, a, reference=(0.0, 0.6): _area(s, a, (reference[1], reference[0])),
        ),
        *rounded(hypervolume),
    ),
    view=number,
)
