"""What the benchmarks share: peers that are timed in turn, memory, and the tables that come out."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import torch

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results" / "benchmarks.json"
README = Path(__file__).parent / "README.md"
INTRODUCTION = """# Benchmarks

`make bench` runs all of them and writes this page and results/benchmarks.json; `make bench ONLY=pruning` runs one. Wherever
there is a peer that does the same work, it runs in turn with ours, so that a drift of the machine's speed meets both;
results are compared first. On your machine the numbers are others: run it.
"""


@dataclass(frozen=True)
class Table:
    """What a benchmark found. notes: sentences below the table, among them why what remains remains."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        """Return the table with its notes."""
        lines = [" | ".join(row) for row in (self.head, ["---"] * len(self.head), *self.rows)]
        return "\n".join(f"| {line} |" for line in lines) + "".join(f"\n\n{note}" for note in self.notes) + "\n"


def medians(
    ways: Mapping[str, Callable[[], object]], runs: int = 5, before: Callable[[], object] = lambda: None
) -> dict[str, float]:
    """Return the median seconds of each way; all take turns, and a first turn is not counted. before: not counted either."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for run in range(runs + 1):
        for name, way in ways.items():
            before()
            settle()
            started = time.perf_counter()
            way()
            settle()
            if run:
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def settle() -> None:
    """Wait for an accelerator, which works on while Python goes on."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def extra_memory(way: Callable[[], object]) -> int:
    """Return the bytes that this process, or torch on an accelerator, grew by at most while `way` ran.

    A process is looked at every millisecond.
    """
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        held = torch.cuda.memory_allocated()
        way()
        return torch.cuda.max_memory_allocated() - held
    process, most, done = psutil.Process(), 0, threading.Event()

    def look() -> None:
        nonlocal most
        while not done.wait(0.001):
            most = max(most, process.memory_info().rss)

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # what was freed before does not hide what is asked for now
    before = process.memory_info().rss
    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        way()
    finally:
        done.set()
        watcher.join()
    return max(0, most - before)


def machine() -> dict[str, Any]:
    """Return what the numbers depend on."""
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    model = next(
        (line.partition(": ")[2] for line in flags.splitlines() if line.startswith("model name")), platform.machine()
    )
    return {
        "processor": model, "cores": os.cpu_count(), "instructions": torch.backends.cpu.get_cpu_capability(),
        "avx512_bf16": "avx512_bf16" in flags, "torch": torch.__version__, "python": platform.python_version(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "", "date": date.today().isoformat(),
    }  # fmt: skip


def write(name: str, table: Table) -> None:
    """Put a table into the results and the page, in place of the one of that name."""
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    known[name] = {"machine": machine(), **asdict(table)}
    RESULTS.write_text(json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    README.write_text(page(json.loads(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")


def page(known: Mapping[str, Any]) -> str:
    """Return the page of all results."""
    parts = [INTRODUCTION]
    for name, entry in known.items():
        on = entry["machine"]
        where = (
            f"{on['date']}, {on['gpu'] or on['processor']}, {on['cores']} cores, {on['instructions']}, torch {on['torch']}."
        )
        table = Table(entry["title"], entry["head"], entry["rows"], entry["notes"])
        parts.append(f"## `make bench ONLY={name}`: {table.title}\n\n{where}\n\n{table.markdown()}")
    return "\n".join(parts)
