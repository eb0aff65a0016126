"""The command `course`."""

from __future__ import annotations

import sys
import time
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from course_lib.command.runs import command_line, console, study
from course_lib.errors import CourseError
from course_lib.starting import quickly
from course_lib.words import number_of

app = typer.Typer(
    help="A course on pruning neural networks.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


class Platform(str, Enum):
    """Learning platforms whose tables are written."""

    canvas = "canvas"
    moodle = "moodle"
    blackboard = "blackboard"


Data = Annotated[str | None, typer.Option(help="Other data: a data set's name, an ImageFolder, or a .zip of one.")]
Size = Annotated[int | None, typer.Option(min=1, help="Scale every image of --data and crop it to this many pixels a side.")]
Out = Annotated[Path, typer.Option(help="Where the runs are kept.")]
Jobs = Annotated[
    int | None, typer.Option(min=1, help="How many run at a time; by default one per core, or one per worker of a cluster.")
]


@app.command()
def run(data: Data = None, size: Size = None, out: Out = Path("runs"), jobs: Jobs = None) -> None:
    """Prune a real network by every method and draw the Pareto frontier. If it is killed, the next call goes on."""
    study("embedded", data, size, out, None, jobs, "local")


@app.command()
def sweep(
    grid: Annotated[str, typer.Argument(help="A grid that comes with the course, or a TOML file.")],
    data: Data = None,
    size: Size = None,
    out: Out = Path("runs"),
    results: Annotated[
        Path | None, typer.Option(help="The study's own folder, where finished curves are kept for good.")
    ] = None,
    jobs: Jobs = None,
    engine: Annotated[str, typer.Option(help="local, dask, or a scheduler's address such as tcp://host:8786.")] = "local",
) -> None:
    """Run any grid of curves, here or on a Dask cluster. If it is killed, the next call goes on."""
    study(grid, data, size, out, results, jobs, engine)


@app.command()
def stability(
    grid: Annotated[str, typer.Argument(help="The grid whose dense models are examined.")] = "cifar10",
    data: Data = None,
    out: Out = Path("runs"),
    results: Annotated[Path, typer.Option(help="The folder of the study.")] = Path("results/stability"),
    records: Annotated[Path, typer.Option(help="Where the grid's dense models are kept.")] = Path("results/cifar10/records"),
) -> None:
    """Measure how far runs agree on the units that thresholds on activations remove."""
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


@app.command()
def findings(results: Annotated[Path, typer.Option(help="The folder that holds all studies.")] = Path("results")) -> None:
    """Write results/README.md: each claim, and what the studies in that folder say about it."""
    from course_lib.studies import findings as found

    console.print(f"written: {found.write(results)}", highlight=False)


@app.command()
def doctor() -> None:
    """Print versions, device, threads, free disk and available data sets, and how to fix what is wrong."""
    from course_lib.command import doctor as examination

    shown = Table("what", "found", "to do", title="course doctor")
    rows = examination.rows()
    for row in rows:
        shown.add_row(*row)
    console.print(shown)


@app.command()
def build(
    lessons: Annotated[
        list[str] | None, typer.Argument(help="How the lessons' names start, such as 02; by default all lessons.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only compare: execute and write nothing.")] = False,
) -> None:
    """Make the notebooks of the lessons from their sources in solutions/."""
    with quickly():
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
        console.print("All notebooks match their sources; nothing was written.")


@app.command()
def validate(
    mode: Annotated[str, typer.Option(help="ci (seconds), laptop (minutes) or full (CIFAR-10).")] = "laptop",
    lesson: Annotated[list[str] | None, typer.Option(help="Such as 02; may be repeated.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Write the measured seconds to results/lessons/.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where the executed notebooks go.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Lessons at a time; by default one per core.")] = None,
) -> None:
    """Execute the lessons with papermill, each in a fresh kernel, and write one page about all of them."""
    from course_lib import validation

    root = _repository()
    done = validation.validate(root, mode, lesson or (), out=out, jobs=jobs, record=record)
    for outcome in done:
        points = sum(exercise.points for exercise in outcome.exercises)
        line = f"{outcome.name}: {outcome.seconds:.1f} s, {number_of(points, 'point')}. {outcome.problem or 'Well.'}"
        console.print(line, highlight=False, markup=False)
    if not done:
        console.print("There are no lessons in solutions/ yet.")
    raise typer.Exit(1 if any(outcome.problem for outcome in done) else 0)


@app.command()
def release(
    out: Annotated[Path, typer.Option(help="A folder that does not exist yet.")],
    repository: Annotated[
        str, typer.Option(help="Where the released course lives, such as https://github.com/me/pruning-course.")
    ] = "",
) -> None:
    """Make the folder that students get, without solutions and gallery; it is scanned for answers and run once."""
    with quickly():
        from course_lib.authoring import release as releases

    files = releases.release(_repository(), out, repository=repository)
    console.print(
        f"{out}: {number_of(len(files), 'file')}, scanned and run once. No solutions, no gallery.", highlight=False
    )


@app.command()
def grade(
    submissions: Annotated[
        Path, typer.Argument(help="A folder of students' folders, or of files as a learning platform exports them.")
    ],
    lesson: Annotated[str, typer.Option(help="Such as 02.")],
    out: Annotated[Path, typer.Option(help="Where the gradebook, graded notebooks, feedback and tables go.")],
    jobs: Jobs = None,
    db: Annotated[
        str | None, typer.Option(help="The gradebook, as any SQLAlchemy URL; by default an sqlite file in --out.")
    ] = None,
    due: Annotated[
        str | None,
        typer.Option(
            help="The deadline, such as 2026-12-01T23:59+01:00 or '2026-12-01 23:59 Europe/Berlin', or none; kept."
        ),
    ] = None,
    late_penalty: Annotated[
        float | None, typer.Option(help="Share of the points that each begun day after the deadline costs; kept.")
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(help="The class, as CSV: student, name, section, extension, lms_id, email; kept.")
    ] = None,
    received: Annotated[
        Path | None, typer.Option(help="When your platform got each submission, as CSV: student, time; kept.")
    ] = None,
    again: Annotated[
        list[str] | None, typer.Option(help="A student to grade again though nothing changed, or all; may be repeated.")
    ] = None,
    withdraw: Annotated[
        list[str] | None,
        typer.Option(help="A student whose submission is gone, to be taken out with what a person gave; or all."),
    ] = None,
    export: Annotated[
        list[Platform] | None, typer.Option(help="Also write the table that this platform imports; may be repeated.")
    ] = None,
    publish: Annotated[
        Path | None, typer.Option(help="Also write students' own pages, and nothing else, into this folder, to be shared.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="With --publish: as PDF as well (by chromium).")] = False,
    seconds: Annotated[float, typer.Option(help="How long one exercise may take.")] = 10.0,
    unsafe: Annotated[bool, typer.Option("--unsafe", help="Grade without isolation: only for code that you trust.")] = False,
) -> None:
    """Grade a folder of submissions, isolated and in parallel. If it is killed, the next call goes on."""
    with quickly():
        from course_lib.grading import run as grading
        from course_lib.grading.collecting import times
        from course_lib.grading.report import exports, publishing

    def tell(sentence: str) -> None:
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)  # a path is copied whole

    if publish:
        publishing.check(out, publish, pdf)
    if due and not times.has_zone(due):
        tell(f"--due {due} has no time zone: it is taken as UTC.")
    graded = grading.grade(
        _repository(), submissions, lesson, out, jobs=jobs, url=db, due=times.given("--due", due) if due else None,
        late=late_penalty, limits=grading.Limits(wall=seconds), unsafe=unsafe, roster=roster, received=received,
        again=again or (), withdraw=withdraw or (), tell=tell,
    )  # fmt: skip
    for path in exports.write(graded, out, [platform.value for platform in export or ()]):
        tell(f"written: {path}")
    if publish:
        tell(f"published in {publish}: {len(publishing.publish(graded, out, publish, pdf))} new or changed pages.")
    for entry in graded:
        line = (
            f"{entry.result.student}: {entry.score:g} of {number_of(entry.scored.out_of, 'point')}. {entry.result.problem}"
        )
        tell(line)
    tell(f"The class: {out / graded[0].lesson}.html, .csv and .json")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def formgrader(
    context: typer.Context,
    grades: Annotated[Path, typer.Argument(help="The folder that `course grade ... --out` wrote.")],
) -> None:
    """Open nbgrader's formgrader where answers wait for a person. Further options are passed on to JupyterLab."""
    from course_lib.grading.book import formgrader as pages

    pages.start(grades, context.args)


@app.command()
def preflight(
    notebook: Annotated[Path, typer.Argument(help="Your notebook of a lesson, as you are going to hand it in.")],
) -> None:
    """Show what would be graded in a notebook before it is handed in."""
    with quickly():
        from course_lib.grading import run as grading
        from course_lib.teaching.verdict import earned

    result = grading.preflight(notebook)
    shown = Table("exercise", "state", "earned", "cell", "why", box=box.SIMPLE_HEAD)
    for mark in result.marks:
        cell = str(mark.cell) if mark.cell else "-"
        shown.add_row(mark.exercise, mark.state, earned(mark.points, mark.out_of), cell, mark.reason)
    console.print(shown)
    if result.problem:
        console.print(result.problem, highlight=False, markup=False)
    else:
        console.print("When it is graded, the functions get other inputs of the same kinds.")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    port: Annotated[int, typer.Option(help="The server's port.")] = 8888,
    ip: Annotated[str, typer.Option(help="The address at which the server listens.")] = "localhost",
) -> None:
    """Start JupyterLab at the first lesson. Further options, such as --allow-root, are passed on to it."""
    from course_lib.command import lab as jupyterlab

    jupyterlab.start(_repository(), browser, port, ip, context.args)


def main() -> None:
    """Run the command; a CourseError is printed as one sentence, without a traceback."""
    try:
        app()
    except CourseError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, markup=False)
        sys.exit(2)


def _repository() -> Path:
    """Return the nearest folder, from here upwards, that holds the lessons."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "solutions").is_dir() or (folder / "notebooks").is_dir():
            return folder
    raise CourseError(f"{Path.cwd()} lies outside the course; go to the folder that has solutions/ or notebooks/.")
