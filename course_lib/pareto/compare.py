"""Comparisons over seeds: differences at equal sparsity, paired by seed, what is clear of a family of them, and areas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from course_lib.errors import CourseError
from course_lib.measure import standard_error
from course_lib.pareto.points import DENSE, FLOOR, ages, best, contesting, front, measured, score, staircase
from course_lib.pareto.reading import end_points, interpolated, round_by_round
from course_lib.words import number_of

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.95
LEVEL = 0.05  # of the adjusted p-values of a family
MUCH = 1.25  # times the epochs of the other: beyond that a difference may be one of training
NEAR = 0.1  # of a sparsity: a round further away from it says nothing about it


@dataclass(frozen=True)
class Difference:
    """One method minus another at one sparsity: the mean over seeds, in shares of accuracy, and its 95 % interval.

    low, high: None with fewer than 3 seeds, too few for an interval; unadjusted, as if it were the only one looked at.
    error: one standard error of a difference of two accuracies on that many test images if the two networks erred
    independently; they do not, so it is an upper bound.
    epochs: for how long the weights of each had been trained, since their initial values, when they reached this sparsity.
    p: of the paired t-test, None with fewer than 3 seeds. same_sign: whether all seeds lie on one side of 0.
    round: the round in which both were read, None where lines between rounds were.
    adjusted: the p-value among those of its `family`, None of a difference that belongs to none.
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
    p: float | None = None
    same_sign: bool = False
    round: int | None = None
    adjusted: float | None = None

    def __str__(self) -> str:
        first, second = self.epochs
        epochs = "equal epochs" if abs(first - second) < 0.05 else f"after {first:.1f} and {second:.1f} epochs"
        where = f"at sparsity {self.sparsity:.4g}" + (f", in round {self.round}," if self.round else "")
        sentence = f"{where} {self.one} is {100 * self.mean:+.1f}"
        longer = f"; {self.longer} had been trained longer" if self.longer else ""
        if self.low is None or self.high is None:
            seeds = number_of(self.seeds, "seed")
            sentence += f" points of test accuracy over {self.other} ({seeds}, no interval; {epochs};"
            return f"{sentence} one standard error due to the test images: at most {100 * self.error:.1f}){longer}"
        sentence += f" [{100 * self.low:+.1f}, {100 * self.high:+.1f}] points of test accuracy over {self.other}"
        agree = "the same sign on every seed" if self.same_sign else "not the same sign on every seed"
        test = f"p = {self.p:.2g}" if self.adjusted is None else f"adjusted p = {self.adjusted:.2g}"
        return f"{sentence} ({self.seeds} seeds, {epochs}; {test}, {agree}){longer}"

    @property
    def unequal(self) -> bool:
        """Whether one method had been trained for so much longer that the difference may be one of training."""
        return max(self.epochs) > MUCH * min(self.epochs)

    @property
    def longer(self) -> str:
        """The method that had been trained for so much longer, "" if neither had."""
        return (self.one if self.epochs[0] > self.epochs[1] else self.other) if self.unequal else ""

    @property
    def clear(self) -> bool:
        """Whether its adjusted p-value is at most 0.05 and every seed has the same sign."""
        return self.adjusted is not None and self.adjusted <= LEVEL and self.same_sign


def readings(table: pd.DataFrame, one: str, other: str, sparsity: float) -> pd.DataFrame:
    """Return what `paired` compares: one row a seed that both have there, with the two test accuracies and their difference.

    Columns: one, other, difference (shares of accuracy), sparsity, epochs, epochs_other (since the initial values), and
    round, NaN where the accuracies were read on the lines between rounds. Empty if there is no such seed.

    >>> from course_lib import pareto
    >>> pareto.readings(pareto.example(), "A", "B", 0.9)[["one", "other", "round"]].values.tolist()
    [[0.78, 0.79, 2.0]]
    """
    import pandas as pd

    if one == other:
        raise CourseError(f"{one!r} cannot be compared with itself; name two methods.")
    table = table[table["method"].isin([one, other, DENSE])]
    rounds = round_by_round(table, one, other)
    if len(rounds) and sparsity <= rounds["sparsity"].max():
        means = rounds.groupby("round")["sparsity"].mean()
        nearest = int((means - sparsity).abs().argmin())
        if abs(means.iloc[nearest] - sparsity) <= NEAR:
            return rounds[rounds["round"] == means.index[nearest]].set_index("seed")
    aged = table.reset_index(drop=True)
    aged = measured(aged.assign(age=ages(aged)), "test_accuracy", "sparsity")
    read = {
        f"{column}{which}": interpolated(aged, method, sparsity, of)
        for which, method in (("", one), ("_other", other))
        for column, of in (("accuracy", "test_accuracy"), ("epochs", "age"))
    }
    found = pd.DataFrame(read).dropna().rename(columns={"accuracy": "one", "accuracy_other": "other"})
    return found.assign(difference=found["one"] - found["other"], sparsity=sparsity, round=float("nan"))


def paired(table: pd.DataFrame, one: str, other: str, sparsity: float) -> Difference | None:
    """Compare two methods at one sparsity over the seeds that both have there; None if there is no such seed.

    Both start from the same dense model in each seed, so the differences are paired. The interval is that of `interval`.
    Two curves with equal epochs and (to a thousandth) equal sparsity in each round are compared in the round nearest to
    `sparsity`, others on the straight lines between their rounds.

    >>> from course_lib import pareto
    >>> difference = pareto.paired(pareto.example(), "A", "B", 0.5)
    >>> round(difference.mean, 3), difference.seeds, difference.round
    (0.01, 1, 1)
    """
    found = readings(table, one, other, sparsity)
    return _difference(found, one, other, int(table["test_images"].iloc[0])) if len(found) else None


def paired_ends(table: pd.DataFrame, one: str, other: str) -> Difference | None:
    """Compare two methods in their last rounds, if both had final epochs there; None if there is no such seed.

    The sparsity is the first one's: whether the other's is the same is for the caller to say.

    >>> from course_lib import pareto
    >>> pareto.paired_ends(pareto.example(), "A", "B") is None  # no round of it had final epochs
    True
    """
    last = end_points(table[table["method"].isin([one, other])])
    pair = last[last["method"] == one].merge(last[last["method"] == other], on="seed", suffixes=("", "_other"))
    pair = pair.assign(one=pair["test_accuracy"], other=pair["test_accuracy_other"], round=float("nan"))
    pair = pair.assign(difference=pair["one"] - pair["other"])
    return _difference(pair, one, other, int(table["test_images"].iloc[0])) if len(pair) else None


def _difference(found: pd.DataFrame, one: str, other: str, images: int) -> Difference:
    differences = found["difference"]
    low, high = interval(differences)
    return Difference(
        one=one,
        other=other,
        sparsity=float(found["sparsity"].mean()),
        seeds=len(found),
        mean=float(differences.mean()),
        low=low,
        high=high,
        error=2**0.5 * standard_error(float(found["one"].mean()), images),
        epochs=(float(found["epochs"].mean()), float(found["epochs_other"].mean())),
        p=p_value(differences),
        same_sign=bool((differences > 0).all() or (differences < 0).all()),
        round=None if found["round"].isna().any() else int(found["round"].iloc[0]),
    )


def family(table: pd.DataFrame, pairs: Iterable[Sequence[str]], at: Iterable[float]) -> list[Difference]:
    """Return the differences of all pairs at all sparsities that both reach, their p-values adjusted to each other.

    Benjamini and Hochberg's (1995) adjustment: of the differences with an adjusted p-value of at most 0.05 no more than one
    in twenty is expected to be none, if the tests are independent or positively dependent. Differences over fewer than
    3 seeds have no p-value.

    pairs: of methods; the family has to be fixed before the numbers are seen.

    >>> from course_lib import pareto
    >>> [difference.adjusted for difference in pareto.family(pareto.example(), [("A", "B")], [0.5, 0.9])]  # one seed
    [None, None]
    """
    from scipy.stats import false_discovery_control

    found = [paired(table, one, other, share) for one, other in pairs for share in at]
    once = list(dict.fromkeys(difference for difference in found if difference))  # two sparsities may have one nearest round
    p = [difference.p for difference in once if difference.p is not None]
    adjusted = iter(false_discovery_control(p).tolist() if p else [])
    return [replace(one, adjusted=next(adjusted)) if one.p is not None else one for one in once]


def p_value(differences: pd.Series) -> float | None:
    """Return the two-sided p-value of Student's paired t-test, None with fewer than 3 seeds.

    >>> import pandas as pd
    >>> from course_lib import pareto
    >>> round(pareto.p_value(pd.Series([0.01, 0.02, 0.03])), 4)
    0.0742
    """
    from scipy.stats import ttest_1samp

    if len(differences) < 3:
        return None
    if float(np.ptp(differences)) < 1e-12:  # no spread: the statistic would be a division by 0
        return 1.0 if abs(float(differences.mean())) < 1e-12 else 0.0
    return float(ttest_1samp(differences.to_numpy(), 0.0).pvalue)


def interval(differences: pd.Series) -> tuple[float | None, float | None]:
    """Return the unadjusted 95 % interval of the mean difference over seeds, (None, None) with fewer than 3.

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
    (`staircase`); it is None where a seed's front is a single point, of which the point itself says all.
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
    fronts = {key: _front(own) for key, own in rows.groupby(["method", "seed"])}
    areas = pd.Series({key: staircase(own) if len(own) != 1 else float("nan") for key, own in fronts.items()})
    found = []
    for method, own in chosen.groupby("method"):
        area = areas[method].to_numpy()
        row = {"method": method, "seeds": len(own), "seeds_run": len(area)}
        columns = ("sparsity", "kept_parameters", "macs", "epochs", "val_accuracy", "test_accuracy", "score")
        for column in own.columns.intersection(columns):
            row |= {column: own[column].mean(), f"{column}_sd": _deviation(own[column].to_numpy(float))}
        spans = not np.isnan(area).any()
        found.append(row | {"hypervolume": area.mean() if spans else None, "hypervolume_sd": _deviation(area)})
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
