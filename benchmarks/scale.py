"""How time and memory grow: with weights, images, rounds, curves in a store and submissions, each with a fitted exponent.

The exponent is the slope of log seconds over log size from the second size on; 1 is linear. Two threads.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import matplotlib
import nbformat
import torch
from torch import nn

from benchmarks.measuring import ROOT, Table, extra_memory
from course_lib import data, models, train
from course_lib.data import Bench
from course_lib.grading.collecting.submissions import collect
from course_lib.pruning import MagnitudePruner, SAPPruner, iterate
from course_lib.sweep import grid
from course_lib.sweep import table as table_of
from course_lib.sweep.store import Store

LESSON = "02_l1_filter_pruning"
PICTURE = ROOT / "results" / "scale.png"


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the slope of log seconds over log size."""
    points = [(math.log(size), math.log(value)) for size, value in zip(sizes[1:], seconds[1:], strict=True)]
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def squares(count: int) -> nn.Module:
    """Return dense layers of 1,000 x 1,000 weights, or one smaller, with `count` weights in all."""
    side = min(1000, round(math.sqrt(count)))
    return nn.Sequential(*(nn.Linear(side, side, bias=False) for _ in range(max(1, count // side**2))))


def pruned(pruner: MagnitudePruner | SAPPruner, bench: Bench, count: int) -> Callable[[], object]:
    """Return what prunes a network of so many weights."""
    model = squares(count)
    return lambda: pruner.masks(model, bench).apply_(model)


def trained(bench: Bench, count: int) -> Callable[[], object]:
    """Return what trains for an epoch on so many images."""
    some = replace(bench, train=bench.train.rows(torch.arange(count) % len(bench.train)))
    model = models.build("mlp", some)
    return lambda: train.fit(model, some, epochs=1)


def in_rounds(bench: Bench, count: int) -> Callable[[], object]:
    """Return what prunes a small network in so many rounds, without training."""
    return lambda: list(
        iterate(MagnitudePruner(0.9), models.build("mlp", bench), bench, rounds=count, epochs=0, patience=None)
    )


def gathered(folder: Path, count: int) -> Callable[[], object]:
    """Return what reads so many finished curves of a store, of 11 points each."""
    settings = {"name": str(count), "seeds": list(range(count)), "method": [{"name": "magnitude", "pruner": "magnitude"}]}
    full = grid.complete(settings)
    store = Store(folder / full["name"])
    for curve in grid.curves(full):
        row = {"method": curve["method"], "seed": curve["seed"], "sparsity": 0.5, "test_accuracy": 0.5}
        rows = [{**row, "round": number} for number in range(11)]
        store.put(curve, {"points.json": json.dumps({"rows": rows, "best": 0}).encode()})
    return lambda: table_of(full, folder)


def collected(folder: Path, count: int) -> Callable[[], object]:
    """Return what finds so many students' notebooks."""
    book = nbformat.read(ROOT / "solutions" / f"{LESSON}.ipynb", 4)
    for number in range(count):
        place = folder / str(count) / f"student{number:04}" / f"{LESSON}.ipynb"
        place.parent.mkdir(parents=True)
        nbformat.write(book, place)
    return lambda: collect(folder / str(count), LESSON)


def table() -> Table:
    """Measure."""
    torch.set_num_threads(2)
    os.environ["TQDM_DISABLE"] = "1"
    bench = data.load("fashion-mini", device="cpu")
    few = data.load("fashion-mini", device="cpu", limit=100)
    weights = (10**4, 10**5, 10**6, 10**7, 10**8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        growing: dict[str, tuple[Sequence[int], Callable[[int], Callable[[], object]]]] = {
            "weights: magnitude, layer": (weights, partial(pruned, MagnitudePruner(0.5), few)),
            "weights: magnitude, global": (weights, partial(pruned, MagnitudePruner(0.5, scope="global"), few)),
            "weights: SAP, neuron": (weights, partial(pruned, SAPPruner(scope="neuron"), few)),
            "images: an epoch of the mlp": ((1000, 4000, 16000, 64000), partial(trained, bench)),
            "rounds: pruning only": ((1, 4, 16, 64), partial(in_rounds, few)),
            "curves: a store's table": ((10, 100, 1000, 10000), partial(gathered, folder)),
            "submissions: found": ((10, 100, 1000), partial(collected, folder)),
        }
        found = {}
        for what, (sizes, make) in growing.items():
            seconds, memory = [], []
            for size in sizes:
                way = make(size)
                way()
                started = time.perf_counter()
                way()
                seconds.append(time.perf_counter() - started)
                memory.append(extra_memory(way))
            found[what] = sizes, seconds, memory
    draw(found)
    rows = [
        [
            what, " / ".join(f"{size:,}" for size in sizes),
            " / ".join(f"{value:.3g}" for value in seconds), f"{exponent(sizes, seconds):.2f}", f"{memory[-1] / 2**20:.0f}",
        ]
        for what, (sizes, seconds, memory) in found.items()
    ]  # fmt: skip
    head = ("with what, doing what", "sizes", "seconds", "exponent", "memory at the largest, MiB")
    return Table("how time grows", head, rows, ("![seconds over size](../results/scale.png)",))


def draw(found: dict[str, tuple[Sequence[int], Sequence[float], Sequence[int]]]) -> None:
    """Draw seconds over size, both logarithmic."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
    for what, (sizes, seconds, _) in found.items():
        axes.loglog(sizes, seconds, marker="o", label=f"{what} ({exponent(sizes, seconds):.2f})")
    axes.set(xlabel="size", ylabel="seconds")
    figure.legend(loc="outside right upper", fontsize=8, frameon=False, title="what grows: what is done (exponent)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, dpi=120)
    plt.close(figure)
