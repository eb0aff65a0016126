"""`course progress`: a student's points so far, what is open, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from course_lib.command.runs import console, repository
from course_lib.errors import CourseError
from course_lib.starting import quickly

if TYPE_CHECKING:
    from course_lib.teaching.points import Row


def show() -> None:
    """Print a row for each lesson, and below it the next thing to do."""
    with quickly():
        from course_lib.teaching import points

    shown = Table("lesson", "points", "open exercises", "open predictions", box=box.SIMPLE_HEAD)
    found, titles = points.rows(), _titles()
    for row in found:
        predictions = [name for name in row.open if name in row.predictions]
        others = [name for name in row.open if name not in row.predictions]
        earned = f"{row.points:g} of {row.possible:g}"
        shown.add_row(titles.get(row.lesson, row.lesson), earned, ", ".join(others), ", ".join(predictions))
    console.print(shown)
    kept = f"Kept in {points.file()}, for you alone: no grade is made from it, and answers in your own words are not in it."
    for sentence in (f"{points.line()}.", _next(found, titles), kept):
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)  # a path is copied whole


def _titles() -> dict[str, str]:
    """Return lesson -> the name of its notebook's file; nothing outside of the course's folder."""
    try:
        return {path.stem[:2]: path.stem for path in sorted((repository() / "notebooks").glob("[0-9][0-9]_*.ipynb"))}
    except CourseError:
        return {}


def _next(rows: list[Row], titles: dict[str, str]) -> str:
    for row in rows:
        if row.open:
            return f"Next: {row.open[0]}, in {titles.get(row.lesson, f'lesson {row.lesson}')}."
    return "Nothing is open."
