"""From a slider's new value to the bytes of its picture: the sparsity slider against the obvious way to do it.

    python benchmarks/slider.py [--moves 40]

Both prune the embedded data's cnn to each share of the filters, measure the accuracy on the same 256 validation images and
draw the same picture. The slider's board has traced and scored once and keeps its images; the obvious
way does all of it at each move.
Prints median, 95th percentile and maximum of the milliseconds, and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import torch

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


def told(name: str, times: list[float]) -> str:
    """Return the line that is printed."""
    p95 = times[min(len(times) - 1, round(0.95 * len(times)))]
    return f"{name:12} median {statistics.median(times):6.1f} ms   95th percentile {p95:6.1f} ms   max {times[-1]:6.1f} ms"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=40, help="positions in each scope, over the whole range")
    moves_each = parser.parse_args().moves
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

    print(f"{torch.get_num_threads()} threads, {len(moves)} moves, cnn on fashion-mini")
    results = {"obvious way": timed(obvious, moves)}
    slider = widgets.SparsitySlider(model, bench)
    results["slider"] = timed(lambda share, scope: slider.draw({"share": share, "scope": scope}, False)[0].png(), moves)
    for name, times in results.items():
        print(told(name, times))
    medians = [statistics.median(times) for times in results.values()]
    print(f"ratio of the medians: {medians[0] / medians[1]:.2f}")


if __name__ == "__main__":
    main()
