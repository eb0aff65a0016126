"""What a filter-pruned network is when it leaves: bytes and milliseconds beside the unpruned one of equal age."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from course_lib import measure, models, pareto, ship, slim, sweep
from course_lib.errors import CourseError
from course_lib.network.masks import Masks
from course_lib.sweep import steps
from course_lib.sweep.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from course_lib.data import Bench

KEPT = 0.25  # of the multiply-accumulates, at most
RUNS = 31  # passes of each way that are timed, all in turns, after as many as `WARMUP`
WARMUP = 5
SLIMMED, DENSE = "slimmed", "unpruned"
TOLD = ("method", "seed", "epochs", "val_accuracy", "test_accuracy", "test_images")  # of a point's row


def choose(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the points of the chosen method and of the unpruned net of equal age, a row a seed.

    Chosen on validation images: of the methods whose best points keep at most `KEPT` of the MACs on every seed, the most
    accurate; of the unpruned nets that trained on, the more accurate, each at its best point.

    Raises:
        CourseError: if no method keeps so little, or no unpruned net trained on.
    """
    import pandas

    whole = table.loc[table["method"] == pareto.DENSE, "macs"].max()
    control = table[(table["family"] == "dense") & (table["method"] != pareto.DENSE)]
    found, dense = (
        [
            pandas.concat([_best(own) for _, own in curves.groupby("seed")])
            for _, curves in some.groupby("method", sort=False)
        ]
        for some in (table[pareto.contesting(table)], control)
    )
    small = [points for points in found if (points["macs"] <= KEPT * whole).all()]
    if not small or not dense:
        lacks = f"method that keeps at most {KEPT:g} of the MACs" if not small else "unpruned net that trained on"
        raise CourseError(f"the grid has no {lacks}; the grid `ship` has both.")
    best, reference = (max(some, key=lambda points: float(points["val_accuracy"].mean())) for some in (small, dense))
    return best.sort_values("seed"), reference.sort_values("seed")


def _best(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the row of a curve's best point: the one whose network the store has kept (`steps.best_of`)."""
    counted = pareto.best(curve)
    return counted if len(counted) else pareto.best(curve, floor=0.0)


def study(grid: Mapping[str, Any], out: Path, records: Path | None = None) -> pd.DataFrame:
    """Slim, export and measure the chosen networks of a finished grid: a row a seed, network and way to run it.

    Args:
        grid: checked, and finished in the store `out`, where its networks lie. records: as in `sweep.run`.

    Raises:
        CourseError: if a curve is not finished, or its network is not in `out`.
    """
    import pandas

    if left := sweep.unfinished(grid, out, records):
        raise CourseError(f"{len(left)} curves of the grid {grid['name']} are not finished; `course sweep` first.")
    if lacking := ship.missing():
        raise CourseError(lacking)
    chosen = choose(sweep.table(grid, out, records))
    runs, bench = Store(Path(out) / grid["name"], records), steps.load(grid, "cpu")
    runs.must_match(grid["data"], steps.digest(bench))
    curves = {(curve["method"], curve["seed"]): curve for curve in runs.curves(grid)}
    rows: list[dict[str, Any]] = []
    for pair in zip(*(points.to_dict("records") for points in chosen), strict=True):
        points = dict(zip((SLIMMED, DENSE), pair, strict=True))
        networks = {
            name: _network(runs.best_files(curves[row["method"], row["seed"]]), grid["model"], bench)
            for name, row in points.items()
        }
        rows += _measured(networks, points, grid["model"], bench)
    return pandas.DataFrame(rows)


def _measured(
    networks: Mapping[str, nn.Module], points: Mapping[str, Mapping[str, Any]], model: str, bench: Bench
) -> list[dict[str, Any]]:
    """Ship the two networks of a seed to a temporary folder, and return a row for each network and way to run it."""
    named = {"name": model, "shape": bench.shape, "classes": bench.num_classes}
    ways: dict[tuple[str, str], dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        for name, network in networks.items():
            card = ship.ship(network, bench, Path(folder) / name, architecture=named, split="test")
            told = {"network": name} | {key: points[name][key] for key in TOLD}
            told |= {"parameters": card["parameters"], "macs": card["macs"]}
            for way in card["runs"]:
                ways[name, way["how"]] = told | {key: way[key] for key in ("how", "bytes", "accuracy")}
        for size in ship.BATCHES:
            passes = _forwards(networks, Path(folder), bench, size)
            for key, times in measure.in_turns(passes, RUNS, WARMUP).items():
                low, median, high = map(float, np.quantile(times, [0.25, 0.5, 0.75]))
                ways[key] |= {f"batch {size} (ms)": median, f"batch {size} IQR (ms)": high - low}
    return list(ways.values())


def _network(files: Mapping[str, bytes], name: str, bench: Bench) -> nn.Module:
    """Return the network of a finished curve, without what its masks took."""
    from safetensors.torch import load

    model = models.build(name, bench)
    model.load_state_dict(load(files["model"]))
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        path = Path(folder) / "masks"
        path.write_bytes(files["masks"])
        masks = Masks.load(path)
    return slim.slim(model, masks, bench.example) if masks.units else model


def _forwards(
    networks: Mapping[str, nn.Module], place: Path, bench: Bench, size: int
) -> dict[tuple[str, str], Callable[[], object]]:
    """Return (network, way) -> one forward pass of `size` images."""
    batch = bench.example[torch.arange(size) % len(bench.example)]
    plain = batch.contiguous().numpy()
    found: dict[tuple[str, str], Callable[[], object]] = {}
    for name, network in networks.items():
        found[name, "torch, fp32"] = partial(_by_torch, network.eval(), batch)
        for how, file in (("onnxruntime, fp32", "model.onnx"), ("onnxruntime, int8", "model.int8.onnx")):
            session = ship.exporting.session(place / name / file)
            found[name, how] = partial(session.run, None, {ship.exporting.IMAGES: plain})
    return found


@torch.inference_mode()
def _by_torch(network: nn.Module, batch: torch.Tensor) -> object:
    return network(batch)
