"""Accuracy against size: the score, the front, the area below it; `plot`, `alt_text` and `save` show them.

Points are CHOSEN on validation (`front`, `best`) and SHOWN on test (`plot`). A table has one row a point and the
columns method, seed, round, sparsity, unit_sparsity, kept_parameters, macs, epochs, val_accuracy, test_accuracy, score,
those of the configuration, and each method's role and family (see `roles`); round 0 of the method "dense" is the dense
model. Accuracies and sparsities are shares in [0, 1].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.errors import CourseError

if TYPE_CHECKING:
    import pandas as pd

DENSE = "dense"
SCRATCH = ", from scratch"  # how `sweep` names the control of new weights under a method's masks
CONTESTING = ("contestant", "repeat")  # the roles that stand on fronts and in comparisons
ROLES = (*CONTESTING, "control", "from scratch", "dense")
LONGER = 1.5  # times the round before: then a curve's last round had final epochs
FLOOR = 0.60  # the accuracy below which a compressed model does not count: the class challenge's rule

# Column -> (+1 if larger is better, -1 if smaller is, what its axis says).
AXES = {
    "sparsity": (+1, "sparsity (share of all parameters removed)"),
    "unit_sparsity": (+1, "unit sparsity (share of filters and neurons removed)"),
    "val_accuracy": (+1, "validation accuracy"),
    "test_accuracy": (+1, "test accuracy"),
    "score": (+1, "score, (accuracy + sparsity) / 2"),
    "kept_parameters": (-1, "kept parameters (log scale, fewer to the right)"),
    "macs": (-1, "MACs per image (log scale, fewer to the right)"),
    "tensor_bytes": (-1, "tensor bytes (log scale, fewer to the right)"),
    "file_bytes": (-1, "file bytes (log scale, fewer to the right)"),
    "gzip_bytes": (-1, "gzip bytes (log scale, fewer to the right)"),
    "latency_ms": (-1, "latency in ms (log scale, faster to the right)"),
    "epochs": (-1, "epochs of training (log scale, fewer to the right)"),
}


def score(accuracy: Any, sparsity: Any) -> Any:
    """Return (accuracy + sparsity) / 2, the rule of the class challenge.

    Args:
        accuracy: A share in [0, 1], or an array or Series of them; NaN (not measured) stays NaN.
        sparsity: The same; the share of all the dense model's parameters that is gone.

    Raises:
        CourseError: if a value lies outside [0, 1], as percents do.

    >>> from course_lib import pareto
    >>> pareto.score(0.7, 0.96)
    0.83
    """
    for name, values in (("accuracy", accuracy), ("sparsity", sparsity)):
        numbers = np.asarray(values, dtype=float)
        wrong = numbers[(numbers < 0) | (numbers > 1)]
        if wrong.size:
            raise CourseError(f"{name} is {wrong.flat[0]:g}, but a share in [0, 1] is expected, not a percent.")
    if isinstance(accuracy, (list, tuple)):
        accuracy = np.asarray(accuracy)
    return (accuracy + sparsity) / 2


def measured(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the rows that have a number in all of `columns`; a column that is missing or has no direction is refused.

    >>> from course_lib import pareto
    >>> table = pareto.example().assign(test_accuracy=[0.88, None, 0.78, 0.86, 0.79])
    >>> len(measured(table, "test_accuracy"))
    4
    """
    for column in columns:
        if column not in table.columns:
            raise CourseError(f"The table has no column {column!r}; it has {', '.join(map(str, table.columns))}.")
        if column not in AXES:
            raise CourseError(f"Whether larger is better is not known of {column!r}, only of {', '.join(AXES)}.")
    return table.dropna(subset=list(columns))


def roles(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns role (one of `ROLES`) and family (such as "SAP") of `table`.

    `sweep.table` has both from the grid. A row without them comes from a table that was made by hand or by an earlier
    version, whose names said it: "dense" is the dense start, "dense, ..." a control, "..., from scratch" the control of new
    weights; all others are contestants. A name that begins with "SAP" is of that family, others are families of their own.
    Nothing else reads a control or a family off a name, but for figures of lessons, whose points have nothing but names. The
    name "dense" itself is fixed: it is the dense start's everywhere.

    >>> from course_lib import pareto
    >>> pareto.roles(pareto.example())["role"].tolist()
    ['dense', 'contestant', 'contestant', 'contestant', 'contestant']
    """
    import pandas as pd

    names = table["method"].astype(str)
    role = pd.Series("contestant", index=table.index, dtype=object)
    role = role.mask(names.str.startswith(f"{DENSE}, "), "control").mask(names == DENSE, "dense")
    role = role.mask(names.str.endswith(SCRATCH), "from scratch")
    family = names.mask(names.str.startswith("SAP"), "SAP")
    read = pd.DataFrame({"role": role, "family": family})
    return table.reindex(columns=read.columns).astype(object).fillna(read)


def contesting(table: pd.DataFrame) -> pd.Series:
    """Return which rows belong to a contestant, as bool: all but those of dense starts and controls.

    >>> from course_lib import pareto
    >>> pareto.contesting(pareto.example()).tolist()
    [False, True, True, True, True]
    """
    return roles(table)["role"].isin(CONTESTING)


def contestants(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the contestants that ran on the most seeds; fewer seeds give an impression, no comparison.

    >>> from course_lib import pareto
    >>> pareto.contestants(pareto.example())["method"].unique().tolist()
    ['A', 'B']
    """
    rows = table[contesting(table)]
    seeds = rows.groupby("method")["seed"].transform("nunique")
    return rows[seeds == seeds.max()]


def unpruned(table: pd.DataFrame) -> pd.Series:
    """Return which rows, as bool, are dense starts or belong to a control that never loses a parameter.

    >>> from course_lib import pareto
    >>> pareto.example().loc[pareto.unpruned(pareto.example()), "method"].tolist()
    ['dense']
    """
    role = roles(table)["role"]
    return (role == "dense") | ((role == "control") & (table.groupby("method")["sparsity"].transform("max") == 0))


def scratch_name(method: str) -> str:
    """Return what `sweep` calls the control of new weights under the masks of `method`.

    >>> from course_lib import pareto
    >>> pareto.scratch_name("SAP")
    'SAP, from scratch'
    """
    return f"{method}{SCRATCH}"


def ages(table: pd.DataFrame) -> pd.Series:
    """Return for how many epochs each row's weights were trained since their initial values.

    That is the column epochs, which counts all training behind a point, except in a rewound row: there only the last round
    counts.

    >>> from course_lib import pareto
    >>> pareto.ages(pareto.example().assign(rewind=[False, True, True, False, False])).tolist()  # A is rewound
    [3.0, 1.0, 1.0, 4.0, 5.0]
    """
    if "rewind" not in table:
        return table["epochs"]
    start = table[table["method"] == DENSE].groupby("seed")["epochs"].first()
    rows = table.sort_values("round", kind="stable")
    before = rows.groupby(["method", "seed"])["epochs"].shift().fillna(rows["seed"].map(start))
    return rows["epochs"].where(~rows["rewind"].astype(bool), rows["epochs"] - before).reindex(table.index)


def without_final(curve: pd.DataFrame) -> pd.DataFrame:
    """Return one seed's curve without its last round if that had final epochs: no network lies on the line to it.

    >>> from course_lib import pareto
    >>> curve = pareto.example().query("method == 'A'")
    >>> len(pareto.without_final(curve))
    2
    """
    rows = curve.sort_values("round", kind="stable")
    spent = rows["epochs"].diff().to_numpy() if "epochs" in rows else []
    return rows.iloc[:-1] if len(spent) > 2 and spent[-1] > LONGER * spent[-2] > 0 else rows


def front(table: pd.DataFrame, by: str = "val_accuracy", x: str = "sparsity") -> pd.DataFrame:
    """Return the rows that no other row dominates, sorted by `x`.

    One row dominates another if it is at least as good in both columns and better in one. Of rows equal in both the
    first is kept; a row with NaN in either is left out. Whether larger or smaller is better follows from the column
    (sparsity, accuracies: larger; kept_parameters, macs: smaller).

    Raises:
        CourseError: if a column is missing or its better direction is unknown.

    >>> from course_lib import pareto
    >>> pareto.front(pareto.example())[["method", "sparsity"]].values.tolist()
    [['dense', 0.0], ['A', 0.5], ['B', 0.9]]
    """
    rows = measured(table, by, x)
    gain_x, gain_y = AXES[x][0] * rows[x].to_numpy(float), AXES[by][0] * rows[by].to_numpy(float)
    order = np.lexsort((-gain_y, -gain_x))  # best x first, best y first within it; stable, so duplicates keep their order
    rises = gain_y[order] > np.concatenate(([-np.inf], np.maximum.accumulate(gain_y[order])[:-1]))
    return rows.iloc[order[rises]].sort_values(x, kind="stable")


def hypervolume(
    table: pd.DataFrame,
    by: str = "val_accuracy",
    x: str = "sparsity",
    reference: tuple[float, float] = (0.0, FLOOR),
) -> float:
    """Return the area that the front dominates beyond `reference`; larger is better, 0.0 if no row is beyond it.

    Args:
        table: One row a point; NaN rows are left out.
        by: The column of the accuracy.
        x: The column of the size.
        reference: (x, by) of the worst point that still counts. Where smaller is better, as for kept_parameters, it
            must be given: the dense model's number is the natural choice. The area has the units of `x` times `by`.

    Raises:
        CourseError: if a column is missing, or smaller `x` is better and the reference leaves no room for it.

    >>> from course_lib import pareto
    >>> round(pareto.hypervolume(pareto.example()), 3)  # 0.5 * (0.89 - 0.6) + 0.4 * (0.82 - 0.6)
    0.233
    """
    if AXES[x][0] < 0 and reference[0] <= 0:
        raise CourseError(f"The reference's {x} is {reference[0]:g}, but smaller is better: give the largest that counts.")
    return staircase(front(table, by, x), by, x, reference)


def staircase(
    points: pd.DataFrame,
    by: str = "test_accuracy",
    x: str = "sparsity",
    reference: tuple[float, float] = (0.0, FLOOR),
) -> float:
    """Return the area below the steps from each of `points` to the next, beyond `reference`; all points count.

    For a front in the numbers by which it was not chosen: to leave out what they dominate would be to choose again.

    >>> from course_lib import pareto
    >>> round(pareto.staircase(pareto.front(pareto.example())), 3)  # the same points, in their test accuracies
    0.211
    """
    gain_x = np.clip(AXES[x][0] * (points[x].to_numpy(float) - reference[0]), 0, None)
    gain_y = np.clip(AXES[by][0] * (points[by].to_numpy(float) - reference[1]), 0, None)
    order = np.argsort(gain_x)
    return float(np.sum(np.diff(gain_x[order], prepend=0.0) * gain_y[order]))


def best(table: pd.DataFrame, floor: float = FLOOR) -> pd.DataFrame:
    """Return for each method the row with the highest score on VALIDATION, best method first.

    The test accuracy is not read. A row is one seed's point: its validation score is the luckiest of its curve, its
    test accuracy is not. A method without a row whose validation accuracy reaches `floor` is left out; of equal
    scores the sparser row wins.

    >>> from course_lib import pareto
    >>> pareto.best(pareto.example())[["method", "sparsity"]].values.tolist()
    [['B', 0.9], ['A', 0.9], ['dense', 0.0]]
    """
    rows = measured(table, "val_accuracy", "sparsity")
    rows = rows[rows["val_accuracy"] >= floor]
    rows = rows.assign(_score=score(rows["val_accuracy"], rows["sparsity"]))
    rows = rows.sort_values(["_score", "sparsity"], ascending=False, kind="stable")
    return rows.drop_duplicates("method").drop(columns="_score")


def mean_curves(table: pd.DataFrame, by: str = "test_accuracy", x: str = "sparsity") -> pd.DataFrame:
    """Return one row for each point of each method's curve: means over seeds, and how far `by` spreads over them.

    The columns low and high are the lowest and highest `by`; deviation is its sample standard deviation, NaN of one seed.

    Points of two seeds belong together if they have the same place in their curves, by round and then by sparsity. A mean is
    over all seeds of its method: where some curves have ended, those that are left are the lucky ones.

    >>> from course_lib import pareto
    >>> pareto.mean_curves(pareto.example())[["method", "sparsity", "seeds"]].values.tolist()
    [['A', 0.5, 1], ['A', 0.9, 1], ['B', 0.5, 1], ['B', 0.9, 1], ['dense', 0.0, 1]]
    """
    rows = table.sort_values(["method", "seed", "round", "sparsity"], kind="stable")
    place = rows.groupby(["method", "seed"]).cumcount().rename("place")
    columns = {name: (name, "mean") for name in {x, by, "val_accuracy", "round"}}
    spread = {"low": (by, "min"), "high": (by, "max"), "deviation": (by, "std"), "seeds": (by, "size")}
    means = rows.groupby(["method", place]).agg(**columns, **spread).reset_index().sort_values(["method", x])
    return means[means["seeds"] == means["method"].map(rows.groupby("method")["seed"].nunique())]
