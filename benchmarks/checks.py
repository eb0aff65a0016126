"""From a right answer to its verdict: `judge`, against the answer's own runs on the same cases.

A student waits for a check after each change. Milliseconds of processor time, one thread: the check's, and those of the
library's own version on the cases that it draws.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.measuring import Table
from course_lib.teaching import exercises
from course_lib.teaching.checks import judge
from course_lib.teaching.exercises.attempts import attempt
from course_lib.teaching.exercises.base import Exercise


def median(work: Callable[[], object], runs: int) -> float:
    """Return the median milliseconds of processor time, after one run to warm up."""
    work()
    times = []
    for _ in range(runs):
        started = time.process_time()
        work()
        times.append(1e3 * (time.process_time() - started))
    return statistics.median(times)


def table(runs: int = 9, shown: int = 5) -> Table:
    """Measure; the slowest few are shown."""
    torch.set_num_threads(1)
    found = []
    for exercise in exercises.everything():
        if not isinstance(exercise, Exercise):
            continue
        lesson, name, answer = exercise.lesson, exercise.name, exercise.reference
        cases = exercise.cases(torch.Generator().manual_seed(1))
        check = median(lambda lesson=lesson, name=name, answer=answer: judge(lesson, name, answer, 1), runs)
        alone = median(lambda answer=answer, cases=cases: attempt(answer, cases), runs)
        found.append((check, alone, lesson, name))
    found.sort(reverse=True)
    rows = [
        [lesson, name, f"{ours:.1f}", f"{alone:.1f}", f"{ours / alone:.1f}"] for ours, alone, lesson, name in found[:shown]
    ]
    note = f"The slowest {shown} of {len(found)} exercises."
    return Table(
        "from an answer to its verdict", ("lesson", "exercise", "check, ms", "answer alone, ms", "ratio"), rows, (note,)
    )
