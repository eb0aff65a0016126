"""The command `course`."""

from __future__ import annotations

import shlex
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from course_lib.errors import CourseError
from course_lib.measure import standard_error

if TYPE_CHECKING:
    import pandas

app = typer.Typer(
    help="A course on pruning neural networks.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
console = Console()


Data = Annotated[str | None, typer.Option(help="Other data: a name, an ImageFolder, or a .zip of one.")]
Out = Annotated[Path, typer.Option(help="Where the runs are kept.")]
Jobs = Annotated[
    int | None, typer.Option(min=1, help="How many at a time; by default one per core, or per worker of a cluster.")
]


@app.command()
def run(data: Data = None, out: Out = Path("runs"), jobs: Jobs = None) -> None:
    """Prune a real network by every method and draw the Pareto frontier. Killed, the next call goes on."""
    _study("embedded", data, out, None, jobs, "local")


@app.command()
def sweep(
    grid: Annotated[str, typer.Argument(help="A grid that comes with the course, or a TOML file.")],
    data: Data = None,
    out: Out = Path("runs"),
    results: Annotated[
        Path | None, typer.Option(help="The study's folder: finished curves are kept there for good.")
    ] = None,
    jobs: Jobs = None,
    engine: Annotated[str, typer.Option(help="local, dask, or a scheduler's address such as tcp://host:8786.")] = "local",
) -> None:
    """Run any grid of curves, here or on a Dask cluster. Killed, the next call goes on."""
    _study(grid, data, out, results, jobs, engine)


@app.command()
def stability(
    grid: Annotated[str, typer.Argument(help="The grid whose dense starts are looked at.")] = "cifar10",
    data: Data = None,
    out: Out = Path("runs"),
    results: Annotated[Path, typer.Option(help="The folder of the study.")] = Path("results/stability"),
    records: Annotated[Path, typer.Option(help="Where the grid's dense starts are kept.")] = Path("results/cifar10/records"),
) -> None:
    """Measure how far the units that thresholds on activations remove agree between runs."""
    from course_lib.studies import stability as stable
    from course_lib.studies import study
    from course_lib.sweep import grid as grids
    from course_lib.sweep.steps import machine

    started = time.perf_counter()
    table = stable.study(grids.load(grid), data, records, out)
    facts = {"command": "course " + shlex.join(_portable(sys.argv[1:]))}
    facts["wall time"] = f"{(time.perf_counter() - started) / 60:.1f} minutes"
    facts["machines, of the dense starts and of this run"] = study.machines(records.parent, machine())
    for path in stable.write(table, results, facts):
        console.print(f"  {path}", highlight=False)
    for sentence in stable.sentences(table):
        console.print(f"- {sentence}", highlight=False)


@app.command()
def findings(results: Annotated[Path, typer.Option(help="The folder of all studies.")] = Path("results")) -> None:
    """Write results/README.md: each claim, and what the studies in that folder say of it."""
    from course_lib.studies import findings as found

    console.print(f"written: {found.write(results)}", highlight=False)


@app.command()
def doctor() -> None:
    """Print versions, device, threads, disk and data sets at hand, and a fix for what is wrong."""
    from course_lib.command import doctor as examination

    shown = Table("what", "found", "to do", title="course doctor")
    rows = examination.rows()
    for row in rows:
        shown.add_row(*row)
    console.print(shown)


@app.command()
def build(
    lessons: Annotated[
        list[str] | None, typer.Argument(help="How the lessons' names start, such as 02; all if none.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only compare; execute and write nothing.")] = False,
) -> None:
    """Make the notebooks of the lessons from their sources in solutions/."""
    from course_lib import authoring

    root = _repository()
    if check:
        problems = authoring.stale(root)
        for problem in problems:
            console.print(problem, highlight=False, markup=False)
        raise typer.Exit(1 if problems else 0)
    written = authoring.build(root, lessons or ())
    for path in written:
        console.print(f"written: {path.relative_to(root)}", highlight=False)
    if not written:
        console.print("All notebooks follow their sources; nothing was written.")


@app.command()
def validate(
    mode: Annotated[str, typer.Option(help="ci (seconds), laptop (minutes) or full (CIFAR-10).")] = "laptop",
    lesson: Annotated[list[str] | None, typer.Option(help="Such as 02; may be repeated.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Write the measured seconds to results/lessons/.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where the executed notebooks go.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Lessons at a time; by default one per core.")] = None,
) -> None:
    """Execute the lessons with papermill, each in a fresh kernel, and write one page about all."""
    from course_lib import validation

    root = _repository()
    done = validation.validate(root, mode, lesson or (), out=out, jobs=jobs, record=record)
    for one in done:
        points = sum(entry[2] for entry in one.exercises)
        console.print(
            f"{one.name}: {one.seconds:.1f} s, {points:g} points. {one.problem or 'Well.'}", highlight=False, markup=False
        )
    if not done:
        console.print("There are no lessons yet in solutions/.")
    raise typer.Exit(1 if any(one.problem for one in done) else 0)


@app.command()
def release(out: Annotated[Path, typer.Option(help="A folder that does not exist yet.")]) -> None:
    """Make the tree that students get: no solutions, no gallery; scanned for answers and run once."""
    from course_lib.authoring import release as releases

    files = releases.release(_repository(), out)
    console.print(f"{out}: {len(files)} files, scanned and run once. No solutions, no gallery.", highlight=False)


@app.command()
def grade(
    submissions: Annotated[Path, typer.Argument(help="Students' folders, or files as a learning platform exports them.")],
    lesson: Annotated[str, typer.Option(help="Such as 02.")],
    out: Annotated[Path, typer.Option(help="Where gradebook, graded notebooks, feedback and tables go.")],
    jobs: Jobs = None,
    db: Annotated[
        str | None, typer.Option(help="The gradebook: any SQLAlchemy URL; an sqlite file in --out if none.")
    ] = None,
    due: Annotated[datetime | None, typer.Option(help="When it was to be handed in, in UTC.")] = None,
    late_penalty: Annotated[float, typer.Option(help="Share of the points that each begun day late takes off.")] = 0.0,
    seconds: Annotated[float, typer.Option(help="How long one exercise may take.")] = 10.0,
    unsafe: Annotated[bool, typer.Option("--unsafe", help="Without isolation: only for code that you trust.")] = False,
) -> None:
    """Grade a folder of submissions, isolated and in parallel. Killed, the next call goes on."""
    from course_lib import grading

    due = due.replace(tzinfo=timezone.utc) if due else None
    limits = grading.Limits(wall=seconds)
    graded = grading.grade(
        _repository(), submissions, lesson, out, jobs=jobs, url=db, due=due, late=late_penalty, limits=limits, unsafe=unsafe
    )
    for one in graded:
        total = sum(mark.out_of for mark in one.result.marks)
        told = f"{one.result.student}: {one.score:g} of {total:g} points. {one.result.problem}"
        console.print(told, highlight=False, markup=False)
    console.print(f"The class: {out / graded[0].lesson}.html, .csv and .json", highlight=False)


@app.command()
def preflight(notebook: Annotated[Path, typer.Argument(help="Your notebook of a lesson, as you will hand it in.")]) -> None:
    """Say what would be graded of a notebook, before it is handed in."""
    from course_lib import grading

    result = grading.preflight(notebook)
    shown = Table("exercise", "state", "points", "cell", "why", box=box.SIMPLE_HEAD)
    for mark in result.marks:
        cell = str(mark.cell) if mark.cell else "-"
        shown.add_row(mark.exercise, mark.state, f"{mark.points:g} of {mark.out_of:g}", cell, mark.reason)
    console.print(shown)
    if result.problem:
        console.print(result.problem, highlight=False, markup=False)
    else:
        console.print("When it is graded the functions get other inputs of the same kinds.")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    port: Annotated[int, typer.Option(help="Of the server.")] = 8888,
    ip: Annotated[str, typer.Option(help="Where the server listens.")] = "localhost",
) -> None:
    """Start JupyterLab at the first lesson. Further options, such as --allow-root, are handed on to it."""
    from course_lib.command import lab as jupyterlab

    jupyterlab.start(_repository(), browser, port, ip, context.args)


def main() -> None:
    """Run the command; a mistake in what was given is said in one sentence, without a traceback."""
    try:
        app()
    except CourseError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, markup=False)
        sys.exit(2)


def _study(grid: str, data: str | None, out: Path, results: Path | None, jobs: int | None, engine: str) -> None:
    """Run what is unfinished of a grid, write what it leaves behind, and print it."""
    from course_lib import pareto
    from course_lib import sweep as sweeps
    from course_lib.studies import study, verdicts
    from course_lib.sweep import grid as grids

    chosen = grids.load(grid)
    if data is not None:
        chosen = grids.complete({**chosen, "data": data})
    records = results / "records" if results else None
    started = time.perf_counter()
    unfinished = sweeps.unfinished(chosen, out, records)
    if unfinished:
        console.print(f"{len(unfinished)} of {len(grids.curves(chosen))} curves to run; a kill loses no finished round.")
    else:
        console.print("Every curve is complete; nothing is run again.")
    facts = {"command": "course " + shlex.join(_portable(sys.argv[1:]))}
    try:
        table, failed = sweeps.run(chosen, engine, out, jobs, records), None
    except sweeps.FailedCurves as error:
        table, failed = error.table, error
        if set(table.get("method", [])) <= {pareto.DENSE}:
            raise
        facts["not complete"] = str(failed)
        results = None  # where only complete studies are
    if unfinished:
        facts["wall time of the last call"] = f"{(time.perf_counter() - started) / 60:.1f} minutes"
    paths = [path for place in (out / chosen["name"], results) if place for path in study.write(table, chosen, place, facts)]
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
    n = int(table["test_images"].iloc[0])
    error = 100 * standard_error(float(table["test_accuracy"].mean()), n)
    caption = f"test: accuracy on {n:,} images, one standard error is about {error:.1f} points"
    shown = Table("method", box=box.SIMPLE_HEAD, caption=caption)
    for name in ("sparsity", "kept", "MACs", "valid.", "test", "score"):
        shown.add_column(name, justify="right", no_wrap=True)
    for row in table.itertuples():
        method = row.method if row.status == "ok" else f"{row.method} ({row.status})"
        numbers = (f"{row.sparsity:.4f}", f"{row.kept_parameters:,}", f"{row.macs / 1e6:.2f} M")
        shown.add_row(method, *numbers, *(f"{x:.3f}" for x in (row.val_accuracy, row.test_accuracy, row.score)))
    console.print(shown)


def _repository() -> Path:
    """Return the nearest folder, from here upwards, that holds the lessons."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "solutions").is_dir() or (folder / "notebooks").is_dir():
            return folder
    raise CourseError(f"{Path.cwd()} lies outside the course; go to the folder that has solutions/ and notebooks/.")


def _portable(arguments: list[str]) -> list[str]:
    """Paths without what only this machine has before them."""
    return [Path(word).name if Path(word).is_absolute() else word for word in arguments]
