"""What a finished grid leaves behind: table, figure and a one-page report in one folder."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib import pareto, report
from course_lib.errors import CourseError
from course_lib.files import write_json, write_text
from course_lib.measure import standard_error

if TYPE_CHECKING:
    import pandas

TITLE = "Accuracy against sparsity"


def write(table: pandas.DataFrame, grid: Mapping[str, Any], folder: str | Path, facts: Mapping[str, str]) -> list[Path]:
    """Write the table (CSV, JSON), the figure (PNG, SVG), report.html and README.md into `folder`, and return their paths.

    Args:
        table: of `sweep.run`. grid: the checked grid it came from.
        facts: what else the report says of the run (command, wall time, ...).
    """
    folder = Path(folder)
    n = int(table["test_images"].iloc[0])
    title = f"{TITLE}: {grid['model']} on {table['data'].iloc[0]}"
    figure = pareto.plot(table, n=n, references=grid["references"], title=title)
    alt = pareto.alt_text(table)
    png, svg = pareto.save(figure, folder / "pareto", alt)
    csv, plain, page, text = (folder / name for name in ("table.csv", "table.json", "report.html", "README.md"))
    write_text(csv, table.to_csv(index=False, float_format="%.6g"))
    write_json(plain, json.loads(table.to_json(orient="records")))
    write_text(text, readme(table, grid, facts))
    facts = {**facts, **_facts(table, grid, n)}
    write_text(page, report.html(table, png, title=title, facts=facts, verdicts=verdicts(table)))
    return [page, png, svg, csv, plain, text]


def verdicts(table: pandas.DataFrame) -> list[str]:
    """Return what the table says, in sentences: each method's best point, the front, and SAP beside magnitude."""
    n, sentences = int(table["test_images"].iloc[0]), []
    best = pareto.best(table[table["method"] != "dense"])
    for row in best.itertuples():
        error = standard_error(row.test_accuracy, n)
        sentences.append(
            f"{row.method}: best point by validation at sparsity {row.sparsity:.4f} ({row.kept_parameters:,.0f} "
            f"parameters kept), test accuracy {row.test_accuracy:.4f} ± {error:.4f}, score {row.score:.4f}."
        )
    front = pareto.front(table[table["method"] != "dense"])
    counts = front["method"].value_counts()
    shares = ", ".join(f"{count} of {method}" for method, count in counts.items())
    verb = "dominates" if len(counts) == 1 and counts.index[0].startswith("SAP") else "does not dominate"
    seeds = table["seed"].nunique()
    sentences.append(
        f"The front by validation accuracy has {len(front)} points: {shares}. So SAP {verb} it in this run "
        f"({seeds} seed{'s' if seeds > 1 else ''})."
    )
    return sentences + _beside(table, "SAP", "magnitude", n)


def markdown(table: pandas.DataFrame) -> str:
    """Return each method's best point by validation as a Markdown table, the dense model first."""
    rows = [("method", "sparsity", "parameters kept", "MACs", "epochs", "validation", "test", "score"), ("---",) * 8]
    dense, pruned = table[table["method"] == "dense"], table[table["method"] != "dense"]
    for row in [*dense.itertuples(), *pareto.best(pruned).itertuples()]:
        rows.append(
            (
                *(row.method, f"{row.sparsity:.4f}", f"{row.kept_parameters:,}", f"{row.macs / 1e6:.1f} M"),
                *(f"{row.epochs:g}", f"{row.val_accuracy:.4f}", f"{row.test_accuracy:.4f}", f"{row.score:.4f}"),
            )
        )
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def readme(table: pandas.DataFrame, grid: Mapping[str, Any], facts: Mapping[str, str]) -> str:
    """Return the README of a study's folder: how it was made, its best points, and what they say."""
    n = int(table["test_images"].iloc[0])
    parts = [f"# {TITLE}: {grid['model']} on {table['data'].iloc[0]}", f"![{pareto.alt_text(table)}](pareto.png)"]
    parts.append("\n".join(f"- {key}: {value}" for key, value in {**facts, **_facts(table, grid, n)}.items()))
    parts += [f"Best point of each method, chosen on validation:\n\n{markdown(table)}"]
    parts.append("\n".join(f"- {sentence}" for sentence in verdicts(table)))
    return "\n\n".join([*parts, "All points: table.csv. This folder is written by the command above.\n"])


def _beside(table: pandas.DataFrame, one: str, other: str, n: int) -> list[str]:
    """Compare two methods at the sparsities of the first's points, the other's accuracy interpolated between its own."""
    import numpy as np

    curves = {}
    for method in table["method"].unique():
        for name in (one, other):
            if method.startswith(name):
                rows = table[table["method"] == method]
                curves.setdefault(name, (method, rows.groupby("round")[["sparsity", "test_accuracy"]].mean()))
    if len(curves) < 2:
        return []
    (name, points), (peer, reference) = curves[one], curves[other]
    reference = reference.sort_values("sparsity")
    inside = points[points["sparsity"].between(reference["sparsity"].min(), reference["sparsity"].max())]
    if inside.empty:
        return []
    expected = np.interp(inside["sparsity"], reference["sparsity"], reference["test_accuracy"])
    differences = 100 * (inside["test_accuracy"] - expected)
    pairs = ", ".join(f"{d:+.1f} at {s:.3f}" for d, s in zip(differences, inside["sparsity"], strict=True))
    spent = [table.loc[table["method"] == method, "epochs"].max() for method in (name, peer)]
    equal = spent[0] == spent[1]
    epochs = (
        f"both curves end at {spent[0]:g} epochs" if equal else f"the curves end at {spent[0]:g} and {spent[1]:g} epochs"
    )
    error = 100 * 2**0.5 * standard_error(float(inside["test_accuracy"].mean()), n)
    return [
        f"{name} minus {peer} at equal sparsity, in points of test accuracy: {pairs} (one standard error of a difference: "
        f"{error:.1f}; {epochs}; which round a point comes from, and so what training it had by then, differs)."
    ]


def _facts(table: pandas.DataFrame, grid: Mapping[str, Any], n: int) -> dict[str, str]:
    import torch
    import torchvision

    last = table.groupby(["method", "seed"])[["images", "seconds"]].agg({"images": "max", "seconds": "sum"})
    device = str(table["device"].iloc[0])
    return {
        "data": f"{table['data'].iloc[0]}; accuracy on {n:,} test images, read once when a curve was complete",
        "seeds": ", ".join(str(seed) for seed in sorted(table["seed"].unique())),
        "trained": f"{int(last['images'].sum()):,} images in {last['seconds'].sum() / 60:.1f} minutes, summed over curves",
        "device": f"{device}, {grid['precision']}, {grid['threads']} thread(s) a curve",
        "versions": f"Python {platform.python_version()}, torch {torch.__version__}, torchvision {torchvision.__version__}",
    }


def read(folder: str | Path) -> pandas.DataFrame:
    """Return the table that `write` left in `folder`."""
    import pandas

    path = Path(folder) / "table.csv"
    if not path.exists():
        raise CourseError(f"{folder} was given; it has no table.csv of a finished run.")
    return pandas.read_csv(path)
