"""Comparisons over seeds: accuracy at equal sparsity, paired by seed, and areas below the curves, with their spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from course_lib.errors import CourseError
from course_lib.measure import standard_error
from course_lib.pareto.points import DENSE, best, hypervolume, measured

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.95
MUCH = 1.25  # of epochs: beyond that a difference may be one of training
RESAMPLES = 9999


@dataclass(frozen=True)
class Difference:
    """One method minus another at one sparsity: the mean over seeds, in shares of accuracy, and its bootstrap interval.

    low, high: None with fewer than 3 seeds, of which no interval is made. error: one standard error of a difference of two
    accuracies on that many test images. epochs: how long each had been trained in all when it came to this sparsity.
    """

    one: str
    other: str
    sparsity: float
    seeds: int
    mean: float
    low: float | None
    high: float | None
    error: float
    epochs: tuple[float, float]

    def __str__(self) -> str:
        one, other = self.epochs
        epochs = "equal epochs" if abs(one - other) < 0.05 else f"after {one:.1f} and {other:.1f} epochs"
        told = f"at sparsity {self.sparsity:.4g} {self.one} is {100 * self.mean:+.1f}"
        if self.low is None or self.high is None:
            seeds = "1 seed" if self.seeds == 1 else f"{self.seeds} seeds"
            told += f" points of test accuracy over {self.other} ({seeds}, no interval; {epochs};"
            return f"{told} one standard error of the images: {100 * self.error:.1f}){self._longer()}"
        told += f" [{100 * self.low:+.1f}, {100 * self.high:+.1f}] points of test accuracy over {self.other}"
        told += f" ({self.seeds} seeds, {epochs})"
        return told + (": no difference that these seeds can tell" if self.low <= 0 <= self.high else self._longer())

    def _longer(self) -> str:
        one, other = self.epochs
        if max(one, other) <= MUCH * min(one, other):
            return ""
        return f"; {self.one if one > other else self.other} had been trained longer"


def at_sparsity(table: pd.DataFrame, method: str, sparsity: float, by: str = "test_accuracy") -> pd.Series:
    """Return seed -> accuracy of a method's curve at `sparsity`, on the straight line between its two nearest points.

    Seeds whose curve does not reach from below to above `sparsity` are left out. Of points of equal sparsity the last
    round counts; the dense model is the first point of every curve of its seed.
    """
    import pandas as pd

    rows = measured(table, by, "sparsity")
    found = {}
    for seed, curve in rows[rows["method"] == method].groupby("seed"):
        start = rows[(rows["method"] == DENSE) & (rows["seed"] == seed)]
        points = (
            pd.concat([start, curve])
            .sort_values(["sparsity", "round"], kind="stable")
            .drop_duplicates("sparsity", keep="last")
        )
        if points["sparsity"].iloc[0] <= sparsity <= points["sparsity"].iloc[-1]:
            found[seed] = float(np.interp(sparsity, points["sparsity"], points[by]))
    return pd.Series(found, dtype=float)


def paired(table: pd.DataFrame, one: str, other: str, sparsity: float) -> Difference | None:
    """Compare two methods at one sparsity over the seeds that both have there; None if there is no such seed.

    Seeds share a dense start, so their differences are paired. The interval is the percentile bootstrap over seeds
    (Efron & Tibshirani 1993); with three seeds it runs from about the lowest to the highest difference.
    """
    from scipy.stats import bootstrap

    if one == other:
        raise CourseError(f"{one!r} was given to be compared with itself.")
    differences = (at_sparsity(table, one, sparsity) - at_sparsity(table, other, sparsity)).dropna().to_numpy()
    if not len(differences):
        return None
    low = high = None
    if len(differences) >= 3:
        options = {"confidence_level": CONFIDENCE, "n_resamples": RESAMPLES, "method": "percentile"}
        found = bootstrap((differences,), np.mean, rng=np.random.default_rng(0), **options)
        interval = found.confidence_interval
        low, high = float(interval.low), float(interval.high)
    accuracy = float(at_sparsity(table, one, sparsity).mean())
    error = 2**0.5 * standard_error(accuracy, int(table["test_images"].iloc[0]))
    epochs = tuple(float(at_sparsity(table, method, sparsity, "epochs").mean()) for method in (one, other))
    return Difference(one, other, sparsity, len(differences), float(differences.mean()), low, high, error, epochs)


def by_method(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a method: the mean and standard deviation over seeds of its best point and of its area.

    The best point of each seed is chosen on validation (`best`); the area is the hypervolume of that seed's curve over
    sparsity, with the accuracy floor as the reference, by test accuracy. Best mean score first.
    """
    import pandas as pd

    rows = table[table["method"] != DENSE]
    chosen = pd.concat([best(own) for _, own in rows.groupby("seed")])
    areas = {key: hypervolume(own, "test_accuracy") for key, own in rows.groupby(["method", "seed"])}
    found = []
    for method, own in chosen.groupby("method"):
        area = np.array([areas[method, seed] for seed in own["seed"]])
        row = {"method": method, "seeds": len(own), "seeds_run": rows.loc[rows["method"] == method, "seed"].nunique()}
        for column in ("sparsity", "kept_parameters", "macs", "epochs", "val_accuracy", "test_accuracy", "score"):
            row |= {column: own[column].mean(), f"{column}_sd": _deviation(own[column].to_numpy(float))}
        found.append(row | {"hypervolume": area.mean(), "hypervolume_sd": _deviation(area)})
    if not found:
        return pd.DataFrame(columns=["method", "seeds", "score"])
    return pd.DataFrame(found).sort_values("score", ascending=False, kind="stable", ignore_index=True)


def _deviation(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
