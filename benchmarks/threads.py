"""Two curves at a time with one thread each against one at a time with two threads: the reason for the sweeps' default.

Both ways prune and fine-tune the embedded data's cnn in two curves of two rounds, after the same dense start. Counted is
all of `sweep.run` but that start, new worker processes and loading the data in them included.
"""

from __future__ import annotations

import tempfile
import time
from typing import Any

from benchmarks.measuring import Table
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


def table(epochs: float = 1.0) -> Table:
    """Measure; epochs: of each of the two rounds."""
    two_by_one, one_by_two = seconds(2, 1, epochs), seconds(1, 2, epochs)
    rows = [
        ["two curves at a time, one thread each", f"{two_by_one:.1f}"],
        ["one curve at a time, two threads", f"{one_by_two:.1f}"],
    ]
    note = f"Ratio: {one_by_two / two_by_one:.2f}."
    return Table("two curves with one thread each, or one curve with two", ("", "seconds"), rows, (note,))
