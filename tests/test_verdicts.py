"""Verdicts on what people really write: no right answer is refused for its form, no value ends in a traceback."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.utils.prune
from test_grading import MISSING, answers, columns

from course_lib.grading.reading import finding, notebooks
from course_lib.grading.sandbox.box import Limits, Sandbox
from course_lib.grading.sandbox.serving import serve
from course_lib.teaching import check, exercises, use
from course_lib.teaching.borrowing import borrowed
from course_lib.teaching.checks import judge
from course_lib.teaching.exercises.attempts import Case, Measure, attempt
from course_lib.teaching.exercises.base import Exercise, Misconception, pick, prediction
from course_lib.teaching.exercises.plain import same
from course_lib.teaching.verdict import CORRECT, NOT_ATTEMPTED, NOT_YET

ROOT = Path(__file__).parents[1]
IMPORTS = "import functools, math, torch\nfrom torch import Tensor, nn\nfrom course_lib import data, models, train\n"
IMPORTS += "from course_lib.pruning import scores\nimport course_lib\n"


def defined(name, source):
    """Return what a notebook, which has imported what our lessons import, calls `name`."""
    scope = {"__name__": "__main__"}
    exec(IMPORTS + source, scope)
    return scope[name]


# borrowing

OWN = {
    "an attribute": "def filter_l1(weight):\n    return weight.data.abs().sum((1, 2, 3))",
    "a method": "def filter_l1(weight):\n    nn.ReLU().train(False)\n    return weight.abs().sum((1, 2, 3))",
    "a parameter of that name": "def filter_l1(data):\n    return data.abs().sum((1, 2, 3))",
    "a local of that name": "def filter_l1(weight):\n    data = weight.abs()\n    return data.sum((1, 2, 3))",
    "a key": "def filter_l1(weight):\n    return {'data': weight.abs().sum((1, 2, 3))}['data']",
    "a docstring": "def filter_l1(weight):\n    '''As in course_lib:\n    from course_lib import data'''\n"
    "    return weight.abs().sum((1, 2, 3))",
    "a helper class": "class Norm:\n    def of(self, row):\n        return row.data.abs().sum()\n"
    "def filter_l1(weight):\n    return torch.stack([Norm().of(row) for row in weight])",
    "a partial": "def norm(p, weight):\n    return (weight.abs() ** p).sum((1, 2, 3))\n"
    "filter_l1 = functools.partial(norm, 1)",
    "a lambda": "filter_l1 = lambda weight: weight.abs().sum((1, 2, 3))",
    "a decorated function": "@torch.no_grad()\ndef filter_l1(weight):\n    return weight.data.abs().sum((1, 2, 3))",
    "a decorator without wraps": "def loud(f):\n    def inner(*values):\n        return f(*values)\n    return inner\n"
    "@loud\ndef filter_l1(weight):\n    return weight.abs().sum((1, 2, 3))",
    "a cached helper": "@functools.cache\ndef axes(n):\n    return tuple(range(1, n))\n"
    "def filter_l1(weight):\n    return weight.abs().sum(axes(weight.ndim))",
    "an object": "class Norm:\n    def __call__(self, weight):\n        return weight.abs().sum((1, 2, 3))\n"
    "filter_l1 = Norm()",
    "another name": "def mine(weight):\n    return weight.abs().sum((1, 2, 3))\nfilter_l1 = mine",
    "an import of its own": "def filter_l1(weight):\n    import torch as data\n    return data.abs(weight).sum((1, 2, 3))",
}
BORROWED = {
    "a module": "def filter_l1(weight):\n    return scores.l1_norm(weight)",
    "the package": "def filter_l1(weight):\n    return course_lib.pruning.scores.l1_norm(weight)",
    "an import inside": "def filter_l1(weight):\n    from course_lib.axes.scores import l1_norm\n    return l1_norm(weight)",
    "the package imported inside": "def filter_l1(weight):\n"
    "    import course_lib.axes.scores as s\n    return s.l1_norm(weight)",
    "a nested function": "def filter_l1(weight):\n"
    "    def inner():\n        return scores.l1_norm(weight)\n    return inner()",
    "a default": "def filter_l1(weight, norm=scores.l1_norm):\n    return norm(weight)",
    "a closure": "def made(norm):\n    def filter_l1(weight):\n        return norm(weight)\n    return filter_l1\n"
    "filter_l1 = made(scores.l1_norm)",
    "a partial": "filter_l1 = functools.partial(scores.l1_norm)",
    "a lambda": "filter_l1 = lambda weight: scores.l1_norm(weight)",
    "a helper": "def helper(weight):\n    return scores.l1_norm(weight)\ndef filter_l1(weight):\n    return helper(weight)",
    "a helper class": "class Norm:\n    def of(self, weight):\n        return scores.l1_norm(weight)\n"
    "def filter_l1(weight):\n    return Norm().of(weight)",
    "a container": "NORMS = {'l1': scores.l1_norm}\ndef filter_l1(weight):\n    return NORMS['l1'](weight)",
    "a decorated function": "@torch.no_grad()\ndef filter_l1(weight):\n    return scores.l1_norm(weight)",
    "a cached function": "@functools.cache\ndef filter_l1(weight):\n    return scores.l1_norm(weight)",
    "a name in a text": "def filter_l1(weight):\n    import importlib\n"
    "    return importlib.import_module('course_lib.axes.scores').l1_norm(weight)",
    "a later exercise": "from course_lib.teaching import exercises\nscore = exercises.find('score').reference\n"
    "def filter_l1(weight):\n    return score(weight, 0)",
}


def named(answer):
    filter_l1 = answer  # noqa: F841  (what the notebook calls it)
    return check(answer)


@pytest.mark.parametrize("source", OWN.values(), ids=OWN)
def test_an_answer_of_ones_own_earns_its_points_whatever_its_attributes_are_called(source):
    verdict = named(defined("filter_l1", source))
    assert verdict.state == CORRECT, verdict.reason


@pytest.mark.parametrize("source", BORROWED.values(), ids=BORROWED)
def test_what_is_looked_up_in_the_library_is_borrowed_however_it_is_reached(source):
    verdict = named(defined("filter_l1", source))
    assert (verdict.state, verdict.points, verdict.misconception) == (NOT_YET, 0, "borrowed")
    assert verdict.reason.startswith("It uses ")


def test_use_takes_a_partial_and_a_lambda_as_well(capsys):
    filter_l1 = functools.partial(lambda axes, weight: weight.abs().sum(axes), (1, 2, 3))
    assert use(filter_l1) is filter_l1
    columns_of_channel = lambda channel, height, width: []  # noqa: E731
    assert use(columns_of_channel) is exercises.find("columns_of_channel").reference
    assert "columns_of_channel is not correct yet" in capsys.readouterr().out


CHANGED = {  # what a notebook may have set before it calls `check`
    "double precision": lambda: torch.set_default_dtype(torch.float64),
    "another device": lambda: torch.set_default_device("meta"),
    "no gradients": lambda: torch.set_grad_enabled(False),
}


@pytest.fixture
def usual_defaults():
    """Torch's settings are as they were when the test has ended."""
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_a_notebook_that_changes_torchs_defaults_gets_the_verdicts_of_the_grader(change, usual_defaults):
    lessons = sorted({exercise.lesson for exercise in exercises.everything()})
    right = [(lesson, name, found[0][2]) for lesson in lessons for name, found in answers(lesson)[1]["RIGHT"].items()]
    careless = defined("rewind", REWIND)
    change()
    before = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
    for lesson, name, answer in right:
        verdict = judge(lesson, name, answer, 0)
        assert verdict.state == CORRECT, (name, verdict.reason)
    assert judge("05", "rewind", careless, 0).misconception == "autograd in the way"
    assert (torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()) == before


REWIND = """
def rewind(model, start, masks):
    model.load_state_dict(start)
    for name, mask in masks.items():
        model.get_parameter(name)[~mask] = 0
"""


def test_an_answer_that_changes_torchs_defaults_leaves_the_notebooks_alone(usual_defaults):
    change = "def filter_l1(weight):\n    torch.set_default_dtype(torch.float64)\n    torch.set_grad_enabled(False)\n"
    change += "    return weight.abs().sum((1, 2, 3))"
    assert judge("02", "filter_l1", defined("filter_l1", change), 0).state == CORRECT
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()


STUBS = [
    "...",
    "pass",
    "'''Text.'''",
    "'''Text.'''\n    ...",
    "return",
    "return None",
    "raise NotImplementedError",
    "x: int",
]


@pytest.mark.parametrize("body", STUBS)
def test_what_is_a_stub_for_the_check_is_one_for_the_grader(body):
    source = f"def filter_l1(weight):\n    {body}\n"
    answer = finding.find([notebooks.Cell(1, True, source, ())], exercises.of("02"))["filter_l1"]
    assert answer.stub and check(defined("filter_l1", source)).state == NOT_ATTEMPTED


# values


@pytest.mark.parametrize(
    "given",
    [np.float32(0.25), np.float64(0.25), np.array(0.25), np.array([0.25]), torch.tensor(0.25), torch.tensor([[0.25]]),
     np.int64(1), torch.tensor(1), np.float16(0.25), torch.nn.Parameter(torch.tensor(0.25))],
    ids=lambda value: f"{type(value).__name__}-{value}"[:40],
)  # fmt: skip
def test_a_number_of_any_library_is_a_prediction(given):
    verdict = check(given, "cliff")
    assert (verdict.state, verdict.points, verdict.heading) == (CORRECT, 1, "locked in")
    assert "counts" not in check(given, "cliff").reason
    assert "0.75" not in check(0.75, "cliff").reason and "counts" in check(0.75, "cliff").reason


@pytest.mark.parametrize(
    ("name", "given", "asked", "meant"),
    [
        ("cliff", 30, "Did you mean 0.3, which is 30 %?", 0.3),
        ("cliff", torch.tensor(97.0), "Did you mean 0.97, which is 97 %?", 0.97),
        ("dead_neurons", 0.25, "Did you mean 0.25 of 512, which is 128?", 128),
        ("filters_gone", np.float32(0.5), "Did you mean 0.5 of 64, which is 32?", 32),
    ],
)
def test_a_prediction_in_the_wrong_unit_is_asked_about_and_not_locked(name, given, asked, meant):
    verdict = check(given, name)
    assert (verdict.state, verdict.points) == (NOT_YET, 0) and verdict.reason.endswith(asked)
    later = check(meant, name)
    assert later.state == CORRECT and "stays" not in later.reason


def test_a_small_number_of_points_is_no_share():
    assert exercises.find("optimism").judge(0.5).state == CORRECT
    assert prediction("guess", "02", 0, 10).judge(0.5).state == CORRECT


@pytest.mark.parametrize("given", [[1], {"B": [1]}, {"B": {1}}, {"B": {}}, {"B": torch.zeros(3)}, {"B": "²"}, {1: 1}])
def test_an_answer_of_any_form_to_a_bug_question_is_judged(given):
    for name in ("bugs", "index_bugs", "three_answers"):
        assert exercises.find(name).judge(given).points == 0


def test_an_unhashable_pick_is_judged():
    chosen = pick("which", "01", ("a", "b"))
    for given in (["a"], {"a"}, {"a": 1}, torch.zeros(3), b"a"):
        assert "choose one of 'a', 'b'" in chosen.judge(given).reason
    assert chosen.judge(np.str_("a")).state == CORRECT


@pytest.mark.parametrize(
    ("name", "answer", "question", "lines"),
    [
        ("index_bugs", {"A": 4, "B": 3, "C": 3}, "B", (2, 3)),
    ],
)
def test_of_two_repairs_that_are_equally_good_both_count(name, answer, question, lines):
    said = set()
    for line in lines:
        verdict = check(answer | {question: line}, name)
        assert verdict.state == CORRECT
        said.add(verdict.reason)
    assert len(said) == 2  # each has a sentence of its own
    assert check(answer | {question: lines[0] - 1 or 3}, name).state == NOT_YET


# what judge says


def test_a_parameter_that_is_gone_is_named_and_no_crash():
    def apply_masks(model, masks):
        for name, mask in masks.items():
            owner, _, last = name.rpartition(".")
            torch.nn.utils.prune.custom_from_mask(model.get_submodule(owner), last, mask)

    verdict = judge("01", "apply_masks", apply_masks, 0)
    assert verdict.state == NOT_YET
    label, shown = verdict.evidence[-2]
    assert label.endswith("weight is") and "gone" in shown and "weight_orig" in shown


@pytest.mark.parametrize("name", ["silence", "rewind", "apply_masks"])
def test_a_parameter_that_is_deleted_is_no_crash(name):
    def remove(model, *arguments):
        for module in model.modules():
            if getattr(module, "bias", None) is not None:
                module.bias = None

    assert check(remove, name).state == NOT_YET
    assert "could not be judged" not in check(remove, name).reason


@pytest.mark.parametrize(
    "result", [{"a": torch.ones(2), "b": True}, {"a": torch.ones(2), "b": 3}, {"a": torch.ones(2, dtype=torch.bool)}]
)
def test_a_dict_of_tensors_and_others_is_shown(result):
    for name in ("apoz", "filter_l1", "record", "sensitivity"):
        verdict = check(lambda *arguments: result, name)
        assert verdict.state == NOT_YET and "could not be judged" not in verdict.reason


def test_what_is_no_function_is_not_attempted():
    for given in (5, torch.zeros(3), "text", []):
        verdict = check(given, "filter_l1")
        assert verdict.state == NOT_ATTEMPTED and "should be a function" in verdict.reason


# mistakes by name


def doubled(x):
    return 2 * x


CASES = [Case(f"the number {n}", (float(n),)) for n in range(1, 7)]
TRIPLED = Misconception("tripled", "It takes three for two.", lambda x: 3 * x)
LARGE = Misconception("large ones", "Large numbers are cut off.", lambda x: min(2 * x, 7.0))


def verdict_on(answer, *known):
    exercise = Exercise("doubled", "99", 2, doubled, lambda rng: CASES, known)
    return exercise.judge(CASES, *attempt(answer, CASES))


def test_a_mistake_is_named_that_explains_all_that_fails_and_nothing_that_passes():
    assert verdict_on(TRIPLED.function, LARGE, TRIPLED).misconception == "tripled"
    assert verdict_on(LARGE.function, TRIPLED, LARGE).misconception == "large ones"


def test_a_mistake_that_what_is_right_speaks_against_is_not_named():
    verdict = verdict_on(lambda x: 3 * x if x == 6 else 2 * x, TRIPLED)
    assert (verdict.misconception, verdict.reason) == ("", "On the number 6 the result is not the expected one.")
    assert ("call", "doubled(6)") in verdict.evidence
    assert "Perhaps" not in verdict_on(lambda x: 3 * x if x > 2 else 2 * x, TRIPLED).reason


def test_a_mistake_that_explains_two_failing_cases_is_perhaps_the_one_and_one_case_is_not_enough():
    verdict = verdict_on(lambda x: {4.0: 7.0, 5.0: 7.0}.get(x, 2 * x if x < 6 else 0.0), TRIPLED, LARGE)
    assert verdict.misconception == ""
    assert verdict.reason == "On the number 4 the result is not the expected one. Perhaps: Large numbers are cut off."
    assert "Perhaps" not in verdict_on(lambda x: {4.0: 7.0}.get(x, 2 * x if x < 6 else 0.0), LARGE).reason


# one way to a verdict

LESSONS = sorted({exercise.lesson for exercise in exercises.everything()})


def notebook_of(lesson):
    """Return what a lesson's notebook has imported, as text."""
    (path,) = (ROOT / "solutions").glob(f"{lesson}_*.py")
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    return "\n".join(ast.unparse(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)))


def sandboxed(sandbox, answer, cases):
    request = {"program": answer.program, "name": answer.name, "supplied": list(answer.supplied), "cases": cases}
    measures = {value.name: value.name for case in cases for value in case.inputs if isinstance(value, Measure)}
    after, outputs = sandbox.ask(request, lambda message: serve(message, set(answer.supplied), measures))
    return list(map(tuple, after)), outputs


@pytest.mark.heavy
@pytest.mark.parametrize("lesson", LESSONS)
def test_notebook_and_grader_give_every_answer_of_the_gallery_one_verdict(lesson):
    """What each reads of an answer, and what it gives when it is called, is equal: `decide` knows nothing else."""
    definitions, imports, done = answers(lesson)[0], notebook_of(lesson), set()
    before = [one.name for one in exercises.everything() if isinstance(one, Exercise) and one.lesson < lesson]
    with Sandbox(Limits(wall=120), unsafe=bool(MISSING)) as sandbox:
        for column in columns(lesson):
            cells = [imports, definitions, *(f"{name} = {text}" for name, (_, text, _) in column.items())]
            cells = [notebooks.Cell(n, True, source, ()) for n, source in enumerate(cells, 1)]
            found = finding.find(cells, exercises.of(lesson), before)
            for name, (label, text, _) in column.items():
                where, exercise, answer = (lesson, name, label), exercises.find(name), found[name]
                if where in done:
                    continue
                done.add(where)
                scope = {"__name__": "__main__"}
                exec("\n".join((imports, definitions, f"{name} = {text}")), scope)
                assert not answer.problem and not answer.stub and not answer.borrowed, where
                assert not borrowed(scope[name], exercises.earlier(name)), where
                cases = exercise.cases(torch.Generator().manual_seed(1))
                here, there = attempt(scope[name], cases), sandboxed(sandbox, answer, cases)
                if not same(here, there, tolerance=0.0):  # NaN is equal to nothing
                    one, other = exercise.judge(cases, *here), exercise.judge(cases, *there)
                    assert (one.state, one.points, one.misconception) == (other.state, other.points, other.misconception), (
                        where
                    )
