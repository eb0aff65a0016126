"""Answers to what papers say, and to what is often taken for granted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from course_lib import pareto
from course_lib.studies import figures, phases, stability
from course_lib.studies.claims import HELD, NOT, PART, UNTESTED, Answer, Measured, ahead, counts, n, points, where
from course_lib.studies.comparing import quoted
from course_lib.sweep import grid as grids

AIM = 0.90  # of the score that the open study was after
LOSS = 0.02  # of accuracy that a quarter of the arithmetic may cost
GLOBAL, MAGNITUDE = "SAP (1, 2), scope global", "magnitude, scope global"
REWOUND, TUNED = ", rewind", ", no rewind"  # how the grid's axes end these names
PACED = "magnitude, SAP's pace"
PACE_STUDIES = ("controls", "class-project", "pace")  # that may have it, the best first


def against_magnitude(measured: Measured, other: str) -> Answer:
    """Say where SAP is ahead of magnitude."""
    found = measured.differences("SAP", other)
    last = found[-1]
    said = f"SAP is {where(found)}; {points(last.mean)} at {last.sparsity:.3g} ({n(last.seeds)})."
    return Answer(ahead(found), said + measured.not_alike("SAP", other), (("SAP", other, tuple(measured.at)),))


def pace(measured: Measured) -> Answer:
    """Say what is left of SAP's lead when magnitude takes as many in each round as SAP took."""
    found = measured.differences("SAP", PACED)
    last = found[-1]
    read = "round by round" if last.round else "between rounds"
    said = f"At SAP's own pace SAP minus magnitude is {points(last.mean)} at {last.sparsity:.3g} ({read}, {n(last.seeds)}): "
    return Answer(
        ahead(found), f"{said}{where(found)}.{measured.not_alike('SAP', PACED)}", (("SAP", PACED, tuple(measured.at)),)
    )


def better(measured: Measured, one: str, other: str, words: str, share: float = 0.9) -> Answer:
    """Say whether one method is ahead of another, with the number nearest to `share`. words: what the two are about."""
    found = measured.differences(one, other)
    near = min(found, key=lambda difference: abs(difference.sparsity - share))
    read = f"round {near.round}, " if near.round else ""
    said = f"{words} {points(near.mean)} at {near.sparsity:.3g} ({read}{n(near.seeds)}); {where(found)}."
    longer = next((difference.longer for difference in found if difference.longer), "")
    said += f" {quoted(longer)} had been trained longer." if longer else ""
    return Answer(ahead(found), said + measured.not_alike(one, other), ((one, other, tuple(measured.at)),))


def lottery(measured: Measured) -> Answer:
    """Say whether scores of single weights beat random choices."""
    at = tuple(share for share in measured.at if share <= 0.9)
    found = {one: measured.differences(one, "random", at) for one in ("magnitude", "SAP")}
    last = found["magnitude"][-1]
    said = f"magnitude over random {points(last.mean)} at {last.sparsity:.3g} ({n(last.seeds)})."
    sure = [all(difference.mean > 0 and counts(difference) for difference in own) for own in found.values()]
    verdict = HELD if all(sure) else PART if any(sure) else NOT
    return Answer(verdict, said, tuple((one, "random", at) for one in found))


def arithmetic(measured: Measured) -> Answer:
    """Say what share of the MACs is left at each method's best point."""
    dense = measured.table.loc[measured.table["method"] == pareto.DENSE, "macs"].mean()
    best = pareto.by_method(measured.table).assign(share=lambda rows: rows["macs"] / dense)
    whole, less = best[best["share"] > 0.999], best[best["share"] <= 0.999]
    said = f"At their best points the {len(whole)} methods that take single weights keep every MAC"
    if len(less):
        said += f"; the {len(less)} that take whole units keep {less['share'].min():.0%} to {less['share'].max():.0%}"
    how = "MACs of the slimmed network over those of the dense one; a masked weight is still multiplied."
    return Answer(PART if len(whole) and len(less) else NOT if len(whole) else HELD, f"{said}.", rows=best, how=how)


def from_scratch(measured: Measured) -> Answer:
    """Say whether new weights under the masks of L1's best point do as well as the pruned ones."""
    control = pareto.scratch_name("L1 filter")
    own, pruned = (measured.table[measured.table["method"] == name] for name in (control, "L1 filter"))
    both = own.merge(pruned, on=["seed", "round"], suffixes=("_scratch", ""))
    apart = both["test_accuracy_scratch"] - both["test_accuracy"]
    wins = int((apart > 0).sum())
    said = f"L1's shape from scratch, equally long trained: {points(apart.mean())}, better on {wins} of {len(apart)} seeds."
    shown = both[["seed", "round", "sparsity", "test_accuracy_scratch", "test_accuracy"]].assign(difference=apart)
    return Answer(HELD if wins == len(apart) else PART if wins else NOT, said, rows=shown)


def global_scope(measured: Measured) -> Answer:
    """Say why the paper's sentence on global scope is not tested here, and what the two schedules differ by."""
    pair = GLOBAL + TUNED, MAGNITUDE + TUNED
    found = measured.differences(*pair)
    last = found[-1]
    longer = f", {quoted(last.longer.partition(' ')[0])} trained longer" if last.longer else ""
    said = "At equal counts it is global magnitude; these curves compare schedules (fine-tuned: "
    said += f"{points(last.mean)} at {last.sparsity:.3g}, {n(last.seeds)}{longer})."
    return Answer(UNTESTED, said, ((*pair, tuple(measured.at)),))


def rewinding(measured: Measured) -> Answer:
    """Say why rewinding is not tested here, and what the difference was."""
    pair = MAGNITUDE + TUNED, MAGNITUDE + REWOUND
    found = measured.differences(*pair, [share for share in measured.at if share <= 0.9])
    last = found[-1]
    said = f"A rewound net has {last.epochs[1]:.0f} epochs behind it here, a fine-tuned one {last.epochs[0]:.0f} "
    said += f"({points(last.mean)} at {last.sparsity:.3g}, {n(last.seeds)}); the papers train in full."
    return Answer(UNTESTED, said, ((*pair, tuple(measured.at)),))


def index_phases(measured: Measured) -> Answer:
    """Say in how many layers of SAP's curves, over all studies with records, the index turns up, and falls again."""
    moves: Counter[tuple[str, ...]] = Counter()
    for path in sorted(measured.folder.parent.glob("*/records/*-seed*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["config"].get("pruner") == "sap" and record.get("rounds"):
            moves.update(tuple(phases.phases(curve)) for curve in _by_layer(record["rounds"]))
    turns = sum(count for way, count in moves.items() if way[:2] == phases.PAPER[:2])
    thrice = sum(count for way, count in moves.items() if way[:3] == phases.PAPER)
    said = f"It falls at first; in {turns} of {moves.total()} layers it then rises, in {thrice} it falls again."
    return Answer(HELD if thrice == moves.total() else PART if turns else NOT, said, how="; ".join(map(_way, moves.items())))


def _by_layer(rounds: list[dict[str, Any]]) -> list[np.ndarray]:
    names = [name for name, group in rounds[0]["groups"].items() if group["index"] is not None]
    curves = [np.array([record["groups"].get(name, {}).get("index") for record in rounds], dtype=float) for name in names]
    return [curve for curve in curves if not np.isnan(curve).all()]


def _way(item: tuple[tuple[str, ...], int]) -> str:
    return f"{', then '.join(item[0])}: {item[1]}"


def stable_thresholds(measured: Measured) -> Answer:
    """Say whether variable thresholds choose the same units again more often than fixed ones."""
    verdicts = stability.verdicts(measured.table)
    clear = Counter(verdicts)[stability.VARIABLE]
    none = Counter(verdicts)[stability.NONE]
    said = f"{none} of {len(verdicts)} comparisons of the removed units show no clear difference"
    said += f", {clear} favour variable ones." if clear else "."
    return Answer(HELD if clear == len(verdicts) else PART if clear else NOT, said, how=stability.summary(measured.table))


def floor(measured: Measured) -> Answer:
    """Say what a higher floor of weights in each layer is worth in the fair comparison."""
    kept = {method["name"]: method.get("min_per_layer") or 0 for method in grids.methods(measured.grid)}
    words = f"{kept['SAP, floor 2500']:,} weights a layer in place of {kept['SAP']:,}:"
    return better(measured, "SAP, floor 2500", "SAP", words, max(measured.at))


def quarter(measured: Measured) -> Answer:
    """Say what L1 loses with the arithmetic that its last point keeps, against the unpruned net of equal age."""
    ends = pareto.end_points(measured.table).set_index("seed")
    small, whole = (ends[ends["method"] == name] for name in ("L1 filter", "dense, trained on"))
    lost = whole["test_accuracy"] - small["test_accuracy"]
    share = small["macs"].mean() / whole["macs"].mean()
    said = f"L1 filter keeps {share:.1%} of the MACs and loses {100 * lost.mean():.1f} points ({n(len(lost))}; by seed "
    said += f"{', '.join(f'{100 * one:.1f}' for one in lost)})."
    allowed = [one <= LOSS for one in (lost.mean(), *lost)] if share <= 0.25 else [False]
    return Answer(HELD if all(allowed) else PART if allowed[0] else NOT, said, rows=pareto.end_points(measured.table))


def pushed(measured: Measured) -> Answer:
    """Say how far the best point by validation is from the aim."""
    ranked = pareto.by_method(pareto.contestants(measured.table))
    if ranked.empty:
        return Answer(NOT, f"No point reaches a validation accuracy of {pareto.FLOOR:g}.")
    best = ranked.iloc[0]
    said = f"The best by validation, {quoted(best['method'])}, has {best['test_accuracy']:.4f} at {best['sparsity']:.4f}: a "
    said += f"score of {best['score']:.3f} ({n(int(best['seeds']))}; settings chosen on seed 0)."
    how = " ".join(kept(measured.folder, "SAP", "magnitude"))
    return Answer(HELD if best["score"] >= AIM else NOT, said, rows=ranked, how=how)


def tricks(measured: Measured) -> Answer:
    """Say which trick is worth most where the curves end."""
    found, names = figures.worth(measured.table, measured.grid)
    if not found:
        return Answer(NOT, "No method was run without one of its tricks.")
    order = sorted(found, key=lambda difference: -difference.mean)
    most, second = order[0], order[1]
    said = f"{names[most.other].capitalize()} costs most at {most.sparsity:.3g}: {points(-most.mean)} ({n(most.seeds)}); "
    apart = most.low is not None and most.low > second.mean
    said += f"its interval {'lies above' if apart else 'takes in'} the second's mean ({names[second.other]})."
    verdict = HELD if "floor" in names[most.other] and apart else PART if "floor" in names[most.other] else NOT
    rows = pareto.end_points(measured.table)[["method", "seed", "sparsity", "epochs", "test_accuracy"]]
    return Answer(verdict, said, rows=rows, how="; ".join(map(str, order)))


def kept(folder: Path, one: str, other: str) -> list[str]:
    """Say in how many layers two methods of a study end with the same number of weights, and what the other layers keep."""
    counts: dict[str, dict[str, list[int]]] = {}
    for path in sorted(folder.glob("records/*-seed*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["config"].get("method") in (one, other):
            for weight, number in record["rounds"][-1]["kept"].items():
                counts.setdefault(weight, {one: [], other: []})[record["config"]["method"]].append(number)
    differ = {weight: of for weight, of in counts.items() if set(of[one]) != set(of[other]) or len(set(of[one])) > 1}
    if not counts or not differ:
        return []
    where = "; ".join(
        f"in {weight} " + ", ".join(f"{quoted(name)} keeps {sum(of) / len(of):,.0f}" for name, of in found.items())
        for weight, found in differ.items()
    )
    alike = len(counts) - len(differ)
    return [f"At their ends both keep the same number of weights in {alike} of {len(counts)} layers; {where} (means)."]
