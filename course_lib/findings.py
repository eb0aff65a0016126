"""What held and what did not: one sentence a claim, computed from the tables of the committed studies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib import pareto, phases, stability, study
from course_lib.files import write_text

if TYPE_CHECKING:
    import pandas as pd

HEAD = """# What held, and what did not

Each claim, who makes it, and what our runs say. Every number is computed from the tables in this folder (`course findings`);
`course sweep NAME` and `course stability` make the tables. "[a, b]" is a 95 % bootstrap interval over seeds, "n" their
number. A claim whose study has not been run says so.
"""
Say = Callable[[Path, "pd.DataFrame"], str]


def write(results: Path) -> Path:
    """Write the findings to README.md in the folder of all studies, and return its path."""
    path = results / "README.md"
    write_text(path, text(results))
    return path


def text(results: Path) -> str:
    """Return the findings as Markdown."""
    lines = []
    for number, (claim, (names, figure, say)) in enumerate(CLAIMS.items(), 1):
        name = next((name for name in names if (results / name / "table.csv").exists()), None)
        if name is None:
            lines.append(f"{number}. **{claim}** Not measured yet: `{names[0]}` has not been run to its end.")
            continue
        said = say(results / name, study.read(results / name))
        lines.append(f"{number}. **{claim}** {said} ([{name}]({name}/README.md), [figure]({name}/{figure}))")
    return HEAD + "\n" + "\n".join(lines) + "\n"


def _front(folder: Path, table: pd.DataFrame) -> str:
    return study.dominance(table)


def _best(folder: Path, table: pd.DataFrame) -> str:
    rows = pareto.by_method(table[~table["method"].str.contains(study.SCRATCH)]).to_dict("records")
    told = "; ".join(
        f"{row['method']} {row['test_accuracy']:.3f} at {row['sparsity']:.3f}, score {row['score']:.3f} (n = {row['seeds']})"
        for row in rows
    )
    return f"Best points by validation, with their test accuracy: {told}."


def _cliff(folder: Path, table: pd.DataFrame) -> str:
    dense = table.loc[table["method"] == "dense", "test_accuracy"].mean()
    found = {at: pareto.at_sparsity(table, "L1 filter", at) for at in (0.3, 0.5, 0.7, 0.9)}
    told = ", ".join(f"{100 * (own.mean() - dense):+.1f} points at {at:g}" for at, own in found.items() if len(own))
    seeds = max(len(own) for own in found.values())
    return f"With training after every prune L1 filter pruning is, against the dense model: {told} (n = {seeds})."


def _pairs(*pairs: tuple[str, str], at: tuple[float, ...]) -> Say:
    def say(folder: Path, table: pd.DataFrame) -> str:
        told = []
        for one, other in pairs:
            found = [found for share in at if (found := pareto.paired(table, one, other, share))]
            if found:
                points = ", ".join(map(_points, found))
                told.append(f"{one} minus {other}, points of test accuracy: {points} (n = {found[0].seeds}).")
        return " ".join(told) or "No sparsity is reached by both."

    return say


def _points(found: pareto.Difference) -> str:
    interval = "" if found.low is None else f" [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
    one, other = found.epochs
    unequal = f" (after {one:.0f} and {other:.0f} epochs)" if abs(one - other) > 1 else ""
    return f"{100 * found.mean:+.1f}{interval} at {found.sparsity:g}{unequal}"


def _macs(folder: Path, table: pd.DataFrame) -> str:
    dense = table.loc[table["method"] == "dense", "macs"].mean()
    rows = pareto.by_method(table[~table["method"].str.contains(study.SCRATCH)]).to_dict("records")
    told = ", ".join(f"{row['method']} {row['macs'] / dense:.2f}" for row in rows)
    return f"Share of the dense model's MACs that is left at each method's best point: {told}."


def _scratch(folder: Path, table: pd.DataFrame) -> str:
    told = [sentence for sentence in study.verdicts(table) if study.SCRATCH in sentence]
    return " ".join(told) or "This study has no such control."


def _phases(folder: Path, table: pd.DataFrame) -> str:
    found = phases.table(folder / "records")
    sap = found[found["method"].str.startswith("SAP")]
    moves = Counter(
        ", then ".join(phases.phases(own.groupby("round")["index"].mean().to_numpy())) for _, own in sap.groupby("method")
    )
    told = "; ".join(f"{count} of {sum(moves.values())} curves: it {words}" for words, count in moves.most_common())
    return f"The index of SAP's survivors, mean over seeds: {told} (n = {sap['seed'].nunique()})."


def _stability(folder: Path, table: pd.DataFrame) -> str:
    return stability.summary(table)


CIFAR, FASHION = ("cifar10", "cifar10-one-seed"), ("fashion-mnist",)
GLOBAL, LAYER = "SAP (1, 2), scope global, rewind", "SAP (1, 2), scope layer, rewind"
# claim -> studies that can answer it, the best first; the figure; how
CLAIMS: Mapping[str, tuple[tuple[str, ...], str, Say]] = {
    "SAP dominates the Pareto frontier (the reference project).": (CIFAR, "pareto.png", _front),
    "SAP 0.7084 at 0.9643, activation-based 0.6982 at 0.8594 (the reference project, on other data).": (
        CIFAR,
        "pareto.png",
        _best,
    ),
    "L1 falls sharply beyond 0.30 (the reference project).": (CIFAR, "pareto.png", _cliff),
    "SAP beats magnitude pruning at equal sparsity.": (
        CIFAR,
        "pareto.png",
        _pairs(("SAP", "magnitude"), at=(0.5, 0.8, 0.9, 0.95, 0.9643)),
    ),
    "Any score beats random.": (CIFAR, "pareto.png", _pairs(("magnitude", "random"), ("SAP", "random"), at=(0.5, 0.8))),
    "Fewer parameters are less arithmetic.": (CIFAR, "macs.png", _macs),
    "The pruned shape, trained from scratch, does as well (Liu et al. 2019).": (("cifar10",), "pareto.png", _scratch),
    "With global scope SAP is worse than the baselines at low density (Diao et al. 2023).": (
        FASHION,
        "pareto.png",
        _pairs((GLOBAL, "magnitude, scope global, rewind"), (LAYER, "magnitude, scope layer, rewind"), at=(0.8, 0.9, 0.95)),
    ),
    "Rewinding the survivors to their first values is what works (Frankle & Carbin 2019; Diao et al. 2023).": (
        FASHION,
        "pareto.png",
        _pairs(
            (LAYER.replace("rewind", "no rewind"), LAYER),
            ("magnitude, scope global, no rewind", "magnitude, scope global, rewind"),
            at=(0.5, 0.9),
        ),
    ),
    "As pruning goes on the index falls, rises and falls again (Diao et al. 2023).": (FASHION, "index.png", _phases),
    "Fixed thresholds are less stable than variable ones.": (("stability",), "overlap.png", _stability),
    "The same net can be pushed to a score of 0.90.": (("open",), "pareto.png", _best),
}
