"""The median time of a call after a warm-up."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import torch

from course_lib.teaching.exercises.attempts import Callee, Case, Clock
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.rounding import rounded


def latency(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    """Median of the seconds that each of `runs` calls takes by `clock`, after `warmup` calls that are not timed."""
    for _ in range(warmup):
        run()
    times = []
    for _ in range(runs):
        start = clock()
        run()
        times.append(clock() - start)
    return statistics.median(times)


def _timings(rng: torch.Generator) -> list[Case]:
    def case(label: str, warmup: int, *seconds: float, start: float = 0.0, edge: bool = False) -> Case:
        called = Callee("run", token=False, seconds=seconds)
        return Case(label, (called, Clock("clock", start), warmup, len(seconds) - warmup), edge)

    # Thirds, so that a rounded result is another one.
    drawn = [round(1 + float(t), 2) + 0.01 / 3 for t in torch.rand(9, generator=rng)]
    first = [round(20 + 9 * float(t), 2) for t in torch.rand(3, generator=rng)]
    return [
        case("five runs after a slow first one", 1, 9.0, 2.0, 1.0, 3.0, 2.5, 1.5),
        case("a busy machine: two runs far too slow", 2, *first[:2], *drawn[:5], 50.0, 40.0),
        case("an even number of runs", 1, first[0], *drawn[:2], drawn[2] + 4, drawn[3] + 6),
        case("three slow calls before it is warm", 3, *first, *drawn),
        case("a clock that does not start at zero", 1, first[0], *drawn[:7], start=1234.5, edge=True),
        case("no warm-up", 0, *drawn[:5], edge=True),
        case("a single run", 2, *first[:2], drawn[0], edge=True),
        case("times that fall", 1, first[0], *sorted(drawn, reverse=True)[:6], 0.25),
        case("a fast network: a few milliseconds a run", 1, first[0], *(t / 1000 for t in drawn[:5])),
    ]


def _timed(run: Callable[[], Any], clock: Callable[[], float], warmup: int, runs: int) -> list[float]:
    for _ in range(warmup):
        run()
    return _spans(run, clock, runs)


def _spans(run: Callable[[], Any], clock: Callable[[], float], runs: int) -> list[float]:
    times = []
    for _ in range(runs):
        start = clock()
        run()
        times.append(clock() - start)
    return times


def _of_times(statistic: Callable[[list[float]], float | list[float]]) -> Callable[..., float | list[float]]:
    return lambda run, clock, warmup=5, runs=30: statistic(_timed(run, clock, warmup, runs))


def _whole_loop(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    for _ in range(warmup):
        run()
    start = clock()
    for _ in range(runs):
        run()
    return (clock() - start) / runs


def _all_in_one(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    start = clock()
    for _ in range(warmup + runs):
        run()
    return (clock() - start) / runs


def _never_reset(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    for _ in range(warmup):
        run()
    times, start = [], clock()
    for _ in range(runs):
        run()
        times.append(clock() - start)
    return statistics.median(times)


def _times_nothing(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    times = []
    for _ in range(warmup + runs):
        run()
        start = clock()
        times.append(clock() - start)
    return statistics.median(times[warmup:])


def _readings(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    for _ in range(warmup):
        run()
    times = []
    for _ in range(runs):
        run()
        times.append(clock())
    return statistics.median(times)


def _cold(run: Callable[[], Any], clock: Callable[[], float], warmup: int = 5, runs: int = 30) -> float:
    times = _spans(run, clock, runs)
    for _ in range(warmup):
        run()
    return statistics.median(times)


_ROUNDED = "The result is rounded: return the seconds as they are, and round where you print."
_BUSY = "A busy machine makes a few runs much slower, and they pull the mean up: take the MEDIAN of the single runs."
_SINGLE = "This is one run, and one run may be anything: take the median of all of them."
EXERCISE = Exercise(
    "latency",
    lesson="01",
    points=2,
    reference=latency,
    cases=_timings,
    misconceptions=(
        Misconception("mean for median", _BUSY, _of_times(lambda times: sum(times) / len(times))),
        Misconception("mean for median", _BUSY, _whole_loop),
        Misconception(
            "no warm-up",
            "Call run `warmup` times BEFORE the first run that is timed.",
            lambda run, clock, warmup=5, runs=30: statistics.median(_spans(run, clock, runs)),
        ),
        Misconception(
            "warm-up counted",
            "The first `warmup` runs are timed here as well; leave them out of the median.",
            lambda run, clock, warmup=5, runs=30: statistics.median(_spans(run, clock, warmup + runs)),
        ),
        Misconception(
            "warm-up taken from the runs",
            "`runs` counts the timed runs only; the warm-up comes on top.",
            lambda run, clock, warmup=5, runs=30: statistics.median(_spans(run, clock, runs)[warmup:]),
        ),
        Misconception("warm-up too late", "The warm-up comes BEFORE the runs that are timed.", _cold),
        Misconception(
            "at least one warm-up",
            "`warmup` may be 0: then no run goes untimed.",
            lambda run, clock, warmup=5, runs=30: latency(run, clock, max(1, warmup), runs),
        ),
        Misconception(
            "five and thirty always",
            "5 and 30 are what happens if nobody says otherwise: use `warmup` and `runs`.",
            lambda run, clock, warmup=5, runs=30: latency(run, clock),
        ),
        Misconception("warm-up counted", "The clock starts before the warm-up; start it for each run anew.", _all_in_one),
        Misconception(
            "clock not set back",
            "The clock is started once, so that these times add up: read it before EACH run.",
            _never_reset,
        ),
        Misconception(
            "lower of the two in the middle",
            "torch.median takes the lower of the two middle values; of an even number of runs take their mean "
            "(statistics.median).",
            _of_times(statistics.median_low),
        ),
        Misconception(
            "lower of the two in the middle",
            "Of an even number of runs the median is the mean of the two in the middle (statistics.median).",
            _of_times(statistics.median_high),
        ),
        Misconception(
            "not sorted",
            "This is the run in the middle of the list, not of the sorted list.",
            _of_times(lambda times: times[len(times) // 2]),
        ),
        Misconception("fastest run", "This is the fastest run; asked for is the median.", _of_times(min)),
        Misconception("slowest run", "This is the slowest run; asked for is the median.", _of_times(max)),
        Misconception("a single run", _SINGLE, _of_times(lambda times: times[-1])),
        Misconception("a single run", _SINGLE, _of_times(lambda times: times[0])),
        Misconception(
            "times nothing", "This measures no time at all: read the given clock before AND after each run.", _times_nothing
        ),
        Misconception(
            "readings for spans", "A reading of the clock is no duration: subtract the one before the run.", _readings
        ),
        Misconception("all times", "These are the single times; return their median.", _of_times(lambda times: times)),
        Misconception("total", "This is the time of all runs together.", _of_times(sum)),
        Misconception(
            "start minus end", "The time is negative: end minus start.", _of_times(lambda t: -statistics.median(t))
        ),
        *rounded(latency),
        Misconception("rounded", _ROUNDED, _of_times(lambda t: int(statistics.median(t)))),
        Misconception(
            "milliseconds", "These are milliseconds; return seconds.", _of_times(lambda t: 1000 * statistics.median(t))
        ),
    ),
)
