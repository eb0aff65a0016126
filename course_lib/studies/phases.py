"""The PQ index of the surviving weights along a curve: does it fall, rise and fall again, as Diao et al. (2023) say?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.errors import CourseError
from course_lib.pareto.figure import looks
from course_lib.sweep import grid as grids

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

LEAST = 0.005  # a smaller change of the mean index counts as none
FLAT, FALLS, RISES = "stays", "falls", "rises"
PAPER = (FALLS, RISES, FALLS)
SEEN = ", then ".join(PAPER)


def table(records: str | Path, grid: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return one row a round of every curve in a study's records: the index of its survivors before that round's prune.

    grid: a checked one, whose curves alone are read: records may hold those of an older grid as well; None: all.
    Columns: method, seed, round, sparsity (before the prune) and after; index: the mean over the groups (layers, or neurons
    within them, or all weights as one), each layer weighted by its survivors; held: the share of the survivors in layers
    where SAP took the most that its beta and min_per_layer let it take, whatever the index (with scope "neuron" not seen:
    0). p and q are the curve's own, so that only methods with the same ones can be compared.
    """
    import pandas as pd

    known = grid and {grids.identity(curve) for curve in grids.curves(grid)}
    rows = []
    for path in sorted(Path(records).glob("*-seed*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if known and record.get("rounds") and grids.identity(record["config"]) not in known:
            continue
        sparsity = 0.0
        for one in record.get("rounds", ()):
            groups = [group for group in one["groups"].values() if group["index"] is not None and group["survivors"]]
            weights = [group["survivors"] for group in groups]
            index = float(np.average([group["index"] for group in groups], weights=weights)) if groups else float("nan")
            named = {"method": record["config"]["method"], "seed": record["config"]["seed"], "round": one["round"]}
            held = [_held(group, record["config"].get("arguments", {})) for group in groups]
            share = float(np.average(held, weights=weights)) if groups else float("nan")
            rows.append(named | {"sparsity": sparsity, "after": one["sparsity"], "index": index, "held": share})
            sparsity = one["sparsity"]
    if not rows:
        raise CourseError(f"{records} was given; it has no records of finished curves.")
    return pd.DataFrame(rows)


def _held(group: Mapping[str, Any], arguments: Mapping[str, Any]) -> bool:
    """Whether no more of a group could go: so many as `sap_amount` takes at most, or all but the floor."""
    most = math.floor(arguments.get("beta", 0.9) * group["survivors"] + 1e-12 * group["survivors"])
    return group["removed"] >= min(most, max(0, group["survivors"] - (arguments.get("min_per_layer") or 0)))


def phases(indices: np.ndarray) -> list[str]:
    """Return how a curve of indices moves, from its start by its extremes to its end, such as ["falls", "rises"].

    Moves smaller than 0.005 are merged with what comes before.
    """
    values = indices[~np.isnan(indices)]
    found: list[str] = []
    extreme = float(values[0])  # how far the running move has come
    for value in values[1:]:
        rising = found[-1:] == [RISES]
        if found and (value > extreme) == rising:
            extreme = float(value)
        elif abs(value - extreme) >= LEAST:
            found.append(RISES if value > extreme else FALLS)
            extreme = float(value)
    return found or [FLAT]


def sentences(found: pd.DataFrame) -> list[str]:
    """Say how the index moves with the rounds (mean over seeds): one sentence for all methods where it moves alike."""
    said: dict[tuple[str, ...], list[str]] = {}
    labels = _labels(found)
    for method, own in found.groupby("method", sort=False):
        curve = own.groupby("round")[["index", "sparsity"]].mean()
        index, sparsity = curve["index"].to_numpy(), curve["sparsity"].to_numpy()
        told = f"{labels[method]}, {index[0]:.3f} at sparsity {sparsity[0]:.3g} to {index[-1]:.3f} at {sparsity[-1]:.3f}"
        said.setdefault(tuple(phases(index)), []).append(told)
    seeds = found["seed"].nunique()
    over = f"mean over layers, weighted by their survivors{'' if seeds == 1 else f', and over {seeds} seeds'}"
    told = [
        f"The index of the survivors ({over}) {', then '.join(moves)}"
        f"{'' if moves == PAPER else f' (the paper sees that it {SEEN})'}: {'; '.join(told)}."
        for moves, told in said.items()
    ]
    return told + bounds(found)


def bounds(found: pd.DataFrame) -> list[str]:
    """Say of each method in which first rounds its settings, and not the index, decided how many weights went, if in any."""
    said = []
    for method, own in found.groupby("method", sort=False):
        means = own.groupby("round")[["held", "after"]].mean()
        first = means[(means["held"] > 0.5).cummin()]
        if len(first):
            said.append(
                f"{method}: up to round {first.index[-1]} (sparsity {first['after'].iloc[-1]:.3f}) most weights lie in "
                "layers that lose all that beta and the floor let go. That far it is magnitude pruning within layers at a "
                "fixed rate; only after that does the index decide."
            )
    return said


def plot(found: pd.DataFrame, title: str, methods: Iterable[str] = ()) -> Figure:
    """Draw the mean index of each method against sparsity, with the seeds as dots.

    methods: all of the study's, so that a curve looks as it does in the frontier's figure.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6), dpi=100, layout="constrained")
    axis = figure.subplots()
    labels = _labels(found)
    styles = looks({*methods, *found["method"]})
    for method, own in found.groupby("method", sort=False):
        curve = own.groupby("round")[["index", "sparsity"]].mean()
        axis.plot(own["sparsity"], own["index"], ".", color=styles[method]["color"], alpha=0.3, markersize=3)
        axis.plot(curve["sparsity"], curve["index"], **styles[method], markersize=5, label=labels[method])
    axis.set_xlabel("sparsity before the round (share of all parameters removed)")
    axis.set_ylabel("PQ index of the survivors (higher: sparser)")
    axis.grid(color="#dddddd", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    return figure


def _labels(found: pd.DataFrame) -> dict[str, str]:
    """Return what each method is called: with its number of seeds where others have more, as in the frontier's figure."""
    seeds = found.groupby("method")["seed"].nunique()
    return {method: method if n == seeds.max() else f"{method} (n={n})" for method, n in seeds.items()}
