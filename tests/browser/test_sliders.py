"""Every slider in a real JupyterLab: moved by keyboard and by mouse, in words for a screen reader, in two themes."""

from __future__ import annotations

import json
import os

import nbformat
import pytest

from .student import LESSONS, runs_all, saves, waits

# What the library draws at the positions where the page has put the sliders.
DRAWN = """
import json
from ipywidgets.widgets.widget import _instances
from course_lib.teaching.widgets.skin import Skin
skins = [widget for widget in _instances.values() if isinstance(widget, Skin)]
print(json.dumps([skin.draw(skin.values, skin.rests)[0].alt for skin in skins]))
"""
# A slider whose kernel is behind the hand.
SLOW = """
import time, ipywidgets
from course_lib.teaching import figures, widgets
def draw(values, rested):
    time.sleep(0.3)
    return figures.lines({"y": ([0, 1], [0.0, float(values["x"])])}, "x", "y"), f"x is {values['x']}"
widgets.Skin({"x": ipywidgets.IntSlider(value=3, min=0, max=100, description="x")}, draw)
"""
# A slider whose box shows per cent.
SHARE = """
import ipywidgets
from course_lib.teaching import figures, widgets
def draw(values, rested):
    return figures.lines({"y": ([0, 1], [0.0, values["x"]])}, "x", "y"), f"x is {values['x']:g}"
slider = ipywidgets.FloatSlider(value=0.9, min=0, max=0.99, step=0.01, description="x", readout_format=".0%")
widgets.Skin({"x": slider}, draw)
"""
REST, PAUSE = 30_000, 2_000  # milliseconds for a picture to come, on a busy machine; of a hand between two moves


@pytest.mark.parametrize("name", LESSONS)
def test_each_slider_is_moved_by_keyboard_and_by_mouse_and_shows_what_the_library_says(page, jupyter, name, tmp_path):
    path = jupyter.notebooks / name
    delivered = path.read_bytes()
    book = nbformat.read(path, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell(DRAWN.strip()))
    nbformat.write(book, path)
    try:
        jupyter.opened(page, name)
        runs_all(page, jupyter)
        skins = page.locator(".course-skin")
        seen = []
        for number in range(skins.count()):
            skin = skins.nth(number)
            skin.scroll_into_view_if_needed()
            first = alt(skin)
            can_be_read(skin)
            by_keyboard(page, skin)
            by_mouse(page, skin)
            by_button(page, skin)
            skin.get_by_role("button", name="reset").click()
            comes(page, skin, lambda now, first=first: now == first)
            by_keyboard(page, skin)
            page.wait_for_timeout(PAUSE)  # the last position rests
            seen.append(alt(skin))
            skin.screenshot(path=shot(tmp_path, f"{name[:2]}-{number}"))
        assert_nothing_is_clipped(page, skins)
        in_the_dark(page, skins, tmp_path, name)
        page.locator(".jp-Notebook .jp-CodeCell").last.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        waits(page, jupyter)
        saves(page)
        drawn = json.loads(nbformat.read(path, as_version=4).cells[-1].outputs[0]["text"])
        assert [said for said in seen if said not in drawn] == []
        assert len(drawn) >= len(seen) > 0
    finally:
        path.write_bytes(delivered)


@pytest.mark.heavy
def test_a_reset_right_after_a_drag_wins_over_what_the_page_still_sends_of_the_drag(page, jupyter):
    skin = alone(page, jupyter, SLOW)
    handle, reset = skin.locator(".noUi-handle"), skin.get_by_role("button", name="reset")
    first, press = alt(skin), reset.bounding_box()
    for _ in range(5):
        drags(page, skin)
        page.mouse.click(press["x"] + press["width"] / 2, press["y"] + press["height"] / 2)
        page.wait_for_timeout(PAUSE)
        comes(page, skin, lambda now: now == first)
        assert float(handle.get_attribute("aria-valuenow")) == 3
        assert skin.locator(".widget-readout").inner_text() == "3"
    drags(page, skin)  # and later moves count again
    comes(page, skin, lambda now: now != first)


@pytest.mark.heavy
def test_what_is_typed_into_a_box_that_shows_per_cent_is_per_cent(page, jupyter):
    from playwright.sync_api import expect

    skin = alone(page, jupyter, SHARE)
    box, said = skin.locator(".widget-readout"), skin.locator(".course-readout")
    for typed, share in ((None, 0.9), ("33", 0.33), ("50 %", 0.5), ("0.2", 0.2), ("2", 0.02), ("150", 0.99)):
        box.click()
        if typed is not None:
            page.keyboard.press("Control+a")
            page.keyboard.type(typed)
        page.keyboard.press("Enter")
        skin.locator(".widget-label").first.click()  # and the box is left
        expect(box).to_have_text(f"{share:.0%}")
        expect(said).to_have_text(f"x is {share:g}", timeout=REST)


def alone(page, jupyter, source: str):
    """Return the slider of a notebook that has nothing else."""
    jupyter.write("alone.ipynb", source.strip())
    jupyter.opened(page, "alone.ipynb")
    runs_all(page, jupyter)
    return page.locator(".course-skin")


def alt(skin) -> str:
    """Return what the slider's picture says to who cannot see it: its numbers, as the library computed them."""
    return skin.locator("img").first.get_attribute("alt")


def comes(page, skin, wanted) -> None:
    """Wait until the picture's words are as wanted."""
    for _ in range(REST // 100):
        if wanted(alt(skin)):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"the picture still says: {alt(skin)}")


def settles(page, skin) -> None:
    """Wait until the slider has done, for a second, with what came before."""
    quiet = 0
    for _ in range(REST // 100):
        quiet = 0 if "course-busy" in skin.get_attribute("class") else quiet + 1
        if quiet == 10:
            return
        page.wait_for_timeout(100)
    pytest.fail("the slider stays busy")


def by_keyboard(page, skin) -> None:
    """Move the first slider that can move by one step, or two where a step changes nothing that is drawn."""
    settles(page, skin)
    before = alt(skin)
    handle = skin.locator(".noUi-handle").first
    handle.focus()
    skin.evaluate(WATCH)
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
        page.wait_for_timeout(600)
        if alt(skin) != before:
            break
    comes(page, skin, lambda now: now != before)
    assert skin.evaluate("(skin) => skin.wasBusy")  # the page said so by itself, before the kernel had an answer


def by_mouse(page, skin) -> None:
    """Drag the first handle to the other half of its track; the last position wins."""
    before = alt(skin)
    drags(page, skin)
    comes(page, skin, lambda now: now != before)


def drags(page, skin) -> None:
    """Drag the first handle and let it go."""
    track = skin.locator(".noUi-base").first.bounding_box()
    handle = skin.locator(".noUi-handle").first.bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    to = 0.15 if (x - track["x"]) / track["width"] > 0.5 else 0.85  # another position, and be it one of three
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(track["x"] + to * track["width"], y, steps=8)
    page.mouse.up()


def by_button(page, skin) -> None:
    """Press a choice that is not the present one, if there are choices that can be pressed."""
    others = skin.locator(".widget-toggle-button:not(.mod-active):not([disabled])")
    if others.count():
        before = alt(skin)
        others.first.click()
        comes(page, skin, lambda now: now != before)
        page.wait_for_timeout(PAUSE)


def can_be_read(skin) -> None:
    """Each handle has a name and says its value as it is shown; its track is long enough to hit a position."""
    from playwright.sync_api import expect

    for handle in skin.locator(".noUi-handle").all():
        assert handle.get_attribute("aria-label")
        assert handle.get_attribute("aria-valuetext")
    readouts = [readout for readout in skin.locator(".widget-readout").all() if readout.is_visible()]
    for readout in readouts:
        expect(readout).not_to_be_empty(timeout=REST)  # JupyterLab fills it when the slider has come into view
    shown = [readout.text_content() for readout in readouts]  # there is no inner text of what has left the view
    said = [handle.get_attribute("aria-valuetext") for handle in skin.locator(".noUi-handle").all()]
    assert set(shown) <= set(said)
    assert all(track.bounding_box()["width"] >= 180 for track in skin.locator(".noUi-base").all())
    for button in skin.locator(".widget-toggle-button").all():
        assert button.get_attribute("aria-pressed") in ("true", "false")


def assert_nothing_is_clipped(page, skins) -> None:
    """At three widths of a window every control and picture lies within its output."""
    for width in (1280, 1920, 1366):
        page.set_viewport_size({"width": width, "height": 768})
        page.wait_for_timeout(300)
        for skin in skins.all():
            outer = skin.bounding_box()
            parts = skin.locator(".course-controls > *, img").all()
            inner = [box for part in parts if (box := part.bounding_box())]
            assert all(box["x"] >= outer["x"] - 1 for box in inner), width
            assert all(box["x"] + box["width"] <= outer["x"] + outer["width"] + 1 for box in inner), width


WATCH = """(skin) => {
  skin.wasBusy = false;
  new MutationObserver(() => { skin.wasBusy ||= skin.classList.contains('course-busy'); })
    .observe(skin, { attributes: true, attributeFilter: ['class'] });
}"""
CONTRAST = """(element) => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  let behind = element;
  while (behind && parse(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const [one, other] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(parse).map(light);
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}"""


def in_the_dark(page, skins, folder, name) -> None:
    """In both themes words stand out from what is behind them by 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        page.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
        page.wait_for_timeout(1500)
        for number, skin in enumerate(skins.all()):
            words = skin.locator(".widget-label, .widget-readout, .course-readout .widget-html-content").all()
            for word in words:
                if word.is_visible():
                    assert word.evaluate(CONTRAST) >= 4.5, (theme, word.inner_text())
            if "Dark" in theme:
                skin.screenshot(path=shot(folder, f"{name[:2]}-{number}-dark"))


def shot(folder, name: str):
    """Return where a screenshot goes: to COURSE_SCREENSHOTS, if it is set, for who wants to look at them."""
    return f"{os.environ.get('COURSE_SCREENSHOTS', folder)}/{name}.png"
