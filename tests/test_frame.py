"""What stands around each lesson: links that lead somewhere, and nothing of it in a hash, the glossary or the site."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from test_authoring import HEAD, source

from course_lib import authoring
from course_lib.authoring import frame, notebooks, overview
from course_lib.authoring.site import pages
from course_lib.authoring.source import code_hash, lessons, read
from course_lib.notebook import OPENED

ROOT = Path(__file__).parent.parent
SOURCES = lessons(ROOT)
CHECKED = '''# %% answer="weights_left"
def weights_left(n, share):
    """Return."""
    ### BEGIN SOLUTION
    return n - round(share * n)
    ### END SOLUTION

# %% check="weights_left"
from course_lib.teaching import check

check(weights_left)
'''


def links(cell) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", cell.source)


@pytest.mark.parametrize("folder", ["notebooks", "solutions"])
def test_each_lesson_leads_to_its_neighbours_the_map_and_the_glossary(folder):
    names = [f"{path.stem}.ipynb" for path in SOURCES]
    for place, path in enumerate(SOURCES):
        book = nbformat.read(ROOT / folder / f"{path.stem}.ipynb", 4)
        header, footer = book.cells[0], book.cells[-1]
        before, behind = names[max(0, place - 1) : place], names[place + 1 : place + 2]
        pages_of_course = ["../notebooks/README.md", "../notebooks/GLOSSARY.md"]
        assert links(footer) == [*before, *pages_of_course, *behind]
        assert links(header) == [*before, *pages_of_course, f"{path.stem}.ipynb#Points-so-far", *behind]
        assert all((ROOT / folder / link).is_file() for link in links(footer))
        assert any(cell.source.startswith("## Points so far\n") for cell in book.cells)  # where JupyterLab puts the anchor
    assert "[01 Measuring a network](01_measuring.ipynb) →" in read(SOURCES[0], ROOT).cells[0].source


def test_the_cells_around_a_lesson_are_not_in_its_hash_and_have_no_output():
    for path in SOURCES:
        book = nbformat.read(path.with_suffix(".ipynb"), 4)
        around = [cell for cell in book.cells if frame.generated(cell)]
        assert len(around) == 4 and sum(cell.cell_type == "code" for cell in around) == 1
        assert all(not cell.outputs and cell.execution_count is None for cell in around if cell.cell_type == "code")
        without = nbformat.v4.new_notebook(cells=[cell for cell in book.cells if not frame.generated(cell)])
        assert code_hash(book) == code_hash(without) == book.metadata.course.code_hash


def test_a_course_without_a_map_has_nothing_around_its_lessons(tmp_path):
    (tmp_path / "solutions").mkdir()
    assert not any(map(frame.generated, read(source(tmp_path, HEAD), tmp_path).cells))


def test_the_notebook_for_networks_of_ones_own_is_no_lesson():
    (path,) = authoring.source.templates(ROOT)
    assert not any(map(frame.generated, read(path, ROOT).cells))


def test_the_title_of_another_lesson_is_no_use_of_a_term():
    books = {path.stem: read(path, ROOT) for path in SOURCES}
    lines = [line for book in books.values() for line in overview._lines(book)]
    assert not any("points so far](" in line or line == "## Points so far" for line in lines)


def test_the_site_has_ways_of_its_own(tmp_path):
    path = SOURCES[0].with_suffix(".ipynb")
    page = pages.lesson(path, ROOT / "notebooks" / path.name, tmp_path, pages.Sliders({}, tmp_path, 0.0))
    assert len(page.cells) > 30 and not any(map(frame.generated, page.cells))
    assert page.cells[0].source.startswith("# 00 · Start here")


def test_building_counts_nobodys_points_and_a_new_frame_executes_nothing(tmp_path, monkeypatch):
    facts = "**Goal.** Prune.\n#\n# **You need** nothing. **Difficulty** easy. A weight."
    head = f"# %% [markdown]\n# # 00 · A toy\n#\n# {facts}\n\n"
    (tmp_path / "solutions").mkdir()
    (tmp_path / frame.GLOSSARY).write_text('weight = "A number."\n')
    path = source(tmp_path, head + HEAD.partition("\n\n")[2] + CHECKED, "00_toy")
    kept = tmp_path / "points"
    monkeypatch.setenv("COURSE_POINTS_DIR", str(kept))
    monkeypatch.setenv(OPENED, str(tmp_path / "notebooks" / "x.ipynb"))
    authoring.build(tmp_path)
    book = nbformat.read(path.with_suffix(".ipynb"), 4)
    (verdict,) = [cell.outputs[0].data["text/html"] for cell in book.cells if cell.id == "00-weights_left-check"]
    assert "Another way" in verdict and "so far" not in verdict and not kept.exists()
    assert [cell.outputs for cell in book.cells if cell.id == "course-points"] == [[]]
    monkeypatch.setattr(frame, "SAYS", "## Points so far\n\nOther words.")
    monkeypatch.setattr(notebooks, "_execute", lambda *_: pytest.fail("the lesson was executed"))
    assert {written.name for written in authoring.build(tmp_path)} == {"00_toy.ipynb"}
    assert authoring.stale(tmp_path) == []
