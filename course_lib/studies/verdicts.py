"""What a table of points says, in sentences that are computed from it.

Who contests, what is a control and what is of SAP's family is read from the table's columns (`pareto.roles`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from course_lib import pareto
from course_lib.studies import origins as machines
from course_lib.studies.comparing import (
    SPARSITIES,
    compared,
    compared_ends,
    differences,
    family,
    is_repeat,
    mean,
    multiplicity,
    of_sap,
    pairs,
    quoted,
    repeats,
)
from course_lib.words import number_of

if TYPE_CHECKING:
    import pandas

__all__ = [
    "SPARSITIES",
    "beside",
    "compared",
    "compared_ends",
    "dense",
    "differences",
    "dominance",
    "ends",
    "family",
    "mean",
    "multiplicity",
    "of_sap",
    "pairs",
    "quoted",
    "repeats",
    "scratch",
    "sentences",
]


def sentences(
    table: pandas.DataFrame, grid: Mapping[str, Any] | None = None, origins: machines.Origins | None = None
) -> list[str]:
    """Return what the table says, in sentences: the front, methods side by side, their end points, and the controls.

    grid: may name in `compare` the pairs of methods to compare, and in `at` the sparsities; otherwise SAP is compared with
    all others. Methods that ran on fewer seeds than others are in no comparison, unless `compare` names them.
    origins: on what each curve was computed (`origins.read`); pairs that were not computed alike are marked.
    """
    pruned = table[table["method"] != pareto.DENSE]
    best = set(pareto.by_method(pruned)["method"])
    low = [method for method in pruned.loc[pareto.contesting(pruned), "method"].unique() if method not in best]
    found = [dominance(table), *beside(table)]
    found += [f"{method}: no point reaches a validation accuracy of {pareto.FLOOR:g}." for method in low]
    settings, primary = grid or {}, family(table, grid)
    at = settings.get("at") or SPARSITIES
    found += [said for said in [multiplicity(primary)] if said]
    for first, second in pairs(table, grid):
        if is_repeat(settings, first, second):
            found.append(". ".join([repeats(table, first, second), *compared_ends(table, first, second)]) + ".")
        else:
            found.append(compared(table, first, second, at, primary, origins))
    found += machines.unsaid(origins or {}, table["method"].unique())
    return found + ends(table) + dense(table) + scratch(table)


def ends(table: pandas.DataFrame) -> list[str]:
    """Return where the curves with final epochs end: points that no line leads to."""
    last = pareto.end_points(pareto.contestants(table))
    if last.empty:
        return []
    means = last[["test_accuracy", "sparsity", "epochs"]].astype(float).groupby(last["method"]).mean()
    points = "; ".join(
        f"{quoted(str(method))} {row['test_accuracy']:.4f} at {row['sparsity']:.4f}"
        for method, row in means.sort_values("test_accuracy", ascending=False).iterrows()
    )
    spent = sorted({f"{epochs:.0f}" for epochs in means["epochs"]}, key=int)
    return [f"Where the curves end, after final epochs ({' or '.join(spent)} in all): {points}."]


def dense(table: pandas.DataFrame) -> list[str]:
    """Return what the dense model reaches if it is trained like the curves, or that this was not tried."""
    rows = table.reset_index(drop=True)
    rows = rows.assign(age=pareto.ages(rows))
    nets: list[str] = []
    for method, own in rows[pareto.unpruned(rows)].groupby("method", sort=False):
        last = own.sort_values("round").groupby("seed").tail(1)
        epochs = f"{last['age'].mean():.0f}"
        if not nets:
            epochs += " epoch" if epochs == "1" else " epochs"
        nets.append(f"{_spread(last['test_accuracy'])} after {epochs} ({quoted(str(method))})")
    if len(nets) > 1:
        advice = "Compare a pruned network with the one that was trained like it, not with its start."
        return [f"Unpruned, the net has a test accuracy of {', '.join(nets)}. {advice}"]
    start = rows.loc[rows["method"] == pareto.DENSE, "epochs"].mean()
    longest = rows.loc[pareto.contesting(rows), "age"].max()
    if longest <= start + 1:
        return []
    return [
        f"The dense model was trained for {start:.0f} epochs, the curves for up to {longest:.0f}: nothing here says that "
        "pruning improves a network."
    ]


def _spread(values: pandas.Series) -> str:
    return f"{values.mean():.4f}" + (f" ± {values.std():.4f}" if len(values) > 1 else "")


def dominance(table: pandas.DataFrame) -> str:
    """Say whose points are on the front, as far as validation accuracies count, and whether SAP, if it ran, dominates it."""
    rows = pareto.contestants(table)
    front = pareto.front(pareto.mean_curves(rows))
    front = front[front["val_accuracy"] >= pareto.FLOOR]
    if front.empty:
        return f"No mean over seeds reaches a validation accuracy of {pareto.FLOOR:g}, so there is no front."
    held = zip(front["method"], front["sparsity"], strict=True)
    runs = [(method, [sparsity for _, sparsity in run]) for method, run in groupby(held, key=lambda point: point[0])]
    shares = "; ".join(f"{len(run)} of {quoted(method)} {_range(run)}" for method, run in runs)
    seeds, points = rows["seed"].nunique(), number_of(len(front), "point")
    sentence = (
        f"At validation accuracies of {pareto.FLOOR:g} and above, the front "
        f"({'one seed' if seeds == 1 else f'means of {seeds} seeds'}) has {points}, by sparsity: {shares}."
    )
    sap = set(rows.loc[of_sap(rows), "method"])
    if not sap:
        return sentence
    verb = "dominates" if sap.issuperset(front["method"]) else "does not dominate"
    return f"{sentence} So SAP {verb} it."


def beside(table: pandas.DataFrame) -> list[str]:
    """Say which points each method that ran on fewer seeds than others would have on the front of those seeds."""
    import pandas

    fair = pareto.contestants(table)
    counted = set(fair["method"])
    sentences = []
    for method, own in table[pareto.contesting(table)].groupby("method", sort=False):
        if method in counted:
            continue
        seeds = own["seed"].unique()
        front = pareto.front(pareto.mean_curves(pandas.concat([fair[fair["seed"].isin(seeds)], own])))
        front = front[front["val_accuracy"] >= pareto.FLOOR]
        held = front[front["method"] == method]
        if held.empty:
            continue
        sentences.append(
            f"{quoted(str(method))} ran on {len(seeds)} of {fair['seed'].nunique()} seeds and is not counted; on the front "
            f"of seed {', '.join(str(seed) for seed in seeds)} alone it has "
            f"{len(held)} of {number_of(len(front), 'point')}, "
            f"{_range(held['sparsity'])}."
        )
    return sentences


def _range(sparsities: Sequence[float] | pandas.Series) -> str:
    low, high = f"{min(sparsities):.3g}", f"{max(sparsities):.3g}"
    return f"at {low}" if low == high else f"from {low} to {high}"


def scratch(table: pandas.DataFrame) -> list[str]:
    """Compare new weights under the masks of curves' best points with those points themselves: a sentence a method."""
    names = {pareto.scratch_name(method): method for method in table["method"].unique()}
    controls = table.loc[pareto.roles(table)["role"] == "from scratch", "method"].unique()
    return [_scratch(table, names[control], control) for control in controls if control in names]


def _scratch(table: pandas.DataFrame, method: str, control: str) -> str:
    own = table[table["method"] == control]
    both = own.merge(table[table["method"] == method], on=["seed", "round"], suffixes=("_scratch", ""))
    apart = both["test_accuracy_scratch"] - both["test_accuracy"]
    by_seed = ", ".join(f"{100 * difference:+.1f}" for difference in apart)
    if len(apart) > 1:
        by_seed += f" (mean {mean(apart)}: better on {(apart > 0).sum()} of {len(apart)} seeds)"
    return (
        f"{quoted(control)} (new weights under the same masks, mean sparsity {own['sparsity'].mean():.4f}, trained in one "
        "go for as many epochs with the curve's settings) minus the pruned and fine-tuned network, points of test accuracy, "
        f"one number a seed: {by_seed}."
    )
