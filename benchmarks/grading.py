"""Grading lesson 02: `course grade` beside plain `nbgrader autograde`, seconds per submission, in one run.

What each executes: nbgrader the whole notebook of every student in ci mode, in the grader's own account; `course grade` in a
sandbox of its own for every student what the answers need, each answer on fresh inputs. Both write nbgrader's gradebook.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.measuring import Table

ROOT = Path(__file__).parent.parent
LESSON = "02_l1_filter_pruning"
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "COURSE_MODE": "ci",
    "TQDM_DISABLE": "1",
}


def table(submissions: int = 300, plain: int = 3, jobs: int = 2) -> Table:
    """Measure; plain: submissions that nbgrader grades."""
    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        one, *_ = ours(Path(folder) / "one", 1, jobs)
        many, again, memory = ours(Path(folder) / "many", submissions, jobs)
        theirs_alone = theirs(Path(folder) / "plain", plain)
    each, other = many / submissions, theirs_alone / plain
    slope = (many - one) / (submissions - 1)
    rows = [
        [f"course grade, {jobs} at a time", "answers, isolated", str(submissions), f"{many:.1f}", f"{each:.2f}"],
        ["nbgrader autograde", "the whole notebook", str(plain), f"{theirs_alone:.1f}", f"{other:.2f}"],
    ]
    told = ", ".join(f"{size / 2**20:.0f} MiB after {count}" for count, size in memory.items())
    notes = (
        f"`course grade` is {other / each:.1f} times faster a submission. One alone takes it {one:.1f} s: start-up, "
        f"{one - slope:.1f} s of that; each further one adds {slope:.2f} s. The same call again: {again:.1f} s.",
        f"Memory of the grader and its worker processes: {told} submissions.",
        "nbgrader trains the lesson's networks again for every student, and the answers need none of it.",
    )
    head = ("grader", "executes", "submissions", "seconds", "seconds a submission")
    return Table("lesson 02 graded, beside nbgrader", head, rows, notes)


def ours(folder: Path, count: int, jobs: int) -> tuple[float, float, dict[int, int]]:
    """Return the seconds of `course grade` and of the same call again, and bytes of memory after 10 and after all."""
    for number in range(count):
        place = folder / "submissions" / f"student{number:03}"
        place.mkdir(parents=True)
        shutil.copy(ROOT / "solutions" / f"{LESSON}.ipynb", place)
    line = [sys.executable, "-m", "course_lib", "grade", folder / "submissions", "--lesson", LESSON[:2]]
    line += ["--out", folder / "grades", "--jobs", str(jobs)]
    started, memory = time.perf_counter(), {}
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen([*map(str, line)], cwd=ROOT, env=ENVIRONMENT, stdout=log, stderr=log)
        while process.poll() is None:
            finished = len(list((folder / "grades" / "results" / LESSON).glob("*.json")))
            for wanted in {min(10, count), count - jobs}:  # the last ones end while nobody looks
                if finished >= wanted and wanted not in memory:
                    memory[wanted] = used(process.pid)
            time.sleep(0.2)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit((folder / "log.txt").read_text()[-2000:])
    started = time.perf_counter()
    subprocess.run([*map(str, line)], cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=True)
    return seconds, time.perf_counter() - started, memory


def used(pid: int) -> int:
    """Return the memory of the grader and of its workers; a sandbox has its own limits and ends with its submission."""
    parent = psutil.Process(pid)
    workers = [one for one in parent.children() if "bwrap" not in one.name()]
    return sum(one.memory_info().rss for one in (parent, *workers))


def theirs(folder: Path, count: int) -> float:
    """Return the seconds that nbgrader takes for the same notebook."""
    (folder / "solutions").mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copy(ROOT / "solutions" / f"{LESSON}.ipynb", folder / "solutions")
    nbgrader(folder, "generate_assignment", ".", "--force", "--create")
    for number in range(count):
        place = folder / "submitted" / f"student{number:03}"
        place.mkdir(parents=True)
        shutil.copy(ROOT / "solutions" / f"{LESSON}.ipynb", place)
    started = time.perf_counter()
    nbgrader(folder, "autograde", ".", "--force")
    return time.perf_counter() - started


def nbgrader(folder: Path, *arguments: str) -> None:
    """Run nbgrader in `folder`."""
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
