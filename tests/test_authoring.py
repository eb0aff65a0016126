"""From the text source of a lesson to its two notebooks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pandas as pd
import pytest

from course_lib import authoring, kernel
from course_lib.authoring import overview
from course_lib.authoring.notebooks import WIDGET, _cleaned, _stamped
from course_lib.authoring.source import read
from course_lib.errors import CourseError

HEAD = '# %% [markdown]\n# # A toy. {{minutes}}\n\n# %% tags=["parameters"]\nMODE = "ci"\n\n'
EXERCISE = '''# %% answer="filter_l1"
def filter_l1(weight):
    """Return the norms."""
    ### BEGIN SOLUTION
    secret = weight.abs()
    return secret.sum((1, 2, 3))
    ### END SOLUTION


# %% check="filter_l1"
from course_lib.teaching import check

check(filter_l1)

'''
EXPLAIN = '# %% [markdown] explain="why" points=2\n# *Sample answer.* Because of the hidden reason.\n\n'
VALUE = """# %% answer="cliff"
cliff = None
### BEGIN SOLUTION
cliff = 0.25
### END SOLUTION

# %% check="cliff"
check(cliff, "cliff")

"""
END = '# %%\nprint("forty", 2)\n\n# %%\nprint("forty", 2)\n'
LESSON = HEAD + EXERCISE + EXPLAIN + VALUE + END


@pytest.fixture
def course(tmp_path):
    (tmp_path / "solutions").mkdir()
    return tmp_path


def source(course, text=LESSON, name="02_toy"):
    path = course / "solutions" / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    course = tmp_path_factory.mktemp("built")
    (course / "solutions").mkdir()
    source(course)
    authoring.build(course)
    return course


def notebook(course, folder):
    return nbformat.read(course / folder / "02_toy.ipynb", 4)


def test_the_solution_is_executed_and_the_student_notebook_is_empty(built):
    outputs = [cell.outputs for cell in notebook(built, "solutions").cells if cell.cell_type == "code"]
    assert outputs[-1][0].text == "forty 2\n"
    student = notebook(built, "notebooks")
    assert all(not cell.outputs and cell.execution_count is None for cell in student.cells if cell.cell_type == "code")


def test_the_student_notebook_holds_no_answer(built):
    text = (built / "notebooks" / "02_toy.ipynb").read_text()
    for answer in ("secret", "0.25", "hidden reason", "BEGIN SOLUTION"):
        assert answer not in text
    assert text.count(authoring.CODE_STUB) == 2
    assert authoring.TEXT_STUB in text


def test_cells_have_ids_of_exercise_and_role_and_others_a_hash_with_a_counter(built):
    ids = [cell.id for cell in notebook(built, "notebooks").cells]
    assert ids[2:7] == ["02-filter_l1-answer", "02-filter_l1-check", "02-why-explain", "02-cliff-answer", "02-cliff-check"]
    assert ids[8] == f"{ids[7]}-2"
    assert len(ids[7]) == 12


def test_nbgraders_metadata_says_what_is_graded(built):
    facts = {cell.id: cell.metadata.nbgrader for cell in notebook(built, "notebooks").cells if "nbgrader" in cell.metadata}
    answer, check, explain = (facts[f"02-{name}"] for name in ("filter_l1-answer", "filter_l1-check", "why-explain"))
    assert (answer.solution, answer.grade, answer.locked) == (True, False, False)
    assert (check.solution, check.grade, check.locked, check.points) == (False, True, True, 2)
    assert (explain.solution, explain.grade, explain.points) == (True, True, 2)
    assert all(fact.grade_id == name for name, fact in facts.items())


def test_nothing_of_the_machine_or_the_widgets_is_kept(built):
    metadata = notebook(built, "solutions").metadata
    assert set(metadata) == {"kernelspec", "language_info", "course"}
    assert {name: metadata[name] for name in kernel.METADATA} == kernel.METADATA


def test_a_second_build_writes_nothing_and_the_comparison_finds_nothing(built):
    assert authoring.build(built) == []
    assert authoring.stale(built) == []


@pytest.fixture
def copied(built, course):
    for folder in ("solutions", "notebooks"):
        (course / folder).mkdir(exist_ok=True)
        for file in (built / folder).iterdir():
            (course / folder / file.name).write_bytes(file.read_bytes())
    return course


def test_changed_prose_keeps_the_outputs_and_executes_nothing(copied, monkeypatch):
    monkeypatch.setattr("course_lib.authoring.notebooks._execute", lambda *_: pytest.fail("it was executed"))
    source(copied, LESSON.replace("A toy.", "A better toy."))
    assert authoring.stale(copied) == [
        "notebooks/02_toy.ipynb does not follow solutions/02_toy.py: run `course build`.",
        "solutions/02_toy.ipynb does not follow solutions/02_toy.py: run `course build`.",
    ]
    assert len(authoring.build(copied)) == 2
    assert "better toy" in notebook(copied, "solutions").cells[0].source
    assert notebook(copied, "solutions").cells[-1].outputs[0].text == "forty 2\n"
    assert authoring.stale(copied) == []


def test_changed_code_must_be_executed_again(copied):
    source(copied, LESSON.replace('"forty"', '"fifty"'))
    assert "was executed with other code" in authoring.stale(copied)[1]
    authoring.build(copied)
    assert notebook(copied, "solutions").cells[-1].outputs[0].text == "fifty 2\n"


def test_an_edited_notebook_and_one_without_a_source_are_found(copied):
    student = copied / "notebooks" / "02_toy.ipynb"
    student.write_text(student.read_text().replace("Return the norms", "Return the answers"))
    (copied / "notebooks" / "03_gone.ipynb").write_text("{}")
    assert [problem.split()[0] for problem in authoring.stale(copied)] == [
        "notebooks/03_gone.ipynb",
        "notebooks/02_toy.ipynb",
    ]


def test_a_cell_that_raises_is_named_and_nothing_is_written(course):
    source(course, HEAD + "# %%\n1 / 0\n")
    with pytest.raises(CourseError, match=r"02_toy.py: cell \w{12} ended in ZeroDivisionError: division by zero"):
        authoring.build(course)
    assert not (course / "notebooks").exists()
    assert not list(course.glob("solutions/*.ipynb"))


def test_an_output_that_only_this_machine_can_show_is_refused(course):
    source(course, HEAD + "# %%\nimport os\n\nprint(os.getcwd() + '/x')\n")
    with pytest.raises(CourseError, match="which exists on this machine only"):
        authoring.build(course)


def test_live_widgets_become_pictures_and_progress_bars_disappear():
    def shown(**data):
        return nbformat.v4.new_output("display_data", data={WIDGET: {"model_id": "1"}, "text/plain": "x", **data})

    assert _cleaned(shown()) is None
    assert set(_cleaned(shown(**{"text/html": "<img>"})).data) == {"text/html", "text/plain"}
    assert _cleaned(nbformat.v4.new_output("stream", name="stderr", text="lessons:  50%|#  | 1/2")) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + EXERCISE.replace("    ### END SOLUTION\n", ""), "every '### BEGIN SOLUTION' needs its '### END SOLUTION'"),
        (HEAD + EXERCISE.replace("    ### BEGIN SOLUTION\n", ""), "needs its '### END SOLUTION'"),
        (HEAD + EXERCISE.replace('# %% answer="filter_l1"', "# %%"), "belong together; one is missing"),
        (HEAD + EXERCISE.replace("filter_l1", "filter_l9"), "no exercise is called 'filter_l9'"),
        (HEAD + EXERCISE.split("# %% check")[0], "'filter_l1' has a cell with answer= but none with check="),
        (HEAD + "# %% check" + EXERCISE.split("# %% check")[1], "'filter_l1' has a cell with check= but none with answer="),
        (HEAD + EXERCISE + EXERCISE, "two exercises are called 'filter_l1'"),
        (HEAD + EXERCISE.replace("\ncheck(filter_l1)", "\ncheck(filter_l1)\nprint(1)"), "a check cell ends in check"),
        (EXERCISE, '0 cells are tagged "parameters"'),
        (HEAD + '# %% anser="x"\n1\n', "the option anser was given"),
        (HEAD + "# %%\nif True print(1)\n", "this is not Python"),
        (HEAD + "# %% [markdown]\n# {{mintues}}\n", "the placeholder {{mintues}} is not known"),
        (HEAD + "# %% [markdown]\n# {{results/none: sap.best.score}}\n", "cannot be filled in"),
        (HEAD + '# %% [markdown] explain="why"\n# x\n', "needs points="),
        (HEAD + '# %% explain="why" points=1\nx\n', "belongs on the other kind"),
    ],
)
def test_what_would_break_grading_later_is_refused_in_one_sentence(course, text, sentence):
    path = source(course, text)
    with pytest.raises(CourseError) as caught:
        read(path, course)
    assert sentence in str(caught.value)
    assert authoring.stale(course)[0] == str(caught.value)


def test_an_exercise_of_another_lesson_is_refused(course):
    path = source(course, HEAD + EXERCISE, "03_toy")
    with pytest.raises(CourseError, match="'filter_l1' is an exercise of lesson 02"):
        read(path, course)


def test_numbers_in_prose_come_from_committed_results(course):
    rows = {
        "method": ["dense", "SAP", "SAP", "L1 filter"],
        "round": [0, 1, 2, 1],
        "seed": 0,
        "sparsity": [0.0, 0.5, 0.9, 0.4],
        "val_accuracy": [0.8, 0.79, 0.75, 0.7],
        "test_accuracy": [0.81, 0.78, 0.745, 0.69],
        "kept_parameters": [1000000, 500000, 100000, 600000],
    }
    (course / "results" / "toy").mkdir(parents=True)
    pd.DataFrame(rows).to_csv(course / "results" / "toy" / "table.csv", index=False)
    (course / "results" / "lessons").mkdir()
    minutes = {"02_toy": {"laptop": {"seconds": 160.0, "cores": 2, "threads": 2}}}
    (course / "results" / "lessons" / "minutes.json").write_text(json.dumps(minutes))
    text = (
        "{{results/toy: sap.best.test_accuracy}} {{results/toy: sap.round1.sparsity | .2f}} "
        "{{results/toy: dense.kept_parameters}} {{results/toy: l1_filter.best.val_accuracy | .1%}} {{minutes: 50}}"
    )
    head, cell = (read(source(course, HEAD + f"# %% [markdown]\n# {text}\n"), course).cells[k] for k in (0, -1))
    assert cell.source == "0.7450 0.50 1,000,000 70.0% **Time** 3 minutes of computing, about 50 of yours."
    assert head.source == "# A toy. **Time** 3 minutes of computing."
    second = {**rows, "seed": 1, "val_accuracy": [0.8, 0.79, 0.2, 0.7], "test_accuracy": [0.83, 0.8, 0.2, 0.69]}
    both = pd.concat([pd.DataFrame(rows), pd.DataFrame(second)])  # whose best of SAP is another round
    both.to_csv(course / "results" / "toy" / "table.csv", index=False)
    text = (
        "{{results/toy: sap.best.sparsity}} {{results/toy: sap.round1.test_accuracy}} {{results/toy: dense.test_accuracy}}"
    )
    assert read(source(course, HEAD + f"# %% [markdown]\n# {text}\n"), course).cells[-1].source == "0.7000 0.7900 0.8200"
    both[(both["seed"] == 0) | (both["round"] < 2)].to_csv(course / "results" / "toy" / "table.csv", index=False)
    for wrong, why in {"sap.round2.sparsity": "of seed 1", "sap.sparsity": "name one", "sap.best.method": "SAP"}.items():
        with pytest.raises(CourseError, match=f"cannot be filled in .*{why}"):
            read(source(course, HEAD + f"# %% [markdown]\n# {{{{results/toy: {wrong}}}}}\n"), course)


def test_a_lesson_that_does_not_exist_is_refused(course):
    with pytest.raises(CourseError, match="there is no such lesson"):
        authoring.build(course, ["07"])


TOPIC = """# %% [markdown]
# # {number} · {title}
#
# **Goal.** Learn to take weights away. And
# more. **You need** patience
# and time. **Difficulty** easy. {{{{minutes}}}}

# %% tags=["parameters"]
MODE = "ci"

# %% [markdown]
# {prose}
"""
PROSE = """## 1. What is `kept`?
# Here `quiet = 1` is code.
# ```python
# loud = 1
# ```
# ### More
# The masks say it."""


def topic(course, name, prose):
    return source(course, TOPIC.format(number=name[:2], title=name[3:].title(), prose=prose), name)


@pytest.fixture
def overviewed(course):
    topic(course, "00_start", PROSE)
    topic(course, "02_toy", "## 1. Masks again\n# Nothing is loud, quiet or filtered here.")
    (course / "solutions" / "glossary.toml").write_text(
        '"mask" = "What is kept."\n"filter" = ["What goes.", "filtered"]\n"quiet" = "Not loud."\n"loud" = "Not quiet."\n'
    )
    return course


def test_a_term_leads_to_the_heading_under_which_it_is_first_read(overviewed):
    overview.write(overviewed)
    lines = (overviewed / "notebooks" / "GLOSSARY.md").read_text().splitlines()
    again = "02_toy.ipynb#1.-Masks-again"
    assert [line for line in lines if line.startswith("- ")] == [
        f"- **[filter]({again})** · What goes. *(02 Toy)*",
        f"- **[loud]({again})** · Not quiet. *(02 Toy)*",
        "- **[mask](00_start.ipynb#More)** · What is kept. *(00 Start)*",
        f"- **[quiet]({again})** · Not loud. *(02 Toy)*",
    ]


def test_the_map_says_what_each_lesson_teaches_and_needs_and_takes(overviewed):
    (overviewed / "results" / "lessons").mkdir(parents=True)
    minutes = {"00_start": {"laptop": {"seconds": 90.0, "cores": 2, "threads": 2}}}
    (overviewed / "results" / "lessons" / "minutes.json").write_text(json.dumps(minutes))
    source(overviewed, (overviewed / "solutions" / "02_toy.py").read_text() + "\n" + EXERCISE + EXPLAIN)
    overview.write(overviewed)
    assert (overviewed / "notebooks" / "README.md").read_text().splitlines()[-2:] == [
        "| [00 Start](00_start.ipynb) | Learn to take weights away. | patience and time | easy | 0 "
        "| 1.5 minutes (2 threads) |",
        "| [02 Toy](02_toy.ipynb) | Learn to take weights away. | patience and time | easy | 2 | new |",
    ]


def test_both_pages_are_built_with_all_lessons_and_compared(overviewed, monkeypatch):
    monkeypatch.setattr("course_lib.authoring.notebooks._execute", lambda plain, path: _stamped(plain))
    assert [path.name for path in authoring.build(overviewed, ["00"])] == ["00_start.ipynb"] * 2
    assert {path.name for path in authoring.build(overviewed)} == {"02_toy.ipynb", "README.md", "GLOSSARY.md"}
    assert authoring.build(overviewed) == [] and authoring.stale(overviewed) == []
    (overviewed / "notebooks" / "GLOSSARY.md").unlink()
    (overviewed / "notebooks" / "README.md").write_text("An old map.")
    assert authoring.stale(overviewed) == [
        f"notebooks/{name}.md does not follow the lessons and solutions/glossary.toml: run `course build`."
        for name in ("README", "GLOSSARY")
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('"weightless" = "Without weight."', "no lesson uses the term 'weightless': remove it, or use it where it belongs."),
        ('"mask" = "What is kept"', "'mask' needs a definition, a sentence that ends in a full stop."),
        ('"mask" = ["What is kept.", 3]', "'mask' needs a definition"),
        ('"mask" = []', "'mask' needs a definition"),
        ('"mask" = What is kept', "solutions/glossary.toml is not TOML"),
    ],
)
def test_a_glossary_that_does_not_fit_the_lessons_is_refused_in_one_sentence(overviewed, text, sentence):
    (overviewed / "solutions" / "glossary.toml").write_text(text)
    with pytest.raises(CourseError) as caught:
        overview.write(overviewed)
    assert sentence in str(caught.value)
    assert authoring.stale(overviewed)[-1] == str(caught.value)
    assert not (overviewed / "notebooks").exists()


def test_sample_answers_use_no_terms(overviewed):
    topic(overviewed, "02_toy", '.\n\n# %% [markdown] explain="why" points=2\n# Nothing is loud, quiet or filtered.')
    with pytest.raises(CourseError, match="no lesson uses the term 'filter'"):
        overview.write(overviewed)


def test_a_lesson_that_does_not_say_its_goal_is_refused(overviewed):
    path = overviewed / "solutions" / "02_toy.py"
    path.write_text(path.read_text().replace("**Goal.**", "Goal:"))
    with pytest.raises(CourseError, match=r"02_toy\.py: the first cell does not say the lesson's goal"):
        overview.write(overviewed)


def test_every_term_of_the_course_leads_to_a_heading_that_is_there():
    root = Path(__file__).parent.parent
    links = re.findall(r"\]\((\d\d_\w+)\.ipynb#(.+?)\)\*\*", overview.pages(root)[overview.GLOSSARY_PAGE])
    assert len(links) == len(overview.terms(root / overview.GLOSSARY)) >= 40
    for lesson, anchor in links:
        headings = re.findall(r"^# #+ (.+)$", (root / "solutions" / f"{lesson}.py").read_text(), re.M)
        assert unquote(anchor) in {re.sub(r"[`*$]", "", heading).replace(" ", "-") for heading in headings}
