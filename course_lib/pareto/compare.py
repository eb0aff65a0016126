"""Comparisons over seeds: accuracy at equal sparsity, paired by seed, and areas below the curves, with their spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from course_lib.errors import CourseError
from course_lib.measure import standard_error
from course_lib.pareto.points import (
    DENSE,
    FLOOR,
    ages,
    best,
    contesting,
    front,
    measured,
    score,
    staircase,
    unpruned,
    without_final,
)

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.95
MUCH = 1.25  # times the epochs of the other: beyond that a difference may be one of training


@dataclass(frozen=True)
class Difference:
    """One method minus another at one sparsity: the mean over seeds, in shares of accuracy, and its 95 % interval.

    low, high: None with fewer than 3 seeds, too few for an interval. error: one standard error of a difference of two
    accuracies on that many test images if the two networks erred independently; they do not, so it is an upper bound.
    epochs: for how long the weights of each had been trained, since their initial values, when they reached this sparsity.
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
        first, second = self.epochs
        epochs = "equal epochs" if abs(first - second) < 0.05 else f"after {first:.1f} and {second:.1f} epochs"
        sentence = f"at sparsity {self.sparsity:.4g} {self.one} is {100 * self.mean:+.1f}"
        if self.low is None or self.high is None:
            seeds = "1 seed" if self.seeds == 1 else f"{self.seeds} seeds"
            sentence += f" points of test accuracy over {self.other} ({seeds}, no interval; {epochs};"
            return f"{sentence} one standard error due to the test images: at most {100 * self.error:.1f}){self._longer()}"
        sentence += f" [{100 * self.low:+.1f}, {100 * self.high:+.1f}] points of test accuracy over {self.other}"
        sentence += f" ({self.seeds} seeds, {epochs})"
        return sentence + (": these seeds show no clear difference" if self.low <= 0 <= self.high else self._longer())

    @property
    def unequal(self) -> bool:
        """Whether one method had been trained for so much longer that the difference may be one of training."""
        return max(self.epochs) > MUCH * min(self.epochs)

    def _longer(self) -> str:
        first, second = self.epochs
        return f"; {self.one if first > second else self.other} had been trained longer" if self.unequal else ""


def at_sparsity(table: pd.DataFrame, method: str, sparsity: float, by: str = "test_accuracy") -> pd.Series:
    """Return seed -> accuracy of a method's curve at `sparsity`, on the straight line between its two nearest points.

    A seed is left out if its curve does not span `sparsity`. Of points of equal sparsity the last round counts. A curve
    begins at the dense model of its seed, unless it was pruned all at once: nothing between the two was ever trained. For
    the same reason no line is drawn to a last round with final epochs; that is an end point (`end_points`).

    >>> from course_lib import pareto
    >>> print(f"{pareto.at_sparsity(pareto.example(), 'A', 0.7)[0]:.3f}")  # halfway between 0.87 and 0.78
    0.825
    """
    return _interpolated(measured(table, by, "sparsity"), method, sparsity, by)


def _interpolated(rows: pd.DataFrame, method: str, sparsity: float, column: str) -> pd.Series:
    import pandas as pd

    found = {}
    for seed, curve in rows[rows["method"] == method].groupby("seed"):
        start, own = rows[(rows["method"] == DENSE) & (rows["seed"] == seed)], without_final(curve)
        if own["sparsity"].nunique() == 1:
            start = start[:0]
        points = (
            pd.concat([start, own])
            .sort_values(["sparsity", "round"], kind="stable")
            .drop_duplicates("sparsity", keep="last")
        )
        if points["sparsity"].iloc[0] <= sparsity <= points["sparsity"].iloc[-1]:
            found[seed] = float(np.interp(sparsity, points["sparsity"], points[column]))
    return pd.Series(found, dtype=float)


def paired(table: pd.DataFrame, one: str, other: str, sparsity: float) -> Difference | None:
    """Compare two methods at one sparsity over the seeds that both have there; None if there is no such seed.

    Both start from the same dense model in each seed, so the differences are paired. The interval is that of `interval`.

    >>> from course_lib import pareto
    >>> difference = pareto.paired(pareto.example(), "A", "B", 0.5)
    >>> round(difference.mean, 3), difference.seeds
    (0.01, 1)
    """
    if one == other:
        raise CourseError(f"{one!r} cannot be compared with itself; name two methods.")
    first = at_sparsity(table, one, sparsity)
    differences = (first - at_sparsity(table, other, sparsity)).dropna()
    n, mean, seeds = len(differences), float(differences.mean()), differences.index
    if not n:
        return None
    low, high = interval(differences)
    error = 2**0.5 * standard_error(float(first[seeds].mean()), int(table["test_images"].iloc[0]))
    aged = table.reset_index(drop=True)
    aged = aged.assign(age=ages(aged))
    age, other_age = (float(_interpolated(aged, method, sparsity, "age")[seeds].mean()) for method in (one, other))
    return Difference(one, other, sparsity, n, mean, low, high, error, (age, other_age))


def end_points(table: pd.DataFrame) -> pd.DataFrame:
    """Return the last rounds of curves that had final epochs, one row a method and seed.

    >>> from course_lib import pareto
    >>> len(pareto.end_points(pareto.example()))  # no round of it had final epochs
    0
    """
    import pandas as pd

    curves = [own.sort_values("round") for _, own in table.groupby(["method", "seed"])]
    return pd.concat([table[:0], *(own.tail(1) for own in curves if len(without_final(own)) < len(own))])


def against_dense(table: pd.DataFrame, method: str, sparsity: float) -> pd.Series:
    """Return seed -> test accuracy of a method at `sparsity`, minus that of the unpruned net trained on for as many epochs.

    The unpruned net is the table's first unpruned control that was not rewound. Its accuracy is read on the straight line
    between its epochs, as a curve's is between its sparsities. Seeds that lack either are left out.

    >>> import pandas as pd
    >>> from course_lib import pareto
    >>> trained_on = pareto.example().head(1).assign(method="dense, trained on", round=1, epochs=5.0, test_accuracy=0.90)
    >>> found = pareto.against_dense(pd.concat([pareto.example(), trained_on]), "A", 0.5)
    >>> print(f"{found[0]:.3f}")  # 0.87 - 0.89
    -0.020
    """
    import pandas as pd

    aged = table.reset_index(drop=True)
    aged = aged.assign(age=ages(aged))
    pruned, epochs = at_sparsity(table, method, sparsity), _interpolated(aged, method, sparsity, "age")
    whole = aged[unpruned(aged)]
    if "rewind" in whole:
        whole = whole[~whole["rewind"].astype(bool)]
    control = whole.loc[whole["method"] != DENSE, "method"].unique()[:1]
    found = {}
    for seed, own in whole[whole["method"].isin([DENSE, *control])].groupby("seed"):
        own = own.sort_values("age")
        if seed in epochs.index and own["age"].iloc[0] <= epochs[seed] <= own["age"].iloc[-1]:
            found[seed] = pruned[seed] - float(np.interp(epochs[seed], own["age"], own["test_accuracy"]))
    return pd.Series(found, dtype=float)


def interval(differences: pd.Series) -> tuple[float | None, float | None]:
    """Return the 95 % interval of the mean difference over seeds, (None, None) with fewer than 3.

    Student's (1908), mean ± t * s / sqrt(n). A bootstrap of three seeds could at best run from the lowest to the highest of
    them, which covers the truth only 3 times in 4.

    >>> import pandas as pd
    >>> from course_lib import pareto
    >>> low, high = pareto.interval(pd.Series([0.01, 0.02, 0.03]))
    >>> round(low, 4), round(high, 4)
    (-0.0048, 0.0448)
    """
    from scipy.stats import t

    n, mean = len(differences), float(differences.mean())
    if n < 3:
        return None, None
    half = float(t.ppf((1 + CONFIDENCE) / 2, n - 1) * differences.std() / n**0.5)
    return mean - half, mean + half


def by_method(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a contestant: the mean and standard deviation over seeds of its best point and of its area.

    The best point of each seed is chosen on validation (`best`); `seeds` counts the seeds that have one, `seeds_run` all.
    The area is that of the test accuracies of each seed's front, chosen on validation, above the accuracy floor
    (`staircase`).
    The best mean score on validation comes first; methods that lack a point in some seed come last.

    >>> from course_lib import pareto
    >>> pareto.by_method(pareto.example())[["method", "sparsity", "test_accuracy"]].values.tolist()
    [['B', 0.9, 0.79], ['A', 0.9, 0.78]]
    """
    import pandas as pd

    rows = table[contesting(table)]
    if rows.empty:
        return pd.DataFrame(columns=["method", "seeds", "score"])
    chosen = pd.concat([best(own) for _, own in rows.groupby("seed")])
    areas = pd.Series({key: staircase(_front(own)) for key, own in rows.groupby(["method", "seed"])})
    found = []
    for method, own in chosen.groupby("method"):
        area = areas[method].to_numpy()
        row = {"method": method, "seeds": len(own), "seeds_run": len(area)}
        columns = ("sparsity", "kept_parameters", "macs", "epochs", "val_accuracy", "test_accuracy", "score")
        for column in own.columns.intersection(columns):
            row |= {column: own[column].mean(), f"{column}_sd": _deviation(own[column].to_numpy(float))}
        found.append(row | {"hypervolume": area.mean(), "hypervolume_sd": _deviation(area)})
    if not found:
        return pd.DataFrame(columns=["method", "seeds", "score"])
    means = pd.DataFrame(found)
    means = means.assign(_lacks=means["seeds"] < means["seeds_run"], _score=score(means["val_accuracy"], means["sparsity"]))
    means = means.sort_values(["_lacks", "_score"], ascending=[True, False], kind="stable", ignore_index=True)
    return means.drop(columns=["_lacks", "_score"])


def _front(rows: pd.DataFrame) -> pd.DataFrame:
    chosen = front(rows)
    return chosen[chosen["val_accuracy"] >= FLOOR]


def _deviation(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
