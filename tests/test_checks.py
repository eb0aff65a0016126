"""Checks: what a student is told, and what earns points."""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import types
import warnings
from pathlib import Path

import pytest
import torch

from course_lib.errors import CourseError
from course_lib.teaching import check, checks, exercises, use
from course_lib.teaching.checks import judge
from course_lib.teaching.exercises.attempts import Case, Failure, attempt
from course_lib.teaching.exercises.base import NEARLY, PARTIAL, Exercise, prediction
from course_lib.teaching.exercises.lesson06.winners import METHODS
from course_lib.teaching.exercises.plain import same

CODE = [exercise for exercise in exercises.everything() if exercise.kind == "code"]
SEEDS = range(int(os.environ.get("COURSE_GALLERY_SEEDS", "3")))
names = pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: exercise.name)


def filter_l1(weight):
    """A correct answer of a student."""
    return weight.abs().sum((1, 2, 3))


@names
def test_the_librarys_own_version_is_correct(exercise):
    for seed in range(10):
        assert judge(exercise.lesson, exercise.name, exercise.reference, seed).state == "correct"


@names
def test_each_known_misconception_is_told_by_its_name(exercise):
    for known in exercise.misconceptions:
        for seed in SEEDS:
            verdict = judge(exercise.lesson, exercise.name, known.function, seed)
            assert (verdict.state, verdict.misconception) == ("not yet", known.name)
            assert verdict.points in (0, PARTIAL * exercise.points)
            assert verdict.reason.startswith(known.sentence)


def test_an_answer_that_calls_the_library_is_not_the_students_own():
    scope = {"Tensor": torch.Tensor}
    exec("from course_lib.pruning import scores\ndef helper(w):\n    return scores.l1_norm(w)", scope)
    exec("def filter_l1(weight: Tensor):\n    return helper(weight)", scope)
    verdict = check(scope["filter_l1"])
    assert (verdict.state, verdict.points) == ("not yet", 0)
    assert verdict.reason.startswith("It uses scores, which is course_lib's")
    exec("def filter_l1(weight):\n    from course_lib.axes.scores import l1_norm\n    return l1_norm(weight)", scope)
    assert check(scope["filter_l1"]).misconception == "borrowed"


def test_another_exercises_function_is_not_borrowed():
    scope = {"power_mean": exercises.find("power_mean").reference}
    exec("def pq_index(w, p=0.5, q=1.0):\n    return 1 - power_mean(w, p) / power_mean(w, q)", scope)
    assert check(scope["pq_index"]).state == "correct"


def test_who_is_wrong_on_edge_cases_only_earns_half_of_the_points():
    cases = [Case("plain", (4.0,)), Case("none at all", (0.0,), edge=True), Case("also plain", (5.0,))]
    half = Exercise("half", "99", 3, lambda x: x / 2, lambda rng: cases)
    on_edges = half.judge(cases, *attempt(lambda x: x / 2 or 1.0, cases))
    elsewhere = half.judge(cases, *attempt(lambda x: x / 2 if x < 5 else 0.0, cases))
    assert (on_edges.state, on_edges.points) == ("not yet", 1.5)
    assert on_edges.reason.endswith(NEARLY)
    assert (elsewhere.state, elsewhere.points) == ("not yet", 0)


@names
def test_stubs_are_not_attempted(exercise):
    def dots(*arguments): ...

    def documented(*arguments):
        """What it should do."""
        ...

    def refused(*arguments):
        raise NotImplementedError

    for stub in (dots, documented, refused):
        assert judge(exercise.lesson, exercise.name, stub, 0).state == "not attempted"


def test_a_correct_answer_earns_all_points_and_nbgrader_can_read_them():
    verdict = check(filter_l1)
    assert (verdict.state, verdict.points) == ("correct", 2)
    assert float(repr(verdict)) == 2.0
    assert 'data-state="correct"' in verdict._repr_html_()


def test_the_librarys_version_earns_no_points():
    verdict = check(exercises.find("filter_l1").reference)
    assert (verdict.state, verdict.points) == ("not attempted", 0)
    assert "library's version" in verdict.reason


def test_use_goes_on_with_the_librarys_version_and_says_so(capsys):
    assert use(filter_l1) is filter_l1
    assert capsys.readouterr().out == ""

    def silence(conv, norm, keep): ...

    assert use(silence) is exercises.find("silence").reference
    assert "silence has no answer yet, so the lesson goes on with the library's version" in capsys.readouterr().out


def test_what_students_print_warn_and_raise_never_reaches_stderr(monkeypatch):
    def filter_l1(weight):
        warnings.warn("careful", stacklevel=1)
        print("debugging", file=sys.stderr)
        raise SystemExit(3)

    monkeypatch.setattr(sys, "stderr", io.StringIO())
    verdict = check(filter_l1)
    assert sys.stderr.getvalue() == ""
    assert verdict.state == "not yet"
    assert "SystemExit" in verdict.reason


def test_what_an_answer_prints_is_shown_once(capsys):
    def filter_l1(weight):
        print("looking")
        return weight.abs().sum((1, 2, 3))

    assert check(filter_l1).state == "correct"
    assert capsys.readouterr().out == "looking\n"


RIGHT, BROKEN = "def filter_l1(weight):\n    return 1", "def filter_l1(weight)\n    return 1"


@pytest.mark.parametrize(
    ("cells", "read"), [([RIGHT, BROKEN], False), ([BROKEN, RIGHT], True), ([RIGHT, "1 +"], True), ([], True)]
)
def test_a_function_that_python_could_not_read_is_not_judged_by_the_one_before_it(cells, read, monkeypatch):
    import ipykernel  # noqa: F401 - a notebook has it loaded

    shell = types.SimpleNamespace(execution_count=len(cells), kernel=True, user_ns={"In": ["", *cells, "check(filter_l1)"]})
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    verdict = check(filter_l1)
    assert verdict.state == ("correct" if read else "not yet")
    assert read or verdict.reason == ("Python could not read your function, so its cell did not run (line 1: expected ':').")


def test_an_answer_that_changes_its_arguments_is_told_so():
    def filter_l1(weight):
        return weight.abs_().sum((1, 2, 3))

    verdict = check(filter_l1)
    assert (verdict.state, verdict.misconception) == ("not yet", "mutated input")


def test_a_missing_return_is_told_so():
    def filter_l1(weight):
        weight.abs().sum((1, 2, 3))

    verdict = check(filter_l1)
    assert verdict.misconception == "hard-coded result"
    assert "return" in verdict.reason


def test_checks_leave_the_random_state_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    check(filter_l1)
    assert torch.equal(before, torch.random.get_rng_state())


def test_cases_are_fresh_for_every_seed_and_equal_for_equal_ones():
    def drawn(seed):
        cases = exercises.find("filter_l1").cases(torch.Generator().manual_seed(seed))
        return cases[1].inputs[0]

    assert torch.equal(drawn(1), drawn(1))
    assert not same(drawn(1), drawn(2))


@names
def test_the_name_of_a_case_tells_nothing_of_what_was_drawn(exercise):
    names = [[case.label for case in exercise.cases(torch.Generator().manual_seed(seed))] for seed in range(5)]
    assert all(one == names[0] for one in names)


def test_an_attempt_is_plain_data_and_each_case_starts_fresh():
    def greedy(values):
        values.append(1)
        return object()

    given = [2]
    after, outputs = attempt(greedy, [Case("a", (given,)), Case("b", (given,))])
    assert given == [2]
    assert [now[0] for now in after] == [[2, 1], [2, 1]]
    assert outputs == [Failure("TypeError", "a object was returned")] * 2


def test_nan_is_equal_to_nothing():
    assert not same(torch.tensor([1.0, torch.nan]), torch.tensor([1.0, torch.nan]))
    assert not same(float("nan"), float("nan"))


def test_a_prediction_earns_its_point_for_being_locked_in():
    guess = prediction("guess", "02", 0, 1)
    assert guess.judge(None).state == "not attempted"
    assert guess.judge(0.97).points == 1
    assert guess.judge(97).points == 0
    assert "between 0 and 1" in guess.judge("much").reason


def test_choices_are_practice_as_their_answers_lie_in_the_library():
    right = check({"A": 2, "B": 5, "C": 3}, "bugs")
    assert (right.state, right.points, right.out_of) == ("correct", 0, 0)
    assert str(right).startswith("correct (practice): ") and repr(right) == "0.0"
    assert "correct</b> (practice)" in right._repr_html_() and "points" not in right._repr_html_()
    partly = check({"A": 2, "B": 1, "C": 1}, "bugs")
    assert partly.state == "not yet" and str(partly).startswith("not yet (practice): ")
    assert "A: With equal scores" in partly.reason and "B: look again." in partly.reason
    assert check({"A": "2", "B": "5", "C": "3"}, "bugs").state == "correct"  # written as text
    assert check([2, 5, 3], "bugs").state == "not yet"
    assert check(None, "bugs").state == "not attempted"


def cliff():
    """A function that has the name of a prediction."""


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: check(3), "without a name"),
        (lambda: check(lambda x: x), "no exercise is called '<lambda>'"),
        (lambda: judge("03", "filter_l1", filter_l1, 0), "lesson 03 has no function of that name"),
        (lambda: judge("02", "cliff", filter_l1, 0), "no function of that name to judge"),
        (lambda: use(cliff), "cliff asks for a value; use takes a function"),
    ],
)
def test_wrong_calls_are_answered_in_one_sentence(call, sentence):
    with pytest.raises(CourseError, match=sentence):
        call()


def lesson(folder, order, **modules):
    """Write a lesson's package of exercises and return it."""
    (folder / "__init__.py").write_text(f"ORDER = {order}")
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
    return importlib.import_module(folder.name)


GUESS = "from course_lib.teaching.exercises.base import prediction\nEXERCISE = prediction({!r}, '09', 0, 1)"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder that can be imported under its name."""
    folder = tmp_path / f"lesson_of_{tmp_path.name}"
    folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_two_exercises_of_one_name_are_refused(monkeypatch, folder):
    twin = lesson(folder, ("filter_l1",), filter_l1=GUESS.format("filter_l1"))
    monkeypatch.setattr(exercises, "LESSONS", [*exercises.LESSONS, twin])
    with pytest.raises(CourseError, match="two exercises are called 'filter_l1', in lessons 02 and 09"):
        exercises.find("silence")


def test_exercises_are_found_in_the_order_that_their_lesson_states(folder):
    modules = {"last": GUESS.format("last"), "first": GUESS.format("first"), "shared": "helper = 1"}
    assert [found.name for found in exercises.in_order(lesson(folder, ("first", "last"), **modules))] == ["first", "last"]


@pytest.mark.parametrize("order", [("first",), ("first", "last", "third")])
def test_an_exercise_without_a_place_and_a_place_without_an_exercise_are_refused(folder, order):
    modules = {"last": GUESS.format("last"), "first": GUESS.format("first")}
    with pytest.raises(CourseError, match=r"differ in (last|third): ORDER names each module"):
        exercises.in_order(lesson(folder, order, **modules))


def test_a_module_has_the_name_of_its_exercise():
    assert [exercise.name for package in exercises.LESSONS for exercise in exercises.in_order(package)] == [
        name for package in exercises.LESSONS for name in package.ORDER
    ]


def test_the_first_prediction_stays():
    assert check(0.4, "cliff").state == "correct"
    later = check(0.9, "cliff")
    assert str(later) == (
        "locked in (1 of 1 point): Your first answer, 0.4, counts: you may have seen the result by now. "
        "(Pictures draw what the cell says now.)"
    )
    assert "locked in" in later._repr_html_() and 'data-state="correct"' in later._repr_html_()


@pytest.mark.parametrize("second", ["much", 97, None, {"a": 1}])
def test_what_is_no_answer_after_the_first_prediction_is_not_told_not_yet(second):
    assert check(second, "cliff").points == 0
    assert check(0.4, "cliff").state == "correct"
    later = check(second, "cliff")
    assert (later.state, later.points, later.heading) == ("correct", 1, "locked in")
    assert later.reason.startswith("Your first answer, 0.4, counts") and "write it into the cell again" in later.reason


def test_the_evidence_shows_call_result_and_expectation_in_columns():
    def filters_to_keep(scores, sparsity):
        return ~exercises.find("filters_to_keep").reference(scores, sparsity)

    told = dict(judge("02", "filters_to_keep", filters_to_keep, 0).evidence)
    assert told["it gave"] == "[False True  False True]"
    assert told["expected"].startswith("[True  False True  False], or another with 2 True")


def test_a_bool_tensor_without_axes_is_wrong_and_not_a_crash():
    evidence = judge("02", "filters_to_keep", lambda scores, sparsity: torch.tensor(True), 0).evidence
    assert ("it gave", "tensor(True)") in evidence


def test_calls_that_are_not_as_asked_are_listed():
    def prune_and_fine_tune(schedule, prune, fine_tune, masks):
        for sparsity in schedule:
            masks = prune(sparsity, masks)
        return masks

    evidence = judge("02", "prune_and_fine_tune", prune_and_fine_tune, 0).evidence
    assert ("its calls", "prune(0.3, 'dense') -> prune(0.5, 'prune(0.3, dense)')") in evidence


def test_the_first_wrong_entry_of_a_changed_argument_is_shown():
    def silence(conv, norm, keep):
        with torch.no_grad():
            conv.weight[~keep] = 0
            norm.weight[~keep] = 0

    verdict = judge("02", "silence", silence, 0)
    (label,) = [label for label, _ in verdict.evidence if label.startswith("argument")]
    assert label.startswith("argument 1 (a Conv2d): bias[1] is")


def test_a_mistake_that_explains_every_case_is_named_before_one_that_explains_the_failing_ones():
    both = exercises.find("variable_threshold")
    names = [known.name for known in both.misconceptions]
    assert names.index("sample deviation") < names.index("variance for deviation")
    variance = next(known for known in both.misconceptions if known.name == "variance for deviation").function
    assert {judge("03", "variable_threshold", variance, seed).misconception for seed in range(50)} == {
        "variance for deviation"
    }


def test_a_wrong_answer_on_purpose_is_shown_with_what_was_expected():
    def weights_left(n, share):
        return share * n

    verdict = check(weights_left)
    assert (verdict.state, verdict.misconception) == ("not yet", "what goes")
    told = dict(verdict.evidence)
    assert (told["call"], told["it gave"], told["expected"]) == ("weights_left(10, 0.9)", "9", "1")
    noted = {"as it is": "Not attempted", "wrong": " not  yet", "mended": "correct", "expected": "1"}
    assert check(noted, "three_answers").state == "correct"
    partly = check(noted | {"expected": 9}, "three_answers")
    assert partly.state == "not yet" and "line below" in partly.reason
    assert check("not yet", "three_answers").state == "not yet"


def test_three_accuracies_are_predicted_at_once_and_the_first_ones_stay():
    assert check({50: 0.7, 90: 0.2, 99: 0.1}, "accuracy_left").points == 1
    later = check({50: 0.9, 90: 0.2, 99: 0.1}, "accuracy_left")
    assert later.points == 1 and "{50: 0.7, 90: 0.2, 99: 0.1}, counts" in later.reason
    checks._PREDICTED.clear()
    for wrong in ({50: 70, 90: 20, 99: 10}, {50: 0.7}, 0.7, {50: 0.7, 90: None, 99: 0.1}):
        assert check(wrong, "accuracy_left").points == 0


def test_a_network_shares_and_freezes_tensors():
    from course_lib.teaching.exercises.attempts import Layer, Network

    given = {"in_features": 3, "out_features": 3}
    dense = Layer.of(torch.nn.Linear(**given), **given)
    inner = Network({"a": dense, "b": dense}, shared={"b.weight": "a.weight"}, frozen=("a.bias",))
    model = Network({"inner": inner, "last": dense}).build()
    assert model.inner.a.weight is model.inner.b.weight
    assert not model.inner.a.bias.requires_grad and model.inner.b.bias.requires_grad
    assert [name for name, _ in model.named_parameters()][-1] == "last.bias"


def test_the_winners_are_named_as_the_arena_of_lesson_06_names_its_methods():
    source = (Path(__file__).parents[1] / "solutions" / "06_pareto_frontier.py").read_text()
    arena = source.split("methods = [")[1].split("\n]")[0]
    assert set(re.findall(r'"name": "([^"]+)"', arena)) == set(METHODS)
