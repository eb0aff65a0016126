"""The results on the project's front page: eight lines, one small table, two figures, and one link to all the rest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib import pareto
from course_lib.pareto import lost
from course_lib.pareto.figure import REFERENCES
from course_lib.studies import figures
from course_lib.studies import paper_claims as papers
from course_lib.studies import project_claims as project
from course_lib.studies.claims import Measured, counts, n, opened, points, where
from course_lib.studies.comparing import quoted

if TYPE_CHECKING:
    import pandas as pd

BEGIN, END = "<!-- findings: begin (written by `course findings`) -->", "<!-- findings: end -->"
MAIN, OPEN, PROJECT = "cifar10", "open", "class-project"
AT = (0.5, 0.8, 0.9, 0.9643)  # of the small table
NOT_YET = "not measured yet"


def replaced(whole: str, results: Path) -> str:
    """Return the project's README with what stands between its two marks computed anew."""
    block = f"{BEGIN}\n{text(results)}\n{END}"
    return re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: block, whole, flags=re.DOTALL)


def text(results: Path) -> str:
    """Return the section as Markdown; what has not been measured says so."""
    if not (results / MAIN / "table.csv").exists():
        return f"`{MAIN}`: {NOT_YET}."
    main = opened(results / MAIN)
    first, second = (
        f"![{alt}](results/{MAIN}/{name}.png)"
        for name, alt in (
            ("lost", "Points of accuracy lost over compression"),
            ("forest", "SAP minus each other method, with intervals"),
        )
    )
    sentences = (_own, _global, _why, _project, _cliff, _thresholds, _arithmetic, _tricks)
    # Both figures' own pages say in words all that is seen in them; here the lines and the table do.
    lines = [f"{number}. {say(main, results)}" for number, say in enumerate(sentences, 1)]
    link = "[Every claim with its verdict](results/README.md)."
    return "\n\n".join([_what(main), first, "\n".join(lines), _caption(), small_table(main.table), second, link])


def _what(main: Measured) -> str:
    grid, seeds = main.grid, main.table["seed"].nunique()
    sap, activation = REFERENCES
    length = f"{grid['rounds']} rounds of {grid['epochs']} epoch"
    return (
        f"A class project reported SAP at accuracy {sap[2]} and sparsity {sap[1]}, dominating; activation-based pruning "
        f"{activation[2]} at {activation[1]}; L1 falling beyond 0.30. Here: a small CNN, a JPEG copy of CIFAR-10, "
        f"{seeds} seeds, {length}; `SAP` and `magnitude` rank within layers, `magnitude, global` over all. "
        "*Clearly*: on every seed and beyond chance."
    )


def _own(main: Measured, results: Path) -> str:
    answer = project.own_front(main)
    return f"**Does SAP dominate what the class project compared?** {answer.verdict.capitalize()}. {answer.said}"


def _global(main: Measured, results: Path) -> str:
    found = main.differences("SAP", "magnitude, global")
    near = min(found, key=lambda difference: abs(difference.sparsity - 0.9))
    answer = project.whole_front(main)
    open_ = [f"{difference.sparsity:.3g}" for difference in found if not counts(difference)]
    rest = f", undecided at {', '.join(open_)}" if open_ else ""
    return (
        f"**With global magnitude in the race?** {answer.verdict.capitalize()}: SAP is {where(found)}{rest}. "
        f"At {near.sparsity:.3g} use {quoted('magnitude, global' if near.mean < 0 else 'SAP')} ({points(abs(near.mean))})."
    )


def _why(main: Measured, results: Path) -> str:
    own = main.differences("SAP", "magnitude") if main.has("magnitude") else []
    lead = [f"{one.sparsity:.3g}" for one in own if one.mean > 0 and counts(one)]
    start = f"**Why does it lead `magnitude` at {', '.join(lead)}?**" if lead else "**Choice or pace?**"
    studies = [opened(results / name) for name in papers.PACE_STUDIES if (results / name / "table.csv").exists()]
    measured = next((one for one in studies if one.has(papers.PACED)), None)
    if measured is None:
        return f"{start} Its choice or its pace: {NOT_YET}."
    found = measured.differences("SAP", papers.PACED)
    last = found[-1]
    same = papers.ahead(found) == "did not hold"
    most = 100 * max(abs(one.mean) for one in found)
    mostly = bool(own) and most <= 50 * max(one.mean for one in own)  # half of its lead, in points
    word = "Its pace: it slows down" if same else "Mostly its pace" if mostly else "Not its pace alone"
    if not measured.has("magnitude"):
        within = f"they are within {most:.1f} points ({measured.grid['name']}, {n(last.seeds)})"
        return f"{start} {word}. Where magnitude takes the same number each round, {within}."
    usual = min(measured.differences("SAP", "magnitude"), key=lambda one: abs(one.sparsity - last.sparsity))
    tried = "" if measured is main else f"{measured.grid['model']}, {measured.grid['data']}, "
    return (
        f"{start} {word}. At {last.sparsity:.2g} ({tried}{n(last.seeds)}) its {points(usual.mean)} are {points(last.mean)} "
        "where magnitude takes as many a round."
    )


def _project(main: Measured, results: Path) -> str:
    start = "**0.7084 at 0.9643, the project's point?**"
    if not (results / PROJECT / "table.csv").exists():
        return f"{start} On its own kind of images: {NOT_YET}."
    answer = project.reported(opened(results / PROJECT), "SAP", "SAP", scored=False)
    return f"{start} {answer.verdict.capitalize()}. {answer.said}"


def _cliff(main: Measured, results: Path) -> str:
    answer = project.cliff(main)
    return f"**L1's cliff at 0.30?** {answer.verdict.capitalize()}. {answer.said}"


def _thresholds(main: Measured, results: Path) -> str:
    found = main.differences("activation, variable", "activation, fixed")
    near = min(found, key=lambda difference: abs(difference.sparsity - 0.9))
    verdict = project.thresholds(main).verdict.capitalize()
    return f"**Variable thresholds beat fixed ones?** {verdict}: {points(near.mean)} at {near.sparsity:.3g}."


def _arithmetic(main: Measured, results: Path) -> str:
    best = papers.arithmetic(main).rows
    shares = [] if best is None else best.loc[best["share"] <= 0.999, "share"].tolist()
    left = f" (at their best points {min(shares):.0%} to {max(shares):.0%} of MACs are left)" if shares else ""
    return f"**What saves arithmetic?** Removing whole units{left}; single weights save none."


def _tricks(main: Measured, results: Path) -> str:
    start = "**What helps most at high sparsity?**"
    if not (results / OPEN / "table.csv").exists():
        return f"{start} {NOT_YET.capitalize()}."
    pushed = opened(results / OPEN)
    found, names = figures.worth(pushed.table, pushed.grid)
    if not found:
        return f"{start} {NOT_YET.capitalize()}."
    order = sorted(found, key=lambda difference: -difference.mean)[:2]
    parts = " and ".join(f"{names[one.other]} ({points(-one.mean)})" for one in order)
    floor = "(a floor: weights each layer keeps)"
    return f"{start} At {order[0].sparsity:.3g}, changed one at a time, {parts} cost most {floor}."


def _caption() -> str:
    return "Points lost, each against the unpruned net of its age (compare in the second picture):"


def small_table(table: pd.DataFrame) -> str:
    """Return the points lost by the methods of the first figure at four sparsities, as a Markdown table of means."""
    rows: list[tuple[Any, ...]] = [("method", *(f"{share:g}" for share in AT)), ("---",) * (len(AT) + 1)]
    for method in lost.told(table):
        losses = [-100 * pareto.against_dense(table, method, share) for share in AT]
        rows.append((method, *(f"{round(own.mean(), 1) + 0.0:.1f}" if len(own) else "-" for own in losses)))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
