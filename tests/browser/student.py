"""What a student does in JupyterLab, in the words of the tests; and the lessons that there are."""

from __future__ import annotations

import json
import time

import pytest

from benchmarks.jupyterlab import ROOT, WAIT

NAMES = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
# The first lesson is tried by `make proof`, the others by `make browser`.
LESSONS = [pytest.param(name, marks=pytest.mark.heavy if name == NAMES[0] else pytest.mark.browser) for name in NAMES]


def runs_all(page, jupyter) -> None:
    """Run All, as the menu does, and wait until the kernel is done."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    waits(page, jupyter)


def waits(page, jupyter, limit: float = 900) -> None:
    """Wait until the kernel has had nothing to do for two seconds; limit: seconds."""
    idle, until = 0, time.monotonic() + limit
    while idle < 4:
        assert time.monotonic() < until, "the notebook did not come to its end"
        page.wait_for_timeout(500)
        (session,) = jupyter.ask("api/sessions")
        idle = idle + 1 if session["kernel"]["execution_state"] == "idle" else 0


def saves(page) -> None:
    """Save by the keyboard, and wait until it is done."""
    with page.expect_response(
        lambda answer: "/api/contents/" in answer.url and answer.request.method == "PUT", timeout=WAIT
    ):
        page.keyboard.press("Control+s")


# The parts of a cell that are wider than what is seen of them; a maths formula is set only when it comes into view.
WIDER = """async () => {
  const found = [];
  for (const [number, cell] of document.querySelectorAll('.jp-Notebook .jp-Cell').entries()) {
    cell.scrollIntoView({ block: 'center' });
    await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 50)));
    for (const part of [cell, ...cell.querySelectorAll('*')])
      if (['auto', 'scroll'].includes(getComputedStyle(part).overflowX) && part.scrollWidth > part.clientWidth + 1)
        found.push(`cell ${number}: ${part.scrollWidth} in ${part.clientWidth} px: ${part.innerText.slice(0, 60)}`);
  }
  return found;
}"""


def wider(page) -> list[str]:
    """Return the cells that scroll sideways in the windows of two usual laptops, beside the table of contents."""
    found = []
    for width in (1280, 1366):
        page.set_viewport_size({"width": width, "height": 768})
        page.wait_for_timeout(500)
        found += [f"{said} (window of {width} px)" for said in page.evaluate(WIDER)]
    return found


def errors(path) -> list[str]:
    """Return the errors that stand in a saved notebook, by the first line of each."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return [f"{o['ename']}: {o['evalue']}"[:200] for o in outputs if o["output_type"] == "error"]
