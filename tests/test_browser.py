"""A real JupyterLab in a real browser: the slider is moved by keyboard, and the picture follows."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from chromium import CHROMIUM, FLAGS

from course_lib.starting import LAB

pytestmark = pytest.mark.heavy
CELL = """
from course_lib import data, models
from course_lib.teaching import widgets

bench = data.load("fashion-mini", device="cpu", limit=100)
slider = widgets.SparsitySlider(models.build("cnn", bench), bench)
slider
"""

if not shutil.which(CHROMIUM) and not os.environ.get("COURSE_CI"):
    pytest.skip("no /usr/bin/chromium here: apt-get install chromium", allow_module_level=True)


@pytest.fixture
def lab(tmp_path):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.strip())])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, tmp_path / "slider.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [sys.executable, "-c", LAB, "--no-browser", "--allow-root", f"--ServerApp.root_dir={tmp_path}"]
    line += [f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=secret"]
    line += ["--ServerApp.port_retries=0", f"--LabApp.workspaces_dir={tmp_path / 'workspaces'}"]
    settings = {"JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings")}
    server = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | settings)
    try:
        for _ in range(600):  # a busy machine takes its time to start
            time.sleep(0.5)
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token=secret", timeout=5)
                break
            except OSError:
                assert server.poll() is None
        yield f"http://127.0.0.1:{port}/lab/tree/slider.ipynb?token=secret"
    finally:
        server.terminate()
        server.wait(60)


def opened(page, address):
    """Open the notebook and wait for its kernel."""
    page.goto(address, timeout=120_000)
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=120_000)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=120_000)


def test_on_the_second_day_a_slider_is_its_last_picture_and_a_sentence_and_no_error(lab):
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        opened(page, lab)
        page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        handle = page.locator(".course-skin .noUi-handle").first
        handle.wait_for(timeout=120_000)
        still = page.locator(".course-still")
        expect(still).to_be_hidden()
        expect(handle).to_have_attribute("aria-label", "filters gone")
        expect(handle).to_have_attribute("aria-valuetext", "30%")
        expect(page.get_by_role("button", name="per layer")).to_have_attribute("aria-pressed", "true")
        assert page.locator(".course-skin .noUi-base").first.bounding_box()["width"] >= 180
        handle.focus()
        page.keyboard.press("ArrowRight")
        expect(still.locator("img")).to_have_attribute("alt", re.compile("31% of filters"), timeout=60_000)
        page.keyboard.press("Control+s")
        page.wait_for_timeout(3000)

        sessions = lab.replace("lab/tree/slider.ipynb", "api/sessions")
        for session in json.loads(urllib.request.urlopen(sessions).read()):
            one = sessions.replace("sessions", f"sessions/{session['id']}")
            urllib.request.urlopen(urllib.request.Request(one, method="DELETE"))
        opened(page, lab)
        expect(still).to_be_visible(timeout=60_000)
        expect(still).to_contain_text("Run this cell to move it.")
        assert "31% of filters" in still.locator("img").get_attribute("alt")
        page.wait_for_timeout(2000)
        assert not any(error.is_visible() for error in page.get_by_text("model not found").all())
        browser.close()


def test_a_correct_answer_counts_and_folds_out_another_way(lab, tmp_path):
    from playwright.sync_api import expect, sync_playwright

    sources = [
        "def weights_left(n, share):\n    return n - round(share * n)",
        "from course_lib.teaching import check, so_far\n\ncheck(weights_left)",
        'so_far("00")',
    ]
    book = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, tmp_path / "points.ipynb")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        opened(page, lab.replace("slider.ipynb", "points.ipynb"))
        page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
        for _ in sources:
            page.keyboard.press("Shift+Enter")
        verdict = page.locator(".course-verdict")
        expect(verdict).to_contain_text("points so far in this course", timeout=120_000)
        expect(page.locator(".course-points")).to_contain_text("Open: three_answers", timeout=60_000)
        code = verdict.locator("pre")
        expect(code).to_be_hidden()
        verdict.get_by_text("Another way to write it").click()
        expect(code).to_contain_text("del weights[: round(share * n)]")
        expect(code).to_be_visible()
        browser.close()


def test_the_slider_is_moved_by_keyboard_and_the_picture_follows(lab, tmp_path):
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        opened(page, lab)
        page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        readout = page.locator(".jp-OutputArea .widget-html-content").first
        expect(readout).to_contain_text("30% of filters", timeout=90_000)
        picture = page.locator(".jp-OutputArea .widget-html-content img")
        before = picture.get_attribute("src")
        assert "30% of filters" in picture.get_attribute("alt")

        handle = page.locator(".widget-slider .noUi-handle").first
        handle.focus()
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        expect(readout).to_contain_text("35% of filters", timeout=30_000)
        expect(readout).to_contain_text("(n=100)", timeout=30_000)
        assert picture.get_attribute("src") != before

        page.get_by_role("button", name="global").click()
        expect(picture).to_have_attribute("alt", re.compile("ranked over all layers"), timeout=30_000)
        page.get_by_role("button", name="reset").click()
        expect(readout).to_contain_text("30% of filters", timeout=30_000)
        page.screenshot(path=os.environ.get("COURSE_SCREENSHOT", tmp_path / "slider.png"))
        browser.close()
