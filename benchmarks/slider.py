"""From a slider's new value to the bytes of its picture: the sparsity slider against the obvious way to do it.

Both prune the embedded data's cnn to each share of the filters, measure the accuracy on the same 256 validation images and
draw the same picture. The slider's board has traced and scored once and keeps its images; the obvious
way does all of it at each move.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.measuring import Table
from course_lib import data, models, train
from course_lib.pruning import L1NormPruner
from course_lib.teaching import figures, widgets
from course_lib.teaching.boards.filters import FilterBoard
from course_lib.teaching.figures.board import BoardState


def timed(work: Callable[[float, str], bytes], moves: list[tuple[float, str]]) -> list[float]:
    """Return the milliseconds of each move."""
    work(*moves[0])  # fonts and kernels are loaded once in a session
    times = []
    for move in moves:
        started = time.perf_counter()
        work(*move)
        times.append(1e3 * (time.perf_counter() - started))
    return sorted(times)


def table(moves_each: int = 40) -> Table:
    """Measure; moves_each: positions in each scope, over the whole range."""
    torch.set_num_threads(2)
    bench = data.load("fashion-mini", device="cpu")
    model = models.build("cnn", bench)
    train.fit(model, bench, epochs=0.2)
    mean_weights = FilterBoard.of(model, bench).ranked["global"]
    moves = [(share, scope) for scope in ("layer", "global") for share in torch.linspace(0, 0.95, moves_each).tolist()]

    def obvious(share: float, scope: str) -> bytes:
        masks = L1NormPruner(share, scope=scope).masks(model, bench)
        pruned = masks.apply_(copy.deepcopy(model))
        accuracy = train.evaluate(pruned, bench, samples=256)
        keep = {name: units for name, units in masks.units.items() if name in mean_weights}
        scores = {name: model.get_submodule(name).weight.detach().abs().flatten(1).mean(1) for name in keep}
        state = BoardState(share, scope, scores, keep, masks.sparsity, masks.kept_parameters, accuracy, 256)
        return figures.sparsity_board(state).png()

    slider = widgets.SparsitySlider(model, bench)
    results = {
        "all of it at each move": timed(obvious, moves),
        "the slider": timed(lambda share, scope: slider.draw({"share": share, "scope": scope}, False)[0].png(), moves),
    }
    rows = []
    for name, times in results.items():
        p95 = times[min(len(times) - 1, round(0.95 * len(times)))]
        rows.append([name, *(f"{value:.1f}" for value in (statistics.median(times), p95, times[-1]))])
    slow, fast = (statistics.median(times) for times in results.values())
    note = f"2 threads, {len(moves)} moves, the cnn on fashion-mini. Ratio of the medians: {slow / fast:.2f}."
    return Table("a slider's move, until its picture is there", ("", "median ms", "95th percentile", "most"), rows, (note,))
