"""What held and what did not: one sentence a claim, computed from the tables of the committed studies."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib import pareto
from course_lib.errors import CourseError
from course_lib.files import write_text
from course_lib.studies import phases, stability, study, verdicts
from course_lib.sweep import grid

if TYPE_CHECKING:
    import pandas as pd

HEAD = """# What held, and what did not

Each claim, who makes it, and what our runs say. Every number is computed from the tables in this folder (`course findings`);
`course sweep NAME` and `course stability` make the tables. The reference project is the class project that the course
answers. "Points" are hundredths of the accuracy on test images. "[a, b]" is a 95 % interval over seeds (Student's t) for one
comparison: of many such intervals some miss the truth, and as all seeds share the test images, it leaves out their error.
In parentheses after each sparsity: for how many epochs both networks had been trained when they got there. The front holds
the points that no other beats in both sparsity and validation accuracy. SAP has p = 1 and q = 2 and ranks within layers
unless stated otherwise. A single seed gives no interval, only an impression. A claim whose study is not finished says so.
"""
AIM = 0.90  # of the score that the open study was after
Say = Callable[[Path, "pd.DataFrame"], str]


def write(results: Path) -> Path:
    """Write the findings to README.md in the folder of all studies, and return its path."""
    if not results.is_dir():
        raise CourseError(f"{results} was given; there is no such folder of studies.")
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
        answer = say(results / name, study.read(results / name))
        lines.append(f"{number}. **{claim}** {answer} ([{name}]({name}/README.md), [figure]({name}/{figure}))")
    return HEAD + "\n" + "\n".join(lines) + "\n"


def _front(folder: Path, table: pd.DataFrame) -> str:
    return " ".join([verdicts.dominance(table), *verdicts.beside(table), *verdicts.ends(table)])


def _best(folder: Path, table: pd.DataFrame) -> str:
    points = "; ".join(
        f"{verdicts.quoted(row['method'])} {row['test_accuracy']:.3f} at {row['sparsity']:.3f}, score {row['score']:.3f}"
        + (f" (n = {row['seeds']})" if row["seeds"] < table["seed"].nunique() else "")
        for row in pareto.by_method(table).to_dict("records")
    )
    return f"Best points by validation, with their test accuracy, over {_seeds(table)}: {points}."


def _pushed(folder: Path, table: pd.DataFrame) -> str:
    ranked = pareto.by_method(pareto.contestants(table))
    if ranked.empty:
        return f"No point reaches a validation accuracy of {pareto.FLOOR:g}."
    best, full = ranked.iloc[0], grid.load(folder.name)
    sentences = [
        f"{'Yes' if best['score'] >= AIM else 'Not yet'}: the best by validation, {verdicts.quoted(best['method'])}, has "
        f"{best['test_accuracy']:.4f} on test at {best['sparsity']:.4f}, a score of {best['score']:.3f} ({_seeds(table)}).",
        "The settings were chosen on seed 0, which is one of the seeds.",
    ]
    (first, second), *rest = full["compare"]
    sentences.append(verdicts.compared(table, first, second, full["at"]))
    sentences += kept(folder, first, second)
    return " ".join([*sentences, *(f"{sentence}." for pair in rest for sentence in verdicts.compared_ends(table, *pair))])


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
        f"in {weight} " + ", ".join(f"{verdicts.quoted(name)} keeps {sum(of) / len(of):,.0f}" for name, of in found.items())
        for weight, found in differ.items()
    )
    alike = len(counts) - len(differ)
    return [f"At their ends both keep the same number of weights in {alike} of {len(counts)} layers; {where} (means)."]


def _cliff(folder: Path, table: pd.DataFrame) -> str:
    rows = table[table["method"] == "L1 filter"]
    first = rows[rows["round"] == 1][["sparsity", "pruned_accuracy", "test_accuracy"]].mean()
    start = table.loc[table["method"] == pareto.DENSE, "val_accuracy"].mean()
    found = {at: pareto.against_dense(table, "L1 filter", at) for at in (0.3, 0.5, 0.7, 0.9)}
    losses = "; ".join(f"{verdicts.mean(own)} at {at:g}" for at, own in found.items() if len(own))
    return (
        f"Before any fine-tuning, straight after the first prune (sparsity {first['sparsity']:.2f}), validation accuracy is "
        f"{first['pruned_accuracy']:.2f} instead of {start:.2f}. With an epoch after every prune, compared with the "
        f"unpruned net trained for as long, in points ({_seeds(rows)}): {losses or 'not measured in this study'}."
    )


def _pairs(*pairs: tuple[str, str], at: tuple[float, ...], first: str = "") -> Say:
    def say(folder: Path, table: pd.DataFrame) -> str:
        methods = set(table["method"])
        sentences = [verdicts.compared(table, one, other, at) for one, other in pairs if {one, other} <= methods]
        return " ".join([first, *sentences]).strip() or "The study has none of these methods."

    return say


def _magnitude(folder: Path, table: pd.DataFrame) -> str:
    first = '"magnitude" ranks within layers, as SAP does here.'
    compare = _pairs(("SAP", "magnitude"), ("SAP", "magnitude, global"), at=verdicts.SPARSITIES, first=first)
    answer = compare(folder, table)
    if not (folder / "records").exists():
        return answer
    rounds = phases.index_by_round(folder / "records")
    return " ".join([answer, *phases.bounds(rounds[rounds["method"] == "SAP"])])


def _macs(folder: Path, table: pd.DataFrame) -> str:
    dense = table.loc[table["method"] == pareto.DENSE, "macs"].mean()
    rows = pareto.by_method(table).to_dict("records")
    shares = "; ".join(f"{verdicts.quoted(row['method'])} {row['macs'] / dense:.2f}" for row in rows)
    return f"Share of the dense model's MACs that is left at each method's best point: {shares}."


def _scratch(folder: Path, table: pd.DataFrame) -> str:
    return " ".join(verdicts.scratch(table)) or "This study has no such control."


def _phases(folder: Path, table: pd.DataFrame) -> str:
    rounds = phases.index_by_round(folder / "records", grid.load(folder.name))
    sap = rounds[rounds["method"].isin(table.loc[verdicts.of_sap(table), "method"])]
    ends = sap.groupby("method")["sparsity"].max()  # before the last prune
    means = sap.groupby(["method", "round"])["index"].mean().groupby("method")
    moves = Counter(", then ".join(phases.phases(index.to_numpy())) for _, index in means)
    counts = "; ".join(f"in {count} of {len(ends)} methods it {words}" for words, count in moves.most_common())
    return (
        f"The index of SAP's survivors, mean over layers (weighted by their survivors) and {_seeds(sap)}: {counts}. It was "
        f"last measured at sparsities of {ends.min():.2f} to {ends.max():.2f}; what it does beyond is not known."
    )


def _stability(folder: Path, table: pd.DataFrame) -> str:
    return stability.summary(table)


def _seeds(rows: pd.DataFrame) -> str:
    n = rows["seed"].nunique()
    return "one seed" if n == 1 else f"{n} seeds"


CIFAR, FASHION = ("cifar10", "cifar10-one-seed"), ("fashion-mnist",)
GLOBAL, LAYER, MAGNITUDE = "SAP (1, 2), scope global", "SAP (1, 2), scope layer", "magnitude, scope global"
REWOUND, TUNED = ", rewind", ", no rewind"  # how the grid's axes end these names
# claim -> studies that can answer it, the best first; the figure; how
CLAIMS: Mapping[str, tuple[tuple[str, ...], str, Say]] = {
    "SAP dominates the Pareto frontier (the reference project).": (CIFAR, "pareto.png", _front),
    "SAP 0.7084 at 0.9643, activation-based 0.6982 at 0.8594 (the reference project, on other data: not comparable).": (
        CIFAR,
        "pareto.png",
        _best,
    ),
    "L1 falls sharply beyond 0.30 (the reference project).": (CIFAR, "pareto.png", _cliff),
    "SAP beats magnitude pruning at equal sparsity (Diao et al. 2023).": (
        CIFAR,
        "pareto.png",
        _magnitude,
    ),
    "Any score beats random (what a control is for).": (
        CIFAR,
        "pareto.png",
        _pairs(
            *(("magnitude", "random"), ("SAP", "random"), ("L1 filter", "random"), ("L1 filter and neuron", "random units")),
            at=(0.5, 0.8),
            first="L1 takes whole filters; magnitude, SAP and `random` take single weights.",
        ),
    ),
    "Fewer parameters are less arithmetic (what is often taken for granted).": (CIFAR, "macs.png", _macs),
    "The pruned shape, trained from scratch, does as well (Liu et al. 2019).": (("cifar10",), "pareto.png", _scratch),
    "With global scope SAP is worse than the baselines at low density (Diao et al. 2023).": (
        FASHION,
        "pareto-rewind.png",
        _pairs(
            (GLOBAL + REWOUND, MAGNITUDE + REWOUND),
            (LAYER + REWOUND, MAGNITUDE + REWOUND),
            (GLOBAL + REWOUND, LAYER + REWOUND),
            (GLOBAL + TUNED, MAGNITUDE + TUNED),
            at=(0.8, 0.9, 0.94),
            first="The paper's loop, 2 epochs a round, and last the same without rewinding; its own baselines, lottery "
            "ticket and one-shot, were not run.",
        ),
    ),
    "Rewinding the survivors to their first values is what works (Frankle & Carbin 2019; Diao et al. 2023).": (
        FASHION,
        "pareto-rewind.png",
        _pairs(
            (LAYER + TUNED, LAYER + REWOUND),
            (MAGNITUDE + TUNED, MAGNITUDE + REWOUND),
            at=(0.5, 0.9),
            first="Not tested: a rewound net keeps only its last round's training; the papers train in full after a rewind.",
        ),
    ),
    "As pruning goes on the index falls, rises and falls again (Diao et al. 2023).": (FASHION, "index.png", _phases),
    "Fixed thresholds are less stable than variable ones (a guess of ours).": (("stability",), "overlap.png", _stability),
    f"The same net can be pushed to a score of {AIM:.2f} (our aim).": (("open",), "pareto.png", _pushed),
}
