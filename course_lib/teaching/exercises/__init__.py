"""The exercises of all lessons: a folder a lesson, a module an exercise; each name is unique in the course.

A lesson's `ORDER` names its exercises in the order of the lesson. The exercise `filter_l1` is what the module of that name
calls EXERCISE; modules without one hold what several exercises of the lesson share.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from course_lib.errors import CourseError
from course_lib.teaching.exercises.base import Exercise, Value

LESSONS = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__) if found.ispkg]


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


def earlier(name: str) -> set[str]:
    """Return the names of the functions that are asked for before the exercise `name`: its answer may call them."""
    names = [exercise.name for exercise in everything()]
    return {exercise.name for exercise in everything()[: names.index(name)] if isinstance(exercise, Exercise)}


def everything() -> list[Exercise | Value]:
    """Return all exercises of the course; two of one name are refused."""
    found: dict[str, Exercise | Value] = {}
    for lesson in LESSONS:
        for exercise in in_order(lesson):
            if exercise.name in found:
                raise CourseError(
                    f"two exercises are called {exercise.name!r}, in lessons {found[exercise.name].lesson} and "
                    f"{exercise.lesson}; give one of them another name."
                )
            found[exercise.name] = exercise
    return list(found.values())


@cache
def in_order(lesson: ModuleType) -> tuple[Exercise | Value, ...]:
    """Return the exercises of a lesson's package in the order that it states; CourseError if it leaves one out."""
    modules = [import_module(f"{lesson.__name__}.{found.name}") for found in iter_modules(lesson.__path__)]
    exercises = {module.__name__.rpartition(".")[2]: module.EXERCISE for module in modules if hasattr(module, "EXERCISE")}
    if different := set(exercises) ^ set(lesson.ORDER):
        raise CourseError(
            f"ORDER in {lesson.__name__} and the modules beside it differ in {', '.join(sorted(different))}: ORDER names "
            "each module that has an EXERCISE, and no other."
        )
    return tuple(exercises[name] for name in lesson.ORDER)
