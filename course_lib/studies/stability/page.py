"""The table of a stability study as a folder: table.csv, a figure, and a README whose sentences are computed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_lib import pareto
from course_lib.files import write_text
from course_lib.pareto.looks import COLOURS, MARKERS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

TITLE = "Do thresholds on activations choose the same units again?"
CLEAR = 0.05  # a difference of mean agreements smaller than this, or than two standard errors, is called `NONE`
NONE = "no clear difference"
VARIABLE = "variable thresholds agree more"
SEED = "seed"  # networks that started from other weights: their units do not correspond
NAMES = {"mean": "mean activation", "apoz": "1 - APoZ"}
SILENT = 1e-4  # a threshold below this takes only units that respond to no image


def write(overlaps: pd.DataFrame, folder: str | Path, facts: Mapping[str, str]) -> list[Path]:
    """Write the table (CSV), the figure (PNG, SVG) and README.md into `folder`, and return their paths."""
    folder = Path(folder)
    csv, text = folder / "table.csv", folder / "README.md"
    write_text(csv, overlaps.to_csv(index=False, float_format="%.6g"))
    alt = summary(overlaps)
    png, svg = pareto.save(plot(overlaps), folder / "overlap", alt)
    parts = [f"# {TITLE}", f"![{alt}](overlap.png)", "\n".join(f"- {key}: {value}" for key, value in facts.items())]
    parts += [
        "Overlap: units removed in both runs over units removed in either (Jaccard), mean over all pairs of runs. Larger "
        "sets overlap more by chance. Agreement is (overlap - chance) / (1 - chance): 0 for sets drawn at random, 1 for "
        "equal ones. Each rule's strength is set once, on the reference network, so that it takes 10, 30 or 50 % of all "
        "units there. Means are over these shares and the layers in which both rules take some; a difference counts as none "
        f"below {CLEAR:g} or below two standard errors over these layers and shares. Calibration images and the threshold "
        "were varied on one network, that of the first seed. Unit j of a network has nothing to do with unit j of one that "
        "started from other weights, so between seeds every rule is at chance.",
        by_statistic(overlaps),
        "Agreement by layer, fixed / variable thresholds:",
        by_layer(overlaps),
        "\n".join(f"- {sentence}" for sentence in sentences(overlaps)),
        "Every layer, share and statistic: table.csv. This folder is written by the command above.\n",
    ]
    write_text(text, "\n\n".join(parts))
    return [png, svg, csv, text]


def agreement(overlaps: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of layers in which both rules take anything, with their agreement: 0 is chance, 1 is equal sets.

    overlaps: of `study`. Left out are shares for which the fixed threshold came out at nearly 0: that it finds the silent
    units again says nothing about it.
    """
    known = overlaps.dropna(subset=["jaccard"]).query("chance < 1")
    known = known[~_silent(known)]
    rules = known.groupby(["source", "statistic", "share", "layer"])["rule"].transform("nunique")
    known = known[rules == overlaps["rule"].nunique()]
    beyond = (known["jaccard"] - known["chance"]) / (1 - known["chance"])
    order = {source: number for number, source in enumerate(overlaps["source"].unique())}
    known = known.assign(agreement=beyond, spread=known["gone_sd"] / known["units"])
    return known.sort_values("source", key=lambda sources: sources.map(order), kind="stable")


def _silent(overlaps: pd.DataFrame) -> pd.Series:
    """Whether the fixed threshold of a row's statistic and share is practically 0."""
    fixed = overlaps["strength"].where(overlaps["rule"] == "fixed")
    return fixed.groupby([overlaps["statistic"], overlaps["share"]]).transform("min") < SILENT


def by_statistic(overlaps: pd.DataFrame) -> str:
    """Return means for each statistic and source as a Markdown table, fixed and variable thresholds side by side."""
    known, rules = agreement(overlaps), ("fixed", "variable")
    lines = [
        "| statistic | what differs | overlap, fixed | overlap, variable | agreement, fixed | agreement, variable |",
        "|" + " --- |" * 6,
    ]
    for (statistic, source), rows in known.groupby(["statistic", "source"], sort=False):
        means = rows.groupby("rule")[["jaccard", "agreement"]].mean().round(2) + 0  # + 0: no -0.00
        cells = [f"{means.loc[rule, column]:.2f}" for column in ("jaccard", "agreement") for rule in rules]
        lines.append(f"| {NAMES[str(statistic)]} | {source} | {' | '.join(cells)} |")
    return "\n".join(lines)


def by_layer(overlaps: pd.DataFrame) -> str:
    """Return the mean agreements for each source and layer as a Markdown table of "fixed / variable"."""
    known = agreement(overlaps)
    layers = list(overlaps["layer"].unique())
    means = known.groupby(["source", "layer", "rule"])["agreement"].mean().round(2) + 0
    lines = [f"| what differs | {' | '.join(layers)} |", "|" + " --- |" * (len(layers) + 1)]
    for source in known["source"].unique():
        cells = [" / ".join(_number(means, (source, layer, rule)) for rule in ("fixed", "variable")) for layer in layers]
        lines.append(f"| {source} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _number(means: pd.Series, key: tuple[str, str, str]) -> str:
    return f"{means[key]:.2f}" if key in means.index else "nothing goes"


def summary(overlaps: pd.DataFrame) -> str:
    """Say in two sentences how far runs agree, for each source of variation, with fixed and with variable thresholds."""
    known = agreement(overlaps)
    known = known[known["source"] != SEED]
    parts, found = [], verdicts(overlaps)
    for statistic, own in known.groupby("statistic", sort=False):
        sources = dict(list(own.groupby("source", sort=False)))
        pairs = ", ".join(f"{_pair(rows)} ({source})" for source, rows in sources.items())
        parts.append(f"of {NAMES[str(statistic)]}: {pairs}")
    counts = ", ".join(f"{verdict} in {found.count(verdict)}" for verdict in dict.fromkeys(found))
    return (
        "Mean agreement of the removed units beyond chance (0: chance, 1: the same units), fixed / variable thresholds "
        f"{'; '.join(parts)}. Of these {len(found)}: {counts}."
    )


def verdicts(overlaps: pd.DataFrame) -> list[str]:
    """Return for each statistic and source of variation whose thresholds agree more, or that none do clearly."""
    known = agreement(overlaps)
    known = known[known["source"] != SEED]
    return [_verdict(rows) for _, rows in known.groupby(["statistic", "source"], sort=False)]


def _verdict(rows: pd.DataFrame) -> str:
    pairs = rows.pivot_table(index=["statistic", "share", "layer"], columns="rule", values="agreement")
    differences = pairs["variable"] - pairs["fixed"]
    mean, error = differences.mean(), differences.sem()  # NaN of one layer, of which nothing is clear
    return (
        f"{'variable' if mean > 0 else 'fixed'} thresholds agree more"
        if abs(mean) >= CLEAR and abs(mean) > 2 * error
        else NONE
    )


def _pair(rows: pd.DataFrame) -> str:
    means = rows.groupby("rule")["agreement"].mean().round(2) + 0
    return f"{means['fixed']:.2f} / {means['variable']:.2f}"


def sentences(overlaps: pd.DataFrame) -> list[str]:
    """Say for each source of variation how far runs agree beyond chance, and under which rule they agree more."""
    known, found = agreement(overlaps), []
    for source, rows in known.groupby("source", sort=False):
        spread = 100 * rows.groupby("rule")["spread"].mean()
        by_name = ", ".join(
            f"{NAMES[str(statistic)]} {_pair(own)} ({_verdict(own)})"
            for statistic, own in rows.groupby("statistic", sort=False)
        )
        found.append(
            f"{source} ({rows['runs'].max()} runs): agreement beyond chance, fixed / variable thresholds: {by_name}; the "
            f"number of units that go varies by {spread['fixed']:.1f} and {spread['variable']:.1f} % of a layer (standard "
            "deviation)."
        )
    left_out = overlaps[_silent(overlaps) & (overlaps["rule"] == "fixed")]
    for share, rows in left_out.groupby("share"):
        units = rows.groupby(["source", "statistic"])["gone"].sum()
        low, high = f"{units.min():.0f}", f"{units.max():.0f}"
        found.append(
            f"Left out: when set to take {100 * share:.0f} % of the units, the fixed threshold is practically 0; it takes "
            f"the {low if low == high else f'{low} to {high}'} units that respond to no image."
        )
    return found


def plot(overlaps: pd.DataFrame) -> Figure:
    """Draw the agreement under each rule against what differs between the runs: medians and the middle half."""
    from matplotlib.figure import Figure

    known = agreement(overlaps)
    figure = Figure(figsize=(10, 5), dpi=100, layout="constrained")
    sources, statistics = list(known["source"].unique()), list(known["statistic"].unique())
    axes = figure.subplots(1, len(statistics), sharey=True, squeeze=False)[0]
    for axis, statistic in zip(axes, statistics, strict=True):
        axis.axhline(0, color="black", linewidth=1, linestyle=(0, (2, 2)), label="chance")
        for number, rule in enumerate(known["rule"].unique()):
            rows = known[(known["statistic"] == statistic) & (known["rule"] == rule)]
            quartiles = rows.groupby("source")["agreement"].quantile([0.25, 0.5, 0.75]).unstack().loc[sources].to_numpy().T
            axis.errorbar(
                *(np.arange(len(sources)) + (number - 0.5) * 0.25, quartiles[1]), yerr=np.diff(quartiles, axis=0),
                label=f"{rule} threshold", color=COLOURS[number], marker=MARKERS[number], linestyle="none", capsize=3,
            )  # fmt: skip
        axis.set_xticks(range(len(sources)), [source.replace(" ", "\n") for source in sources], fontsize=8)
        axis.set_title(NAMES[statistic], loc="left", fontsize=11)
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("agreement of the removed units beyond chance\n(median; bars: middle half of layers and shares)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(TITLE, x=0.01, ha="left", fontsize=14, fontweight="bold")
    return figure
