"""What a finished grid leaves behind: table, figure and a one-page report in one folder."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib import pareto
from course_lib.errors import CourseError
from course_lib.files import write_json, write_text
from course_lib.studies import figures as figures_beside
from course_lib.studies import origins, phases, report, verdicts
from course_lib.sweep import grid as grids
from course_lib.sweep import roles

if TYPE_CHECKING:
    import pandas

TITLE = "Accuracy against sparsity"
MACS = "The same test accuracies against MACs per image: pruning single weights leaves them all, pruning units does not."
LEGEND = f"""Best point of each method (mean over seeds, ± one standard deviation): of its points with a validation accuracy
of at least {pareto.FLOOR:g}, the one with the highest score on VALIDATION, (accuracy + sparsity) / 2. The rows stand in this
order; the column has the score on TEST. Epochs: all training behind the point, the dense start's included. Area: what lies
below the front that validation chose, in test accuracies, and above an accuracy of {pareto.FLOOR:g}. Controls come first,
with their last point. "[a, b]" is an unadjusted 95 % interval over seeds (Student's t): of many such intervals some miss the
truth, and as all seeds share the test images, it leaves out their error. What is clear does not follow from it but from
adjusted p-values and signs, as said below. Accuracies at equal sparsity are read on the straight line between two rounds of
a curve, unless a sentence says "round by round"."""


def write(table: pandas.DataFrame, grid: Mapping[str, Any], folder: str | Path, facts: Mapping[str, str]) -> list[Path]:
    """Write the table (CSV, JSON), the figures (PNG, SVG), report.html and README.md into `folder`, and return their paths.

    Args:
        table: of `sweep.run`. grid: the checked grid it came from.
        facts: what else the report says of the run (command, wall time, ...).
    """
    folder = Path(folder)
    n = int(table["test_images"].iloc[0])
    title = f"{TITLE}: {grid['model']} on {table['data'].iloc[0]}"
    drawn: dict[Path, str] = {}
    more: list[Path] = []
    for name, own in _parts(table).items():
        figure = pareto.plot(own, n=n, references=grid["references"], title=title)
        alt = pareto.alt_text(own)
        png, svg = pareto.save(figure, folder / name, alt)
        drawn[png] = alt
        more += [png, svg]
    if table["macs"].nunique() > 1:
        by_macs = pareto.plot(table, x="macs", n=n, title=title.replace("sparsity", "MACs"))
        more += pareto.save(by_macs, folder / "macs", MACS)
    extra = figures_beside.draw(table, grid, folder, title.removeprefix(f"{TITLE}: "))
    first = {path: alt for path, alt in extra.items() if path.stem == "lost"}
    figures: dict[str | Path, str] = dict((first | drawn | extra).items())
    more += [path.with_suffix(suffix) for path in extra for suffix in (".png", ".svg")]
    phases = _phases(table, grid, folder)
    csv, plain, page, text = (folder / name for name in ("table.csv", "table.json", "report.html", "README.md"))
    write_text(csv, table.to_csv(index=False, float_format="%.6g"))
    write_json(plain, json.loads(table.to_json(orient="records")))
    table = read(folder)  # told are the rounded numbers that a reader finds there
    facts = {**facts, **_facts(table, grid, n, folder)}
    sentences = verdicts.sentences(table, grid, origins.read(folder, grid))
    write_text(text, readme(table, sentences, figures, grid, facts, phases[1]))
    write_text(page, report.html(table, figures, title=title, facts=facts, verdicts=sentences))
    return [page, *more, *phases[0], csv, plain, text]


def _parts(table: pandas.DataFrame) -> dict[str, pandas.DataFrame]:
    """Return the rows of each figure: rewound curves lie far below the others, so they get a figure of their own."""
    if "rewind" not in table:
        return {"pareto": table}
    rewound = table["rewind"].astype(bool)
    if not rewound.any() or rewound[table["method"] != pareto.DENSE].all():
        return {"pareto": table}
    return {"pareto": table[~rewound], "pareto-rewind": table[rewound | (table["method"] == pareto.DENSE)]}


def markdown(table: pandas.DataFrame) -> str:
    """Return each method's best point by validation as a Markdown table of means over seeds, the dense model first."""
    names = (
        "method",
        "seeds",
        "sparsity",
        "parameters kept",
        "MACs",
        "epochs",
        "validation",
        "test",
        "score (test)",
        "area",
    )
    rows = [names, ("---",) * len(names)]
    for method in table.loc[~pareto.contesting(table), "method"].unique():
        own = table[table["method"] == method].sort_values("round").groupby("seed").tail(1)
        counts = {"seeds": len(own), "seeds_run": len(own)}
        means = {**own.mean(numeric_only=True), **counts, "method": method, "hypervolume": None}
        rows.append(_cells({**means, "test_accuracy_sd": own["test_accuracy"].std()}))
    best = pareto.by_method(table)
    rows += [_cells(row) for _, row in best.iterrows()]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cells(row: Mapping[str, Any] | pandas.Series) -> tuple[str, ...]:
    seeds = f"{row['seeds']}" if row["seeds"] == row["seeds_run"] else f"{row['seeds']} of {row['seeds_run']}"
    macs = f"{row['macs'] / 1e6:.1f} M" if row["macs"] >= 1e6 else f"{row['macs'] / 1e3:.0f} k"
    return (
        *(row["method"], seeds, f"{row['sparsity']:.4f}", f"{row['kept_parameters']:,.0f}", macs),
        *(f"{row['epochs']:.4g}", f"{row['val_accuracy']:.4f}", _spread(row, "test_accuracy"), f"{row['score']:.4f}"),
        "-" if row["hypervolume"] is None or math.isnan(row["hypervolume"]) else _spread(row, "hypervolume"),
    )


def _spread(row: Mapping[str, Any] | pandas.Series, name: str) -> str:
    return f"{row[name]:.4f}" + (f" ± {row[f'{name}_sd']:.4f}" if row["seeds"] > 1 else "")


def _phases(table: pandas.DataFrame, grid: Mapping[str, Any], folder: Path) -> tuple[list[Path], list[str]]:
    """Draw the PQ index along SAP's curves and say how it moves, where the study's records are kept in `folder`."""
    names = [method["name"] for method in grids.methods(grid) if roles.family(method) == "SAP"]
    if not names or not (folder / "records").exists():
        return [], []
    rounds = phases.index_by_round(folder / "records", grid)
    rounds = rounds[rounds["method"].isin(names)]
    title = f"The PQ index along SAP's curves: {grid['model']} on {Path(grid['data']).stem}"
    sentences = phases.sentences(rounds)
    figure = phases.plot(rounds, title, table.loc[pareto.contesting(table), "method"])
    return list(pareto.save(figure, folder / "index", " ".join(sentences))), sentences


def readme(
    table: pandas.DataFrame,
    sentences: Sequence[str],
    figures: Mapping[str | Path, str],
    grid: Mapping[str, Any],
    facts: Mapping[str, str],
    indices: Sequence[str] = (),
) -> str:
    """Return the README of a study's folder: how it was made, its best points, and what they say.

    sentences: of `verdicts`. figures: path -> what it shows. facts: all of them. indices: sentences about the index along
    the curves, for index.png.
    """
    parts = [f"# {TITLE}: {grid['model']} on {table['data'].iloc[0]}"]
    parts += [f"![{alt}]({Path(path).name})" for path, alt in figures.items()]
    if table["macs"].nunique() > 1:
        parts.append(f"![{MACS}](macs.png)")
    parts.append("\n".join(f"- {key}: {value}" for key, value in facts.items()))
    parts += [f"{LEGEND}\n\n{markdown(table)}"]
    parts.append("\n".join(f"- {sentence}" for sentence in sentences))
    if indices:
        parts += [f"![{' '.join(indices)}](index.png)", "\n".join(f"- {sentence}" for sentence in indices)]
    return "\n\n".join([*parts, "All points: table.csv. This folder is written by the command above.\n"])


def _facts(table: pandas.DataFrame, grid: Mapping[str, Any], n: int, folder: Path) -> dict[str, str]:
    last = table.groupby(["method", "seed"])[["images", "seconds"]].agg({"images": "max", "seconds": "sum"})
    device, minutes, images = str(table["device"].iloc[0]), last["seconds"].sum() / 60, int(last["images"].sum())
    return {
        "data": f"{table['data'].iloc[0]}; accuracy on {n:,} test images, read once when a curve was complete",
        "seeds": ", ".join(str(seed) for seed in sorted(table["seed"].unique())),
        "wall time, summed over curves": f"{minutes:.1f} minutes for {images:,} images",
        "device": f"{device}, {grid['precision']}, {grid['threads']} thread(s) a curve",
        **({"machine": found} if (found := machines(folder)) else {}),
    }


def machines(folder: Path, *more: Mapping[str, str]) -> str:
    """Return on which machines the finished runs of a study's folder or store were made; more: further machines."""
    kept = [*folder.glob("records/*.json"), *folder.glob("*/points.json"), *folder.glob("*/record.json")]
    found = [json.loads(path.read_text(encoding="utf-8")).get("machine") for path in sorted(kept)]
    runs = Counter(", ".join(f"{key} {value}" for key, value in machine.items()) for machine in [*found, *more] if machine)
    return "; ".join(name if len(runs) == 1 else f"{name} ({count} of {runs.total()} runs)" for name, count in runs.items())


def read(folder: str | Path) -> pandas.DataFrame:
    """Return the table that `write` left in `folder`."""
    import pandas

    path = Path(folder) / "table.csv"
    if not path.exists():
        raise CourseError(f"{folder} was given; it has no table.csv of a finished run.")
    return pandas.read_csv(path)
