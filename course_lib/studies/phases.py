"""The PQ index of the surviving weights along a curve: does it fall, rise and fall again, as Diao et al. (2023) say?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.errors import CourseError
from course_lib.pareto.looks import looks
from course_lib.sweep import grid as grids
from course_lib.sweep.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

LEAST = 0.005  # a smaller change of the mean index counts as none
FLAT, FALLS, RISES = "stays", "falls", "rises"
PAPER = (FALLS, RISES, FALLS)
SEEN = ", then ".join(PAPER)


def index_by_round(records: str | Path, grid: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return one row a round of every curve in a study's records: the index of its survivors before that round's prune.

    grid: a checked grid, whose curves alone are read, as records may also hold those of an older version of it; None: all.
    Columns: method, seed, round; sparsity before the prune, and after it; index: the mean over the groups (layers, neurons
    within them, or all weights as one), each layer weighted by its survivors; held: the share of the survivors in layers
    from which SAP took the most that its beta and min_per_layer allow, whatever the index (not seen with scope "neuron": 0).
    p and q are the curve's own, so only methods with the same p and q can be compared.
    """
    import pandas as pd

    known = grid and {grids.identity(curve) for curve in Store(Path(records), Path(records)).curves(grid)}
    rows: list[dict[str, Any]] = []
    for path in sorted(Path(records).glob("*-seed*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("rounds") and (not known or grids.identity(record["config"]) in known):
            rows += _rows(record["config"], record["rounds"])
    if not rows:
        raise CourseError(f"{records} was given; it has no records of finished curves.")
    return pd.DataFrame(rows)


def _rows(config: Mapping[str, Any], rounds: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one curve."""
    sparsity = 0.0
    for record in rounds:
        groups = [group for group in record["groups"].values() if group["index"] is not None and group["survivors"]]
        survivors = [group["survivors"] for group in groups]
        index = float(np.average([group["index"] for group in groups], weights=survivors)) if groups else float("nan")
        held = [_held(group, config.get("arguments", {})) for group in groups]
        share = float(np.average(held, weights=survivors)) if groups else float("nan")
        row = {"method": config["method"], "seed": config["seed"], "round": record["round"]}
        yield row | {"sparsity": sparsity, "after": record["sparsity"], "index": index, "held": share}
        sparsity = record["sparsity"]


def _held(group: Mapping[str, Any], arguments: Mapping[str, Any]) -> bool:
    """Whether no more of a group could go: it lost the most that `sap_amount` takes, or all but the floor."""
    most = math.floor(arguments.get("beta", 0.9) * group["survivors"] + 1e-12 * group["survivors"])
    return group["removed"] >= min(most, max(0, group["survivors"] - (arguments.get("min_per_layer") or 0)))


def phases(indices: np.ndarray) -> list[str]:
    """Return how a curve of indices moves from its start through its extremes to its end, such as ["falls", "rises"].

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


def sentences(rounds: pd.DataFrame) -> list[str]:
    """Say how the index moves with the rounds (mean over seeds), one sentence for all methods in which it moves alike.

    rounds: of `index_by_round`.
    """
    by_moves: dict[tuple[str, ...], list[str]] = {}
    for method, label in _labels(rounds).items():
        curve = rounds[rounds["method"] == method].groupby("round")[["index", "sparsity"]].mean()
        index, sparsity = curve["index"].to_numpy(), curve["sparsity"].to_numpy()
        path = f"{label}, from {index[0]:.3f} at sparsity {sparsity[0]:.3g} to {index[-1]:.3f} at {sparsity[-1]:.3f}"
        by_moves.setdefault(tuple(phases(index)), []).append(path)
    seeds = rounds["seed"].nunique()
    over = f"mean over layers, weighted by their survivors{'' if seeds == 1 else f', and over {seeds} seeds'}"
    return [
        f"The index of the survivors ({over}) {', then '.join(moves)}"
        f"{'' if moves == PAPER else f' (in the paper it {SEEN})'}: {'; '.join(paths)}."
        for moves, paths in by_moves.items()
    ] + bounds(rounds)


def bounds(rounds: pd.DataFrame) -> list[str]:
    """Say for each method in which first rounds, if any, its settings and not the index decided how many weights went."""
    found = []
    for method, own in rounds.groupby("method", sort=False):
        ends = []
        for _, curve in own.sort_values("round").groupby("seed"):
            first = curve[(curve["held"] > 0.5).cummin()]
            ends.append((int(first["round"].max()), float(first["after"].max())) if len(first) else (0, 0.0))
        last, after = sorted({end for end, _ in ends}), [share for _, share in ends]
        if last == [0]:
            continue
        until = (
            f"round {last[0]}"
            if len(last) == 1
            else f"round {last[0]}{' or ' if len(last) == 2 else ' to '}{last[-1]}, by seed"
        )
        reach = (
            f"{min(after):.3f}" if f"{min(after):.3f}" == f"{max(after):.3f}" else f"{min(after):.3f} to {max(after):.3f}"
        )
        found.append(
            f"{method}: up to {until} (sparsity {reach}) most weights lie in layers that lose as many as beta and the floor "
            "allow. Until then this is magnitude pruning within layers at a fixed rate; only later does the index decide."
        )
    return found


def plot(rounds: pd.DataFrame, title: str, methods: Iterable[str] = ()) -> Figure:
    """Draw the mean index of each method against sparsity, with the seeds as dots.

    rounds: of `index_by_round`. methods: all contestants of the study, so that a curve looks as it does in the frontier's
    figure.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6), dpi=100, layout="constrained")
    axis = figure.subplots()
    styles = looks({*methods, *rounds["method"]})
    for method, label in _labels(rounds).items():
        own = rounds[rounds["method"] == method]
        curve = own.groupby("round")[["index", "sparsity"]].mean()
        axis.plot(own["sparsity"], own["index"], ".", color=styles[method]["color"], alpha=0.3, markersize=3)
        axis.plot(curve["sparsity"], curve["index"], **styles[method], markersize=5, label=label)
    axis.set_xlabel("sparsity before the round (share of all parameters removed)")
    axis.set_ylabel("PQ index of the survivors (higher: sparser)")
    axis.grid(color="#dddddd", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    return figure


def _labels(rounds: pd.DataFrame) -> dict[str, str]:
    """Return what each method is called: with its number of seeds if others have more, as in the frontier's figure."""
    seeds = rounds.groupby("method", sort=False)["seed"].nunique()
    return {
        method: method if seeds[method] == seeds.max() else f"{method} (n={seeds[method]})"
        for method in map(str, seeds.index)
    }
