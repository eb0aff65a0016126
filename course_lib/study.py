"""What a finished grid leaves behind: table, figure and a one-page report in one folder."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib import grid as grids
from course_lib import pareto, phases, report
from course_lib.errors import CourseError
from course_lib.files import write_json, write_text
from course_lib.measure import standard_error

if TYPE_CHECKING:
    import pandas

TITLE = "Accuracy against sparsity"
SCRATCH = ", from scratch"  # how `sweep` names the control
SPARSITIES = (0.5, 0.8, 0.9, 0.95, 0.9643)  # where methods are compared


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
    png, svg = pareto.save(figure, folder / "pareto", pareto.alt_text(table))
    by_macs = pareto.plot(table, x="macs", n=n, title=title.replace("sparsity", "MACs"))
    macs = pareto.save(by_macs, folder / "macs", f"The same points over MACs per image. {pareto.alt_text(table)}")
    drawn = _phases(grid, folder)
    csv, plain, page, text = (folder / name for name in ("table.csv", "table.json", "report.html", "README.md"))
    write_text(csv, table.to_csv(index=False, float_format="%.6g"))
    write_json(plain, json.loads(table.to_json(orient="records")))
    write_text(text, readme(table, grid, facts, drawn[1]))
    facts = {**facts, **_facts(table, grid, n)}
    write_text(page, report.html(table, png, title=title, facts=facts, verdicts=verdicts(table, grid)))
    return [page, png, svg, *macs, *drawn[0], csv, plain, text]


def verdicts(table: pandas.DataFrame, grid: Mapping[str, Any] | None = None) -> list[str]:
    """Return what the table says, in sentences: each method's best points, the front, and methods beside each other.

    grid: may say in `compare` which pairs of methods are compared, and `at` which sparsities; without, SAP with all others.
    Methods that ran on fewer seeds than others are in no comparison.
    """
    n, pruned = int(table["test_images"].iloc[0]), table[table["method"] != "dense"]
    best = pareto.by_method(pruned).to_dict("records")
    sentences = [_best(row, n) for row in best]
    low = [method for method in pruned["method"].unique() if method not in {row["method"] for row in best}]
    sentences += [f"{method}: no point reaches a validation accuracy of {pareto.FLOOR:g}." for method in low]
    fair = comparable(pruned)
    sentences.append(dominance(table))
    sap = next((method for method in fair if method.startswith("SAP")), None)
    pairs = (grid or {}).get("compare") or [(sap, other) for other in fair if sap and other != sap]
    found = [pareto.paired(table, *pair, at) for pair in pairs for at in (grid or {}).get("at") or SPARSITIES]
    sentences += [f"{str(one)[0].upper()}{str(one)[1:]}." for one in found if one]
    return sentences + [_scratch(pruned, method) for method in pruned["method"].unique() if SCRATCH in method]


def _best(row: Mapping[str, Any], n: int) -> str:
    kept = f"{row['kept_parameters']:,.0f} parameters kept"
    if row["seeds_run"] == 1:
        error = standard_error(row["test_accuracy"], n)
        return (
            f"{row['method']}: best point by validation at sparsity {row['sparsity']:.4f} ({kept}), test accuracy "
            f"{row['test_accuracy']:.4f} ± {error:.4f}, score {row['score']:.4f} (one seed)."
        )
    spread = f"mean ± standard deviation, {row['seeds']} seeds"
    if row["seeds"] < row["seeds_run"]:
        spread += f"; {row['seeds_run'] - row['seeds']} more without an accuracy of {pareto.FLOOR:g}"
    return (
        f"{row['method']}: best points by validation at sparsity {row['sparsity']:.4f} ± {row['sparsity_sd']:.4f} ({kept}), "
        f"test accuracy {row['test_accuracy']:.4f} ± {row['test_accuracy_sd']:.4f}, score {row['score']:.4f} ± "
        f"{row['score_sd']:.4f} ({spread}); area beyond accuracy {pareto.FLOOR:g}: {row['hypervolume']:.4f} ± "
        f"{row['hypervolume_sd']:.4f}."
    )


def comparable(pruned: pandas.DataFrame) -> list[str]:
    """Return the methods that ran on as many seeds as any other; from-scratch controls are no methods."""
    seeds = pruned.groupby("method")["seed"].nunique()
    return [method for method in pruned["method"].unique() if seeds[method] == seeds.max() and SCRATCH not in method]


def dominance(table: pandas.DataFrame) -> str:
    """Say whose points the front by validation accuracy consists of, and whether SAP dominates it."""
    pruned = table[(table["method"] != "dense")]
    pruned = pruned[pruned["method"].isin(comparable(pruned))]
    front = pareto.front(pareto.mean_curves(pruned))
    counts = front["method"].value_counts()
    shares = ", ".join(f"{count} of {method}" for method, count in counts.items())
    verb = "dominates" if all(method.startswith("SAP") for method in counts.index) else "does not dominate"
    seeds = pruned["seed"].nunique()
    return (
        f"The front by validation accuracy has {len(front)} points: {shares}. So SAP {verb} it "
        f"({'one seed' if seeds == 1 else f'means of {seeds} seeds'})."
    )


def _scratch(pruned: pandas.DataFrame, method: str) -> str:
    """Compare new weights under the masks of a curve's best points with those points themselves."""
    own = pruned[pruned["method"] == method].set_index("seed")
    keys = ["method", "seed", "round"]
    first = own.reset_index().assign(method=method.removesuffix(SCRATCH))
    pairs = first.merge(pruned, on=keys, suffixes=("_scratch", ""))
    differences = 100 * (pairs["test_accuracy_scratch"] - pairs["test_accuracy"])
    told = ", ".join(f"{d:+.1f}" for d in differences)
    return (
        f"{method}: at mean sparsity {own['sparsity'].mean():.4f}, new weights under the same masks, trained for as many "
        f"epochs, reach {told} points of test accuracy over the pruned and fine-tuned ones (one number a seed)."
    )


def markdown(table: pandas.DataFrame) -> str:
    """Return each method's best point by validation as a Markdown table, the dense model first: means over its seeds."""
    names = ("method", "seeds", "sparsity", "parameters kept", "MACs", "epochs", "validation", "test", "score")
    rows = [names, ("---",) * len(names)]
    dense, pruned = table[table["method"] == "dense"], table[table["method"] != "dense"]
    means = [
        {
            **dense.mean(numeric_only=True),
            "method": "dense",
            "seeds": len(dense),
            "test_accuracy_sd": dense["test_accuracy"].std(),
        }
    ]
    for row in [*means, *pareto.by_method(pruned).to_dict("records")]:
        several = row["seeds"] > 1
        rows.append(
            (
                *(row["method"], str(row["seeds"]), f"{row['sparsity']:.4f}", f"{row['kept_parameters']:,.0f}"),
                *(f"{row['macs'] / 1e6:.1f} M", f"{row['epochs']:.4g}", f"{row['val_accuracy']:.4f}"),
                f"{row['test_accuracy']:.4f}" + (f" ± {row['test_accuracy_sd']:.4f}" if several else ""),
                f"{row['score']:.4f}",
            )
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _phases(grid: Mapping[str, Any], folder: Path) -> tuple[list[Path], list[str]]:
    """Draw the PQ index along SAP's curves and say how it moves, where the study's records are kept in `folder`."""
    names = [method["name"] for method in grids.methods(grid) if method["pruner"] == "sap"]
    if not names or not (folder / "records").exists():
        return [], []
    found = phases.table(folder / "records")
    found = found[found["method"].isin(names)]
    title = f"The PQ index along SAP's curves: {grid['model']} on {Path(grid['data']).stem}"
    sentences = phases.sentences(found)
    return list(pareto.save(phases.plot(found, title), folder / "index", " ".join(sentences))), sentences


def readme(table: pandas.DataFrame, grid: Mapping[str, Any], facts: Mapping[str, str], indices: Sequence[str] = ()) -> str:
    """Return the README of a study's folder: how it was made, its best points, and what they say.

    indices: sentences about the PQ index along the curves, for a figure index.png.
    """
    n = int(table["test_images"].iloc[0])
    parts = [
        f"# {TITLE}: {grid['model']} on {table['data'].iloc[0]}",
        f"![{pareto.alt_text(table)}](pareto.png)",
        "![The same points over MACs](macs.png)",
    ]
    parts.append("\n".join(f"- {key}: {value}" for key, value in {**facts, **_facts(table, grid, n)}.items()))
    parts += [
        f"Best point of each method, chosen on validation (mean over seeds, ± one standard deviation):\n\n{markdown(table)}"
    ]
    parts.append("\n".join(f"- {sentence}" for sentence in verdicts(table, grid)))
    if indices:
        parts += ["![The PQ index along SAP's curves](index.png)", "\n".join(f"- {sentence}" for sentence in indices)]
    return "\n\n".join([*parts, "All points: table.csv. This folder is written by the command above.\n"])


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
