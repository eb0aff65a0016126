"""How many go this round? Amounts: (scores of the group's survivors, the group's dense size, progress) -> a count.

`progress` in (0, 1] says how far the schedule has come; only target amounts read it. Any function of that form is an
amount. What an amount may have beside that is declared here: a value for each round (`EachRound`), the norms of its PQ
index (`Normed`), or a look at all groups before it answers for each of them (`Allocation`).
The classes are written in lower case because they are used as words: `Pruner(..., amount=amounts.sap(p=1, q=2))`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from course_lib.axes.pqindex import per_row, sap_amount, sap_amounts
from course_lib.errors import CourseError, check_number, check_share

Shape = tuple[int, ...]


class Amount(Protocol):
    """How many of a group go in one round."""

    def __call__(self, scores: Tensor, size: int, progress: float, /) -> int:
        """Return a count from 0 on; more than there are survivors means all.

        scores: (n,) of the group's n survivors, n >= 1. size: how many the group had in the dense network. progress: in
        (0, 1].
        """


@runtime_checkable
class EachRound(Protocol):
    """An amount that has a value of its own for each round."""

    def at_round(self, number: int) -> Amount:
        """Return the amount of round `number`, counted from 1."""


@runtime_checkable
class Normed(Protocol):
    """An amount that says with which p and q the PQ index of each group is recorded; of others it is (0.5, 1)."""

    @property
    def norms(self) -> tuple[float, float]:
        """p and q, 0 < p < q."""


@runtime_checkable
class Allocation(Protocol):
    """An amount of single weights that depends on all layers at once: it is bound to them once a round (scope "layer")."""

    def bind(self, shapes: Mapping[str, Shape]) -> Mapping[str, Amount]:
        """Return layer -> its amount, for layer -> the shape of its weight."""


def share(s: float, n: int) -> int:
    """Return how many entries a share `s` in [0, 1] of `n` is: round(s * n), as in torch.nn.utils.prune.

    >>> share(0.3, 5), share(0.5, 5)  # a half goes to the even neighbour
    (2, 2)
    """
    return round(s * n)


@dataclass(frozen=True)
class target:
    """As many as the group lacks to `sparsity` * progress, a share of its dense size.

    >>> target(0.8)(torch.ones(7), 10, 1.0)  # 3 of 10 are gone, 8 are to go
    5
    """

    sparsity: float

    def __post_init__(self) -> None:
        check_share("sparsity", self.sparsity)

    def __call__(self, scores: Tensor, size: int, progress: float, /) -> int:
        return max(0, share(self.sparsity * progress, size) - (size - scores.numel()))

    def by_rows(self, scores: Tensor, alive: Tensor | None, progress: float, /) -> Tensor:
        """Return the count of each row, see `rows.ByRows`."""
        size = scores.shape[1]
        return (per_row(alive, scores) - size + share(self.sparsity * progress, size)).clamp(min=0)


@dataclass(frozen=True)
class fixed:
    """Those whose score lies below `threshold`. A list gives one threshold a round, and its last value repeats.

    >>> fixed(0.5)(torch.tensor([0.1, 0.5, 0.9]), 3, 1.0)
    1
    """

    threshold: float | Sequence[float]

    def __post_init__(self) -> None:
        if isinstance(self.threshold, Iterable):
            object.__setattr__(self, "threshold", _listed("threshold", self.threshold))
        for value in self._values:
            check_number("threshold", value)

    @property
    def _values(self) -> Sequence[float]:
        return self.threshold if isinstance(self.threshold, Sequence) else [self.threshold]

    def at_round(self, number: int) -> fixed:
        """Return the amount of round `number`, counted from 1."""
        return replace(self, threshold=_of_round(self._values, number))

    def __call__(self, scores: Tensor, size: int, progress: float, /) -> int:
        return int((scores < self._values[0]).sum())


@dataclass(frozen=True)
class variable:
    """Those whose score lies below mean - `deviations` * standard deviation of the group's survivors.

    >>> variable(1.0)(torch.tensor([0.0, 4.0, 5.0, 5.0, 6.0]), 5, 1.0)  # below 4 - 2.1
    1
    """

    deviations: float = 1.0

    def __post_init__(self) -> None:
        check_number("deviations", self.deviations)

    def __call__(self, scores: Tensor, size: int, progress: float, /) -> int:
        # Measured from one of them: the rounded mean of equal scores may exceed every one, and all would go.
        scores = scores - scores[0]
        return int((scores < scores.mean() - self.deviations * scores.std(correction=0)).sum())


@dataclass(frozen=True)
class quantile:
    """The lowest share `q` of the group's survivors, rounded to the nearest count.

    >>> quantile(0.25)(torch.ones(8), 100, 1.0)
    2
    """

    q: float

    def __post_init__(self) -> None:
        check_share("quantile", self.q)

    def __call__(self, scores: Tensor, size: int, progress: float, /) -> int:
        return share(self.q, scores.numel())


@dataclass(frozen=True)
class paced:
    """A given share of the group's survivors in each round, the same for every group; the last one repeats.

    The control of pace: with the shares that another method took, what differs between the two is only the ranking.

    >>> pace = paced([0.5, 0.1])
    >>> [pace.at_round(number)(torch.ones(10), 100, 1.0) for number in (1, 2, 3)]
    [5, 1, 1]
    """

    shares: Sequence[float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shares", _listed("shares", self.shares))
        for value in self.shares:
            check_share("shares", value)

    def at_round(self, number: int) -> quantile:
        """Return the amount of round `number`, counted from 1."""
        return quantile(_of_round(self.shares, number))

    def __call__(self, scores: Tensor, size: int, progress: float, /) -> int:
        return self.at_round(1)(scores, size, progress)


@dataclass(frozen=True)
class sap:
    """As many as the PQ index of the survivors' scores allows: `sap_amount` (Diao et al. 2023, algorithm 1).

    >>> sap(p=1, q=2)(torch.tensor([1.0, 1.0, 1.0, 100.0]), 4, 1.0)
    2
    """

    p: float = 0.5
    q: float = 1.0
    eta: float = 0.0
    gamma: float = 1.0
    beta: float = 0.9

    def __post_init__(self) -> None:
        sap_amount(torch.ones(2), self.p, self.q, self.eta, self.gamma, self.beta)  # refuses bad values now, not in round 1

    @property
    def norms(self) -> tuple[float, float]:
        """p and q."""
        return self.p, self.q

    def __call__(self, scores: Tensor, size: int, progress: float, /) -> int:
        return sap_amount(scores, self.p, self.q, self.eta, self.gamma, self.beta)

    def by_rows(self, scores: Tensor, alive: Tensor | None, progress: float, /) -> Tensor:
        """Return the count of each row, see `rows.ByRows`."""
        return sap_amounts(scores, alive, self.p, self.q, self.eta, self.gamma, self.beta).to(scores.device)


@dataclass(frozen=True)
class erk:
    """As many as each layer lacks to its own sparsity, so that `sparsity` * progress of all single weights are gone.

    The sparsities are Erdős-Rényi-kernel's, see `erk_densities`: small layers keep more. The control is `target`, the
    same for every layer.

    >>> layers = erk(0.5).bind({"small": (2, 2), "large": (6, 6)})
    >>> layers["small"](torch.ones(4), 4, 1.0), layers["large"](torch.ones(36), 36, 1.0)
    (0, 20)
    """

    sparsity: float

    def __post_init__(self) -> None:
        check_share("sparsity", self.sparsity)

    def bind(self, shapes: Mapping[str, Shape]) -> dict[str, Amount]:
        """Return layer -> its amount."""

        def amount_of(name: str) -> Amount:
            def amount(scores: Tensor, size: int, progress: float, /) -> int:
                density = erk_densities(shapes, self.sparsity * progress)[name]
                return target(1 - density)(scores, size, 1.0)

            return amount

        return {name: amount_of(name) for name in shapes}


def erk_densities(shapes: Mapping[str, Shape], sparsity: float) -> dict[str, float]:
    """Return layer -> the share of its weights that Erdős-Rényi-kernel keeps (Evci et al. 2020, section 3).

    A layer's density is scale * (n_in + n_out + kh + kw) / (n_in * n_out * kh * kw), at most 1, with one scale for all
    layers such that the share `sparsity` in [0, 1] of all their weights goes.

    >>> erk_densities({"dense": (10, 10), "conv": (2, 2, 1, 1)}, 0.5)
    {'dense': 0.48, 'conv': 1.0}
    """
    check_share("sparsity", sparsity)
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    wanted = (1 - sparsity) * sum(sizes.values())
    whole: set[str] = set()
    while True:  # what is capped leaves more to the others, which may then be capped as well
        rest = {name: sum(shape) for name, shape in shapes.items() if name not in whole}
        scale = (wanted - sum(sizes[name] for name in whole)) / max(1, sum(rest.values()))
        capped = {name for name, dimensions in rest.items() if scale * dimensions > sizes[name]}
        if not capped:
            return {name: 1.0 if name in whole else scale * rest[name] / sizes[name] for name in shapes}
        whole |= capped


RULES: dict[str, type] = {rule.__name__: rule for rule in (target, fixed, variable, quantile, paced, erk, sap)}


def of(rule: str, **settings: Any) -> Amount | Allocation:
    """Return the amount that plain data name, as grids and records do: a rule of `RULES` and its settings.

    >>> of("sap", p=1, q=2).norms
    (1, 2)

    Raises:
        CourseError: for a rule, a setting or a value that is not known.
    """
    if rule not in list(RULES):
        raise CourseError(f"rule={rule!r} was given; the amounts are {', '.join(RULES)}.")
    known = inspect.signature(RULES[rule]).parameters
    if unknown := sorted(set(settings) - set(known)):
        raise CourseError(f"the amount {rule} has no setting {unknown[0]!r}; it has {', '.join(known)}.")
    if missing := [name for name, setting in known.items() if setting.default is setting.empty and name not in settings]:
        raise CourseError(f"the amount {rule} lacks its setting {missing[0]!r}.")
    return RULES[rule](**settings)


def _listed(name: str, values: object) -> tuple[float, ...]:
    """Return the numbers of a list, an array or a column of a table as a tuple."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise CourseError(f"{name}={values!r} was given; it is a list with one number a round.")
    found = tuple(values.tolist() if isinstance(values, (Tensor, np.ndarray)) else values)
    if not found:
        raise CourseError(f"{name}={values!r} was given; give at least one number, one for each round.")
    return found


def _of_round(values: Sequence[float], number: int) -> float:
    return values[min(number, len(values)) - 1]
