"""The points so far: what counts, where, and that no file can stop a lesson."""

from __future__ import annotations

import json
import os
import sys
import types

import nbformat
import pytest
from test_lessons import SOURCES, student
from typer.testing import CliRunner

from course_lib import validation
from course_lib.command import cli, runs
from course_lib.errors import CourseError
from course_lib.notebook import OPENED, OPENED_IN_CODE
from course_lib.teaching import another, check, checks, exercises, points, so_far, use
from course_lib.teaching.another import after
from course_lib.teaching.verdict import CORRECT, Verdict

TOTAL = sum(exercise.points for exercise in exercises.everything())


@pytest.fixture(autouse=True)
def opened(tmp_path, monkeypatch):
    """Somebody has opened lesson 00 in Jupyter, and has no points yet."""
    monkeypatch.setenv(OPENED, str(tmp_path / "notebooks" / "00_start_here.ipynb"))
    monkeypatch.setenv("COURSE_POINTS_DIR", str(tmp_path / "points"))
    monkeypatch.setattr(runs.console, "_width", 240)  # else as wide as the terminal was when it was first imported
    return tmp_path / "points" / "points.json"


def weights_left(n, share):
    """A correct answer."""
    return n - round(share * n)


def half(n, share):
    """Right but for the edges."""
    return n - int(share * n + 0.5)


def so_far_in_course() -> float:
    return sum(row.points for row in points.rows())


def test_a_correct_answer_counts_once_however_often_its_lesson_is_run(opened):
    assert points.line() == f"0 of {TOTAL:g} points so far in this course"
    first = check(weights_left)._repr_html_()
    kept = opened.read_text()
    assert f">1 of {TOTAL:g} points so far in this course.<" in first
    assert check(weights_left)._repr_html_() == first
    assert opened.read_text() == kept and so_far_in_course() == 1


def test_the_best_answer_counts(opened):
    assert check(half, "weights_left").points == 0.5
    assert so_far_in_course() == 0.5
    check(weights_left)
    check(half, "weights_left")
    check(lambda n, share: share * n, "weights_left")
    assert so_far_in_course() == 1


def test_practice_earns_nothing_and_is_done_all_the_same():
    asked = exercises.find("three_answers")
    assert "three_answers" in points.rows()[0].open
    check({"as it is": "not attempted", "wrong": "not yet", "mended": "correct", "expected": 1}, "three_answers")
    assert asked.points == so_far_in_course() == 0
    assert "three_answers" not in points.rows()[0].open


def test_what_is_not_attempted_or_wrong_leaves_no_file(opened):
    check(None, "accuracy_left")
    check(lambda n, share: share * n, "weights_left")
    use(exercises.find("weights_left").reference)
    assert not opened.parent.exists()


def test_nothing_counts_where_nobody_has_opened_the_notebook_or_in_the_solutions(opened, monkeypatch):
    monkeypatch.setenv(OPENED, str(opened.parent / "solutions" / "00_start_here.ipynb"))
    assert "so far" not in check(weights_left)._repr_html_()
    monkeypatch.delenv(OPENED)
    assert "so far" not in check(weights_left)._repr_html_()
    assert not opened.exists()
    assert repr(so_far("00")) == points.NOT_HERE and points.NOT_HERE in so_far("00")._repr_html_()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"exercises"', '{"exercises": 3}', '{"exercises": {"weights_left": 7}}', "\x00", "[" * 100_000,
     '{"exercises": {"weights_left": {"points": NaN}, "sparsity": {"points": "2"}, "silence": {"points": -1}}}'],
)  # fmt: skip
def test_a_damaged_file_counts_as_no_points_and_the_next_check_mends_it(text, opened):
    opened.parent.mkdir()
    opened.write_text(text)
    assert so_far_in_course() == 0 and "0 of" in repr(so_far("00"))
    assert check(weights_left).state == "correct"
    assert json.loads(opened.read_text())["exercises"]["weights_left"]["correct"] is True


def test_bytes_that_are_no_text_count_as_no_points(opened):
    opened.parent.mkdir()
    opened.write_bytes(b"\xff\xfe\x00")
    assert so_far_in_course() == 0 and check(weights_left).state == "correct" and so_far_in_course() == 1


def test_what_is_whole_in_a_damaged_file_goes_on_counting(opened):
    opened.parent.mkdir()
    known = {"sparsity": {"points": 2, "correct": True}, "silence": "x", "gone": {"points": 5, "correct": True}}
    opened.write_text(json.dumps({"exercises": known}))
    check(weights_left)
    assert so_far_in_course() == 3


def test_no_file_gives_more_points_than_there_are(opened):
    opened.parent.mkdir()
    opened.write_text(json.dumps({"exercises": {"weights_left": {"points": 1e9, "correct": True}}}))
    assert so_far_in_course() == 1


def test_a_file_that_cannot_be_written_or_read_stops_nothing_and_is_said(opened):
    opened.parent.write_text("a file where the folder should be")
    verdict = check(weights_left)
    assert verdict.state == "correct" and verdict.points == 1
    assert "Your points so far could not be kept: Not a directory" in verdict._repr_html_()
    assert so_far_in_course() == 0 and repr(so_far("00"))


def test_a_file_is_whole_or_as_it_was(opened, monkeypatch):
    check(weights_left)
    before = opened.read_text()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    said = check({50: 0.7, 90: 0.5, 99: 0.3}, "accuracy_left")._repr_html_()
    assert "could not be kept: No space left on device" in said
    assert opened.read_text() == before and [path.name for path in opened.parent.iterdir()] == [opened.name]


def test_the_total_is_what_the_checks_of_all_lessons_give():
    cells = [cell for path in SOURCES for cell in student(path).cells if cell.id.endswith("-check")]
    assert sum(cell.metadata.nbgrader.points for cell in cells) == TOTAL == sum(row.possible for row in points.rows())


def test_the_end_of_a_lesson_says_what_is_open_there():
    check(weights_left)
    assert repr(so_far("00")).splitlines() == [
        f"1 of {TOTAL:g} points so far in this course.",
        "1 of 6 points in this lesson. Open: three_answers, count_parameters, sparsity, accuracy_left.",
    ]
    for name in ("count_parameters", "sparsity"):
        points.keep(exercises.find(name), check(exercises.find(name).reference))  # not attempted: the library's
    assert "Open: three_answers, count_parameters" in repr(so_far("00"))


def test_the_command_shows_each_lesson_and_the_next_thing_to_do(opened):
    check(weights_left)
    check({50: 0.7, 90: 0.5, 99: 0.3}, "accuracy_left")
    done = CliRunner().invoke(cli.app, ["progress"])
    assert done.exit_code == 0, done.output
    rows = {line.split()[0]: " ".join(line.split()) for line in done.output.splitlines() if line.strip()}
    assert rows["00_start_here"] == "00_start_here 2 of 6 three_answers, count_parameters, sparsity"
    assert rows["06_pareto_frontier"].startswith("06_pareto_frontier 0 of 12 score, pareto_front, mean_and_band")
    assert rows["06_pareto_frontier"].endswith("winners, optimism")
    assert f"2 of {TOTAL:g} points so far in this course." in done.output
    assert "Next: three_answers, in 00_start_here." in done.output and str(opened) in done.output


def test_the_command_works_outside_of_the_course_and_when_all_is_done(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "Next: weights_left, in lesson 00." in CliRunner().invoke(cli.app, ["progress"]).output
    for exercise in exercises.everything():
        points.keep(exercise, Verdict(CORRECT, exercise.points, exercise.points))
    output = CliRunner().invoke(cli.app, ["progress"]).output
    assert f"{TOTAL:g} of {TOTAL:g} points so far" in output and "Nothing is open." in output


def test_what_is_opened_in_vs_code_counts(opened, monkeypatch):
    monkeypatch.delenv(OPENED)
    shell = types.SimpleNamespace(user_ns={OPENED_IN_CODE: str(opened.parent / "notebooks" / "00_start_here.ipynb")})
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    assert points.counted()
    shell.user_ns = {}
    assert not points.counted()


def test_the_first_prediction_stays_on_another_day(opened, monkeypatch):
    first, later = {50: 0.7, 90: 0.5, 99: 0.3}, {50: 0.75, 90: 0.1, 99: 0.1}
    check(first, "accuracy_left")
    monkeypatch.setattr(checks, "_PREDICTED", {})  # a new kernel
    assert f"Your first answer, {first}, counts" in check(later, "accuracy_left").reason
    assert check(first, "accuracy_left").reason.startswith("You said 0.7 at 50 %")
    opened.unlink()  # who deletes the file begins anew
    monkeypatch.setattr(checks, "_PREDICTED", {})
    assert check(later, "accuracy_left").reason.startswith("You said 0.75 at 50 %")


@pytest.mark.parametrize("kept", ["", "open(", "[" * 10_000, "'much'", "__import__('os')", "{50: 2}", "nan", 7, None])
def test_a_first_prediction_that_is_none_says_nothing(kept, opened):
    opened.parent.mkdir()
    opened.write_text(json.dumps({"exercises": {"accuracy_left": {"points": 1, "correct": True, "first": kept}}}))
    assert check({50: 0.7, 90: 0.5, 99: 0.3}, "accuracy_left").reason.startswith("You said 0.7 at 50 %")


def solution(*arguments, typed=""):
    """Return what `course solution` prints, and how it ends; an error is its sentence."""
    done = CliRunner().invoke(cli.app, ["solution", *arguments], input=typed)
    return f"{done.output}{done.exception if isinstance(done.exception, CourseError) else ''}", done.exit_code


def wrong_answers(count):
    for number in range(count):
        yield eval(f"lambda n, share: {number} * n - 1")


def test_no_solution_is_shown_unless_the_course_was_released_so():
    assert after.WRONG is None
    for answer in wrong_answers(9):
        assert "course solution" not in check(answer, "weights_left")._repr_html_()
    said, code = solution("weights_left", "--yes")
    assert code and "shows no solutions before an answer is correct" in said and "del weights" not in said
    assert not points.of("weights_left").wrong


def test_a_solution_is_shown_after_so_many_different_wrong_answers_and_costs_the_points(monkeypatch):
    monkeypatch.setattr(after, "WRONG", 3)
    first, second, third = wrong_answers(3)
    for answer in (first, first, first, second):  # the same again is no other one
        assert "course solution" not in check(answer, "weights_left")._repr_html_()
    said, code = solution("weights_left", "--yes")
    assert code and "2 wrong answers so far; a solution is shown after 3 different ones" in said
    shown = check(third, "weights_left")._repr_html_()
    assert "`course solution weights_left` in a terminal now shows one way; it costs the points here." in shown
    assert "del weights" not in shown and "<details>" not in shown
    said, code = solution("weights_left", typed="n\n")
    assert code == 1 and "gets no points for weights_left" in said and "del weights" not in said
    assert not points.of("weights_left").seen
    said, code = solution("weights_left", typed="y\n")
    assert code == 0 and another.way("00", "weights_left").code in said
    verdict = check(weights_left)
    assert verdict.state == "correct" and f"0 of {TOTAL:g} points so far" in verdict._repr_html_()
    assert "None for this one: you have looked at a solution." in verdict._repr_html_()
    assert so_far_in_course() == 0 and "weights_left" not in points.rows()[0].open


def test_a_stub_is_no_wrong_answer(monkeypatch):
    monkeypatch.setattr(after, "WRONG", 1)

    def stub(n, share): ...

    check(stub, "weights_left")
    assert not points.of("weights_left").wrong


def test_who_was_right_sees_another_way_for_nothing(monkeypatch):
    check(weights_left)
    said, code = solution("weights_left")
    assert code == 0 and "del weights" in said and so_far_in_course() == 1


def test_a_look_that_cannot_be_noted_shows_nothing(monkeypatch):
    monkeypatch.setattr(after, "WRONG", 1)
    check(lambda n, share: n, "weights_left")
    monkeypatch.setattr(points, "write_json", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    said, code = solution("weights_left", "--yes")
    assert code and "is not shown, for it cannot be noted that you looked: No space left on device." in said


def test_a_value_has_no_solution():
    said, code = solution("accuracy_left")
    assert code and "accuracy_left asks for a value" in said


@pytest.mark.heavy
def test_validation_that_is_called_from_an_opened_notebook_earns_nobody_points(opened, tmp_path):
    root = tmp_path / "course"
    code = "from course_lib.teaching import check\n\n"
    code += "def weights_left(n, share):\n    return n - round(share * n)\n\ncheck(weights_left)"
    facts = {"grade": True, "solution": False, "points": 1, "grade_id": "00-weights_left-check", "locked": True}
    cells = [
        nbformat.v4.new_code_cell('MODE = "ci"', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(code, metadata={"nbgrader": facts | {"schema_version": 3, "task": False}}),
    ]
    (root / "solutions").mkdir(parents=True)
    book = nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    nbformat.write(book, root / "solutions" / "00_toy.ipynb")
    (lesson,) = validation.validate(root, "ci", out=tmp_path / "out")
    assert [asked.state for asked in lesson.exercises] == ["correct"]
    assert not opened.exists()
