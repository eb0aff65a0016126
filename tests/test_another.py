"""Another way to write an exercise: what a student sees of it is right, runs in his notebook, and is really another way."""

from __future__ import annotations

import ast
import html
import inspect
import os
import re
from importlib import import_module
from pathlib import Path

import pytest

from course_lib.authoring.source import lessons
from course_lib.grading.copies import _alike, _tokens
from course_lib.teaching import another, check, exercises
from course_lib.teaching.borrowing import borrowed
from course_lib.teaching.checks import judge
from course_lib.teaching.exercises.base import Exercise

ROOT = Path(__file__).parent.parent
SEEDS = range(int(os.environ.get("COURSE_GALLERY_SEEDS", "3")))
CODE = [exercise for exercise in exercises.everything() if isinstance(exercise, Exercise)]
SOURCES = {path.name[:2]: path.read_text(encoding="utf-8") for path in lessons(ROOT)}
each = pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: f"{exercise.lesson}-{exercise.name}")


def shown(exercise) -> str:
    """Return the code as a page shows it."""
    (code,) = re.findall(r"<pre[^>]*>(.*)</pre>", another.way(exercise.lesson, exercise.name).html(), re.S)
    return html.unescape(code)


def answer(exercise) -> ast.FunctionDef:
    """Return the official answer, from the lesson's source."""
    cell = re.search(rf'# %% answer="{exercise.name}"\n(.*?)\n# %%', SOURCES[exercise.lesson], re.S)[1]
    functions = [node for node in ast.parse(cell).body if isinstance(node, ast.FunctionDef)]
    return next(node for node in functions if node.name == exercise.name)


def pasted(exercise):
    """Return the shown function as a student has it who copies it into the lesson: with the imports of its first cells."""
    code = ast.parse(before_exercises(SOURCES[exercise.lesson])).body
    imports = [node for node in code if isinstance(node, (ast.Import, ast.ImportFrom))]
    scope = {name: exercises.find(name).reference for name in exercises.earlier(exercise.name)}
    exec(compile(ast.Module(imports, []), "imports", "exec"), scope)
    scope["__name__"] = "__main__"
    exec(shown(exercise), scope)
    return scope[exercise.name]


def before_exercises(source) -> str:
    """Return a lesson's code above its first exercise."""
    cells = source.partition("# %% answer=")[0].split("\n# %%")
    return "\n".join(cell.partition("\n")[2] for cell in cells if not cell.startswith(" [markdown]"))


@each
def test_what_a_student_sees_is_correct_in_the_lesson_where_it_is_shown(exercise):
    function = pasted(exercise)
    assert borrowed(function, exercises.earlier(exercise.name)) == ""
    assert check(function, exercise.name).state == "correct"
    for seed in SEEDS:
        verdict = judge(exercise.lesson, exercise.name, function, seed)
        assert verdict.state == "correct", verdict


@each
def test_it_is_the_source_of_a_function_that_is_correct_itself(exercise):
    function = getattr(import_module(f"course_lib.teaching.another.lesson{exercise.lesson}"), exercise.name)
    assert judge(exercise.lesson, exercise.name, function, 0).state == "correct"
    without = ast.parse(inspect.getsource(function)).body[0]
    without.body = without.body[1:]
    assert ast.dump(ast.parse(shown(exercise)).body[0]) == ast.dump(without)


@each
def test_it_is_another_way_than_the_official_one_with_the_same_arguments_and_says_why(exercise):
    official, way = answer(exercise), another.way(exercise.lesson, exercise.name)
    (other,) = ast.parse(way.code).body
    assert ast.dump(other.args) == ast.dump(official.args)
    assert not _alike(tuple(_tokens(other)), tuple(_tokens(official)))
    assert way.why.endswith((".", ".)")) and 40 <= len(way.why) <= 300
    assert max(map(len, way.code.splitlines())) <= 96 and len(way.code.splitlines()) <= 30


def test_every_exercise_has_one_and_there_is_none_without_an_exercise():
    assert len(CODE) > 40
    for number in SOURCES:
        module = import_module(f"course_lib.teaching.another.lesson{number}")
        own = [value for value in vars(module).values() if inspect.isfunction(value)]
        assert {value.__name__ for value in own if value.__module__ == module.__name__} == {
            exercise.name for exercise in CODE if exercise.lesson == number
        }


def test_it_folds_out_once_the_answer_is_correct_and_not_before():
    def weights_left(n, share):
        return n - round(share * n)

    told = "Another way to write it"
    assert told in check(weights_left)._repr_html_()
    for wrong in (lambda n, share: share * n, lambda n, share: n - int(share * n + 0.5)):  # nothing right, edges wrong
        verdict = check(wrong, "weights_left")
        assert verdict.state == "not yet" and told not in verdict._repr_html_()
    assert told not in check(lambda n, share: None, "weights_left")._repr_html_()
    assert told not in check(exercises.find("weights_left").reference)._repr_html_()
    assert told not in check({50: 0.7, 90: 0.5, 99: 0.3}, "accuracy_left")._repr_html_()


def test_it_is_no_part_of_the_verdict():
    def weights_left(n, share):
        return n - round(share * n)

    noticed, graded = check(weights_left), judge("00", "weights_left", weights_left, 0)
    assert noticed == graded and (repr(noticed), str(noticed)) == (repr(graded), str(graded))
