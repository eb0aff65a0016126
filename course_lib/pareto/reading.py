"""What a curve says: its accuracy at a sparsity, its end, and what it lost against the unpruned net of the same age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_lib.pareto.points import DENSE, ages, measured, unpruned, without_final

if TYPE_CHECKING:
    import pandas as pd

EQUAL = 0.001  # two sparsities that differ by less are taken for equal: three digits of them are read anyway


def at_sparsity(table: pd.DataFrame, method: str, sparsity: float, by: str = "test_accuracy") -> pd.Series:
    """Return seed -> accuracy of a method's curve at `sparsity`, on the straight line between its two nearest points.

    A seed is left out if its curve does not span `sparsity`. Of points of equal sparsity the last round counts. A curve
    begins at the dense model of its seed, unless it was pruned all at once: nothing between the two was ever trained. For
    the same reason no line is drawn to a last round with final epochs; that is an end point (`end_points`).

    >>> from course_lib import pareto
    >>> print(f"{pareto.at_sparsity(pareto.example(), 'A', 0.7)[0]:.3f}")  # halfway between 0.87 and 0.78
    0.825
    """
    return interpolated(measured(table, by, "sparsity"), method, sparsity, by)


def interpolated(rows: pd.DataFrame, method: str, sparsity: float, column: str) -> pd.Series:
    """Return seed -> `column` of a method at `sparsity`, as `at_sparsity` reads its accuracy.

    >>> from course_lib import pareto
    >>> interpolated(pareto.example(), "A", 0.7, "epochs").round(3).to_dict()
    {0: 4.5}
    """
    import pandas as pd

    found = {}
    starts = rows[rows["method"] == DENSE]
    for seed, curve in rows[rows["method"] == method].groupby("seed"):
        own = without_final(curve)
        x, y = own["sparsity"].to_numpy(float), own[column].to_numpy(float)
        if len(np.unique(x)) > 1:
            start = starts[starts["seed"] == seed]
            x, y = np.concatenate([start["sparsity"], x]), np.concatenate([start[column], y])
        order = np.argsort(x, kind="stable")  # the rounds are in their order already
        x, y = x[order], y[order]
        last = np.append(np.diff(x) > 0, True)
        if x[0] <= sparsity <= x[-1]:
            found[seed] = float(np.interp(sparsity, x[last], y[last]))
    return pd.Series(found, dtype=float)


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
    pruned, epochs = at_sparsity(table, method, sparsity), interpolated(aged, method, sparsity, "age")
    found = {
        seed: pruned[seed] - float(np.interp(epochs[seed], own["age"], own["test_accuracy"]))
        for seed, own in unpruned_by_age(aged).items()
        if seed in epochs.index and own["age"].iloc[0] <= epochs[seed] <= own["age"].iloc[-1]
    }
    return pd.Series(found, dtype=float)


def round_by_round(table: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    """Return the rounds of two curves side by side if they were equally long trained and equally sparse in each of them.

    Equally sparse: to a thousandth. Then nothing has to be read on lines between rounds. Empty if any round that both have
    (of those before final epochs) differs, or if there is only one. Columns: seed, round, one, other, difference (test
    accuracies, shares), sparsity (the first one's), gap (the distance to the other's), epochs, epochs_other.

    >>> from course_lib import pareto
    >>> pareto.round_by_round(pareto.example(), "A", "B")[["round", "difference"]].round(2).values.tolist()
    [[1.0, 0.01], [2.0, -0.01]]
    """
    aged = table[table["method"].isin([one, other, DENSE])].reset_index(drop=True)
    aged = measured(aged.assign(epochs=ages(aged)), "test_accuracy", "sparsity")
    aged = aged[["method", "seed", "round", "sparsity", "epochs", "test_accuracy"]]
    sides = [
        aged.loc[
            [index for _, curve in aged[aged["method"] == name].groupby("seed") for index in without_final(curve).index]
        ]
        for name in (one, other)
    ]
    pair = sides[0].merge(sides[1], on=["seed", "round"], suffixes=("", "_other"))
    gap = (pair["sparsity"] - pair["sparsity_other"]).abs()
    apart = (pair["epochs"] - pair["epochs_other"]).abs()
    if pair["sparsity"].nunique() < 2 or gap.max() > EQUAL or apart.max() > 0.01:
        pair, gap = pair[:0], gap[:0]
    pair = pair.assign(gap=gap, difference=pair["test_accuracy"] - pair["test_accuracy_other"])
    pair = pair.rename(columns={"test_accuracy": "one", "test_accuracy_other": "other"})
    return pair[["seed", "round", "one", "other", "difference", "sparsity", "gap", "epochs", "epochs_other"]]


def losses(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return what a method's points lost against the unpruned net of the same age: one row a seed and round.

    Columns: seed, round, sparsity, smaller (all of the dense model's parameters over those kept), lost (a share of accuracy,
    positive where the pruned net is worse). Rows that are older than the unpruned net was ever trained are left out; so
    are all of a table without an unpruned control.

    >>> import pandas as pd
    >>> from course_lib import pareto
    >>> trained_on = pareto.example().head(1).assign(method="dense, trained on", round=1, epochs=5.0, test_accuracy=0.90)
    >>> found = pareto.losses(pd.concat([pareto.example(), trained_on]), "A")
    >>> found[["smaller", "lost"]].round(3).values.tolist()
    [[2.0, 0.02], [10.0, 0.12]]
    """
    import pandas as pd

    aged = table.reset_index(drop=True)
    aged = measured(aged.assign(age=ages(aged)), "test_accuracy", "sparsity")
    controls = unpruned_by_age(aged)
    rows = []
    for seed, own in aged[aged["method"] == method].groupby("seed"):
        if seed not in controls:
            continue
        control = controls[seed]
        known = own[own["age"].between(control["age"].iloc[0], control["age"].iloc[-1])].sort_values("round")
        expected = np.interp(known["age"], control["age"], control["test_accuracy"])
        lost = pd.Series(expected, index=known.index) - known["test_accuracy"]
        rows.append(known.assign(lost=lost, smaller=1 / (1 - known["sparsity"]).clip(lower=1e-9)))
    columns = ["seed", "round", "sparsity", "smaller", "lost"]
    return (
        pd.concat([pd.DataFrame(columns=columns), *rows])[columns].astype(float) if rows else pd.DataFrame(columns=columns)
    )


def unpruned_by_age(aged: pd.DataFrame) -> dict[int, pd.DataFrame]:
    """Return seed -> the rows of the unpruned net by age, the dense start first; seeds without a control are left out.

    aged: a table with the column age (`ages`). The control is the table's first unpruned one that was not rewound.

    >>> from course_lib import pareto
    >>> unpruned_by_age(pareto.example().assign(age=0.0))  # its dense net was not trained on
    {}
    """
    whole = aged[unpruned(aged)]
    if "rewind" in whole:
        whole = whole[~whole["rewind"].astype(bool)]
    control = whole.loc[whole["method"] != DENSE, "method"].unique()[:1]
    rows = whole[whole["method"].isin([DENSE, *control])].sort_values("age", kind="stable")
    return {int(seed): own for seed in rows["seed"].unique() if len(own := rows[rows["seed"] == seed]) > 1}
