"""What `course run` and `course sweep` do: run a grid's unfinished curves, write the study and print it."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from course_lib.errors import CourseError
from course_lib.starting import quickly
from course_lib.words import number_of

if TYPE_CHECKING:
    import pandas

console = Console()
Jobs = Annotated[
    int | None, typer.Option(min=1, help="How many run at a time; by default one per core, or one per worker of a cluster.")
]


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
        from course_lib.sweep import grid as grids

    chosen = _on(grids.load(grid), data, size)
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
    for line in ending(table, chosen, paths):
        console.print(line, highlight=False, markup=False, soft_wrap=True)  # a path is copied whole
    if failed:
        raise failed


def stability_study(grid: str, data: str | None, out: Path, results: Path, records: Path) -> None:
    """Measure how far runs agree on what thresholds remove, write that study to `results`, and print its sentences."""
    with quickly():
        from course_lib.studies import stability as stable
        from course_lib.studies import study as studies
        from course_lib.sweep import grid as grids
        from course_lib.sweep.steps import machine

    started = time.perf_counter()
    table = stable.study(grids.load(grid), data, records, out)
    facts = {"command": command_line()}
    facts["wall time"] = f"{(time.perf_counter() - started) / 60:.1f} minutes"
    facts["machines, of the dense starts and of this run"] = studies.machines(records.parent, machine())
    for path in stable.write(table, results, facts):
        console.print(f"  {path}", highlight=False)
    for sentence in stable.sentences(table):
        console.print(f"- {sentence}", highlight=False)


def shipping_study(grid: str, data: str | None, size: int | None, out: Path, results: Path) -> None:
    """Slim, ship and measure the chosen networks of a finished grid, and write that into the study's folder."""
    with quickly():
        from course_lib.studies import shipping, shipping_page
        from course_lib.sweep import grid as grids
        from course_lib.sweep.steps import machine

    table = shipping.study(_on(grids.load(grid), data, size), out, results / "records")
    facts = {"command": command_line()}
    facts["machine of the times"] = ", ".join(f"{key} {value}" for key, value in machine().items())
    for path in shipping_page.write(table, results, facts):
        console.print(f"written: {path}", highlight=False)
    for sentence in shipping_page.sentences(table):
        console.print(f"- {sentence}", highlight=False)


def _on(grid: dict[str, Any], data: str | None, size: int | None) -> dict[str, Any]:
    """Return a checked grid on other images, if any are given."""
    from course_lib.sweep import grid as grids

    other = {key: value for key, value in (("data", data), ("size", size)) if value is not None}
    return grids.complete({**grid, **other}) if other else grid


def ending(table: pandas.DataFrame, grid: Mapping[str, Any], paths: Sequence[Path]) -> list[str]:
    """Return what a run ends with: five lines and the path of a picture; the study's page has all the rest."""
    from course_lib import pareto
    from course_lib.measure import standard_error
    from course_lib.studies import verdicts

    quoted, n = verdicts.quoted, int(table["test_images"].iloc[0])
    start = table.loc[table["method"] == pareto.DENSE, "test_accuracy"].mean()
    error = 100 * standard_error(float(table["test_accuracy"].mean()), n)
    seeds = table["seed"].nunique()
    ranked = pareto.by_method(table).to_dict("records")
    best = [
        f"{quoted(row['method'])}: test accuracy {row['test_accuracy']:.3f} at sparsity {row['sparsity']:.4f}, "
        f"{row['kept_parameters']:,.0f} parameters kept"
        for row in ranked[:2]
    ] or [f"No point reaches a validation accuracy of {pareto.FLOOR:g}."]
    picture = next((path for path in paths if path.name == "lost.png"), None)
    picture = picture or next(path for path in paths if path.name == "pareto.png")
    page = next(path for path in paths if path.name == "report.html")
    return [
        f"Unpruned: test accuracy {start:.3f} ({n:,} images, one standard error {error:.1f} points; "
        f"{number_of(seeds, 'seed')}).",
        f"Best score: {'. Then '.join(best)}",
        verdicts.dominance(table),
        verdicts.multiplicity(verdicts.family(table, grid)) or "Fewer than three seeds give an impression, no verdict.",
        f"All points, sentences and figures: {page}",
        f"Picture: {picture}",
    ]


def tell_findings(results: Path, number: int | None) -> None:
    """Write the findings of all studies, or print what one of them comes from."""
    from course_lib.studies import findings

    if number is not None:
        console.print(findings.explain(results, number), highlight=False, markup=False, soft_wrap=True)
        return
    for path in findings.write(results):
        console.print(f"written: {path}", highlight=False)


def command_line() -> str:
    """Return the command that is running; absolute paths lose what only this machine has before their last part."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    return f"course {shlex.join(words)}"


def repository() -> Path:
    """Return the nearest folder, from here upwards, that holds the lessons."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "solutions").is_dir() or (folder / "notebooks").is_dir():
            return folder
    raise CourseError(f"{Path.cwd()} lies outside the course; go to the folder that has solutions/ or notebooks/.")
