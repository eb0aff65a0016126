"""What held and what did not: a verdict a claim, computed from the tables of the committed studies."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib import pareto
from course_lib.errors import CourseError
from course_lib.files import write_text
from course_lib.studies import front_page
from course_lib.studies import paper_claims as papers
from course_lib.studies import project_claims as project
from course_lib.studies.claims import Answer, Claim, Measured, opened
from course_lib.studies.paper_claims import kept

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CLAIMS", "explain", "kept", "text", "write"]

HEAD = """# What held, and what did not

`course findings` computes every number from the tables in this folder; `--explain 4` prints what number 4
comes from. Points are hundredths of test accuracy. "Clearly": adjusted p at most {level:g} over the study's
primary family, and one sign on every seed; outside it only "on every seed" is said. cifar10's family was written
down after its first curves had been seen. Unadjusted intervals: the studies' figures.
"""
CIFAR, FASHION, OWN = ("cifar10", "cifar10-one-seed"), ("fashion-mnist",), ("class-project",)
WHO = "class project"
L1_UNITS = "L1 filter and neuron"
CLAIMS: tuple[Claim, ...] = (
    Claim(
        "SAP loses no more at 0.9643 than the project's 0.7084",
        WHO,
        OWN,
        ("SAP",),
        partial(project.reported, name="SAP", method="SAP"),
    ),
    Claim(
        "activation-based pruning loses no more at 0.8594 than its 0.6982",
        WHO,
        OWN,
        ("activation, variable",),
        partial(project.reported, name="activation", method="activation, variable"),
    ),
    Claim("L1 falls sharply beyond 0.30", WHO, OWN + CIFAR, ("L1 filter",), project.cliff),
    Claim(
        "variable thresholds vary less over runs than fixed ones",
        WHO,
        OWN,
        ("activation, fixed", "activation, variable"),
        project.over_runs,
    ),
    Claim("SAP dominates the frontier", WHO, OWN + CIFAR, ("SAP", "magnitude, global"), project.whole_front),
    Claim("SAP dominates what the project itself compared", WHO, OWN + CIFAR, ("SAP", "L1 filter"), project.own_front),
    Claim(
        "SAP beats magnitude within layers",
        "Diao et al. 2023",
        CIFAR,
        ("SAP", "magnitude"),
        partial(papers.against_magnitude, other="magnitude"),
    ),
    Claim(
        "SAP beats global magnitude",
        "Diao et al. 2023",
        CIFAR,
        ("SAP", "magnitude, global"),
        partial(papers.against_magnitude, other="magnitude, global"),
    ),
    Claim(
        "SAP's lead within layers is its choice and not its pace",
        "a control",
        papers.PACE_STUDIES,
        ("SAP", papers.PACED),
        papers.pace,
    ),
    Claim(
        "ranking all layers together beats ranking within layers",
        "a control",
        ("cifar10",),
        ("magnitude, global", "magnitude"),
        partial(
            papers.better,
            one="magnitude, global",
            other="magnitude",
            words="Same schedule and epochs, global minus layer:",
        ),
    ),
    Claim(
        "variable thresholds beat fixed ones",
        "a guess",
        ("cifar10",),
        ("activation, fixed", "activation, variable"),
        project.thresholds,
    ),
    Claim("scores of weights beat random choices", "a control", CIFAR, ("SAP", "magnitude", "random"), papers.lottery),
    Claim(
        "L1 norms of whole units beat random choices",
        "a control",
        ("controls",),
        (L1_UNITS, "random units"),
        partial(papers.better, one=L1_UNITS, other="random units", words="L1 over random units:"),
    ),
    Claim("fewer parameters are less arithmetic", "taken for granted", CIFAR, (), papers.arithmetic),
    Claim(
        f"a quarter of the arithmetic costs at most {100 * papers.LOSS:.0f} points",
        "our aim",
        ("ship",),
        ("L1 filter", "dense, trained on"),
        papers.quarter,
    ),
    Claim(
        "the pruned shape does as well from scratch",
        "Liu et al. 2019",
        ("cifar10",),
        (pareto.scratch_name("L1 filter"),),
        papers.from_scratch,
    ),
    Claim("a higher floor helps SAP", "a guess", ("controls",), ("SAP", "SAP, floor 2500"), papers.floor),
    Claim(
        "with global scope SAP is worse than the baselines",
        "Diao et al. 2023",
        FASHION,
        (papers.GLOBAL + papers.TUNED,),
        papers.global_scope,
    ),
    Claim(
        "rewinding is what works", "Frankle & Carbin 2019", FASHION, (papers.MAGNITUDE + papers.REWOUND,), papers.rewinding
    ),
    Claim("the index falls, rises and falls again", "Diao et al. 2023", FASHION, (), papers.index_phases),
    Claim("variable thresholds choose the same units again", "a guess", ("stability",), (), papers.stable_thresholds),
    Claim(f"the net can be pushed to a score of {papers.AIM:.2f}", "our aim", ("open",), (), papers.pushed),
    Claim("of all tricks the floor is worth most", "a guess", ("open",), (), papers.tricks),
)


def write(results: Path) -> list[Path]:
    """Write the findings to README.md in the folder of all studies, and into the project's README beside that folder.

    Returns the paths of what was written; the project's README is left alone if it has no place for them.
    """
    if not results.is_dir():
        raise CourseError(f"{results} was given; there is no such folder of studies.")
    path, readme = results / "README.md", results.parent / "README.md"
    write_text(path, text(results))
    whole = readme.read_text(encoding="utf-8") if readme.exists() else ""
    if front_page.BEGIN not in whole:
        return [path]
    write_text(readme, front_page.replaced(whole, results))
    return [path, readme]


def text(results: Path) -> str:
    """Return the findings as Markdown."""
    lines = []
    for number, claim in enumerate(CLAIMS, 1):
        name, answer = claim.answered(results)
        verdict = answer.verdict[0].upper() + answer.verdict[1:]
        said = answer.said + ("" if "`" in answer.said else f" [{name}]({name}/README.md)")
        lines.append(f"{number}. **{verdict}:** {claim.text} ({claim.who}). {said}")
    return HEAD.format(level=pareto.LEVEL) + "\n" + "\n".join(lines) + "\n"


def explain(results: Path, number: int) -> str:
    """Return what a finding was computed from: its rows, how they were paired, and the computation of each number."""
    if not 1 <= number <= len(CLAIMS):
        raise CourseError(f"--explain {number} was given; the findings have the numbers 1 to {len(CLAIMS)}.")
    claim = CLAIMS[number - 1]
    name, answer = claim.answered(results)
    parts = [f"{number}. {claim.text} ({claim.who})", f"{answer.verdict}: {answer.said}"]
    if (results / name / "table.csv").exists():
        parts.append(f"Read from {results / name / 'table.csv'}.")
        measured = opened(results / name)
        parts += [part for one, other, at in answer.pairs for part in _pairing(measured, one, other, at)]
    if answer.rows is not None:
        parts.append(answer.rows.to_string(index=False))
    return "\n\n".join([*parts, answer.how] if answer.how else parts)


def _pairing(measured: Measured, one: str, other: str, at: tuple[float, ...]) -> list[str]:
    """Return for each sparsity what was read on each seed, and how the difference, its interval and its p-values follow."""
    parts = []
    for found in measured.differences(one, other, at):
        rows = pareto.readings(measured.table, one, other, found.sparsity)
        read = f"in round {found.round} of both" if found.round else "on the lines between the rounds of each curve"
        shown = rows[["one", "other", "difference", "epochs", "epochs_other"]].rename_axis("seed").reset_index()
        lines = [f"{one} (one) minus {other} (other) at sparsity {found.sparsity:.4g}, paired by seed, read {read}:"]
        lines += [
            shown.to_string(index=False, float_format=lambda value: f"{value:.4f}"),
            _computation(rows, found, measured),
        ]
        parts.append("\n".join(lines))
    return parts


def _computation(rows: pd.DataFrame, found: pareto.Difference, measured: Measured) -> str:
    mean, deviation = 100 * found.mean, 100 * float(rows["difference"].std())
    if found.low is None or found.high is None or found.p is None:
        return f"mean difference {mean:+.2f} points over {found.seeds} seed(s): too few for an interval or a p-value."
    from scipy.stats import t

    factor, size = float(t.ppf(0.975, found.seeds - 1)), len(measured.primary)
    line = f"mean {mean:+.2f}, standard deviation {deviation:.2f}; unadjusted 95 % interval {mean:+.2f} ± {factor:.2f} * "
    line += f"{deviation:.2f} / sqrt({found.seeds}) = [{100 * found.low:+.2f}, {100 * found.high:+.2f}] points; "
    line += f"paired t-test p = {found.p:.4f}; "
    if found.adjusted is None:
        line += "outside the study's primary family, so it is never called clear"
    else:
        line += f"adjusted (Benjamini-Hochberg over {size} differences of the family) {found.adjusted:.4f}"
    return f"{line}; {'one sign on every seed' if found.same_sign else 'signs differ between seeds'}: " + (
        "clear." if found.clear else "not clear."
    )


def answers(results: Path) -> list[tuple[str, Answer]]:
    """Return the study and the answer of each claim, in their order."""
    return [claim.answered(results) for claim in CLAIMS]
