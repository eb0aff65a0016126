"""From a right answer to its verdict: `judge`, against the answer's own runs on the same cases.

    python benchmarks/checks.py [--runs 9]

A student waits for a check after each change. Prints for each exercise the median milliseconds of processor time that the
check takes, and that the library's own version takes on the cases that it draws, and their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

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


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="of which the median counts")
    runs = parser.parse_args().runs
    torch.set_num_threads(1)
    print("| lesson | exercise | check, ms | answer alone, ms | ratio |\n| --- | --- | --- | --- | --- |")
    for exercise in exercises.everything():
        if not isinstance(exercise, Exercise):
            continue
        lesson, name, answer = exercise.lesson, exercise.name, exercise.reference
        cases = exercise.cases(torch.Generator().manual_seed(1))
        check = median(lambda lesson=lesson, name=name, answer=answer: judge(lesson, name, answer, 1), runs)
        alone = median(lambda answer=answer, cases=cases: attempt(answer, cases), runs)
        print(f"| {lesson} | {name} | {check:.1f} | {alone:.1f} | {check / alone:.1f} |")


if __name__ == "__main__":
    main()
