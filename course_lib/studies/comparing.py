"""Two methods of a study side by side, in sentences: at equal sparsity, where they end, and what of it is clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from course_lib import pareto
from course_lib.studies import origins as machines
from course_lib.studies.origins import Origins
from course_lib.sweep import grid as grids

if TYPE_CHECKING:
    import pandas

# Where methods are compared. Not beyond: there the thresholds of cifar10 were set to collapse, and L1 does not get that far.
SPARSITIES = (0.5, 0.8, 0.9, 0.95, 0.9643)


def pairs(table: pandas.DataFrame, grid: Mapping[str, Any] | None = None) -> list[tuple[str, str]]:
    """Return the pairs of methods that a study compares: those that its grid names, or the first of SAP with all others.

    All others are the contestants that ran on the most seeds, and controls that keep SAP's pace. Pairs that can be read
    round by round come first: they differ in the choice of the weights alone. Pairs of which one has not run are left out.
    """
    pruned = table[table["method"] != pareto.DENSE]
    names = set(pruned["method"])
    named = [(one, other) for one, other in (grid or {}).get("compare") or []]
    found = [pair for pair in named if names.issuperset(pair)] if named else _sap_with_others(pruned)
    return sorted(found, key=lambda pair: pareto.round_by_round(table, *pair).empty)


def _sap_with_others(pruned: pandas.DataFrame) -> list[tuple[str, str]]:
    rows, roles = pareto.contestants(pruned), pareto.roles(pruned)
    controls = pruned.loc[(roles["role"] == "control") & (roles["family"] != pareto.DENSE), "method"].unique()
    return [
        (sap, other)
        for sap in rows.loc[of_sap(rows), "method"].unique()[:1]
        for other in [*rows["method"].unique(), *controls]
        if other != sap and (other not in controls or len(pareto.round_by_round(pruned, sap, other)))
    ]


def of_sap(table: pandas.DataFrame) -> pandas.Series:
    """Return which rows belong to a method of SAP's family, as bool."""
    return pareto.roles(table)["family"] == "SAP"


def family(table: pandas.DataFrame, grid: Mapping[str, Any] | None = None) -> list[pareto.Difference]:
    """Return a study's primary family: all its `pairs` at the sparsities of the grid, with adjusted p-values.

    Repeats are left out: they are compared where they end, not on the way.
    """
    settings = grid or {}
    chosen = [pair for pair in pairs(table, grid) if not is_repeat(settings, *pair)]
    return pareto.family(table, chosen, settings.get("at") or SPARSITIES)


def multiplicity(primary: Sequence[pareto.Difference]) -> str:
    """Say how many of a study's primary family are clear, and what that takes; "" where no difference has a p-value."""
    tested = [difference for difference in primary if difference.adjusted is not None]
    if not tested:
        return ""
    clear, count = sum(difference.clear for difference in tested), len({(one.one, one.other) for one in tested})
    seeds = max(difference.seeds for difference in tested)
    rule = f"adjusted p at most {pareto.LEVEL:g} and the same sign on every seed"
    what = f'"Clearly" means {rule} (paired t-tests, Benjamini-Hochberg over the primary family'
    said = (
        f"{clear} of {len(tested)} differences are clear" if clear else f"none of these {len(tested)} differences is clear"
    )
    return f"{what}, {count} {'pair' if count == 1 else 'pairs'} of methods): with {seeds} seeds {said}."


def is_repeat(grid: Mapping[str, Any], first: str, second: str) -> bool:
    """Whether the grid calls one of two methods a repeat of the other."""
    originals = {(method["name"], method.get("repeat_of")) for method in grids.methods(grid)} if "method" in grid else set()
    return not originals.isdisjoint({(first, second), (second, first)})


def differences(
    table: pandas.DataFrame, one: str, other: str, at: Sequence[float], primary: Sequence[pareto.Difference] | None = None
) -> list[pareto.Difference]:
    """Return the differences of two methods at the sparsities that both reach, with the p-values that `primary` adjusted.

    primary: the study's `family`; a pair that is not in it gets none. None: the pair is a family of its own.
    """
    if primary is None:
        return pareto.family(table, [(one, other)], at)
    known = {(frozenset((found.one, found.other)), found.sparsity, found.round): found.adjusted for found in primary}
    read = dict.fromkeys(found for share in at if (found := pareto.paired(table, one, other, share)))
    pair = frozenset((one, other))
    return [replace(found, adjusted=known.get((pair, found.sparsity, found.round))) for found in read]


def compared(
    table: pandas.DataFrame,
    one: str,
    other: str,
    at: Sequence[float],
    primary: Sequence[pareto.Difference] | None = None,
    origins: Origins | None = None,
) -> str:
    """Return one sentence about two methods at several sparsities: differences, intervals, and which of them are clear.

    Each sparsity is followed by the epochs for which the weights of both had been trained when they got there.
    primary: as in `differences`. origins: on what the curves were computed; if that differs, the sentence says so.
    """
    found = differences(table, one, other, at, primary)
    seeds = table[table["method"].isin([one, other])].groupby("method")["seed"].nunique().min()
    missing = ", ".join(f"{share:g}" for share in at if not pareto.paired(table, one, other, share))
    line = f"{quoted(one)} minus {quoted(other)}, points of test accuracy"
    line += f" [unadjusted 95 % interval of {seeds} seeds]" if seeds >= 3 else f", {'one seed' if seeds == 1 else '2 seeds'}"
    if any(difference.round for difference in found):
        gap = pareto.round_by_round(table, one, other)["gap"].max()
        apart = f"sparsities at most {gap:.4f} apart" if gap >= 0.00005 else "equal sparsities"
        line += f", round by round (equal epochs, {apart}: nothing is interpolated)"
    line += " (epochs of training of each): " if found else ": no sparsity is reached by both"
    line += "; ".join(_points(difference, seeds) for difference in found)
    if found and missing:
        line += f"; not reached by both: {missing}"
    clear = [_clear(one, found, primary is not None)] if found else []
    note = _longer(found)
    if unlike := machines.unlike(origins or {}, one, other):
        note.append(f"These curves were not computed alike: {unlike}")
    return ". ".join([line, *clear, *note, *compared_ends(table, one, other)]) + "."


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
    ends = pareto.paired_ends(table, one, other)
    line += f"; {quoted(ends.longer)} had been trained longer" if ends and ends.longer else ""
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


def _longer(found: Sequence[pareto.Difference]) -> list[str]:
    """Say at which sparsities one of two methods had been trained for so much longer that this may be the difference."""
    longer = {name: [one.sparsity for one in found if one.longer == name] for name in {one.longer for one in found} - {""}}
    return [
        f"{quoted(name)} had been trained longer at {', '.join(f'{share:.4g}' for share in shares)}"
        for name, shares in sorted(longer.items())
    ]


def _clear(one: str, found: Sequence[pareto.Difference], in_study: bool) -> str:
    if all(difference.p is None for difference in found):
        return f"One standard error due to the test images: at most {100 * found[0].error:.1f}"
    clear = [difference for difference in found if difference.clear]
    agreed = [
        difference for difference in found if difference.same_sign and difference.p is not None and not difference.clear
    ]
    parts = [f"{quoted(one)} is clearly {_sides(clear)}"] if clear else []
    if not clear:
        outside = in_study and all(difference.adjusted is None for difference in found)
        parts.append("This pair is outside the primary family" if outside else "No difference here is clear")
    if agreed:
        parts.append(f"on every seed {_sides(agreed)}" + ("" if not clear else ", though not clearly"))
    return "; ".join(parts)


def _sides(found: Sequence[pareto.Difference]) -> str:
    sides = {"ahead": [one for one in found if one.mean > 0], "behind": [one for one in found if one.mean < 0]}
    return " and ".join(
        f"{word} at {', '.join(f'{difference.sparsity:.4g}' for difference in own)}" for word, own in sides.items() if own
    )
