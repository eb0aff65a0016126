"""Each lesson in a real JupyterLab, on the first day, after a restart, and on the second day."""

from __future__ import annotations

import re
import time

import nbformat
import pytest

from benchmarks.jupyterlab import WAIT

from .student import LESSONS, NAMES, errors, runs_all, saves, wider


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_opened_run_saved_and_opened_again(page, jupyter, name):
    path = jupyter.notebooks / name
    delivered = path.read_bytes()
    jupyter.opened(page, name)
    page.wait_for_timeout(2000)  # what the kernel says of itself has come
    assert not page.locator(".lm-TabBar-tab.jp-mod-dirty").count()  # a lesson that was only looked at is not "unsaved"
    saves(page)
    assert path.read_bytes() == delivered

    runs_all(page, jupyter)
    saves(page)
    assert not errors(path)
    assert not gone(page)
    assert wider(page) == []

    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_text("Restart Kernel…", exact=True).click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    page.get_by_text("Pruning course | Idle").wait_for(timeout=WAIT)
    page.wait_for_timeout(2000)
    skins = page.locator(".course-skin")
    assert skins.count() > 0
    assert page.locator(".course-skin.jupyter-widgets-disconnected .course-controls[inert]").count() == skins.count()

    page.goto("about:blank")
    jupyter.shut_down()
    jupyter.opened(page, name)  # the second day: what was saved, and a new kernel
    assert not gone(page)
    assert not skins.count()
    assert all(still.is_visible() for still in page.locator(".course-still").all())
    page.reload()
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    assert not gone(page)


@pytest.mark.heavy
def test_the_table_of_contents_stands_beside_every_lesson_that_a_window_opens_and_shows_its_headings(page, jupyter):
    jupyter.opened(page, NAMES[0])
    contents = page.locator("#table-of-contents")
    for name in NAMES[:2]:
        page.goto(f"{jupyter.address}/lab/tree/notebooks/{name}")  # the second one as somebody's link does
        first = nbformat.read(jupyter.notebooks / name, as_version=4).cells[1].source.splitlines()[0].lstrip("# ")
        contents.get_by_text(first, exact=True).wait_for(timeout=WAIT)
        assert contents.bounding_box()["width"] >= 300
        headings = contents.locator(".jp-tocItem-content").all()
        cut = [line.inner_text() for line in headings if line.evaluate("part => part.scrollWidth > part.clientWidth")]
        assert len(cut) <= len(headings) / 10, cut


@pytest.mark.heavy
def test_a_link_to_a_section_lands_there_at_the_first_click_also_in_a_lesson_that_was_not_open(page, jupyter):
    jupyter.opened(page, NAMES[0])
    follows(page, "01 Measuring a network")
    page.locator(".lm-TabBar-tab.lm-mod-current", has_text=NAMES[1]).wait_for(timeout=WAIT)
    follows(page, "points so far")  # of 01, with 00 open before it
    seen(page, "Points so far", 'so_far("01")')
    page.locator(".lm-TabBar-tab", has_text=NAMES[0]).click()
    page.locator(".lm-TabBar-tab.lm-mod-current", has_text=NAMES[0]).wait_for(timeout=WAIT)
    follows(page, "glossary")
    for term, heading in (("2:4", "Optional: two of four"), ("bias", "3. How much is there to lose?")):
        page.locator(".jp-MarkdownViewer a", has_text=re.compile(f"^{term}$")).click()
        seen(page, heading)
        page.locator(".lm-TabBar-tab", has_text="GLOSSARY").click()


@pytest.mark.heavy
def test_the_stop_button_ends_the_run_in_words_and_the_next_cell_can_be_run(page, jupyter):
    trains = "history = train.fit(model, bench, epochs=1e6)\nprint('this cell went on')"
    begins = "import time\nfrom course_lib import data, models, train\nbench = data.load('fashion-mini')"
    sources = [
        f"{begins}\nmodel = models.build('mlp', bench)",
        trains,
        "print(len(history))",
        "while True:\n    time.sleep(0.1)",
    ]
    jupyter.write("stop.ipynb", *sources)
    jupyter.opened(page, "stop.ipynb")
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    cells.nth(1).get_by_text("batch").wait_for(timeout=WAIT)  # it trains
    stops(page)
    said = cells.nth(1).locator(".jp-OutputArea")
    said.get_by_text("The cells that waited were not run.").wait_for(timeout=WAIT)
    assert "Stopped after" in said.inner_text() and "this cell went on" in said.inner_text()
    assert not cells.nth(2).locator(".jp-OutputArea-output").count()

    cells.nth(2).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    cells.nth(2).locator(".jp-OutputArea-output").wait_for(timeout=WAIT)
    page.keyboard.press("Shift+Enter")
    cells.nth(3).get_by_text("[*]").wait_for(timeout=WAIT)
    page.wait_for_timeout(1000)
    stops(page)
    cells.nth(3).get_by_text("Stopped in line 2 of this cell").wait_for(timeout=WAIT)
    assert "Traceback" not in cells.nth(3).inner_text()


@pytest.mark.heavy
def test_the_terminal_knows_the_course_s_command(page, jupyter, tmp_path):
    jupyter.opened(page, NAMES[0])
    page.evaluate("() => window.jupyterapp.commands.execute('terminal:create-new')")
    page.locator(".jp-Terminal .xterm-helper-textarea").wait_for(state="attached", timeout=WAIT)
    page.wait_for_timeout(2000)
    told, done = tmp_path / "told.txt", tmp_path / "done.txt"
    page.keyboard.type(f"course --help > {told} 2>&1; echo > {done}\n")
    until = time.monotonic() + 60
    while not done.exists() and time.monotonic() < until:
        page.wait_for_timeout(200)
    assert "progress" in told.read_text(encoding="utf-8")


@pytest.mark.heavy
def test_the_first_check_of_the_course_stands_within_two_screens_and_waits_for_no_training(page, jupyter):
    jupyter.opened(page, NAMES[0])
    cells = page.locator(".jp-Notebook .jp-Cell")
    page.wait_for_timeout(2000)  # pictures are there
    checks = page.locator(".jp-Notebook .jp-Cell", has_text="check(weights_left)")
    top, first = cells.first.bounding_box(), checks.first.locator(".jp-Cell-inputWrapper").bounding_box()
    screen = page.locator(".jp-WindowedPanel-outer").first.bounding_box()["height"]
    assert first["y"] + first["height"] - top["y"] <= 2 * screen
    before = nbformat.read(jupyter.notebooks / NAMES[0], as_version=4).cells
    before = before[: next(k for k, cell in enumerate(before) if "check(weights_left)" in cell.source)]
    assert not [cell for cell in before if cell.cell_type == "code" and "fit(" in cell.source]


def stops(page) -> None:
    """Press the stop button."""
    page.locator("[data-command='notebook:interrupt-kernel']").first.click()


def follows(page, text: str) -> None:
    """Click a link of the lesson that is shown."""
    page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell a", has_text=text).first.click()


def seen(page, *texts: str) -> None:
    """Wait until one of the texts is within what is seen of a lesson, and stays there."""
    texts_seen = """(texts) => [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) :is(h2, h3, .cm-line)')]
      .some((part) => texts.includes(part.textContent.replace("¶", "")) && part.getBoundingClientRect().top > 60
        && part.getBoundingClientRect().bottom < innerHeight)"""
    page.wait_for_function(texts_seen, arg=list(texts), timeout=30_000)
    page.wait_for_timeout(1500)
    assert page.evaluate(texts_seen, list(texts))


def gone(page) -> list[str]:
    """Return what JupyterLab says, where it can be seen, of widgets that it does not find."""
    page.wait_for_timeout(1500)
    return [said.inner_text() for said in page.get_by_text("model not found").all() if said.is_visible()]
