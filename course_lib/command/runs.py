"""What `course run` and `course sweep` do: run a grid's unfinished curves, write the study and print it."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from course_lib.starting import quickly
from course_lib.words import number_of

if TYPE_CHECKING:
    import pandas

console = Console()


def study(
    grid: str, data: str | None, size: int | None, out: Path, results: Path | None, jobs: int | None, engine: str
) -> None:
    """Run what is unfinished of a grid, write its study to `out` (and to `results` once it is complete), and print it.

    Raises:
        FailedCurves: after the finished curves were written and printed, if others failed.
    """
    with quickly():
        from course_lib import pareto, sweep
        from course_lib.studies import study as studies
        from course_lib.studies import verdicts
        from course_lib.sweep import grid as grids

    chosen = grids.load(grid)
    other = {key: value for key, value in (("data", data), ("size", size)) if value is not None}
    if other:
        chosen = grids.complete({**chosen, **other})
    records = results / "records" if results else None
    started = time.perf_counter()
    unfinished = sweep.unfinished(chosen, out, records)
    if unfinished:
        count = len(grids.curves(chosen))
        console.print(
            f"{len(unfinished)} of {number_of(count, 'curve')} to run; if this is killed, no finished round is lost."
        )
    else:
        console.print("Every curve is complete; nothing is run again.")
    facts = {"command": command_line()}
    failed: sweep.FailedCurves | None = None
    try:
        table = sweep.run(chosen, engine, out, jobs, records)
    except sweep.FailedCurves as error:
        table, failed = error.table, error
        if set(table.get("method", [])) <= {pareto.DENSE}:
            raise
        facts["not complete"] = str(failed)
        results = None  # that folder holds complete studies only
    if unfinished:
        facts["wall time of the last call"] = f"{(time.perf_counter() - started) / 60:.1f} minutes"
    places = [out / chosen["name"], *([results] if results else [])]
    paths = [path for place in places for path in studies.write(table, chosen, place, facts)]
    _show(table)
    for sentence in verdicts.sentences(table, chosen):
        console.print(f"- {sentence}", highlight=False)
    console.print("\nWhere to look next:")
    for path in paths:
        console.print(f"  {path}", highlight=False)
    if failed:
        raise failed


def _show(table: pandas.DataFrame) -> None:
    """Print one row a point, narrow enough for a terminal of 80 columns; the files have the rest."""
    from course_lib.measure import standard_error

    n = int(table["test_images"].iloc[0])
    error = 100 * standard_error(float(table["test_accuracy"].mean()), n)
    caption = f"test: accuracy on {n:,} images, one standard error is about {error:.1f} points"
    shown = Table("method", box=box.SIMPLE_HEAD, caption=caption)
    for name in ("sparsity", "kept", "MACs", "valid.", "test", "score"):
        shown.add_column(name, justify="right", no_wrap=True)
    counts = zip(table["method"], table["status"], table["kept_parameters"], table["macs"], strict=True)
    shares = zip(table["sparsity"], table["val_accuracy"], table["test_accuracy"], table["score"], strict=True)
    for (method, status, kept, macs), (sparsity, validation, test, score) in zip(counts, shares, strict=True):
        name = method if status == "ok" else f"{method} ({status})"
        numbers = (f"{sparsity:.4f}", f"{kept:,}", f"{macs / 1e6:.2f} M")
        shown.add_row(name, *numbers, *(f"{number:.3f}" for number in (validation, test, score)))
    console.print(shown)


def command_line() -> str:
    """Return the command that is running; absolute paths lose what only this machine has before their last part."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    return f"course {shlex.join(words)}"
