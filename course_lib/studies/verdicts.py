"""What a table of points says, in sentences that are computed from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from course_lib import pareto

if TYPE_CHECKING:
    import pandas

SPARSITIES = (0.5, 0.8, 0.9, 0.95, 0.9643, 0.98)  # where methods are compared


def sentences(table: pandas.DataFrame, grid: Mapping[str, Any] | None = None) -> list[str]:
    """Return what the table says, in sentences: the front, methods beside each other, their end points, and the controls.

    grid: may say in `compare` which pairs of methods are compared, and `at` which sparsities; without, SAP with all others.
    Methods that ran on fewer seeds than others are in no comparison, unless `compare` names them.
    """
    pruned = table[table["method"] != pareto.DENSE]
    best = set(pareto.by_method(pruned)["method"])
    low = [method for method in pruned["method"].unique() if method not in best and not pareto.is_control(method)]
    said = [dominance(table), *beside(table)]
    said += [f"{method}: no point reaches a validation accuracy of {pareto.FLOOR:g}." for method in low]
    fair = list(pareto.contestants(pruned)["method"].unique())
    sap = next((method for method in fair if method.startswith("SAP")), None)
    pairs = (grid or {}).get("compare") or [(sap, other) for other in fair if sap and other != sap]
    for pair in pairs:
        alike = repeats(table, *pair) if _only_longer(grid or {}, *pair) else None
        at = (grid or {}).get("at") or SPARSITIES
        said.append(". ".join([alike, *compared_ends(table, *pair)]) + "." if alike else compared(table, *pair, at))
    said += ends(table) + dense(table)
    scratch = [method for method in pruned["method"].unique() if method.endswith(pareto.SCRATCH)]
    return said + [_scratch(pruned, method) for method in scratch]


def _only_longer(grid: Mapping[str, Any], one: str, other: str) -> bool:
    """Whether two methods of a grid differ in nothing but their final epochs."""
    ways = {method["name"]: {**method, "name": "", "final_epochs": 0} for method in grid.get("method", [])}
    return one in ways and ways[one] == ways.get(other)


def compared(table: pandas.DataFrame, one: str, other: str, at: Sequence[float]) -> str:
    """Return one sentence about two methods at several sparsities: differences, intervals, and which of them are clear.

    Behind each sparsity stands for how many epochs the weights of each had been trained when they came there.
    """
    found = [difference for share in at if (difference := pareto.paired(table, one, other, share))]
    seeds = table[table["method"].isin([one, other])].groupby("method")["seed"].nunique().min()
    missing = ", ".join(f"{share:g}" for share in at if share not in [difference.sparsity for difference in found])
    told = [f"{quoted(one)} minus {quoted(other)}, points of test accuracy"]
    told[0] += f" [95 % interval of {seeds} seeds]" if seeds >= 3 else f", {'one seed' if seeds == 1 else '2 seeds'}"
    told[0] += " (epochs of training of each): " if found else ": no sparsity is reached by both"
    told[0] += "; ".join(_points(difference, seeds) for difference in found)
    if found and missing:
        told[0] += f"; not reached by both: {missing}"
    if found:
        told.append(_clear(one, found))
    return ". ".join([*told, *compared_ends(table, one, other)]) + "."


def compared_ends(table: pandas.DataFrame, one: str, other: str) -> list[str]:
    """Return how the ends of two curves differ, seed by seed, on test and on validation images, if both had final epochs."""
    ends = pareto.end_points(table[table["method"].isin([one, other])])
    pair = ends[ends["method"] == one].merge(ends[ends["method"] == other], on="seed", suffixes=("", "_other"))
    if pair.empty:
        return []

    def difference(column: str) -> str:
        return mean(pair[column] - pair[f"{column}_other"])

    mine, others = (f"{pair[f'sparsity{which}'].mean():.4f}" for which in ("", "_other"))
    spent = [f"{pair[f'epochs{which}'].mean():.0f}" for which in ("", "_other")]
    epochs = spent[0] if spent[0] == spent[1] else " and ".join(spent)
    where = f"at {mine}" if mine == others else f"at different sparsities, {mine} and {others}"
    told = f"{quoted(one)} minus {quoted(other)} where they end, {where}, after {epochs} epochs"
    told += f": {difference('test_accuracy')} points on test, {difference('val_accuracy')} on validation"
    if mine != others:
        pair["val_score"], pair["val_score_other"] = (
            pareto.score(pair[f"val_accuracy{which}"], pair[f"sparsity{which}"]) for which in ("", "_other")
        )
        told += f"; hundredths of the score: {difference('score')} on test, {difference('val_score')} on validation"
    seeds = table[table["method"].isin([one, other])].groupby("method")["seed"].nunique().min()
    return [told if len(pair) == seeds else f"{told} ({len(pair)} of {seeds} seeds)"]


def repeats(table: pandas.DataFrame, one: str, other: str) -> str:
    """Return how far the rounds of two methods lie apart that differ in their final epochs only: repeats until the last."""
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
    """Return a method's name as it stands in a sentence: in quotation marks if it has a comma of its own."""
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
    known = [difference for difference in found if difference.low is not None and difference.high is not None]
    if not known:
        return f"One standard error of the images: at most {100 * found[0].error:.1f}"
    sides = {"ahead": [d for d in known if d.low > 0], "behind": [d for d in known if d.high < 0]}
    told = [f"{word} at {', '.join(f'{d.sparsity:.4g}' for d in own)}" for word, own in sides.items() if own]
    return f"{quoted(one)} is clearly {' and '.join(told)}" if told else "No difference that these seeds can tell"


def ends(table: pandas.DataFrame) -> list[str]:
    """Return where the curves end whose last round had final epochs: points that no line leads to."""
    last = pareto.end_points(pareto.contestants(table))
    if last.empty:
        return []
    means = last[["test_accuracy", "sparsity", "epochs"]].astype(float).groupby(last["method"]).mean()
    told = "; ".join(
        f"{quoted(method)} {row['test_accuracy']:.4f} at {row['sparsity']:.4f}"
        for method, row in means.sort_values("test_accuracy", ascending=False).iterrows()
    )
    spent = sorted({f"{epochs:.0f}" for epochs in means["epochs"]}, key=int)
    return [f"Where the curves end, after final epochs ({' or '.join(spent)} in all): {told}."]


def dense(table: pandas.DataFrame) -> list[str]:
    """Return what the dense model reaches if it is trained like the curves, or that this was not tried."""
    rows = table.reset_index(drop=True)
    rows = rows.assign(age=pareto.ages(rows))
    told = []
    for method, one in rows.groupby("method", sort=False):
        if not pareto.is_control(method) or method.endswith(pareto.SCRATCH):
            continue
        last = one.sort_values("round").groupby("seed").tail(1)
        told.append(f"{quoted(method)} {_spread(last['test_accuracy'])} after {last['age'].mean():.0f}")
    if len(told) > 1:
        compared_with = "Pruned networks are to be compared with the one that was trained like them, not with their start."
        return [f"Unpruned, test accuracy after epochs: {'; '.join(told)}. {compared_with}"]
    start = rows.loc[rows["method"] == pareto.DENSE, "epochs"].mean()
    longest = rows.loc[~rows["method"].map(pareto.is_control), "age"].max()
    if longest <= start + 1:
        return []
    return [
        f"The dense model was trained for {start:.0f} epochs, the curves for up to {longest:.0f}: nothing here says that "
        "pruning improves a network."
    ]


def _spread(values: pandas.Series) -> str:
    return f"{values.mean():.4f}" + (f" ± {values.std():.4f}" if len(values) > 1 else "")


def dominance(table: pandas.DataFrame) -> str:
    """Say whose the points of the front are whose validation accuracies count, and whether SAP, if it ran, dominates it."""
    rows = pareto.contestants(table)
    front = pareto.front(pareto.mean_curves(rows))
    front = front[front["val_accuracy"] >= pareto.FLOOR]
    if front.empty:
        return f"No mean over seeds reaches a validation accuracy of {pareto.FLOOR:g}, so there is no front."
    held = zip(front["method"], front["sparsity"], strict=True)
    runs = [(method, [sparsity for _, sparsity in run]) for method, run in groupby(held, key=lambda point: point[0])]
    shares = "; ".join(f"{len(run)} of {quoted(method)} {_range(run)}" for method, run in runs)
    seeds, points = rows["seed"].nunique(), "1 point" if len(front) == 1 else f"{len(front)} points"
    told = (
        f"From a validation accuracy of {pareto.FLOOR:g} on, the front "
        f"({'one seed' if seeds == 1 else f'means of {seeds} seeds'}) has {points}, by sparsity: {shares}."
    )
    if not rows["method"].str.startswith("SAP").any():
        return told
    verb = "dominates" if all(method.startswith("SAP") for method, _ in runs) else "does not dominate"
    return f"{told} So SAP {verb} it."


def beside(table: pandas.DataFrame) -> list[str]:
    """Say of each method that ran on fewer seeds than others which points it would have on the front of these seeds."""
    import pandas

    fair = pareto.contestants(table)
    counted = set(fair["method"])
    said = []
    for method, own in table[~table["method"].map(pareto.is_control)].groupby("method", sort=False):
        if method in counted:
            continue
        seeds = own["seed"].unique()
        front = pareto.front(pareto.mean_curves(pandas.concat([fair[fair["seed"].isin(seeds)], own])))
        front = front[front["val_accuracy"] >= pareto.FLOOR]
        held = front[front["method"] == method]
        if held.empty:
            continue
        said.append(
            f"{quoted(method)} ran on {len(seeds)} of {fair['seed'].nunique()} seeds and is not counted; on the front of "
            f"seed {', '.join(str(seed) for seed in seeds)} alone it has {len(held)} of {len(front)} points, "
            f"{_range(held['sparsity'])}."
        )
    return said


def _range(sparsities: Sequence[float] | pandas.Series) -> str:
    low, high = f"{min(sparsities):.3g}", f"{max(sparsities):.3g}"
    return f"at {low}" if low == high else f"from {low} to {high}"


def _scratch(pruned: pandas.DataFrame, method: str) -> str:
    """Compare new weights under the masks of a curve's best points with those points themselves."""
    own = pruned[pruned["method"] == method]
    first = own.assign(method=method.removesuffix(pareto.SCRATCH))
    pairs = first.merge(pruned, on=["method", "seed", "round"], suffixes=("_scratch", ""))
    differences = pairs["test_accuracy_scratch"] - pairs["test_accuracy"]
    low, high = pareto.interval(differences)
    told = ", ".join(f"{100 * d:+.1f}" for d in differences)
    if low is not None and high is not None:
        clear = "clearly better" if low > 0 else "clearly worse" if high < 0 else "no difference that these seeds can tell"
        told += f" (mean {mean(differences)}: {clear})"
    return (
        f"{quoted(method)}: new weights under the same masks, at mean sparsity {own['sparsity'].mean():.4f} and trained for "
        "as many epochs in one go with the curve's settings, minus the pruned and fine-tuned ones, points of test accuracy, "
        f"one number a seed: {told}."
    )
