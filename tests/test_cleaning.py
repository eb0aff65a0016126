"""What students write is harmless before a browser sees it, and is still what they wrote."""

from __future__ import annotations

import base64
import html.parser
import json
from pathlib import Path

import nbformat
import pytest
from class_of_02 import NAME, ROOT, WORDS, code, explained, handed_in, png, prepared, text
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.grading.book import composing
from course_lib.grading.reading import cleaning, notebooks, reader
from course_lib.grading.reading.cleaning import words
from course_lib.grading.reading.keeping import keep

BOOK = nbformat.read(ROOT / "notebooks" / f"{NAME}.ipynb", 4)
FRAGMENTS = (
    "<script>", "</script>", "<img src=x onerror=h()>", "[a](javascript:h())", "<a href=", "'", '"', ">", "<",
    "&#106;", "java", "$", "$$", "\\href{", "}", "`", "```\n", "\n", "\n\n", "    ", "> ", "- ", "<div>", "</div>",
    "<!--", "-->", "<svg onload=h()>", "*", "![x](data:text/html,h)", "<style>", "<![CDATA[", "<math>", "\u202e",
    "\x00", "\r", "javascript:h()", "<iframe src=//e>", "|a|b|\n|-|-|\n",
)  # fmt: skip


class Seen(html.parser.HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes = set(), set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {(tag, *pair) for pair in attrs}


def harmless(page):
    seen = Seen(page)
    assert seen.tags <= cleaning.TAGS - {"a"}, seen.tags
    for tag, name, value in seen.attributes:
        allowed = {("div", "class"), ("img", "alt"), ("img", "src"), ("ol", "start")}
        assert (tag, name) in allowed or name in {"colspan", "rowspan"}
        assert (tag, name) != ("img", "src") or value.startswith("data:image/")
        assert name != "class" or value == "tex2jax_ignore mathjax_ignore"


@settings(max_examples=150)
@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=5)), max_size=25).map("".join))
def test_whatever_is_written_becomes_one_line_of_harmless_html_that_no_markdown_changes(text):
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    page = words(text.encode("utf-8", "replace").decode())
    harmless(page)
    assert len(page.splitlines()) == 1 and page.startswith("<div") and page.endswith("</div>")
    assert MarkdownWithMath(renderer=IPythonRenderer(escape=False)).render(page).strip() == page


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("*it* is **so**", "<em>it</em> is <strong>so</strong>"),
        ("a < b and `x & y`", "a &lt; b and <code>x &amp; y</code>"),
        ("$a_1 * b_1 * c$", "$a_1 * b_1 * c$"),
        ("x<sub>1</sub><br>y", "x<sub>1</sub><br>y"),
        ("    one\n\n    two", "<code>one&#10;&#10;two"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<td>1</td>"),
        ("[a paper](https://arxiv.org/abs/1608.08710)", "a paper (<code>https://arxiv.org/abs/1608.08710</code>)"),
        ("<script>only(this)</script>", "&lt;script&gt;only(this)"),
        ("x" * 30_000, "x" * 30_000),
    ],
)
def test_an_honest_answer_still_says_what_it_said(typed, shown):
    assert shown in words(typed)
    harmless(words(typed))


def test_formulas_are_left_to_mathjax_unless_they_do_more_than_draw():
    assert "ignore" not in words(r"$\frac{\|w\|_q}{\|w\|_p}$ and $\alpha \leq 1$")
    for odd in (
        r"$\href{x}{y}$",
        r"\(\require{a}\)",
        r"$$\def\f{\f}$$",
        r"$\unicode{x}$",
        r"$\cssId{a}{b}$",
        "$\\hr&#101;f{x}{y}$",
    ):
        assert words(odd).startswith('<div class="tex2jax_ignore mathjax_ignore">'), odd


def test_a_picture_is_what_its_bytes_say_and_not_too_large():
    assert cleaning.picture(png()) == f"data:image/png;base64,{png()}"
    for wrong in ("", "x", "PHN2Zy8+", png()[:40], base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 99).decode(), "ä"):
        assert cleaning.picture(wrong) is None
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    assert cleaning.picture(base64.b64encode(header).decode()) is None


def test_a_deep_nest_of_tags_is_shown_as_text_and_nbconvert_survives_it(tmp_path):
    from nbconvert.exporters import HTMLExporter

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(words("<b>" * 2000 + "deep"))])
    assert "deep" in HTMLExporter().from_notebook_node(book)[0]


# the graded notebook


def composed(path):
    result = prepared(path, "x", "02", 1, None, written=notebooks.cells_of(BOOK, NAME))
    book = composing.compose(BOOK, result, keep(path))
    nbformat.validate(book)
    return book


def test_own_cells_stay_where_they_stood_with_comments_and_harmless_outputs(tmp_path):
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["one\n", "two"]},
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>", "image/png": png()}},
        {"output_type": "execute_result", "metadata": {}, "data": {"text/html": "<b>", "text/plain": "7"}},
        "none", {"output_type": "display_data", "data": {"application/javascript": "h()"}},
    ]  # fmt: skip
    theirs = [json.loads(json.dumps(cell)) for cell in BOOK.cells[:6]]
    theirs.insert(3, code("# mine\nmine = 1", outputs=outputs))
    theirs.insert(5, text("My *note* <script>h()</script>"))
    book = composed(handed_in(tmp_path, "x", *theirs))
    places = [place for place, cell in enumerate(book.cells) if cell.id.startswith("own-")]
    assert places == [3, 5]
    mine, note = (book.cells[place] for place in places)
    assert mine.source == "# mine\nmine = 1"
    assert [dict(output.data) for output in mine.outputs] == [
        {"text/plain": "one\ntwo"},
        {"image/png": png()},
        {"text/plain": "7"},
    ]
    assert note.source == "<div><p>My <em>note</em> </p>&#10;</div>"


def test_the_cell_of_an_answer_keeps_its_comments(tmp_path):
    mine = code("# why: L1\nfilter_l1 = 1.5", metadata={"nbgrader": {"grade_id": "02-filter_l1-answer"}})
    path = handed_in(tmp_path, "x", mine)
    found = [
        cell
        for cell in composed(path).cells
        if cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", "").startswith("02-filter_l1")
    ]
    assert found[0].source == "# why: L1\nfilter_l1 = 1.5" and len(found) == 2


def test_a_lesson_without_changes_has_no_own_cells_and_a_forged_id_makes_none_of_ours(tmp_path):
    same = composed(handed_in(tmp_path, "same", *json.loads(json.dumps(BOOK.cells))))
    assert [cell.source for cell in same.cells] == [cell.source for cell in BOOK.cells]
    ids = {"nbgrader": {"grade_id": "02-filter_l1-check", "points": 1e300, "grade": True, "solution": False}}
    forged = composed(handed_in(tmp_path, "forged", *[code("h()", metadata=ids)] * 3))
    marked = [cell.metadata.nbgrader.grade_id for cell in forged.cells if "nbgrader" in cell.metadata]
    assert marked == [cell.metadata.nbgrader.grade_id for cell in BOOK.cells if "nbgrader" in cell.metadata]


def test_a_picture_in_an_answer_is_in_the_graded_notebook(tmp_path):
    answer = explained("See ![it](attachment:it.png)", attachments={"it.png": {"image/png": png()}})
    cell = next(
        c
        for c in composed(handed_in(tmp_path, "x", answer)).cells
        if c.metadata.get("nbgrader", {}).get("grade_id") == WORDS
    )
    assert f'src="data:image/png;base64,{png()}"' in cell.source and "attachments" not in cell


def test_words_that_move_into_their_own_cell_are_the_same_answer(tmp_path):
    template = next(cell for cell in BOOK.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == WORDS)
    around = [json.loads(json.dumps(cell)) for cell in BOOK.cells]
    place = next(place for place, cell in enumerate(around) if cell["id"] == template["id"])
    said = "Because a filter with *small* weights adds little."
    beside = handed_in(tmp_path, "beside", *around[: place + 1], text(said), *around[place + 1 :])
    own = handed_in(tmp_path, "own", *around[:place], explained(said), *around[place + 1 :])
    other = handed_in(tmp_path, "other", *around[:place], explained(said + " Or not."), *around[place + 1 :])
    beside, own, other = (composed(path) for path in (beside, own, other))
    assert any("Not in its own cell" in cell.source for cell in beside.cells)
    hashes = [composing.answers_of(book)[WORDS] for book in (beside, own, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_files_name_in_a_problem_is_text(tmp_path):
    from course_lib.grading.results import Result

    book = composing.compose(BOOK, Result("x", "", (), "<img src=x onerror=h()>.ipynb is no notebook.\n\n**Really**"))
    assert book.cells[0].source.startswith("<div><b>&lt;img") and "\n" not in book.cells[0].source


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"cells": {}}', '{"cells": [1, null, {}, {"cell_type": [], "source": {}}]}', "[" * 9999]
)
def test_a_file_that_is_no_notebook_keeps_nothing(content, tmp_path):
    path = tmp_path / "x.ipynb"
    path.write_text(content)
    assert all(one["source"].strip() in {"", "{}"} for one in keep(path))
    assert keep(tmp_path / "missing.ipynb") == []


def test_keeping_cells_is_held_to_the_readers_limits_of_time_and_memory():
    assert reader.keep(Path("/dev/zero")) == []  # it never ends
