"""The section about shipped networks in a study's README.md: a table, and sentences that are computed from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib.errors import CourseError
from course_lib.files import write_text
from course_lib.ship import BATCHES
from course_lib.studies.shipping import DENSE, KEPT, SLIMMED
from course_lib.studies.verdicts import quoted

if TYPE_CHECKING:
    import pandas as pd

BEGIN, END = "<!-- shipped: begin (written by `course ship-study`) -->", "<!-- shipped: end -->"
POINTS = 2.0  # of test accuracy that may be lost
TABLE = "shipped.csv"
TORCH, FP32, INT8 = "torch, fp32", "onnxruntime, fp32", "onnxruntime, int8"


def write(table: pd.DataFrame, folder: str | Path, facts: Mapping[str, str]) -> list[Path]:
    """Write shipped.csv into a study's folder and the section into its README.md; return their paths.

    Raises:
        CourseError: if the study itself has not been written there.
    """
    import pandas

    csv, page = Path(folder) / TABLE, Path(folder) / "README.md"
    if not page.exists():
        raise CourseError(f"{folder} was given; it has no README.md of a finished study: `course sweep` writes it.")
    write_text(csv, table.to_csv(index=False, float_format="%.6g"))
    kept = pandas.read_csv(csv)  # told are the rounded numbers that a reader finds there
    write_text(page, placed(page.read_text(encoding="utf-8"), text(kept, facts)))
    return [csv, page]


def placed(page: str, section: str) -> str:
    """Return a study's README with the section below its title, in place of the one that may be there."""
    block = f"{BEGIN}\n\n{section}\n\n{END}\n\n"
    rest = re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}\n\n", "", page, flags=re.DOTALL)
    title, _, body = rest.partition("\n\n")
    return f"{title}\n\n{block}{body}"


def text(table: pd.DataFrame, facts: Mapping[str, str]) -> str:
    """Return the section as Markdown."""
    parts = ["## What leaves the house", "\n".join(f"- {sentence}" for sentence in sentences(table)), markdown(table)]
    parts.append(
        f"Means over {table['seed'].nunique()} seeds; milliseconds are medians of passes that took turns, on the CPU. Bytes "
        f"are those of the file: safetensors for torch. Every seed: {TABLE}."
    )
    return "\n\n".join([*parts, "\n".join(f"- {key}: {value}" for key, value in facts.items())])


def markdown(table: pd.DataFrame) -> str:
    """Return a row for each network and way to run it: means over seeds."""
    head = ["network", "how", "MACs", "bytes", "test accuracy", *(f"{size} image{'s' * (size > 1)}, ms" for size in BATCHES)]
    rows = [head, ["---"] * len(head)]
    for (network, how), own in table.groupby(["network", "how"], sort=False):
        mean = own.mean(numeric_only=True)
        spread = f" ± {own['accuracy'].std():.4f}" if len(own) > 1 else ""
        rows.append(
            [str(network), str(how), f"{mean['macs']:,.0f}", f"{mean['bytes']:,.0f}", f"{mean['accuracy']:.4f}{spread}"]
            + [f"{mean[f'batch {size} (ms)']:.2f}" for size in BATCHES]
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def sentences(table: pd.DataFrame) -> list[str]:
    """Return what the table says."""
    small, dense = (_of(table, network, TORCH) for network in (SLIMMED, DENSE))
    macs = small["macs"].mean() / dense["macs"].mean()
    lost = 100 * (dense["accuracy"] - small["accuracy"])
    within = macs <= KEPT and lost.mean() <= POINTS
    each = ", ".join(f"{value:+.2f}" for value in lost)
    method, other = (quoted(str(own["method"].iloc[0])) for own in (small, dense))
    said = [
        f"{method}, chosen on validation images, keeps {macs:.1%} of the multiply-accumulates and "
        f"{small['parameters'].mean() / dense['parameters'].mean():.1%} of the parameters. Against the unpruned net of "
        f"equal age ({other}, {dense['epochs'].mean():g} epochs in all; the pruned one {small['epochs'].mean():g}) it loses "
        f"{lost.mean():.2f} points of test accuracy (by seed {each}; {int(small['test_images'].iloc[0]):,} images).",
        f"At most a quarter of the work at no more than {POINTS:g} points lost: {'yes' if within else 'no'}, on the mean; "
        f"on every seed: {'yes' if macs <= KEPT and lost.max() <= POINTS else 'no'}.",
    ]
    for size in BATCHES:
        ratios = [_ratio(table, how, f"batch {size} (ms)") for how in (TORCH, FP32, INT8)]
        named = zip(("torch", "onnxruntime", "int8"), ratios, strict=True)
        said.append(
            f"{size} image{'s' * (size > 1)}: of the unpruned net's time the slimmed one takes "
            + ", ".join(f"{ratio:.2f} in {name}" for name, ratio in named)
            + f"; of its arithmetic {macs:.2f}."
        )
    whole, eight = dense["bytes"].mean(), _of(table, SLIMMED, INT8)
    cost = 100 * (small["accuracy"] - eight["accuracy"]).mean()
    said.append(
        f"Eight bits on top: {eight['bytes'].mean():,.0f} bytes, {eight['bytes'].mean() / whole:.1%} of the unpruned file, "
        f"for {cost:+.2f} points more that are lost."
    )
    return said


def _of(table: pd.DataFrame, network: str, how: str) -> pd.DataFrame:
    """Return a network's rows of one way to run it, by seed."""
    return table[(table["network"] == network) & (table["how"] == how)].sort_values("seed").reset_index(drop=True)


def _ratio(table: pd.DataFrame, how: str, column: str) -> float:
    """Return the mean over seeds of slimmed / unpruned: each pair was timed in turns."""
    return float((_of(table, SLIMMED, how)[column] / _of(table, DENSE, how)[column]).mean())
