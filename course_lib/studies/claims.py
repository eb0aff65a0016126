"""A claim and the answer of a study to it: a verdict, one sentence with one number, and what it was computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib import pareto
from course_lib.errors import CourseError
from course_lib.studies import comparing, origins, study
from course_lib.sweep import grid as grids

if TYPE_CHECKING:
    import pandas as pd

HELD, PART, NOT = "held", "held in part", "did not hold"
UNTESTED, UNMEASURED = "not tested", "not measured yet"
VERDICTS = (HELD, PART, NOT, UNTESTED, UNMEASURED)


class NothingShared(CourseError):
    """Two methods have no sparsity in common, so there is nothing to compare."""


@dataclass(frozen=True)
class Measured:
    """A finished study: what a claim is answered from."""

    folder: Path

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a point."""
        return study.read(self.folder)

    @cached_property
    def grid(self) -> Mapping[str, Any]:
        """The committed grid of that name; empty if there is none, as for the study of stability."""
        try:
            return grids.load(self.folder.name)
        except CourseError:
            return {}

    @cached_property
    def primary(self) -> list[pareto.Difference]:
        """The primary family, with adjusted p-values."""
        return comparing.family(self.table, self.grid)

    @cached_property
    def origins(self) -> origins.Origins:
        """On what each curve was computed."""
        return origins.read(self.folder, self.grid)

    @property
    def at(self) -> Sequence[float]:
        """The sparsities at which the study compares."""
        return self.grid.get("at") or comparing.SPARSITIES

    def differences(self, one: str, other: str, at: Sequence[float] = ()) -> list[pareto.Difference]:
        """Return the differences of two methods, with adjusted p-values where they are in the primary family.

        Raises:
            NothingShared: if no seed of both reaches any of these sparsities.
        """
        if found := comparing.differences(self.table, one, other, at or self.at, self.primary):
            return found
        raise NothingShared(f"{comparing.quoted(one)} and {comparing.quoted(other)} share no sparsity.")

    def has(self, method: str) -> bool:
        """Whether a method ran."""
        return method in set(self.table["method"])

    def not_alike(self, one: str, other: str) -> str:
        """Return a note on curves that were not computed alike, "" if they were."""
        unlike = origins.unlike(self.origins, one, other)
        return f" Not computed alike: {unlike}." if unlike else ""


def opened(folder: Path) -> Measured:
    """Return a finished study, read once as long as its table does not change."""
    return _opened(folder, (folder / "table.csv").stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _opened(folder: Path, changed: int) -> Measured:
    return Measured(folder)


@dataclass(frozen=True)
class Answer:
    """What a study says to a claim.

    verdict: one of `VERDICTS`. said: one sentence. pairs: (one, other, sparsities) that were compared. rows: what else was
    read. how: how the verdict follows from them.
    """

    verdict: str
    said: str
    pairs: tuple[tuple[str, str, tuple[float, ...]], ...] = ()
    rows: pd.DataFrame | None = None
    how: str = ""


@dataclass(frozen=True)
class Claim:
    """What is claimed, by whom, which studies can answer it (the best first), which methods that takes, and how."""

    text: str
    who: str
    studies: tuple[str, ...]
    needs: tuple[str, ...]
    answer: Callable[[Measured], Answer]

    def answered(self, results: Path) -> tuple[str, Answer]:
        """Return the study that answers, and its answer: not measured yet, if none has what it takes."""
        there = [name for name in self.studies if (results / name / "table.csv").exists()]
        if not there:
            return self.studies[0], Answer(UNMEASURED, f"`{self.studies[0]}` has not been run to its end.")
        for name in there:
            measured = opened(results / name)
            if all(measured.has(method) for method in self.needs):
                try:
                    return name, self.answer(measured)
                except NothingShared as error:
                    return name, Answer(UNTESTED, str(error))
        lacks = [comparing.quoted(method) for method in self.needs if not opened(results / there[0]).has(method)]
        return there[0], Answer(UNMEASURED, f"{' and '.join(lacks)} {'has' if len(lacks) == 1 else 'have'} not run yet.")


def points(share: float) -> str:
    """Return a share of accuracy as points with a sign."""
    return f"{100 * share:+.1f} points"


def n(seeds: int) -> str:
    """Return how many seeds stand behind a number."""
    return "n = 1, an impression" if seeds == 1 else f"n = {seeds}"


def ahead(found: Sequence[pareto.Difference]) -> str:
    """Return the verdict on "the first is better": held where it is so at all sparsities, in part where at some.

    In the primary family a difference counts if it is clear, outside of it if all of three seeds or more agree. Fewer seeds
    hold nothing: they give an impression.
    """
    wins = [difference for difference in found if difference.mean > 0 and counts(difference)]
    return HELD if wins and len(wins) == len(found) else PART if wins else NOT


def counts(difference: pareto.Difference) -> bool:
    """Whether a difference is clear, or, outside of a primary family, of one sign on three seeds or more."""
    if difference.adjusted is not None:
        return difference.clear
    return difference.same_sign and difference.seeds > 2


def where(found: Sequence[pareto.Difference]) -> str:
    """Say at which sparsities the first method is ahead and at which behind, and whether that is clear or only agreed on."""
    sides = {
        "ahead": [difference for difference in found if difference.mean > 0 and counts(difference)],
        "behind": [difference for difference in found if difference.mean < 0 and counts(difference)],
    }
    if all(difference.seeds < 3 for difference in found):
        return "seen on too few seeds to say"
    if not any(sides.values()):
        return "not clearly different anywhere" if any(one.adjusted is not None for one in found) else "seeds do not agree"
    word = "clearly " if any(difference.adjusted is not None for difference in found) else "on every seed "
    return word + " and ".join(
        f"{side} at {', '.join(f'{difference.sparsity:.3g}' for difference in own)}" for side, own in sides.items() if own
    )
