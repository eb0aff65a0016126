"""The page: whole in one file, safe with any text, and honest about how its points were chosen."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from course_lib import pareto
from course_lib.errors import CourseError
from course_lib.studies import report

PNG = Path(__file__).parents[1] / "results" / "stability" / "overlap.png"
EVIL = '<script>alert("1")</script>'


def table() -> pd.DataFrame:
    columns = ["method", "seed", "round", "sparsity", "kept_parameters", "macs", "val_accuracy", "test_accuracy"]
    rows = [
        ("dense", 0, 0, 0.0, 1_250_858, 39_000_000.0, 0.90, 0.89),
        ("SAP", 0, 1, 0.5, 625_429, 39_000_000.0, 0.88, 0.87),
        ("SAP", 0, 2, 0.9, 125_086, 39_000_000.0, 0.80, float("nan")),
        (EVIL, 0, 1, 0.5, 625_429, 20_000_000.0, 0.70, 0.71),
        ("hopeless", 0, 1, 0.5, 625_429, 20_000_000.0, 0.20, 0.21),
    ]
    return pd.DataFrame(rows, columns=columns)


def page(**changes) -> str:
    given = {"title": "A <b>study</b>", "facts": {"command": "course sweep > x"}, "verdicts": ["1 < 2 & 3"]} | changes
    return report.html(table(), {PNG: pareto.alt_text(table())}, **given)


def test_the_page_needs_nothing_from_anywhere():
    text = page()
    assert "http" not in text and "//" not in re.sub(r"base64,[^\"]*", "", text)
    assert re.findall(r'src="(.{22})', text) == ["data:image/png;base64,"]
    assert "<script" not in text and "<link" not in text and "url(" not in text and "@import" not in text


def test_every_tag_that_is_opened_is_closed():
    unclosed = []

    class Balance(HTMLParser):
        def handle_starttag(self, tag, attributes):
            if tag not in ("meta", "img"):
                unclosed.append(tag)

        def handle_endtag(self, tag):
            assert unclosed.pop() == tag

    Balance().feed(page())
    assert unclosed == []


def test_all_text_is_escaped():
    text = page(facts={EVIL: EVIL}, verdicts=[EVIL], title=EVIL)
    assert EVIL not in text
    assert text.count("&lt;script&gt;") >= 8  # title twice, verdict, fact twice, alt, caption, both tables


def test_the_figure_has_the_alt_text_of_the_table():
    assert 'alt="Test accuracy against sparsity for 3 pruning methods' in page()


def test_several_figures_stand_in_their_order_each_with_its_caption(tmp_path):
    (tmp_path / "other.png").write_bytes(b"\x89PNG\r\n\x1a\n not really")
    text = report.html(table(), {PNG: "one", tmp_path / "other.png": "two"}, title="t", facts={}, verdicts=[])
    assert re.findall(r"<figcaption>(.*?)</figcaption>", text) == ["one", "two"]
    assert text.count("base64,") == 2


def test_best_points_show_kept_parameters_and_macs_and_name_the_methods_that_have_none():
    best = page().split("<h2>")[1]
    assert "125,086" in best and "39,000,000" in best
    assert "0.9000" in best and "0.5000" in best  # sparsities: SAP's second round was best
    assert "–" in best  # its test accuracy was not read yet
    assert "at least 0.60: hopeless." in best


def test_the_full_table_is_folded_and_has_every_row():
    full = page().split("<details>")[1]
    assert full.count("<tr>") == 1 + len(table())


def test_facts_and_verdicts_are_on_the_page():
    text = page(facts={"one standard error": "±0.003"}, verdicts=["SAP keeps more."])
    assert "<dt>one standard error</dt><dd>±0.003</dd>" in text
    assert "<li>SAP keeps more.</li>" in text


def test_light_and_dark_readers_are_both_served():
    assert "prefers-color-scheme: dark" in page() and "color-scheme: light dark" in page()


def test_a_table_without_accuracies_is_refused_in_one_sentence():
    with pytest.raises(CourseError, match="no column 'val_accuracy'"):
        report.html(table().drop(columns="val_accuracy"), {}, title="t", facts={}, verdicts=[])


def test_a_real_figure_is_embedded_unchanged(tmp_path):
    png, _ = pareto.save(pareto.plot(table()), tmp_path / "figure", pareto.alt_text(table()))
    text = report.html(table(), {png: "a figure"}, title="t", facts={}, verdicts=[])
    embedded = re.search(r"base64,([^\"]*)", text)[1]
    assert base64.b64decode(embedded) == png.read_bytes()
