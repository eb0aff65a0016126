"""What a person waits for: starts of the library and the command, the embedded data, the main job, the lessons.

Each start is a fresh process, beside one that imports torch and torchvision and nothing else. The main job and the lessons
run once: the lessons' seconds are those that `course validate --record` kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial

from benchmarks.measuring import ROOT, Table, medians

COMMAND = (sys.executable, "-m", "course_lib")
STARTS = {
    "import torch, torchvision": (sys.executable, "-c", "import torch, torchvision"),
    "import course_lib": (sys.executable, "-c", "import course_lib"),
    "what a lesson imports": (
        sys.executable, "-c",
        "import torch; from course_lib import data, measure, models, train; from course_lib.pruning import SAPPruner; "
        "from course_lib.teaching import check, figures, widgets",
    ),
    "the embedded data": (sys.executable, "-c", "from course_lib import data; data.load('fashion-mini', device='cpu')"),
    "course --help": (*COMMAND, "--help"),
    "course doctor": (*COMMAND, "doctor"),
}  # fmt: skip


def called(line: tuple[str, ...]) -> None:
    """Run a command."""
    environment = {**os.environ, "TQDM_DISABLE": "1"}
    subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, check=True)


def table() -> Table:
    """Measure."""
    ways: dict[str, Callable[[], object]] = {name: partial(called, line) for name, line in STARTS.items()}
    seconds = medians(ways)
    base = seconds["import torch, torchvision"]
    rows = [[name, f"{value:.2f}", f"{value / base:.2f}"] for name, value in seconds.items()]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        called((*COMMAND, "run", "--out", folder))
        rows.append(["`make course` after set-up (`course run`)", f"{time.perf_counter() - started:.0f}", ""])
    lessons = json.loads((ROOT / "results" / "lessons" / "minutes.json").read_text(encoding="utf-8"))
    for mode in ("ci", "laptop"):
        times = [entry[mode]["seconds"] for entry in lessons.values() if mode in entry]
        rows.append([f"a lesson in {mode} mode, mean (longest)", f"{sum(times) / len(times):.0f} ({max(times):.0f})", ""])
    note = "A start is mostly torch's own: the ratio is to importing torch and torchvision alone."
    return Table("what a person waits for", ("what", "seconds", "times importing torch"), rows, (note,))
