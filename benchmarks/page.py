"""From a key that is pressed in JupyterLab's page to the new picture in that page, one press after another."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.jupyterlab import CHROMIUM, FLAGS, WAIT, serving
from benchmarks.measuring import Table

AIM = {"WeightSlider": 300, "SparsitySlider": 450, "ThresholdSlider": 300, "IndexSlider": 300, "SAPExplorer": 450}
SHOWN = """
from course_lib import data, models
from course_lib.teaching import widgets

bench = data.load("fashion-mini", device="cpu")
model = models.build("{net}", bench)
{call}
"""
CALLS = {
    "WeightSlider": ("cnn", "widgets.WeightSlider(model, bench)"),
    "SparsitySlider": ("cnn", "widgets.SparsitySlider(model, bench)"),
    "ThresholdSlider": ("cnn", "widgets.ThresholdSlider(model, bench)"),
    "IndexSlider": ("mlp", "widgets.IndexSlider()"),
    "SAPExplorer": ("mlp", "widgets.SAPExplorer({n: m.weight for n, m in model.named_children() if hasattr(m, 'weight')})"),
}
# Milliseconds from the next key to the frame after the one in which the picture's source has changed; NaN if it does not.
WAITED = """() => {
  const image = () => document.querySelector('.course-skin img')?.src;
  const before = image();
  document.querySelector('.course-skin .noUi-handle').focus();
  window.waited = new Promise((resolve) => {
    document.addEventListener('keydown', () => {
      const started = performance.now();
      const look = () => {
        if (image() !== before) requestAnimationFrame(() => resolve(performance.now() - started));
        else if (performance.now() - started > 5000) resolve(NaN);
        else requestAnimationFrame(look);
      };
      look();
    }, { capture: true, once: true });
  });
}"""


def presses(page: Any, count: int) -> list[float]:
    """Return the milliseconds of each press that changed the picture: steps to the right, and back at the end."""
    found: list[float] = []
    key = "ArrowRight"
    for number in range(count):
        if number == count // 2:
            key = "ArrowLeft"
        page.evaluate(WAITED)
        page.keyboard.press(key)
        milliseconds = page.evaluate("() => window.waited")
        if milliseconds == milliseconds:
            found.append(milliseconds)
        page.wait_for_timeout(1200)  # the full accuracy of the position before is there
    return sorted(found)


def table(count: int = 16) -> Table:
    """Measure; count: presses of each slider."""
    from playwright.sync_api import sync_playwright

    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        serving(Path(folder) / "course", 2) as server,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, (net, call) in CALLS.items():
            server.write(f"{name}.ipynb", SHOWN.format(net=net, call=call).strip())
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            server.opened(page, f"{name}.ipynb")
            page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
            page.keyboard.press("Control+Enter")
            page.locator(".course-skin .noUi-handle").first.wait_for(timeout=WAIT)
            page.wait_for_timeout(3000)
            times = presses(page, count)
            worst = times[min(len(times) - 1, round(0.95 * len(times)))]
            rows.append([name, f"{statistics.median(times):.0f}", f"{worst:.0f}", str(AIM[name]), str(len(times))])
            page.close()
            server.shut_down()
        browser.close()
    head = ("slider", "median, ms", "95th percentile, ms", "aim for that, ms", "presses")
    return Table("from a key to the new picture in the page", head, rows)
