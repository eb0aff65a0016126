"""How many go this round? Amounts: (scores of the group's survivors, the group's dense size, progress) -> a count.

`progress` in (0, 1] says how far the schedule has come; only `target` reads it. Any function of that form is an amount.
The classes are written in lower case because they are used as words: `Pruner(..., amount=amounts.sap(p=1, q=2))`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from course_lib.axes.pqindex import sap_amount
from course_lib.errors import CourseError, check_number, check_share

Amount = Callable[[Tensor, int, float], int]


def share(s: float, n: int) -> int:
    """Return how many entries a share `s` in [0, 1] of `n` is: round(s * n), as in torch.nn.utils.prune."""
    return round(s * n)


@dataclass(frozen=True)
class target:
    """As many as the group lacks to `sparsity` * progress, a share of its dense size."""

    sparsity: float

    def __post_init__(self) -> None:
        check_share("sparsity", self.sparsity)

    def __call__(self, scores: Tensor, size: int, progress: float) -> int:
        return max(0, share(self.sparsity * progress, size) - (size - scores.numel()))


@dataclass(frozen=True)
class fixed:
    """Those whose score lies below `threshold`. A list gives one threshold a round, and its last value repeats."""

    threshold: float | Sequence[float]

    def __post_init__(self) -> None:
        if not isinstance(self.threshold, (int, float)) and not len(self.threshold):
            raise CourseError("threshold=[] was given; give a number, or a list with one number a round.")
        for value in [self.threshold] if isinstance(self.threshold, (str, int, float)) else self.threshold:
            check_number("threshold", value)

    def at_round(self, number: int) -> fixed:
        """Return the amount of round `number`, counted from 1."""
        if isinstance(self.threshold, (int, float)):
            return self
        return replace(self, threshold=self.threshold[min(number, len(self.threshold)) - 1])

    def __call__(self, scores: Tensor, size: int, progress: float) -> int:
        return int((scores < self.at_round(1).threshold).sum())


@dataclass(frozen=True)
class variable:
    """Those whose score lies below mean - `deviations` * standard deviation of the group's survivors."""

    deviations: float = 1.0

    def __post_init__(self) -> None:
        check_number("deviations", self.deviations)

    def __call__(self, scores: Tensor, size: int, progress: float) -> int:
        # Measured from one of them: the rounded mean of equal scores may exceed every one, and all would go.
        scores = scores - scores[0]
        return int((scores < scores.mean() - self.deviations * scores.std(correction=0)).sum())


@dataclass(frozen=True)
class quantile:
    """The lowest share `q` of the group's survivors, rounded to the nearest count."""

    q: float

    def __post_init__(self) -> None:
        check_share("quantile", self.q)

    def __call__(self, scores: Tensor, size: int, progress: float) -> int:
        return share(self.q, scores.numel())


@dataclass(frozen=True)
class sap:
    """As many as the PQ index of the survivors' scores allows: `sap_amount` (Diao et al. 2023, algorithm 1)."""

    p: float = 0.5
    q: float = 1.0
    eta: float = 0.0
    gamma: float = 1.0
    beta: float = 0.9

    def __post_init__(self) -> None:
        sap_amount(torch.ones(2), self.p, self.q, self.eta, self.gamma, self.beta)  # refuses bad values now, not in round 1

    @property
    def norms(self) -> tuple[float, float]:
        """p and q, with which the PQ index of each group is recorded."""
        return self.p, self.q

    def __call__(self, scores: Tensor, size: int, progress: float) -> int:
        return sap_amount(scores, self.p, self.q, self.eta, self.gamma, self.beta)
