"""The site: what Sphinx reads, the links of what it writes, and in Chromium the sliders and SAP's arithmetic.

The pages themselves are looked at only where `make site` has built them (or COURSE_SITE says where); CI has no Sphinx.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
import torch
from test_pqindex import EXACT, ROUNDS, values_of

from benchmarks.jupyterlab import CHROMIUM, FLAGS
from course_lib.authoring.site import explorer, kept, links, pages, sliders
from course_lib.authoring.site.moving import Control, Moving, write
from course_lib.errors import CourseError
from course_lib.teaching import figures, widgets
from course_lib.teaching.boards.explorer import Explorer

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "site" / "static"
SITE = Path(os.environ.get("COURSE_SITE", ROOT / "build" / "site"))
built = pytest.mark.skipif(not (SITE / "index.html").exists(), reason="no site is built here: `make site`")
chromium = pytest.mark.skipif(
    not shutil.which(CHROMIUM) and not os.environ.get("COURSE_CI"),
    reason="no /usr/bin/chromium here: apt-get install chromium",
)


def book(*cells):
    return nbformat.v4.new_notebook(cells=list(cells), metadata={"kernelspec": {"name": "python3", "display_name": "x"}})


@pytest.fixture
def lesson(tmp_path):
    """A lesson of four cells as a page."""
    answer = nbformat.v4.new_code_cell(
        "def f(x):\n    ### BEGIN SOLUTION\n    return x + 1\n    ### END SOLUTION", id="00-f-answer"
    )
    stub = nbformat.v4.new_code_cell("def f(x):\n    pass  # your code here", id="00-f-answer")
    words = nbformat.v4.new_markdown_cell("*Rubric (2 points).* One for ...", id="00-w-explain")
    link = nbformat.v4.new_markdown_cell(
        "See the [glossary](../notebooks/GLOSSARY.md#x), the [class](../INSTRUCTORS.md), "
        "[00](00_a.ipynb), [own](../own/x.ipynb)."
    )
    drawn = nbformat.v4.new_code_cell("figures.bars(x)")
    shown = figures.bars({"a": 0.5}, "share").html()
    drawn.outputs = [nbformat.v4.new_output("display_data", data={"text/html": shown, "text/plain": "words"})]
    (tmp_path / "solutions").mkdir()
    (tmp_path / "notebooks").mkdir()
    path, student = tmp_path / "solutions" / "00_a.ipynb", tmp_path / "notebooks" / "00_a.ipynb"
    nbformat.write(book(link, answer, words, drawn), path)
    nbformat.write(book(stub), student)
    return pages.lesson(path, student, tmp_path / "extra", pages.Sliders({}, tmp_path / "frames", 0)), tmp_path


def test_an_answer_stands_behind_a_fold_and_the_stub_before_it(lesson):
    cells = {cell.id: cell for cell in lesson[0].cells}
    assert cells["00-f-answer-stub"].source.endswith("pass  # your code here")
    answer = cells["00-f-answer"]
    assert answer.source == "def f(x):\n    return x + 1"
    assert answer.metadata.tags == ["hide-input"]


def test_rubric_and_sample_answers_stand_behind_a_fold(lesson):
    words = next(cell.source for cell in lesson[0].cells if cell.id == "00-w-explain")
    assert words.startswith('<details class="answer">') and words.endswith("</details>")


def test_a_link_leads_to_the_page_of_the_site_or_is_no_link(lesson):
    assert lesson[0].cells[0].source == "See the [glossary](glossary.md#x), the class, [00](00_a.ipynb), own."


def test_a_picture_is_a_file_of_its_own_with_its_words(lesson):
    page, folder = lesson
    shown = page.cells[-1].outputs[0].data["text/html"]
    source = re.search(r'src="(pictures/[^"]+)"', shown)[1]
    assert (folder / "extra" / source).stat().st_size > 500
    assert "base64" not in shown and 'alt="share: a 0.5' in shown


def test_every_position_of_a_slider_has_a_picture_and_a_readout(tmp_path):
    controls = [Control("x", [1, 2, 3], ["1", "2", "3"], 1), Control("kind", ["a", "b"], ["a", "b"], 0, choice=True)]
    moving = Moving(controls, lambda x, kind: (figures.bars({kind: x}, "share"), f"{kind} is {x} </script>"))
    shown = write(lambda: moving, "00-X", tmp_path / "frames", 0)
    told = json.loads(re.search(r"<script[^>]*>(.*?)</script>", shown)[1])
    assert told["readouts"]["0-0"] == "a is 1 </script>" and told["readouts"]["2-1"] == "b is 3 </script>"
    assert {path.name for path in (tmp_path / "frames" / "00-X").glob("*.png")} == {
        f"{x}-{k}.png" for x in range(3) for k in range(2)
    }
    assert 'src="frames/00-X/1-0.png"' in shown and 'alt="share: a 2' in shown


def test_a_control_that_does_nothing_at_a_position_stays_where_it_starts():
    rule = Control("rule", ["fixed", "variable"], ["fixed", "variable"], 0, choice=True)
    at, below = Control("at", [1, 2, 3], list("123"), 1, only=("rule", [0])), Control("below", [1, 2], list("12"), 0)
    moving = Moving([rule, at, below], lambda *values: (figures.bars({"a": 1}, "share"), ""))
    assert moving.positions() == [(0, k, j) for k in range(3) for j in range(2)] + [(1, 1, 0), (1, 1, 1)]
    assert [control.get("only") for control in moving.told()] == [None, [0, [0]], None]


def test_every_study_that_the_findings_name_has_a_page_in_the_menu():
    named = set(re.findall(r"\]\(([\w-]+)/README\.md\)", (ROOT / "results" / "README.md").read_text()))
    menu = set(re.findall(r"<([\w-]+)>", (ROOT / "site" / "index.md").read_text()))
    assert named <= set(pages.STUDIES) <= menu


def test_every_slider_of_the_course_moves_on_a_page():
    assert {*sliders.movings(ROOT), "SAPExplorer"} == {*widgets.__all__} - {"Skin"}


@pytest.mark.parametrize("name", sorted(kept.KEEPERS))
def test_what_was_kept_of_a_lesson_is_what_its_slider_takes(name):
    moving = sliders.movings(ROOT)[name]()
    for position in (moving.positions()[0], moving.positions()[-1]):
        picture, readout = moving.draw(*(c.values[k] for c, k in zip(moving.controls, position, strict=True)))
        assert picture.alt and readout and "None" not in readout
    lessons = "".join(path.read_text() for path in (ROOT / "solutions").glob("*.py"))
    assert f"widgets.{name}(" in lessons


def test_a_watched_slider_is_the_same_slider_and_leaves_what_it_was_given(tmp_path, monkeypatch):
    for name in kept.KEEPERS:
        monkeypatch.setattr(widgets, name, getattr(widgets, name))  # put back afterwards
    original = widgets.TimingSlider
    kept.watch(tmp_path)
    assert isinstance(widgets.TimingSlider({"dense": [3.0, 1.23456]}), original)
    assert json.loads((tmp_path / "TimingSlider.json").read_text()) == {"dense": [3.0, 1.235]}


def test_survivors_that_were_kept_are_as_many_and_as_large_as_they_were():
    weights = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    told = kept.keep_rounds({"run": [(weights, 0.2, 0.8), (torch.empty(0), 0.0, 0.1)]}, layer="hidden1")
    (back, index, accuracy), (nothing, *_) = kept.rounds_of(json.loads(json.dumps(told)))["run"]
    assert (len(back), index, accuracy, len(nothing)) == (5000, 0.2, 0.8, 0)
    drawn = [torch.histc(w.double() / w.mean(), 40, 0, 4) / len(w) for w in (weights.abs(), back)]
    assert (drawn[0] - drawn[1]).abs().max() < 0.005  # of the survivors, in a bar of the picture


def test_frames_are_drawn_once(tmp_path):
    def never():
        raise AssertionError("drawn again")

    moving = Moving([Control("x", [1], ["1"], 0)], lambda x: (figures.bars({"a": x}, "share"), "one"))
    shown = write(lambda: moving, "00-X", tmp_path / "frames", 0)
    assert write(never, "00-X", tmp_path / "frames", 0) == shown
    with pytest.raises(AssertionError, match="drawn again"):
        write(never, "00-X", tmp_path / "frames", float("inf"))


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html#there">x</a><a href="#here">y</a><a href="c.html">z</a>')
    (tmp_path / "b.html").write_text('<p id="where"><img src="https://elsewhere.org/x.png"><a href="https://x.org">ok</a>')
    assert links.broken(tmp_path) == [
        "a.html leads to b.html#there; that page has no such place.",
        "a.html leads to c.html, which is not there.",
        "b.html loads https://elsewhere.org/x.png from elsewhere.",
    ]


def test_what_was_measured_has_every_position_of_the_sliders(tmp_path):
    from course_lib.authoring.site import measured

    found = measured.read(ROOT)
    assert (ROOT / found["network"]).exists() and found["images"] >= 256
    (tmp_path / "site").mkdir()
    (tmp_path / "results").symlink_to(ROOT / "results")
    del found["weights"]["lot"]["0.9"]
    (tmp_path / measured.FILE).write_text(json.dumps(found))
    with pytest.raises(CourseError, match=r"other positions of weights.*measured"):
        measured.read(tmp_path)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def arithmetic(browser):
    page = browser.new_page()
    page.set_content("<title>sap</title>")
    page.add_script_tag(path=str(STATIC / "sap.js"))
    return page


@pytest.mark.heavy
@chromium
def test_the_pages_arithmetic_equals_the_reference_numbers(arithmetic):
    for entry in EXACT:
        settings = [
            (case["p"], case["q"], *(own[name] for name in ("eta", "gamma", "beta")))
            for case in entry["cases"]
            for own in case["settings"]
        ]
        found = arithmetic.evaluate(
            """([w, settings]) => settings.map(([p, q, eta, gamma, beta]) => {
                const index = sap.pqIndex(w, p, q);
                return index === null ? null : [index, sap.retainBound(w.length, index, p, q, eta),
                                                sap.sapAmount(w, p, q, eta, gamma, beta)]; })""",
            [values_of(entry).double().flatten().tolist(), settings],
        )
        wanted = [(case, own) for case in entry["cases"] for own in case["settings"]]
        for (case, own), (index, bound, amount) in zip(wanted, found, strict=True):
            p, q, exact = case["p"], case["q"], float(case["index"])
            assert index == pytest.approx(exact, rel=1e-9, abs=1e-9 if exact < 1e-6 else 0), entry["name"]
            slope = p * q / (q - p) / (1 - index)  # see tests/test_pqindex.py
            assert bound == pytest.approx(float(own["retain_bound"]), rel=max(1e-9, slope * 2**-53)), entry["name"]
            assert amount == own["sap_amount"], (entry["name"], p, q, own)


@pytest.mark.heavy
@chromium
def test_the_pages_rounds_keep_as_many_as_the_reference(arithmetic):
    for case in ROUNDS:
        found = arithmetic.evaluate(
            """([layers, scope, settings, number]) => {
                layers = Object.entries(layers).map(([name, rows]) => (
                    { name, rows: rows.map((row) => Float64Array.from(row, Math.abs)) }));
                return sap.rounds(layers, sap.groupsOf(layers, scope), settings, number); }""",
            [case["layers"], case["scope"], case, len(case["kept_after_round"])],
        )
        for stay, after in zip(case["kept_after_round"], found, strict=True):
            assert {one["name"]: one["left"] - one["gone"] for one in after} == {
                name: len(places) for name, places in stay.items()
            }, case["name"]


@pytest.mark.heavy
@chromium
@pytest.mark.parametrize("scope", ["neuron", "layer", "global"])
def test_the_pages_rounds_equal_the_librarys(arithmetic, scope):
    drawn = torch.Generator().manual_seed(0)
    weights = {
        "a": torch.randn(6, 20, generator=drawn),
        "b": torch.rand(4, 30, generator=drawn) ** 3,
        "c": torch.ones(3, 5),  # from which nothing goes
    }
    weights["a"][2, :10] = 0
    packed = explorer.packed(weights)
    steps = {name: (w.abs().double() / w.abs().max() * explorer.STEPS).round() for name, w in weights.items()}
    exact = {name: steps[name] / explorer.STEPS * float(w.abs().double().max()) for name, w in weights.items()}
    layers = [{"name": one["name"], "rows": exact[str(one["name"])].tolist()} for one in packed]
    for p, q, eta, gamma, beta in ((0.5, 1, 0, 1, 0.9), (1, 2, 0.3, 0.5, 0.4), (0.3, 4, 0, 8, 0.2)):
        wanted = Explorer.of(exact).at(p, q, eta, gamma, beta, scope, 6, 1).history
        found = arithmetic.evaluate(
            """([layers, scope, settings]) => {
                for (const layer of layers) layer.rows = layer.rows.map((row) => Float64Array.from(row));
                return sap.rounds(layers, sap.groupsOf(layers, scope), settings, 6); }""",
            [layers, scope, {"p": p, "q": q, "eta": eta, "gamma": gamma, "beta": beta}],
        )
        for theirs, ours in zip(wanted, found, strict=True):
            for one in ours:
                own = theirs[one["name"]]
                assert (one["size"], one["left"], one["gone"]) == (own.size, own.survivors, own.amount)
                assert one["index"] == pytest.approx(own.index, rel=1e-9, abs=1e-12)
                assert one["bound"] == pytest.approx(own.bound, rel=1e-9, abs=1e-9)


@built
def test_every_link_of_the_site_leads_somewhere_and_nothing_is_loaded_from_elsewhere():
    assert links.broken(SITE) == []


@pytest.mark.heavy
@built
@chromium
def test_pages_are_light_and_ask_nobody_else(browser):
    for path in sorted(SITE.glob("[0-9]*.html")) + [SITE / name for name in ("index.html", "map.html", "results.html")]:
        page, asked, wrong = browser.new_page(viewport={"width": 390, "height": 844}), set(), []
        page.on("request", lambda request, asked=asked: asked.add(request.url.partition("#")[0].partition("?")[0]))
        page.on("pageerror", lambda error, wrong=wrong: wrong.append(str(error)))
        page.goto(path.as_uri())
        for _ in range(3):  # what is loaded when it comes into view
            page.evaluate("document.querySelectorAll('img').forEach((picture) => { picture.loading = 'eager'; })")
            page.wait_for_load_state("networkidle")
        assert not wrong and all(url.startswith("file:") for url in asked)
        weight = sum(Path(url.removeprefix("file://")).stat().st_size for url in asked)
        assert weight <= (500_000 if path.name == "index.html" else 3_000_000), path.name
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"{path.name} scrolls sideways"
        page.close()


@pytest.mark.heavy
@built
@chromium
def test_a_slider_moves_by_keyboard_and_comes_back(browser):
    from playwright.sync_api import expect

    page = browser.new_page()
    page.goto((SITE / "index.html").as_uri())
    slider, picture = page.get_by_role("slider", name="weights gone"), page.locator(".moving img")
    expect(page.locator(".moving-readout")).to_contain_text("90% of the weights gone, the smallest of all")
    slider.press("ArrowRight")
    expect(picture).to_have_attribute("src", re.compile("/11-0.png"))
    expect(slider).to_have_attribute("aria-valuetext", "93%")
    page.get_by_role("radio", name="at random").check()
    expect(picture).to_have_attribute("alt", re.compile("93% of the weights gone, drawn at random"))
    page.get_by_role("button", name="reset").click()
    expect(picture).to_have_attribute("src", re.compile("/10-0.png"))
    page.close()


@pytest.mark.heavy
@built
@chromium
def test_a_control_that_does_nothing_is_disabled_and_has_no_say(browser):
    from playwright.sync_api import expect

    page = browser.new_page()
    page.goto((SITE / "03_activation_pruning.html").as_uri())
    box = page.locator(".moving", has=page.get_by_role("slider", name="fixed at"))
    fixed, below = box.get_by_role("slider", name="fixed at"), box.get_by_role("slider", name="deviations below the mean")
    expect(below).to_be_disabled()
    box.get_by_role("radio", name="variable").check()
    expect(fixed).to_be_disabled()
    expect(below).to_be_enabled()
    readout = box.locator(".moving-readout").inner_text()
    box.get_by_role("radio", name="fixed").check()
    fixed.press("Home")
    expect(box.locator(".moving-readout")).not_to_have_text(readout)
    box.get_by_role("radio", name="variable").check()
    expect(box.locator(".moving-readout")).to_have_text(readout)
    page.close()


@pytest.mark.heavy
@built
@chromium
def test_every_slider_of_a_page_has_the_picture_of_each_end(browser):
    for path in sorted(SITE.glob("0*.html")):
        page = browser.new_page()
        page.goto(path.as_uri())
        for box in page.locator(".moving:not(.sap-explorer)").all():
            for slider in box.get_by_role("slider").all():
                for key in ("Home", "End"):
                    if slider.is_enabled():
                        slider.press(key)
                        page.wait_for_function("(box) => !box.matches('.busy')", arg=box.element_handle())
                        assert "could not be loaded" not in box.locator(".moving-readout").inner_text(), path.name
        page.close()


@pytest.mark.heavy
@built
@chromium
def test_search_finds_a_word_of_a_lesson(browser):
    from playwright.sync_api import expect

    page = browser.new_page()
    page.goto((SITE / "index.html").as_uri())
    page.get_by_role("textbox", name="Search").fill("recalibration")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results a").filter(has_text="L1-norm filter pruning").first).to_be_visible()
    page.close()


@pytest.mark.heavy
@built
@chromium
def test_the_explorer_never_has_p_at_or_above_q(browser):
    from playwright.sync_api import expect

    page = browser.new_page()
    page.goto((SITE / "05_sap.html").as_uri())
    page.locator(".sap-explorer").scroll_into_view_if_needed()
    p, q = page.get_by_role("slider", name="p", exact=True), page.get_by_role("slider", name="q", exact=True)
    p.press("End")
    expect(q).to_have_attribute("aria-valuetext", "2.1")
    q.press("Home")
    expect(p).to_have_attribute("aria-valuetext", "0.1")
    expect(page.locator(".sap-explorer .moving-readout")).to_contain_text("Round 1, scope layer")
    page.close()
