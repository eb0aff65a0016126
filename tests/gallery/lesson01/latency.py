"""Answers to `latency` as students write them."""

from __future__ import annotations

import statistics

import numpy as np
import torch


def spans(run, clock, runs):
    times = []
    for _ in range(runs):
        start = clock()
        run()
        times.append(clock() - start)
    return times


def latency_mean(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return np.mean(spans(run, clock, runs))


def latency_of_the_loop(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    start = clock()
    for _ in range(runs):
        run()
    end = clock()
    return (end - start) / runs


def latency_cold(run, clock, warmup=5, runs=30):
    return statistics.median(spans(run, clock, runs))


def latency_warmup_timed(run, clock, warmup=5, runs=30):
    return float(np.median(spans(run, clock, warmup + runs)))


def latency_warmup_of_runs(run, clock, warmup=5, runs=30):
    return statistics.median(spans(run, clock, runs)[warmup:])


def latency_torch_median(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return torch.tensor(spans(run, clock, runs), dtype=torch.float64).median().item()


def latency_upper_middle(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return sorted(spans(run, clock, runs))[runs // 2]


def latency_unsorted(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return spans(run, clock, runs)[runs // 2]


def latency_once(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    for _ in range(runs):
        start = clock()
        run()
        end = clock()
    return end - start


def latency_fastest(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return min(spans(run, clock, runs))


def latency_one_start(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    start = clock()
    times = []
    for _ in range(runs):
        run()
        times.append(clock() - start)
    return statistics.median(times)


def latency_after_the_run(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    times = []
    for _ in range(runs):
        run()
        start = clock()
        times.append(clock() - start)
    return statistics.median(times)


def latency_in_milliseconds(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return 1e3 * statistics.median(spans(run, clock, runs))


def latency_one_run_too_many(run, clock, warmup=5, runs=30):
    for _ in range(warmup + 1):
        run()
    return statistics.median(spans(run, clock, runs))


def right_latency_list(run, clock, warmup=5, runs=30):
    [run() for _ in range(warmup)]
    times = sorted(spans(run, clock, runs))
    return (times[(runs - 1) // 2] + times[runs // 2]) / 2


def right_latency_differences(run, clock, warmup=5, runs=30):
    readings = []
    for call in range(warmup + runs):
        if call == warmup:
            readings.append(clock())
        run()
        if call >= warmup:
            readings.append(clock())
    return np.median(np.diff(readings))


def right_latency_quantile(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return torch.tensor(spans(run, clock, runs), dtype=torch.float64).quantile(0.5)


def latency_rounded(run, clock, warmup=5, runs=30):
    return round(right_latency_list(run, clock, warmup, runs), 2)


def latency_rounded_to_milliseconds(run, clock, warmup=5, runs=30):
    return round(right_latency_list(run, clock, warmup, runs), 3)


def latency_rounded_spans(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return statistics.median(round(t, 3) for t in spans(run, clock, runs))


def latency_rounded_to_four(run, clock, warmup=5, runs=30):
    return round(right_latency_list(run, clock, warmup, runs), 4)


def latency_trimmed(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    times = sorted(spans(run, clock, runs))
    return statistics.mean(times[1:-1] or times)


def latency_middle_half(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    times = sorted(spans(run, clock, runs))
    quarter = len(times) // 4
    return statistics.mean(times[quarter : len(times) - quarter])


def latency_warm_up_last(run, clock, warmup=5, runs=30):
    times = spans(run, clock, runs)
    for _ in range(warmup):
        run()
    return statistics.median(times)


def latency_five_and_thirty(run, clock, warmup=5, runs=30):
    for _ in range(5):
        run()
    return statistics.median(spans(run, clock, 30))


def latency_slowest_left_out(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    times = sorted(spans(run, clock, runs))
    return statistics.median(times[:-1] or times)


def latency_geometric(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return statistics.geometric_mean(spans(run, clock, runs))


def latency_median_low(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return statistics.median_low(spans(run, clock, runs))


def latency_whole_seconds(run, clock, warmup=5, runs=30):
    return int(right_latency_list(run, clock, warmup, runs))


def latency_at_least_one_warm_up(run, clock, warmup=5, runs=30):
    return right_latency_list(run, clock, max(1, warmup), runs)


def right_latency_numpy(run, clock, warmup=5, runs=30):
    times = np.zeros(warmup + runs)
    for i in range(warmup + runs):
        start = clock()
        run()
        times[i] = clock() - start
    return np.percentile(times[warmup:], 50)


def right_latency_pairs(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    starts, ends = [], []
    while len(ends) < runs:
        starts.append(clock())
        run()
        ends.append(clock())
    times = sorted(end - start for start, end in zip(starts, ends, strict=True))
    while len(times) > 2:
        times = times[1:-1]
    return sum(times) / len(times)


def right_latency_recursive(run, clock, warmup=5, runs=30):
    if warmup:
        run()
        return right_latency_recursive(run, clock, warmup - 1, runs)
    times = torch.tensor(spans(run, clock, runs), dtype=torch.float64)
    return float((times.median() - (-times).median()) / 2)


WRONG = {
    "mean": (latency_mean, "mean for median"),
    "one clock around the loop": (latency_of_the_loop, "mean for median"),
    "no warm-up": (latency_cold, "no warm-up"),
    "warm-up timed": (latency_warmup_timed, "warm-up counted"),
    "warm-up taken from the runs": (latency_warmup_of_runs, "warm-up taken from the runs"),
    "torch.median": (latency_torch_median, "lower of the two in the middle"),
    "sorted()[n // 2]": (latency_upper_middle, "lower of the two in the middle"),
    "the middle of the unsorted list": (latency_unsorted, "not sorted"),
    "the last run": (latency_once, "a single run"),
    "the fastest": (latency_fastest, "fastest run"),
    "one start for all": (latency_one_start, "clock not set back"),
    "the clock read after the run": (latency_after_the_run, "times nothing"),
    "milliseconds": (latency_in_milliseconds, "milliseconds"),
    "one call too many": (latency_one_run_too_many, ""),
    "rounded to two digits": (latency_rounded, "rounded"),
    "rounded to three digits": (latency_rounded_to_milliseconds, "rounded"),
    "rounded to four digits": (latency_rounded_to_four, "rounded"),
    "single times rounded": (latency_rounded_spans, "rounded"),
    "without the fastest and the slowest": (latency_trimmed, ""),
    "mean of the middle half": (latency_middle_half, ""),
    "warm-up last": (latency_warm_up_last, "warm-up too late"),
    "five and thirty always": (latency_five_and_thirty, "five and thirty always"),
    "the slowest left out": (latency_slowest_left_out, ""),
    "geometric mean": (latency_geometric, ""),
    "median_low": (latency_median_low, "lower of the two in the middle"),
    "whole seconds": (latency_whole_seconds, "rounded"),
    "at least one warm-up": (latency_at_least_one_warm_up, "at least one warm-up"),
}
RIGHT = {
    "sorted by hand": right_latency_list,
    "differences of readings": right_latency_differences,
    "torch.quantile": right_latency_quantile,
    "np.percentile": right_latency_numpy,
    "peeled from both ends": right_latency_pairs,
    "recursion, both torch medians": right_latency_recursive,
}
