"""What a student sees of a correct answer: another way to write it, and the points so far."""

from __future__ import annotations

import pytest

SOURCES = [
    "def weights_left(n, share):\n    return n - round(share * n)",
    "from course_lib.teaching import check, so_far\n\ncheck(weights_left)",
    'so_far("00")',
]


@pytest.mark.heavy
def test_a_correct_answer_counts_and_folds_out_another_way(page, jupyter):
    from playwright.sync_api import expect

    jupyter.write("points.ipynb", *SOURCES)
    jupyter.opened(page, "points.ipynb")
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
    for _ in SOURCES:
        page.keyboard.press("Shift+Enter")
    verdict = page.locator(".course-verdict")
    expect(verdict).to_contain_text("points so far in this course", timeout=120_000)
    expect(page.locator(".course-points")).to_contain_text("Open: three_answers", timeout=60_000)
    code = verdict.locator("pre")
    expect(code).to_be_hidden()
    verdict.get_by_text("Another way to write it").click()
    expect(code).to_contain_text("del weights[: round(share * n)]")
    expect(code).to_be_visible()
