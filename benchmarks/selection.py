"""How long it takes to choose what goes: `scopes.lowest` against a full sort and against torch.nn.utils.prune.

    python benchmarks/selection.py [--sizes 1250000 20000000] [--runs 7]

Each size runs the peers in turn, so that a drift of the machine's speed meets all of them; medians and their ratio to
`lowest` are printed as a Markdown table. One thread. All choose the same entries: that is checked first.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.utils import prune

from course_lib.axes.scopes import lowest


def by_sort(scores: Tensor, count: int) -> Tensor:
    """Sort everything, stably, and take the first `count`."""
    gone = torch.zeros_like(scores, dtype=torch.bool)
    gone[scores.argsort(stable=True)[:count]] = True
    return gone


def by_torch(scores: Tensor, count: int) -> Tensor:
    """What torch.nn.utils.prune.l1_unstructured does with the same scores."""
    return prune.L1Unstructured(count).compute_mask(scores, torch.ones_like(scores)) == 0


PEERS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "scopes.lowest": lowest,
    "stable argsort": by_sort,
    "torch.nn.utils.prune": by_torch,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_250_000, 20_000_000])
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread, median of {options.runs} runs, half of the entries go\n")
    print("| entries | chosen by | seconds | times scopes.lowest |\n| --- | --- | --- | --- |")
    for size in options.sizes:
        scores = torch.rand(size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        wanted = lowest(scores, size // 2)
        seconds: dict[str, list[float]] = {name: [] for name in PEERS}
        for _ in range(options.runs):
            for name, choose in PEERS.items():
                started = time.perf_counter()
                chosen = choose(scores, size // 2)
                seconds[name].append(time.perf_counter() - started)
                if not torch.equal(chosen, wanted):
                    raise SystemExit(f"{name} chose other entries")
        base = statistics.median(seconds["scopes.lowest"])
        for name, values in seconds.items():
            median = statistics.median(values)
            print(f"| {size:,} | {name} | {median:.3f} | {median / base:.1f} |")


if __name__ == "__main__":
    main()
