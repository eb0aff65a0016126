"""The table of a stability study as a folder: table.csv, a figure, and a README whose sentences are computed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_lib import pareto
from course_lib.files import write_text
from course_lib.pareto.figure import COLOURS, MARKERS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

TITLE = "Do thresholds on activations choose the same units again?"
BAD = 0.02  # a difference of mean overlaps smaller than this is called none


def write(table: pd.DataFrame, folder: str | Path, facts: Mapping[str, str]) -> list[Path]:
    """Write the table (CSV), the figure (PNG, SVG) and README.md into `folder`, and return their paths."""
    folder = Path(folder)
    csv, text = folder / "table.csv", folder / "README.md"
    write_text(csv, table.to_csv(index=False, float_format="%.6g"))
    alt = "Mean Jaccard overlap of the removed units, by source of variation, for fixed and variable thresholds."
    png, svg = pareto.save(plot(table), folder / "overlap", alt)
    parts = [f"# {TITLE}", f"![{alt}](overlap.png)", "\n".join(f"- {key}: {value}" for key, value in facts.items())]
    parts += [
        "Jaccard overlap: units removed in both runs over units removed in either, mean over all pairs of runs; chance: the "
        "same for sets of these sizes drawn by lot. Each rule's strength is set on the reference network so that it takes "
        "10, 30 or 50 % of all its units there, and is then left alone.",
        markdown(table),
        "\n".join(f"- {sentence}" for sentence in sentences(table)),
        "By layer: table.csv. This folder is written by the command above.\n",
    ]
    write_text(text, "\n\n".join(parts))
    return [png, svg, csv, text]


def by_source(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each statistic, source and rule: means over shares and layers where anything goes."""
    known = table.dropna(subset=["jaccard"])
    spread = known.assign(spread=known["gone_sd"] / known["units"])
    keys = ["statistic", "source", "rule"]
    return spread.groupby(keys, sort=False)[["jaccard", "chance", "spread"]].mean().reset_index()


def markdown(table: pd.DataFrame) -> str:
    """Return `by_source` as a Markdown table, fixed and variable thresholds side by side."""
    wide = by_source(table).pivot(index=["statistic", "source"], columns="rule")
    lines = [
        "| statistic | what differs | overlap, fixed | overlap, variable | chance, fixed | chance, variable |",
        "|" + " --- |" * 6,
    ]
    for statistic in table["statistic"].unique():
        for source in table["source"].unique():
            row = wide.loc[(statistic, source)]
            cells = [f"{row[column, rule]:.2f}" for column in ("jaccard", "chance") for rule in ("fixed", "variable")]
            lines.append(f"| {statistic} | {source} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def sentences(table: pd.DataFrame) -> list[str]:
    """Say for each source of variation which rule is the more stable, and whether networks agree more than by chance."""
    said = []
    for source in table["source"].unique():
        rows = table[table["source"] == source].dropna(subset=["jaccard"])
        means = rows.groupby("rule")["jaccard"].mean()
        spread = (rows["gone_sd"] / rows["units"]).groupby(rows["rule"]).mean()
        difference = means["variable"] - means["fixed"]
        verdict = (
            "no clear difference"
            if abs(difference) < BAD
            else f"{'variable' if difference > 0 else 'fixed'} thresholds agree more"
        )
        said.append(
            f"{source}: overlap {means['fixed']:.2f} with fixed and {means['variable']:.2f} with variable thresholds "
            f"({verdict}); the number of units that go varies by {100 * spread['fixed']:.1f} and "
            f"{100 * spread['variable']:.1f} % of a layer (standard deviation); chance would give "
            f"{rows['chance'].mean():.2f}."
        )
    return said


def plot(table: pd.DataFrame) -> Figure:
    """Draw the mean overlap of each rule against what differs between the runs, with the spread over layers and shares."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), dpi=100, layout="constrained")
    sources = list(table["source"].unique())
    axes = figure.subplots(1, table["statistic"].nunique(), sharey=True, squeeze=False)[0]
    for axis, statistic in zip(axes, table["statistic"].unique(), strict=True):
        for number, rule in enumerate(table["rule"].unique()):
            rows = table[(table["statistic"] == statistic) & (table["rule"] == rule)].dropna(subset=["jaccard"])
            groups = [rows[rows["source"] == source] for source in sources]
            places = np.arange(len(sources)) + (number - 0.5) * 0.25
            ends = [[group["jaccard"].mean() - group["jaccard"].quantile(0.25) for group in groups]]
            ends += [[group["jaccard"].quantile(0.75) - group["jaccard"].mean() for group in groups]]
            axis.errorbar(
                *(places, [group["jaccard"].mean() for group in groups]), yerr=np.clip(ends, 0, None),
                label=f"{rule} threshold", color=COLOURS[number], marker=MARKERS[number], linestyle="none", capsize=3,
            )  # fmt: skip
            drawn = [group["chance"].mean() for group in groups]
            axis.plot(places, drawn, "_", color=COLOURS[number], markersize=12, label=f"{rule}: by chance")
        axis.set_xticks(range(len(sources)), [source.replace(" ", "\n", 1) for source in sources], fontsize=8)
        axis.set_title({"mean": "mean activation", "apoz": "1 - APoZ"}[statistic], loc="left", fontsize=11)
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("Jaccard overlap of the removed units\n(mean; bars: middle half of layers and shares)")
    axes[0].set_ylim(0, 1.02)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle(TITLE, x=0.01, ha="left", fontsize=14, fontweight="bold")
    return figure
