"""Answers to what the class project says, beside each of its sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from course_lib import pareto
from course_lib.pareto.figure import REFERENCE_DENSE, REFERENCES
from course_lib.studies.claims import HELD, NOT, PART, Answer, Measured, n, points, where
from course_lib.studies.comparing import quoted

if TYPE_CHECKING:
    import pandas as pd

OWN = ("SAP", "L1", "activation")  # the families that the project compared
SHARP = 0.10  # a fall of accuracy from one sparsity to another, 0.2 further, that is called sharp
SCORES = {"SAP": 0.8345}  # that the project reports; its rule says otherwise
LONG = ", 30 epochs"  # how the grid names a method with three epochs a round
CONTROL, LONG_CONTROL = "dense, trained on", "dense, trained on 30 epochs"


def own_front(measured: Measured) -> Answer:
    """Say how much of the front of the project's own methods is SAP's, on means and on each seed."""
    families = pareto.roles(measured.table)["family"]
    return _front(measured, measured.table[families.isin([*OWN, pareto.DENSE])], "SAP, L1 and both thresholds")


def whole_front(measured: Measured) -> Answer:
    """Say how much of the front of all contestants is SAP's, and who holds the rest."""
    return _front(measured, measured.table, "all methods")


def _front(measured: Measured, table: pd.DataFrame, whose: str) -> Answer:
    rows = pareto.contestants(table)
    front = _above(pareto.mean_curves(rows))
    families = pareto.roles(table).assign(method=table["method"]).groupby("method")["family"].first()
    mine = front["method"].map(families) == "SAP"
    seeds = [_above(pareto.mean_curves(own))["method"].map(families).eq("SAP").all() for _, own in rows.groupby("seed")]
    said = f"Of the {len(front)} points on the front of {whose} SAP has {mine.sum()}"
    rest = front.loc[~mine, "method"].value_counts()
    said += "".join(f", {quoted(str(name))} {count}" for name, count in rest.items())
    said += f"; it has all on {sum(seeds)} of {len(seeds)} seeds."
    verdict = NOT if not mine.all() else HELD if all(seeds) else PART
    shown = front[["method", "round", "sparsity", "val_accuracy", "test_accuracy"]]
    how = (
        f"The front of means over seeds, by validation accuracy from {pareto.FLOOR:g} on; dominating means having all of it."
    )
    return Answer(verdict, said, rows=shown, how=how)


def _above(means: pd.DataFrame) -> pd.DataFrame:
    front = pareto.front(means)
    return front[front["val_accuracy"] >= pareto.FLOOR]


def reported(measured: Measured, name: str, method: str, scored: bool = True) -> Answer:
    """Compare what a method loses at the project's sparsity with what the project lost there, each against its own net.

    scored: whether the score that the project reports is said beside that of its two numbers by its rule.
    """
    (sparsity, accuracy), table = next(((s, a) for known, s, a, _ in REFERENCES if known == name)), measured.table
    theirs = REFERENCE_DENSE - accuracy
    lost = -pareto.against_dense(table, method, sparsity)
    if lost.empty:
        return Answer(NOT, f"{quoted(method)} does not get to {sparsity:g} here.")
    longer = lost[:0]
    if measured.has(method + LONG) and measured.has(LONG_CONTROL):
        longer = -pareto.against_dense(table[table["method"] != CONTROL], method + LONG, sparsity)
    said = f"At {sparsity:g} {quoted(method)} loses {100 * lost.mean():.1f} points against the unpruned net ({n(len(lost))})"
    said += f", {100 * longer.mean():.1f} with a longer budget" if len(longer) else ""
    said += f"; the project, on its images, about {100 * theirs:.1f}."

    verdict = HELD if lost.mean() <= theirs else PART if len(longer) and longer.mean() <= theirs else NOT
    found = lost.rename("lost").rename_axis("seed").reset_index()
    how = f"Held if no more is lost than {REFERENCE_DENSE:g} - {accuracy:g}, in part if that takes the longer budget."
    if scored and name in SCORES:
        rule = float(pareto.score(accuracy, sparsity))
        said += f" (Its two numbers give {rule:.4f} by its rule; it reports {SCORES[name]:g}.)"
    return Answer(verdict, said, rows=found, how=how)


def cliff(measured: Measured) -> Answer:
    """Say whether L1 falls sharply beyond 0.30: straight after a prune, and with an epoch of repair after each."""
    rows = measured.table[measured.table["method"] == "L1 filter"]
    start = measured.table.loc[measured.table["method"] == pareto.DENSE, "val_accuracy"].mean()
    first = rows[rows["round"] == 1][["sparsity", "pruned_accuracy"]].mean()
    fall = start - first["pruned_accuracy"]
    near, far = (pareto.against_dense(measured.table, "L1 filter", share) for share in (0.3, 0.5))
    later = float((near - far).mean())
    said = f"Straight after the first prune (at {first['sparsity']:.2f}) {100 * fall:.0f} points are gone; with repair "
    said += f"after each, from 0.3 to 0.5 only {100 * later:.1f} more ({n(len(far))})."
    sharp = [fall > SHARP, later > SHARP]
    verdict = HELD if all(sharp) else PART if any(sharp) else NOT
    found = rows[["seed", "round", "sparsity", "pruned_accuracy", "val_accuracy", "test_accuracy"]]
    how = f"Sharp is a fall of more than {points(SHARP)[1:]}: at the first prune, and from 0.3 to 0.5 against dense."
    return Answer(verdict, said, rows=found, how=how)


def thresholds(measured: Measured) -> Answer:
    """Say whether variable thresholds do better than fixed ones at equal sparsity."""
    found = measured.differences("activation, variable", "activation, fixed")
    best = max(found, key=lambda difference: difference.mean)
    said = f"{quoted('activation, variable')} is {where(found)}, the most at {best.sparsity:.3g}: {points(best.mean)} "
    said += f"({n(best.seeds)})."
    wins = [difference for difference in found if difference.mean > 0 and difference.same_sign]
    verdict = HELD if len(wins) == len(found) else PART if wins else NOT
    return Answer(verdict, said, (("activation, variable", "activation, fixed", tuple(measured.at)),))


def over_runs(measured: Measured) -> Answer:
    """Say whether accuracies under variable thresholds differ less from seed to seed than under fixed ones."""
    spread: dict[str, list[float]] = {rule: [] for rule in ("fixed", "variable")}
    for share in measured.at:
        read = {rule: pareto.at_sparsity(measured.table, f"activation, {rule}", share) for rule in spread}
        if all(len(own) > 1 for own in read.values()):
            for rule, own in read.items():
                spread[rule].append(float(own.std()))
    if not spread["fixed"]:
        return Answer(NOT, "No sparsity is reached by two seeds of both.")
    less = sum(variable < fixed for fixed, variable in zip(*spread.values(), strict=True))
    fixed, variable = (100 * sum(own) / len(own) for own in spread.values())
    seeds = measured.table.loc[measured.table["method"] == "activation, fixed", "seed"].nunique()
    said = (
        f"From seed to seed accuracies vary by {variable:.1f} points under variable and {fixed:.1f} under fixed thresholds "
    )
    said += f"(standard deviations; less at {less} of {len(spread['fixed'])} sparsities; {n(seeds)})."
    return Answer(HELD if less == len(spread["fixed"]) else PART if less else NOT, said)
