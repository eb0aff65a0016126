"""The commands of those who teach: a release for students, a class graded, and nbgrader's pages of it."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from course_lib.command import runs
from course_lib.command.runs import Jobs, console
from course_lib.starting import quickly
from course_lib.words import number_of


class Platform(str, Enum):
    """Learning platforms whose tables are written."""

    canvas = "canvas"
    moodle = "moodle"
    blackboard = "blackboard"


def release(
    out: Annotated[Path, typer.Option(help="A folder that does not exist yet.")],
    repository: Annotated[
        str, typer.Option(help="Where the released course lives, such as https://github.com/me/pruning-course.")
    ] = "",
    solutions_after: Annotated[
        int | None,
        typer.Option(min=1, help="Show a solution, in a terminal, after so many different wrong answers; by default never."),
    ] = None,
) -> None:
    """Make the folder that students get, without solutions and gallery; it is scanned for answers and run once."""
    with quickly():
        from course_lib.authoring import release as releases

    files = releases.release(runs.repository(), out, repository=repository, solutions_after=solutions_after)
    console.print(
        f"{out}: {number_of(len(files), 'file')}, scanned and run once. No solutions, no gallery.", highlight=False
    )


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
        runs.repository(), submissions, lesson, out, jobs=jobs, url=db, due=times.given("--due", due) if due else None,
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


def leaderboard(
    submissions: Annotated[
        Path,
        typer.Argument(help="A folder of students' folders, or of .safetensors files as a learning platform exports them."),
    ],
    out: Annotated[Path, typer.Option(help="Where leaderboard.html, leaderboard.csv and what is finished are kept.")],
    final: Annotated[
        bool, typer.Option("--final", help="Also read the test images: once for each student, kept for good.")
    ] = False,
    data: Annotated[str, typer.Option(help="The data of the board, as in `course run`.")] = "fashion-mini",
    size: Annotated[int | None, typer.Option(min=1, help="As in `course run`.")] = None,
    model: Annotated[str, typer.Option(help="The network that everybody prunes: mlp, cnn, vgg or resnet.")] = "mlp",
    unsafe: Annotated[bool, typer.Option("--unsafe", help="Without isolation: only for files that you trust.")] = False,
) -> None:
    """Rank the networks that students handed in for the capstone. If it is killed, the next call goes on."""
    with quickly():
        from course_lib import data as images
        from course_lib.grading import board

    def tell(sentence: str) -> None:
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)

    rows = board.leaderboard(submissions, out, images.load(data, size=size, device="cpu"), model, final, unsafe, tell)
    for row in rows:
        m = row.entry.measures
        place = f"{row.score_place:3}. " if row.score_place else "  -  "
        tell(f"{place}{row.student}: {f'{m.score:.4f}' if m and row.score_place else 'not ranked'}. {row.remark}".rstrip())
    tell(f"The boards: {out / 'leaderboard.html'} and .csv")


def formgrader(
    context: typer.Context,
    grades: Annotated[Path, typer.Argument(help="The folder that `course grade ... --out` wrote.")],
) -> None:
    """Open nbgrader's formgrader where answers wait for a person. Further options are passed on to JupyterLab."""
    from course_lib.grading.book import formgrader as pages

    pages.start(grades, context.args)
