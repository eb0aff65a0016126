"""The exercises of all lessons, one module a lesson; each name is unique in the course."""

from __future__ import annotations

from course_lib.errors import CourseError
from course_lib.teaching.exercises import lesson00, lesson01, lesson02, lesson03, lesson04, lesson05, lesson06
from course_lib.teaching.exercises.base import Exercise, Value

LESSONS = (lesson00, lesson01, lesson02, lesson03, lesson04, lesson05, lesson06)


def of(lesson: str) -> list[Exercise | Value]:
    """Return the exercises of a lesson, such as "02", in their order."""
    return [exercise for exercise in everything() if exercise.lesson == lesson]


def find(name: str) -> Exercise | Value:
    """Return the exercise of that name; CourseError if there is none."""
    for exercise in everything():
        if exercise.name == name:
            return exercise
    known = ", ".join(exercise.name for exercise in everything())
    raise CourseError(f"no exercise is called {name!r}; there are {known}.")


def everything() -> list[Exercise | Value]:
    """Return all exercises of the course; two of one name are refused."""
    found: dict[str, Exercise | Value] = {}
    for module in LESSONS:
        for exercise in module.EXERCISES:
            if exercise.name in found:
                raise CourseError(
                    f"two exercises are called {exercise.name!r}, in lessons {found[exercise.name].lesson} and "
                    f"{exercise.lesson}; give one of them another name."
                )
            found[exercise.name] = exercise
    return list(found.values())
