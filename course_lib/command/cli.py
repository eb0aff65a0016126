"""The command `course`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from course_lib.command import desk, runs
from course_lib.command.runs import Jobs, console, shipping_study, stability_study, study, tell_findings
from course_lib.errors import CourseError
from course_lib.starting import quickly
from course_lib.words import number_of

app = typer.Typer(
    help="A course on pruning neural networks.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}  # to JupyterLab
Data = Annotated[str | None, typer.Option(help="Other data: a data set's name, an ImageFolder, or a .zip of one.")]
Size = Annotated[int | None, typer.Option(min=1, help="Scale every image of --data and crop it to this many pixels a side.")]
Out = Annotated[Path, typer.Option(help="Where the runs are kept.")]


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
    stability_study(grid, data, out, results, records)


@app.command()
def ship_study(
    grid: Annotated[
        str, typer.Argument(help="A finished grid with pruned filters and unpruned nets that trained on.")
    ] = "ship",
    data: Data = None,
    size: Size = None,
    out: Out = Path("runs"),
    results: Annotated[Path, typer.Option(help="The study's own folder, as in `course sweep`.")] = Path("results/ship"),
) -> None:
    """Slim and ship the networks that a grid's validation images chose; measure them beside unpruned ones of equal age."""
    shipping_study(grid, data, size, out, results)


@app.command()
def findings(
    results: Annotated[Path, typer.Option(help="The folder that holds all studies.")] = Path("results"),
    explain: Annotated[int | None, typer.Option(help="Only print what the finding of this number comes from.")] = None,
) -> None:
    """Write results/README.md and the front page's results: each claim, and what the studies in that folder say about it."""
    tell_findings(results, explain)


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

    root = runs.repository()
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

    root = runs.repository()
    done = validation.validate(root, mode, lesson or (), out=out, jobs=jobs, record=record)
    for outcome in done:
        points = sum(exercise.points for exercise in outcome.exercises)
        line = f"{outcome.name}: {outcome.seconds:.1f} s, {number_of(points, 'point')}. {outcome.problem or 'Well.'}"
        console.print(line, highlight=False, markup=False)
    if not done:
        console.print("There are no lessons in solutions/ yet.")
    raise typer.Exit(1 if any(outcome.problem for outcome in done) else 0)


app.command()(desk.release)


@app.command()
def inspect(
    source: Annotated[Path, typer.Argument(help="A Python file with a function that builds your network.")],
    function: Annotated[str, typer.Option(help="That function; it may take shape and classes.")] = "build",
    weights: Annotated[Path | None, typer.Option(help="Its weights, as safetensors.")] = None,
    data: Annotated[
        str, typer.Option(help="Its images, as in `course run`: a name, an ImageFolder, or a .zip.")
    ] = "fashion-mini",
    size: Size = None,
) -> None:
    """Say what can be pruned in a network of your own, what goes together, and what stays whole and why."""
    from course_lib.command import inspecting

    inspecting.show(source, function, weights, data, size)


@app.command()
def ship(
    model: Annotated[Path, typer.Argument(help="A slimmed network, as slim.save writes it.")],
    out: Annotated[Path, typer.Option(help="The folder to write; it must not exist yet.")],
    data: Annotated[str, typer.Option(help="What it is calibrated and measured on, as in `course run`.")] = "fashion-mini",
    size: Size = None,
    source: Annotated[
        Path | None, typer.Option(help="Of a network of your own: the Python file that builds what it was cut from.")
    ] = None,
    function: Annotated[str, typer.Option(help="The function in that file; it may take shape and classes.")] = "build",
) -> None:
    """Write a folder that runs without torch: ONNX in fp32 and in eight bits, a card with what was measured, a runner."""
    from course_lib.command import shipping

    shipping.ship(model, out, data, size, source, function)


app.command()(desk.grade)
app.command()(desk.leaderboard)
app.command(context_settings=PASSED_ON)(desk.formgrader)


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


@app.command()
def progress() -> None:
    """Show your points so far in the lessons, what is open, and what comes next."""
    from course_lib.command import sofar

    sofar.show()


@app.command()
def solution(
    exercise: Annotated[str, typer.Argument(help="The name of the function that it asks for.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it may cost the points.")] = False,
) -> None:
    """Show one way to write an exercise that is correct, or, if your course allows it, that was wrong often enough."""
    from course_lib.command import solution as solutions

    solutions.show(exercise, yes)


@app.command(context_settings=PASSED_ON)
def lab(
    context: typer.Context,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    port: Annotated[int, typer.Option(help="The server's port.")] = 8888,
    ip: Annotated[str, typer.Option(help="The address at which the server listens.")] = "localhost",
    instructor: Annotated[bool, typer.Option("--instructor", help="With what nbgrader adds to JupyterLab.")] = False,
) -> None:
    """Start JupyterLab at the first lesson. Further options, such as --allow-root, are passed on to it."""
    from course_lib.command import lab as jupyterlab

    jupyterlab.start(runs.repository(), browser, port, ip, context.args, instructor)


def main() -> None:
    """Run the command; a CourseError is printed as one sentence, without a traceback."""
    try:
        app()
    except CourseError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, markup=False)
        sys.exit(2)
