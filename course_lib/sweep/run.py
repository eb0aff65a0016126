"""Runs a grid of curves so that a kill, wherever it strikes, costs at most the rounds in hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from course_lib import models
from course_lib.errors import CourseError
from course_lib.notebook import cell, interrupted_at_once
from course_lib.sweep import engines, grid, pace, roles, steps
from course_lib.sweep.drive import DEATHS, drive
from course_lib.sweep.engines import Engine
from course_lib.sweep.store import Curve, Store
from course_lib.words import number_of

if TYPE_CHECKING:
    import pandas

    from course_lib.data import Bench
    from course_lib.progress import Progress


class FailedCurves(CourseError):
    """Curves of a grid failed; `table` has the rows of the finished ones."""

    def __init__(self, reasons: Sequence[str], table: pandas.DataFrame) -> None:
        super().__init__(f"{number_of(len(reasons), 'curve')} failed ({'; '.join(reasons)}); the finished ones are kept.")
        self.table = table


def run(
    what: Mapping[str, Any] | str | Path,
    engine: str = "local",
    store: str | Path = "runs",
    jobs: int | None = None,
    records: str | Path | None = None,
    quiet: bool = False,
) -> pandas.DataFrame:
    """Run what is not yet finished of a grid, and return its table: one row a point, the dense starts first.

    Args:
        what: a grid as in `course_lib.sweep.grid`, the name of a committed one, or a TOML file.
        engine: "local": one process per core, each with the threads that the grid says. "dask": the same on a Dask
            cluster started for this run. An address ("tcp://host:8786"): a Dask scheduler's; its workers need the
            library and the data, but no shared disk.
        store: a folder of its own for each grid is made in it.
        jobs: curves at a time; None: one per core on a CPU, one on an accelerator, one per worker of a cluster.
        records: where finished curves and dense starts are kept for good; what is there is not run again.
        quiet: show the bar only, and do not say what each round came to.

    Interrupted in a notebook, it says so in one line and returns the rows of the finished curves; the same call goes on from
    the last finished rounds.

    Raises:
        FailedCurves: when all others are finished.
        CourseError: before anything runs, for a grid, store or (if anything is to run) engine that cannot be used.
    """
    full = grid.complete(what) if isinstance(what, Mapping) else grid.load(what)
    runs = _store(full, store, records)
    bench = steps.load(full, "cpu")
    images, todo = steps.digest(bench), unfinished(full, store, records)
    if not todo:  # no device is needed to draw what another machine's has measured
        runs.must_match(full["data"], images)
        for curve in runs.curves(full):
            runs.publish(curve)
        return table(full, store, records)
    _check(todo, bench)
    try:
        with engines.start(engine, jobs, full["device"]) as started:
            runs.must_match(full["data"], images, started.device)
            _run_alone({**full, "device": started.device}, runs, started, images, quiet)
    except KeyboardInterrupt:
        if cell() is None:
            raise
        done = number_of(len(todo) - len(unfinished(full, store, records)), "curve")
        print(f"Stopped: {done} of {len(todo)} finished; finished rounds are kept, and the same call goes on from there.")
    return table(full, store, records)


def _run_alone(full: Mapping[str, Any], runs: Store, engine: Engine, images: str, quiet: bool) -> None:
    """Run what is not finished, unless another process does; what an interrupt leaves half done is thrown away."""
    try:
        with FileLock(runs.folder / ".lock", timeout=0), interrupted_at_once():
            _run(full, runs, engine, images, quiet)
    except Timeout as error:
        raise CourseError(f"another process is running this grid in {runs.folder}; wait for it, or stop it.") from error


def _check(todo: Sequence[Curve], bench: Bench) -> None:
    """Refuse methods that cannot prune the grid's model; only with its images at hand can one tell which they are."""
    model = models.build(todo[0]["model"], bench)
    for method, curve in {curve["method"]: curve for curve in todo}.items():
        try:
            grid.pruner(curve).must_fit(model, bench)
        except CourseError as error:
            raise CourseError(f"method {method!r}: {error}") from error


def unfinished(
    what: Mapping[str, Any], store: str | Path = "runs", records: str | Path | None = None
) -> list[dict[str, Any]]:
    """Return the curves of a checked grid that are not complete."""
    runs = _store(what, store, records)
    return [curve for curve in runs.curves(what) if runs.points(curve) is None]


def table(what: Mapping[str, Any], store: str | Path = "runs", records: str | Path | None = None) -> pandas.DataFrame:
    """Return the rows of a checked grid's finished curves, dense starts first; FailedCurves if any failed.

    The last two columns are each method's role and family (see `course_lib.pareto.roles`).
    """
    import pandas

    runs, starts, rows, failed = _store(what, store, records), {}, [], []
    setting = {(curve["method"], curve["seed"]): curve for curve in runs.curves(what)}
    for curve in setting.values():
        start = runs.dense_row(curve)
        if start:
            starts[curve["seed"]] = start
        points = runs.points(curve)
        rows += points or []
        if points is None and (reason := runs.failure(curve) or _waits(curve, setting, runs)):
            failed.append(f"{curve['method']}, seed {curve['seed']}: {reason}")
    labels = roles.labels(grid.methods(what))
    found = pandas.DataFrame([row | labels[row["method"]] for row in (*starts.values(), *rows)])
    if failed:
        raise FailedCurves(failed, found)
    return found


def _waits(curve: Curve, setting: Mapping[tuple[str, int], Curve], runs: Store) -> str | None:
    """Return why a curve at another's pace cannot begin, if that one failed. setting: (method, seed) -> curve."""
    name = pace.source(curve)
    return f"it waits for {name}, which failed" if name and runs.failure(setting[name, curve["seed"]]) else None


def _store(what: Mapping[str, Any], store: str | Path, records: str | Path | None) -> Store:
    return Store(Path(store) / what["name"], Path(records) if records is not None else None)


def _run(full: Mapping[str, Any], runs: Store, engine: Engine, images: str, quiet: bool) -> None:
    for curve in runs.curves(full):
        runs.publish(curve)
    todo = unfinished(full, runs.folder.parent, runs.records)
    starts = {curve["seed"]: curve for curve in todo if not runs.has_start(curve)}
    for curve in todo:
        runs.forget_failure(curve)
    with _bar(full["name"], todo, list(starts.values()), runs) as bar:

        def dense(curve: Curve) -> Future[steps.Files]:
            return engine.submit(steps.dense_start, curve, images)

        def keep_dense(curve: Curve, files: steps.Files) -> bool:
            runs.put_start(curve, files)
            bar.update(curve["dense"]["epochs"])
            return True

        def refuse_dense(curve: Curve, error: BaseException) -> None:
            raise CourseError(f"the dense start of seed {curve['seed']}: {_deaths(error)}.") from error

        def step(curve: Curve) -> Future[steps.Files]:
            return engine.submit(steps.advance, curve, images, runs.start_files(curve), runs.curve_files(curve))

        def keep(curve: Curve, files: steps.Files) -> bool:
            runs.put(curve, files)
            _tell(bar, curve, runs, files, quiet)
            return runs.is_over(curve)

        def fail(curve: Curve, error: BaseException) -> None:
            runs.fail(curve, _deaths(error))

        wide = max(1, full["dense"]["threads"] // full["threads"])  # slots that one dense start fills
        drive(list(starts.values()), dense, keep_dense, refuse_dense, engine.lost, lambda: max(1, engine.slots() // wide))
        waiting = {(curve["method"], curve["seed"]) for curve in todo if pace.source(curve)}
        drive([curve for curve in todo if not pace.source(curve)], step, keep, fail, engine.lost, engine.slots)
        paced = [curve for curve in runs.curves(full) if (curve["method"], curve["seed"]) in waiting]
        for curve in filter(pace.source, paced):
            bar.write(f"{curve['method']} (seed {curve['seed']}) waits for {pace.source(curve)}, which is not finished.")
        paced = [curve for curve in paced if not pace.source(curve) and runs.points(curve) is None]
        drive(paced, step, keep, fail, engine.lost, engine.slots)


def _deaths(error: BaseException) -> str:
    return f"its worker process died {DEATHS} times ({type(error).__name__}): killed, or out of memory"


def _bar(name: str, todo: Sequence[Curve], starts: Sequence[Curve], runs: Store) -> Progress:
    """Return a bar of epochs, which measure time better than rounds do: a last round may take far longer than others."""
    from course_lib.progress import Progress  # tqdm is loaded by whoever waits

    total = sum(_epochs(curve, curve["rounds"]) + curve["scratch"] * _scratch_epochs(curve) for curve in todo)
    total += sum(curve["dense"]["epochs"] for curve in starts) + 1e-6  # fractions of epochs may add up to slightly more
    initial = sum(_epochs(curve, len(runs.rounds(curve))) for curve in todo)
    form = "{desc}: {percentage:3.0f}%|{bar}| {n:.1f}/{total:.1f} epochs [{elapsed}<{remaining}]"
    return Progress(total=total, initial=initial, desc=name, bar_format=form)


def _tell(bar: Progress, curve: Curve, runs: Store, files: steps.Files, quiet: bool) -> None:
    """Move the bar by what a step trained, and, unless `quiet`, say what came of it."""
    say = (lambda line: None) if quiet else bar.write
    name = f"{curve['method']} (seed {curve['seed']})"
    for file, content in files.items():
        if file.startswith("round-") and file.endswith(".json"):
            record = json.loads(content)
            reached = f"sparsity {record['sparsity']:.3f}, accuracy {record['accuracy']['tuned']:.3f}"
            say(f"{name}, round {record['round']}: {reached} (validation)")
            bar.update(_epochs(curve, record["round"]) - _epochs(curve, record["round"] - 1))
        elif file == "scratch.json":
            say(f"{name}: its best masks from scratch, accuracy {json.loads(content)['val_accuracy']:.3f} (validation)")
            bar.update(_scratch_epochs(curve))
        elif file == "failed.json":
            say(f"{name} failed: {runs.failure(curve)}")


def _epochs(curve: Curve, rounds: int) -> float:
    return curve["epochs"] * rounds + curve["final_epochs"] * (rounds == curve["rounds"])


def _scratch_epochs(curve: Curve) -> float:
    return curve["dense"]["epochs"] + _epochs(curve, curve["rounds"])  # at most: it trains only as long as the best point
