"""Points that nobody earned: results of another kind, answers read off what the grader sends, tables of few inputs."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.grading import copies
from course_lib.teaching import exercises
from course_lib.teaching.checks import judge
from course_lib.teaching.exercises import Exercise, Value
from course_lib.teaching.exercises.attempts import Layer, Network

CODE = [exercise for exercise in exercises.everything() if isinstance(exercise, Exercise)]


def complex_tensor(tensor):
    return torch.complex(tensor.double(), torch.full_like(tensor, 7, dtype=torch.float64))


def sparse(tensor):
    return tensor.to_sparse()


def quantised(tensor):
    return torch.quantize_per_tensor(tensor.float(), 0.1, 0, torch.qint8)


STRANGE = {
    "complex": (complex_tensor, lambda number: complex(number, 7)),
    "complex of NumPy": (lambda tensor: complex_tensor(tensor).numpy(), lambda number: np.complex128(complex(number, 7))),
    "complex, wrapped": (complex_tensor, lambda number: torch.complex(torch.tensor(float(number)), torch.tensor(7.0))),
    "sparse": (sparse, lambda number: torch.tensor([float(number) or 1.0]).to_sparse()),
    "quantised": (quantised, lambda number: quantised(torch.tensor([float(number)]))),
}


def turned(value, kind):
    """Return a result in which every number and tensor of numbers is of another kind."""
    tensor, number = STRANGE[kind]
    if isinstance(value, torch.Tensor):
        return tensor(value)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, (list, tuple)):
        return type(value)(turned(entry, kind) for entry in value)
    if isinstance(value, range):
        return [number(entry) for entry in value]
    if isinstance(value, dict):
        return {key: turned(entry, kind) for key, entry in value.items()}
    return value


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: f"{exercise.lesson}-{exercise.name}")
def test_a_complex_sparse_or_quantised_result_is_wrong_where_a_real_one_is_due(exercise, kind):
    changed = []

    def answer(*inputs):
        output = exercise.reference(*inputs)
        result = turned(output, kind)
        changed.append(result is not output)
        return result

    verdict = judge(exercise.lesson, exercise.name, answer, 1)
    assert not any(changed) or verdict.points == 0, verdict


# whose text an answer is

ROOT = Path(__file__).parents[1]


def official(exercise):
    (path,) = (ROOT / "solutions").glob(f"{exercise.lesson}_*.py")
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    (found,) = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name == exercise.name]
    return ast.unparse(found)


def library(exercise):
    return textwrap.dedent(inspect.getsource(exercise.reference))


def idle(text):
    """Return a function's text with lines that do nothing."""
    tree = ast.parse(text)
    body = tree.body[0].body
    for place, line in ((0, "_ = None"), (1, "unused = 1 + 2"), (len(body) + 1, "if False:\n    return 7")):
        body.insert(place, ast.parse(line).body[0] if "return" not in line else _branch(line))
    return ast.unparse(ast.fix_missing_locations(tree))


def _branch(line):
    return ast.parse(f"def f():\n{textwrap.indent(line, '    ')}").body[0].body[0]


def wrapped(text):
    """Return a function that calls another one, which has the text."""
    function = ast.parse(text).body[0]
    function.name, own = "helper_of_mine", function.name
    function.returns, function.decorator_list = None, []
    return f"{ast.unparse(function)}\n\ndef {own}(*arguments):\n    return helper_of_mine(*arguments)"


KNOWN = [exercise for exercise in CODE if copies._library(exercise)]


def test_the_library_differs_from_the_official_solution_in_some_exercises():
    assert len(KNOWN) >= 5


@pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: exercise.name)
def test_the_official_solution_is_never_called_the_librarys_own_text(exercise):
    assert not copies.copied(official(exercise), exercise)


@pytest.mark.parametrize("change", [str, idle, wrapped], ids=lambda change: change.__name__)
@pytest.mark.parametrize("exercise", KNOWN, ids=lambda exercise: exercise.name)
def test_the_librarys_text_is_noticed_among_lines_without_effect_and_in_a_helper(exercise, change):
    assert copies.copied(change(library(exercise)), exercise)


def test_a_text_without_end_is_not_compared_at_length():
    assert not copies.copied("def f(x):\n" + "    x += 1\n" * 50_000, KNOWN[0])


# tables of answers

DRAWS = 100


def of_numbers(exercise):
    """Whether a function takes numbers only: weights are drawn from so many that none comes twice."""
    cases = exercise.cases(torch.Generator().manual_seed(0))
    return not any(isinstance(value, (torch.Tensor, Layer, Network)) for case in cases for value in case.inputs)


@pytest.mark.parametrize("exercise", list(filter(of_numbers, CODE)), ids=lambda exercise: exercise.name)
def test_the_cases_of_an_exercise_are_too_many_for_a_table_of_answers(exercise):
    drawn = [exercise.cases(torch.Generator().manual_seed(seed)) for seed in range(DRAWS)]
    most = max(len({repr(cases[place].inputs) for cases in drawn}) for place in range(min(map(len, drawn))))
    # What sap_loop is asked for is which functions it calls, and how often.
    assert most > 0.8 * DRAWS or exercise.name == "sap_loop"


# what lies in the library is practice


def test_no_points_are_given_for_answers_that_can_be_read_in_the_library():
    practice = {exercise.name for exercise in exercises.everything() if not exercise.points}
    assert practice == {
        "three_answers", "measuring_bugs", "bugs", "silent_bugs", "index_bugs", "sap_bugs", "arena_bugs",
        "shipping_bugs", "entry_bugs", "pq_of_normal",
    }  # fmt: skip
    for exercise in exercises.everything():
        locked = isinstance(exercise, Value) and exercise.locks  # its points are for saying something, not for being right
        assert isinstance(exercise, Exercise) or locked or exercise.name in practice, exercise.name
