"""Two curves at a time with one thread each against one at a time with two threads: the reason for the sweeps' default.

    python benchmarks/threads.py [--epochs 1]

Both ways prune and fine-tune the embedded data's cnn in two curves of two rounds, after the same dense start. Counted is
all of `sweep.run` but that start, new worker processes and loading the data in them included. Prints the seconds of both and
their ratio.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from typing import Any

from course_lib import sweep


def seconds(jobs: int, threads: int, epochs: float) -> float:
    """Return how long two curves take."""
    settings: dict[str, Any] = {"name": "threads", "device": "cpu", "rounds": 2, "epochs": epochs, "fit": {"batch_size": 64}}
    settings |= {"dense": {"epochs": 0.2, "threads": 1}, "threads": threads}
    start = {"name": "start", "pruner": "magnitude", "sparsity": 0.1, "rounds": 1, "epochs": 0}
    methods = [{"name": str(share), "pruner": "magnitude", "sparsity": share} for share in (0.5, 0.8)]
    with tempfile.TemporaryDirectory() as store:
        sweep.run({**settings, "method": [start]}, store=store, jobs=1)
        began = time.perf_counter()
        sweep.run({**settings, "method": methods}, store=store, jobs=jobs)
        return time.perf_counter() - began


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=float, default=1.0, help="of each of the two rounds")
    epochs = parser.parse_args().epochs
    two_by_one, one_by_two = seconds(2, 1, epochs), seconds(1, 2, epochs)
    print(f"two curves at a time, one thread each: {two_by_one:6.1f} s")
    print(f"one curve at a time, two threads:      {one_by_two:6.1f} s   ratio {one_by_two / two_by_one:.2f}")


if __name__ == "__main__":
    main()
