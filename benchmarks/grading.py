"""Grading lesson 02: `course grade` beside plain `nbgrader autograde`, seconds per submission, in one run.

What each executes: nbgrader the whole notebook of every student in ci mode, in the grader's own account; `course grade` in a
sandbox of its own for every student what the answers need, each answer on fresh inputs. Both write nbgrader's gradebook.

    python benchmarks/grading.py [--submissions 60] [--plain 10] [--jobs 2]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
LESSON = "02_l1_filter_pruning"
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "COURSE_MODE": "ci",
    "TQDM_DISABLE": "1",
}


def main() -> None:
    """Grade both ways and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--plain", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        one, _ = ours(Path(folder) / "one", 1, options.jobs)
        many, memory = ours(Path(folder) / "many", options.submissions, options.jobs)
        plain = theirs(Path(folder) / "plain", options.plain)
    each, other = many / options.submissions, plain / options.plain
    slope = (many - one) / (options.submissions - 1)
    print(f"Lesson {LESSON}, {os.cpu_count()} cores.\n")
    print("| grader | executes | submissions | seconds | seconds per submission |\n| --- | --- | --- | --- | --- |")
    print(
        f"| course grade, {options.jobs} at a time | answers, isolated | {options.submissions} | {many:.1f} | {each:.2f} |"
    )
    print(f"| nbgrader autograde | the whole notebook | {options.plain} | {plain:.1f} | {other:.2f} |")
    print(f"\ncourse grade is {other / each:.1f} times faster per submission. One alone takes it {one:.1f} s: start-up,")
    print(f"{one - slope:.1f} s of that; each further one adds {slope:.2f} s.")
    told = ", ".join(f"{size / 2**20:.0f} MiB after {count}" for count, size in memory.items())
    print(f"Memory of the grader and its worker processes: {told} submissions.")


def ours(folder: Path, count: int, jobs: int) -> tuple[float, dict[int, int]]:
    """Return the seconds that `course grade` takes, and bytes of memory after the 10th and the last submission."""
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
    return seconds, memory


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


if __name__ == "__main__":
    main()
