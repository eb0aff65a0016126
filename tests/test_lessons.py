"""The contract of every lesson (see TEACHING, section 4)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest

from course_lib import authoring, validation
from course_lib.authoring.frame import generated
from course_lib.authoring.source import BEGIN, END
from course_lib.teaching import exercises

ROOT = Path(__file__).parent.parent
SOURCES = authoring.lessons(ROOT)
each = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)


def solution(path):
    return nbformat.read(path.with_suffix(".ipynb"), 4)


def student(path):
    return nbformat.read(ROOT / "notebooks" / f"{path.stem}.ipynb", 4)


def test_all_notebooks_follow_their_sources():
    assert SOURCES
    assert authoring.stale(ROOT) == []


@pytest.mark.heavy
@each
def test_the_student_notebook_runs_offline_and_every_exercise_is_not_attempted(path, tmp_path, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # one thread: the other core is at work on other tests
    (lesson,) = validation.validate(ROOT, "ci", [path.name[:2]], folder="notebooks", out=tmp_path)
    assert lesson.problem == ""
    assert len(lesson.exercises) == len(exercises.of(path.name[:2]))
    assert sum(points for _, _, points, _ in lesson.exercises) == 0


@each
def test_the_solution_earns_all_points(path):
    """Its executed notebook says so, and its answers, run once more without the rest of the lesson, say the same."""
    scope: dict = {}
    book = solution(path)
    imports = next(cell.source for cell in book.cells if cell.source.startswith("import copy"))
    exec(imports.split("\nmode =")[0], scope)
    for cell in book.cells:
        if cell.id.endswith("-answer"):
            exec(cell.source, scope)
        if cell.id.endswith("-check"):
            (output,) = cell.outputs
            assert float(output.data["text/plain"]) == cell.metadata.nbgrader.points
            verdict = eval(cell.source.strip().splitlines()[-1], scope)
            assert (verdict.state, verdict.points) == ("correct", cell.metadata.nbgrader.points)
            assert output.data["text/html"] == verdict._repr_html_()  # its words, too, are those of today


@each
def test_the_student_notebook_holds_no_answer(path):
    text = json.dumps(student(path))
    told = re.sub(rf"{BEGIN}.*?{END}", "", path.read_text(), flags=re.S)
    regions = re.findall(rf"{BEGIN}\n(.*?)\s*{END}", path.read_text(), re.S)
    assert len(regions) == len(exercises.of(path.name[:2]))
    for line in {line.strip() for region in regions for line in region.splitlines()}:
        if line not in told and len(line) > 12:  # what the lesson itself shows elsewhere is no secret
            assert json.dumps(line)[1:-1] not in text, line
    for cell in student(path).cells:
        assert not cell.get("outputs") and not cell.get("attachments")
        assert set(cell.metadata) <= {"nbgrader", "tags", "deletable", "editable", "jupyter"}
        if cell.id.endswith("-explain"):
            assert cell.source == authoring.TEXT_STUB


@each
def test_every_picture_has_words_and_every_widget_a_picture(path):
    shown = [output for cell in solution(path).cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output.data["text/html"] for output in shown if "<img" in output.get("data", {}).get("text/html", "")]
    assert 8 <= len(pictures) <= 20
    assert all(re.search(r'alt="[^"]{30,}"', picture) for picture in pictures)
    assert not any("image/png" in output.get("data", {}) for output in shown)
    widgets = [cell for cell in solution(path).cells if re.match(r"widgets\.\w+\(", cell.source)]
    assert 2 <= len(widgets) <= 4
    assert all("<img" in cell.outputs[0].data["text/html"] for cell in widgets)


@each
def test_the_lesson_has_the_shape_of_a_lesson(path):
    cells = [cell for cell in solution(path).cells if not generated(cell)]
    words = sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    code = [cell.source.splitlines() for cell in cells if cell.cell_type == "code"]
    assert 35 <= len(cells) <= 75
    assert 1500 <= words <= 3200
    assert max(len(lines) for lines in code) <= 35
    assert path.with_suffix(".ipynb").stat().st_size <= 1_500_000


@each
def test_numbers_in_prose_are_filled_in_or_printed(path, monkeypatch):
    """No measured share is typed: a decimal in prose comes from a placeholder, a formula, or a question."""
    monkeypatch.setattr(authoring.source, "fill", lambda text, *_: re.sub(r"\{\{.*?\}\}", "", text))
    prose = [cell.source for cell in authoring.source.read(path, ROOT).cells if cell.cell_type == "markdown"]
    prose = [re.sub(r"```.*?```|`[^`]*`|\$[^$]*\$", "", text, flags=re.S) for text in prose]
    typed = [found for text in prose for found in re.findall(r"\b0\.\d+|\b\d+\.\d+ ?%", text)]
    assert typed == []
