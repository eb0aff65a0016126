"""`course solution`: a tested answer, once a student has tried often enough, where the course was released so.

It is shown in a terminal and nowhere else, so that it comes into no notebook by itself.
"""

from __future__ import annotations

import typer

from course_lib.command.runs import console
from course_lib.errors import CourseError
from course_lib.starting import quickly
from course_lib.words import number_of


def show(name: str, yes: bool) -> None:
    """Print one way to write an exercise, and note that it was looked at.

    Raises:
        CourseError: for an exercise that has none, too few different wrong answers, or where looking cannot be noted.
    """
    with quickly():
        from course_lib.teaching import another, exercises, points
        from course_lib.teaching.another import after
        from course_lib.teaching.exercises.base import Exercise

    exercise = exercises.find(name)
    if not isinstance(exercise, Exercise):
        raise CourseError(f"{name} asks for a value; solutions are shown for functions.")
    kept = points.of(name)
    if not kept.correct:
        if after.WRONG is None:
            raise CourseError("This course shows no solutions before an answer is correct; the hints cost nothing.")
        if len(kept.wrong) < after.WRONG:
            raise CourseError(
                f"{name}: {number_of(len(kept.wrong), 'wrong answer')} so far; a solution is shown after {after.WRONG} "
                "different ones. The hints cost nothing."
            )
        tell = f"Who looks gets no points for {name} in `course progress`, also not for a copy."
        if not (kept.seen or yes or typer.confirm(f"{tell} Show it?")):
            raise typer.Exit(1)
        if problem := points.look(name):
            raise CourseError(f"{name} is not shown, for it cannot be noted that you looked: {problem}.")
    way = another.way(exercise.lesson, name)
    console.print(f"{way.why}\n\n{way.code}", highlight=False, markup=False, soft_wrap=True)
