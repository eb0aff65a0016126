"""What a cluster costs: curves whose rounds only wait, driven as `course sweep` drives real ones.

A round takes the cnn's weights with it and brings them back, as a real one does; here it waits for 20 ms in between. What
is longer than the waiting is the engine's: handing out, pickling, the network on loopback, noticing the end. Two workers.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import Future

from safetensors.torch import save

from benchmarks.measuring import Table
from course_lib import data, models
from course_lib.sweep import engines
from course_lib.sweep.drive import drive

CURVES, ROUNDS, SECONDS, WORKERS = 1000, 2, 0.02, 2


def waited(weights: bytes, seconds: float) -> bytes:
    """Stand for a round."""
    time.sleep(seconds)
    return weights


def driven(name: str, weights: bytes) -> tuple[float, float]:
    """Return the seconds until the first round of a new engine has ended, and those of all rounds after it."""
    done: Counter[int] = Counter()
    started = time.perf_counter()
    with engines.start(name, WORKERS, "cpu") as engine:

        def step(curve: int) -> Future[bytes]:
            return engine.submit(waited, weights, SECONDS)

        def keep(curve: int, files: bytes) -> bool:
            done[curve] += 1
            return done[curve] == ROUNDS

        def refuse(curve: int, error: BaseException) -> None:
            raise SystemExit(f"curve {curve}: {error}")

        engine.submit(waited, weights, 0.0).result()
        begun = time.perf_counter()
        drive(range(CURVES), step, keep, refuse, engine.lost, engine.slots)
        ended = time.perf_counter()
    if sum(done.values()) != CURVES * ROUNDS:
        raise SystemExit(f"{name} ran {sum(done.values())} rounds")
    return begun - started, ended - begun


def table() -> Table:
    """Measure."""
    bench = data.load("fashion-mini", device="cpu", limit=100)
    weights = save({name: tensor.contiguous() for name, tensor in models.build("cnn", bench).state_dict().items()})
    rows, overheads = [], {}
    for name in ("local", "dask"):
        start, seconds = driven(name, weights)
        overheads[name] = WORKERS * seconds / (CURVES * ROUNDS) - SECONDS
        rows.append([name, f"{start:.1f}", f"{seconds:.1f}", f"{1e3 * overheads[name]:.1f}", ""])
    rows[-1][-1] = f"{overheads['dask'] / overheads['local']:.1f}"
    head = ("engine", "start, s", "all rounds, s", "overhead a round, ms", "times local's")
    note = (
        f"{CURVES:,} curves of {ROUNDS} rounds, {len(weights) / 2**20:.1f} MiB of weights each way. Of a curve of ten "
        f"seconds and ten rounds the overhead is {100 * overheads['dask']:.1f} % on Dask. Limit: 0 ms."
    )
    return Table("the engines of a sweep", head, rows, (note,))
