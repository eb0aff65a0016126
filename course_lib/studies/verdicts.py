"""What a table of points says, in sentences that are computed from it.

Who contests, what is a control and what is of SAP's family is read from the table's columns (`pareto.roles`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from course_lib import pareto
from course_lib.sweep import grid as grids
from course_lib.words import number_of

if TYPE_CHECKING:
    import pandas

SPARSITIES = (0.5, 0.8, 0.9, 0.95, 0.9643, 0.98)  # where methods are compared


def sentences(table: pandas.DataFrame, grid: Mapping[str, Any] | None = None) -> list[str]:
    """Return what the table says, in sentences: the front, methods side by side, their end points, and the controls.

    grid: may name in `compare` the pairs of methods to compare, and in `at` the sparsities; otherwise SAP is compared with
    all others. Methods that ran on fewer seeds than others are in no comparison, unless `compare` names them.
    """
    pruned = table[table["method"] != pareto.DENSE]
    best = set(pareto.by_method(pruned)["method"])
    low = [method for method in pruned.loc[pareto.contesting(pruned), "method"].unique() if method not in best]
    found = [dominance(table), *beside(table)]
    found += [f"{method}: no point reaches a validation accuracy of {pareto.FLOOR:g}." for method in low]
    settings = grid or {}
    at = settings.get("at") or SPARSITIES
    for first, second in settings.get("compare") or _sap_with_others(pruned):
        if _is_repeat(settings, first, second):
            found.append(". ".join([repeats(table, first, second), *compared_ends(table, first, second)]) + ".")
        else:
            found.append(compared(table, first, second, at))
    return found + ends(table) + dense(table) + scratch(table)


def _sap_with_others(pruned: pandas.DataFrame) -> list[tuple[str, str]]:
    """Return the first contestant of SAP's family beside each other contestant; no pair if SAP did not run."""
    rows = pareto.contestants(pruned)
    first = rows.loc[of_sap(rows), "method"].unique()[:1]
    return [(sap, other) for sap in first for other in rows["method"].unique() if other != sap]


def of_sap(table: pandas.DataFrame) -> pandas.Series:
    """Return which rows belong to a method of SAP's family, as bool."""
    return pareto.roles(table)["family"] == "SAP"


def _is_repeat(grid: Mapping[str, Any], first: str, second: str) -> bool:
    """Whether the grid calls one of two methods a repeat of the other."""
    originals = {(method["name"], method.get("repeat_of")) for method in grids.methods(grid)} if "method" in grid else set()
    return not originals.isdisjoint({(first, second), (second, first)})


def compared(table: pandas.DataFrame, one: str, other: str, at: Sequence[float]) -> str:
    """Return one sentence about two methods at several sparsities: differences, intervals, and which of them are clear.

    Each sparsity is followed by the epochs for which the weights of both had been trained when they got there.
    """
    found = [difference for share in at if (difference := pareto.paired(table, one, other, share))]
    seeds = table[table["method"].isin([one, other])].groupby("method")["seed"].nunique().min()
    missing = ", ".join(f"{share:g}" for share in at if share not in [difference.sparsity for difference in found])
    line = f"{quoted(one)} minus {quoted(other)}, points of test accuracy"
    line += f" [95 % interval of {seeds} seeds]" if seeds >= 3 else f", {'one seed' if seeds == 1 else '2 seeds'}"
    line += " (epochs of training of each): " if found else ": no sparsity is reached by both"
    line += "; ".join(_points(difference, seeds) for difference in found)
    if found and missing:
        line += f"; not reached by both: {missing}"
    clear = [_clear(one, found)] if found else []
    return ". ".join([line, *clear, *compared_ends(table, one, other)]) + "."


def compared_ends(table: pandas.DataFrame, one: str, other: str) -> list[str]:
    """Return how the ends of two curves differ, seed by seed, on test and on validation images, if both had final epochs."""
    last = pareto.end_points(table[table["method"].isin([one, other])])
    pair = last[last["method"] == one].merge(last[last["method"] == other], on="seed", suffixes=("", "_other"))
    if pair.empty:
        return []

    def difference(column: str) -> str:
        return mean(pair[column] - pair[f"{column}_other"])

    mine, others = (f"{pair[f'sparsity{which}'].mean():.4f}" for which in ("", "_other"))
    spent = [f"{pair[f'epochs{which}'].mean():.0f}" for which in ("", "_other")]
    epochs = spent[0] if spent[0] == spent[1] else " and ".join(spent)
    where = f"at {mine}" if mine == others else f"at different sparsities, {mine} and {others}"
    line = f"{quoted(one)} minus {quoted(other)} where they end, {where}, after {epochs} epochs"
    line += f": {difference('test_accuracy')} points on test, {difference('val_accuracy')} on validation"
    if mine != others:
        pair["val_score"], pair["val_score_other"] = (
            pareto.score(pair[f"val_accuracy{which}"], pair[f"sparsity{which}"]) for which in ("", "_other")
        )
        line += f"; hundredths of the score: {difference('score')} on test, {difference('val_score')} on validation"
    seeds = table[table["method"].isin([one, other])].groupby("method")["seed"].nunique().min()
    return [line if len(pair) == seeds else f"{line} ({len(pair)} of {seeds} seeds)"]


def repeats(table: pandas.DataFrame, one: str, other: str) -> str:
    """Return how far apart the rounds of two methods lie that differ in their final epochs only: repeats before these."""
    last = table.groupby(["method", "seed"])["round"].transform("max")
    rows = table[table["round"] < last].set_index(["seed", "round"])
    first, second = (rows.loc[rows["method"] == method, "test_accuracy"] for method in (one, other))
    apart = (first - second).dropna()
    distance = 100 * (apart**2).mean() ** 0.5
    return (
        f"{quoted(one)} and {quoted(other)} differ in their final epochs only, so before these they are repeats of each "
        f"other: {len(apart)} pairs of points, {distance:.2f} points of test accuracy apart (root mean square)"
    )


def quoted(method: str) -> str:
    """Return a method's name as it stands in a sentence: in quotation marks if it has a comma."""
    return f'"{method}"' if "," in method else method


def mean(differences: pandas.Series) -> str:
    """Return the mean of differences over seeds in points, with its interval if there are 3 or more."""
    return f"{100 * differences.mean():+.1f}{_interval(*pareto.interval(differences))}"


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    digits = 1 if min(abs(low), abs(high)) >= 0.0005 else 2  # a bound of 0.0 would not say on which side of 0 it lies
    return f" [{100 * low:+.{digits}f}, {100 * high:+.{digits}f}]"


def _points(found: pareto.Difference, seeds: int) -> str:
    notes = [] if found.seeds == seeds else [f"{found.seeds} of the seeds"]
    notes.append(" / ".join(f"{epochs:.1f}" for epochs in found.epochs))
    return f"{100 * found.mean:+.1f}{_interval(found.low, found.high)} at {found.sparsity:.4g} ({', '.join(notes)})"


def _clear(one: str, found: Sequence[pareto.Difference]) -> str:
    if all(difference.low is None for difference in found):
        return f"One standard error due to the test images: at most {100 * found[0].error:.1f}"
    sides = {
        "ahead": [difference.sparsity for difference in found if difference.low is not None and difference.low > 0],
        "behind": [difference.sparsity for difference in found if difference.high is not None and difference.high < 0],
    }
    clear = [f"{word} at {', '.join(f'{share:.4g}' for share in shares)}" for word, shares in sides.items() if shares]
    return f"{quoted(one)} is clearly {' and '.join(clear)}" if clear else "These seeds show no clear difference"


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
    seeds, points = rows["seed"].nunique(), "1 point" if len(front) == 1 else f"{len(front)} points"
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
    pairs = own.merge(table[table["method"] == method], on=["seed", "round"], suffixes=("_scratch", ""))
    differences = pairs["test_accuracy_scratch"] - pairs["test_accuracy"]
    low, high = pareto.interval(differences)
    by_seed = ", ".join(f"{100 * difference:+.1f}" for difference in differences)
    if low is not None and high is not None:
        clear = "clearly better" if low > 0 else "clearly worse" if high < 0 else "no clear difference"
        by_seed += f" (mean {mean(differences)}: {clear})"
    return (
        f"{quoted(control)} (new weights under the same masks, mean sparsity {own['sparsity'].mean():.4f}, trained in one "
        "go for as many epochs with the curve's settings) minus the pruned and fine-tuned network, points of test accuracy, "
        f"one number a seed: {by_seed}."
    )
