"""A real `course lab` and a page of a real browser that watches for faults, for every test in this folder."""

from __future__ import annotations

import os
import shutil

import pytest

from benchmarks.jupyterlab import CHROMIUM, FLAGS, serving

# What JupyterLab itself writes to the console, and nobody sees: addresses that it tries in vain, sliders without a kernel.
KNOWN = ("Failed to load resource", "widget model not found")


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    """The server."""
    with serving(tmp_path_factory.mktemp("lab") / "course") as server:
        yield server


@pytest.fixture(scope="module")  # of playwright a process has one at a time, and other tests start their own
def browser():
    """Debian's Chromium, without a screen."""
    from playwright.sync_api import sync_playwright

    if not shutil.which(CHROMIUM) and not os.environ.get("COURSE_CI"):
        pytest.skip(f"no {CHROMIUM} here: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser, jupyter):
    """A page that fails the test if it asks anybody else for anything, or says an error in its console."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    yield page
    page.close()
    jupyter.shut_down()
    elsewhere = [url for url in asked if not url.startswith((jupyter.address, "data:", "blob:", "ws:"))]
    assert not elsewhere, elsewhere
    assert not [text for text in said if not any(known in text for known in KNOWN)], said
