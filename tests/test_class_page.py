"""The class page and the tables for spreadsheets and platforms."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from datetime import datetime, timezone
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.errors import CourseError
from course_lib.grading.collecting import naming
from course_lib.grading.report import exports, items, likeness, pages, tables
from course_lib.grading.results import Graded, Held, Mark, Result, Scored

NAME = "02_l1_filter_pruning"
WHEN = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
EVIL = ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1"]


def entry(student, *points, name="", roster=None, came=True, problem="", others=(), source="", number=""):
    marks = tuple(
        Mark(
            f"q{n}",
            "correct" if earned == 2 else "not yet",
            earned,
            2.0,
            "",
            "" if earned == 2 else "took the mean",
            source=source,
        )
        for n, earned in enumerate(points)
    )
    result = Result(student, "", marks, problem)
    scored = Scored({f"02-q{n}-check": Held(earned, 2.0) for n, earned in enumerate(points)}, sum(points))
    when = WHEN if came else None
    return Graded(NAME, result, when, 0, 0.0, scored, tuple(others), name or student, "timestamp.txt", roster or {}, number)


class Text(HTMLParser):
    """The text of a page and the names of its elements."""

    def __init__(self, page):
        super().__init__()
        self.text, self.tags = "", set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)

    def handle_data(self, data):
        self.text += data + " "


# cells


@pytest.mark.parametrize("text", EVIL)
def test_no_cell_that_a_student_wrote_runs_in_a_spreadsheet(text):
    graded = [entry("ann", 2.0, 0.0, name=text, problem=text, roster={"section": text, "student": text, "email": text})]
    made = [pages.table(graded), *(tables.write(table(graded)) for table in exports.TABLES.values())]
    for content in made:
        for row in csv.reader(io.StringIO(content, newline="")):
            assert not any(cell.lstrip(" ").startswith(tables.FORMULAS) for cell in row), row


@given(st.text(max_size=8))
def test_a_cell_that_is_no_formula_stays_as_it_is_and_every_table_has_its_rows(text):
    line = tables.CONTROLS.sub(" ", text)
    marked = tables.safe(text)
    assert marked in (line, f"'{line}") and tables.safe(f"ann{text}") == f"ann{line}"
    (row,) = csv.reader(io.StringIO(tables.write([[text, 1.5]]), newline=""))
    assert row == [marked, "1.5"]


def test_negative_numbers_are_numbers():
    assert tables.write([["a", -1.0, 0.25]]) == "a,-1,0.25\n"


# questions


def test_a_questions_mean_difficulty_and_discrimination_are_what_is_written_about_them():
    points = [[0, 0, 0], [0, 0, 2], [2, 0, 0], [2, 2, 2], [2, 2, 2], [2, 2, 0]]
    first, second, third = items.items(["a", "b", "c"], [2, 2, 4], points)
    assert (first.mean, first.difficulty) == (pytest.approx(8 / 6), pytest.approx(4 / 6))
    assert third.difficulty == pytest.approx(0.25)
    assert first.discrimination == pytest.approx(0.5, abs=0.2) and second.discrimination > third.discrimination
    rest = [row[0] + row[2] for row in points]
    assert second.discrimination == pytest.approx(items.correlation([row[1] for row in points], rest))


def test_a_question_that_all_answer_alike_or_few_answer_has_no_discrimination():
    assert items.items(["a"], [2], [[2]] * 9)[0].discrimination is None
    assert items.items(["a", "b"], [2, 2], [[2, 0], [0, 2]])[0].discrimination is None
    assert items.items(["a"], [2], [])[0].mean == 0


@given(st.lists(st.tuples(st.floats(0, 4), st.floats(0, 4)), min_size=5, max_size=20))
def test_a_correlation_lies_between_minus_one_and_one(pairs):
    found = items.correlation(*zip(*pairs, strict=True))
    assert found is None or -1.000001 <= found <= 1.000001


def test_the_class_page_shows_questions_mistakes_names_and_who_handed_in_nothing():
    graded = [entry(f"s{n}", 2.0 * (n % 2), 1.0, name=f"Student {n}") for n in range(6)]
    graded.append(entry("gone", 0.0, 0.0, name="Gone Away", came=False, problem="Nothing was handed in."))
    page = Text(pages.the_class(graded, NAME, pages.report(["Due 2026-11-20 12:00 UTC."], [])))
    for words in (
        "6 submissions",
        "1.00 of 2",
        "0.50",
        "took the mean (3)",
        "Student 3",
        "Gone Away",
        "Nothing was handed in.",
        "by timestamp.txt",
    ):
        assert words in page.text
    assert "Due 2026-11-20" in page.text and "script" not in page.tags


def test_nothing_that_a_student_named_becomes_part_of_the_page():
    evil = "<script>alert(1)</script>\"'>"
    graded = [entry("ann", 2.0, name=evil, problem=evil, others=[evil], roster={"section": evil})]
    report = pages.report([evil], [likeness.Alike("q0", (evil,), 1.0)])
    assert "script" not in Text(pages.the_class(graded, NAME, report)).tags
    assert "script" not in Text(pages.student(graded[0])).tags


# answers that are alike

LONG = """
def filters_to_keep(scores, amount):
    order = scores.argsort(descending=True)
    count = max(1, len(scores) - round(amount * len(scores)))
    keep = torch.zeros(len(scores), dtype=torch.bool)
    for place in range(count):
        keep[order[place]] = True
    return keep
"""
RENAMED = (
    LONG.replace("order", "ranking")
    .replace("keep[", "kept[")
    .replace("keep =", "kept =")
    .replace("return keep", "return kept")
)
COMMENTED = LONG.replace("    count", "    # my own idea\n    count").replace(
    "):\n    order", '):\n    """Mine."""\n    order'
)
NEARLY = LONG.replace("    return keep\n", "    assert keep.any()\n    return keep\n")
OTHER = """
def filters_to_keep(scores, amount):
    total = scores.numel()
    gone = min(total - 1, int(amount * total + 0.5))
    if gone == 0:
        return scores == scores
    edge = scores.sort().values[gone - 1]
    ties = (scores == edge).cumsum(0) <= gone - (scores < edge).sum()
    return ~((scores < edge) | ((scores == edge) & ties))
"""


def test_answers_that_differ_in_names_comments_and_layout_are_the_same():
    (found,) = likeness.alike("x", {"a": LONG, "b": RENAMED, "c": COMMENTED, "d": OTHER})
    assert found.students == ("a", "b", "c") and found.share == 1


def test_a_question_without_points_is_called_practice_and_nothing_is_said_of_its_points():
    marks = Mark("filter_l1", "correct", 2, 2), Mark("bugs", "correct", 0, 0)
    scored = Scored({"02-filter_l1-check": Held(2, 2), "02-bugs-check": Held(0, 0)}, 2)
    graded = Graded(NAME, Result("ann", "", marks), WHEN, 0, 0.0, scored)
    page = pages.the_class([graded], NAME)
    row = page[page.index("<td>bugs") :].partition("</tr>")[0]
    assert "practice" in row and "few points" not in row and "0 of 0" not in page
    assert "bugs: " in pages.student(graded) and "(practice)" in pages.student(graded)


def test_nothing_is_said_of_a_question_whose_points_a_person_has_not_given_yet():
    scored = Scored({"02-collapse-explain": Held(0, 2, waits=True)}, 0)
    page = pages.the_class([Graded(NAME, Result("ann", "", ()), WHEN, 0, 0.0, scored)], NAME)
    row = page[page.index("<td>collapse") :].partition("</tr>")[0]
    assert "1 to be graded by a person" in row and "few points" not in row and "0.00" not in row


def test_a_changed_line_is_nearly_the_same_and_another_way_is_not():
    found = likeness.alike("x", {"a": LONG, "b": NEARLY, "c": OTHER})
    assert [one.students for one in found] == [("a", "b")] and 0.8 <= found[0].share < 1


@pytest.mark.parametrize("known", [LONG, RENAMED, COMMENTED])
def test_what_everybody_was_given_and_the_official_answer_are_nobodys(known):
    assert likeness.alike("x", {"a": LONG, "b": RENAMED, "c": LONG}, [known]) == []


def test_short_answers_are_alike_by_themselves_and_not_reported():
    short = "def f(x):\n    return x.abs().sum((1, 2, 3))"
    assert likeness.alike("x", {"a": short, "b": short}) == []


@pytest.mark.parametrize(
    "source", ["def f(:\n", "'", "(" * 5000, "x = " + "1+" * 5000 + "1", "\x00", "", "\tif x:\n y\n  z"]
)
def test_any_text_can_be_compared(source):
    assert isinstance(likeness.alike("x", {"a": source, "b": source, "c": LONG}), list)


def test_a_class_of_300_is_compared_without_comparing_all_pairs():
    answers = {f"s{n}": LONG.replace("round", f"round{n % 7}").replace("1,", f"{n}, ") for n in range(300)}
    found = likeness.alike("x", answers)
    assert len(found) < 300 * 299 / 2


# what platforms import


GRADED = [
    entry(
        "annlee_12345",
        2.0,
        0.5,
        name="Ann Lee",
        number="12345",
        roster={"student": "ann", "lms": "12345", "sis": "s1", "section": "A", "email": "a@u"},
    ),
    entry("bob", 1.0, 0.0, name="Bob Roe"),
    entry("gone", 0.0, 0.0, name="Gone", came=False, problem="Nothing was handed in."),
]


def rows(path):
    return list(csv.DictReader(path.open(encoding="utf-8", newline="")))


def written(tmp_path, *platforms):
    for one in GRADED[:2]:
        place = tmp_path / "feedback" / one.result.student / NAME
        place.mkdir(parents=True)
        (place / f"{NAME}.html").write_text("page")
    return exports.write(GRADED, tmp_path, platforms)


def test_canvas_gets_its_columns_points_possible_and_scores(tmp_path):
    path, _ = written(tmp_path, "canvas")
    possible, ann, bob, gone = rows(path)
    assert list(possible) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME]
    assert possible["Student"].strip() == "Points Possible" and possible[NAME] == "4"
    assert ann == {
        "Student": "Ann Lee",
        "ID": "12345",
        "SIS User ID": "s1",
        "SIS Login ID": "ann",
        "Section": "A",
        NAME: "2.5",
    }
    assert (bob["SIS Login ID"], bob[NAME], gone[NAME]) == ("bob", "1", "0")


def test_moodle_gets_its_worksheets_columns_and_words(tmp_path):
    path, _ = written(tmp_path, "moodle")
    ann, bob, gone = rows(path)
    assert (ann["Identifier"], ann["Email address"], ann["Grade"], ann["Maximum grade"]) == (
        "Participant 12345",
        "a@u",
        "2.5",
        "4",
    )
    assert (
        "q0: 2 of 2" in ann["Feedback comments"]
        and bob["Username"] == "bob"
        and "Nothing was handed in." in gone["Feedback comments"]
    )


def test_blackboard_gets_usernames_and_every_cell_in_quotes(tmp_path):
    path, _ = written(tmp_path, "blackboard")
    ann, *_ = rows(path)
    assert (ann["Username"], ann["Last Name"], ann["First Name"], ann[f"{NAME} [Total Pts: 4]"]) == (
        "ann",
        "Lee",
        "Ann",
        "2.5",
    )
    assert all(cell.startswith('"') and cell.endswith('"') for cell in path.read_text().splitlines())


@pytest.mark.parametrize(
    ("platform", "file", "named"),
    [
        ("canvas", f"leeann_LATE_12345_901_{NAME}.ipynb", f"leeann_LATE_12345_901_{NAME}.html"),
        ("canvas", "leeann_12345_901_some_work-2.ipynb", f"leeann_12345_901_{NAME}.html"),
        ("moodle", f"Ann Lee_77_assignsubmission_file_{NAME}.ipynb", f"Ann Lee_77_assignsubmission_file_{NAME}.html"),
        ("moodle", "Ann Lee_77_assignsubmission_file", f"Ann Lee_77_assignsubmission_file_{NAME}.html"),
        ("moodle", "ann", f"ann_12345_assignsubmission_file_{NAME}.html"),
        ("canvas", "ann", f"ann_{NAME}.html"),
    ],
)
def test_a_feedback_page_comes_back_under_the_name_by_which_the_platform_knows_it(platform, file, named, tmp_path):
    label = naming.label(file, NAME, "." not in file)
    one = entry("ann", 2.0, 0.5, name="Ann Lee", number="12345")
    page = tmp_path / "feedback" / "ann" / NAME / f"{NAME}.html"
    page.parent.mkdir(parents=True)
    page.write_text("page")
    *_, path = exports.write([replace(one, prefix=label.prefix)], tmp_path, [platform])
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [named]


def test_a_platform_that_is_not_known_is_refused_and_none_writes_nothing(tmp_path):
    with pytest.raises(CourseError, match="canvas, moodle, blackboard"):
        exports.write(GRADED, tmp_path, ["sakai"])
    assert exports.write(GRADED, tmp_path, []) == [] and list(tmp_path.iterdir()) == []


def test_a_class_in_which_nothing_changed_is_not_compared_again(tmp_path, monkeypatch):
    asked = [likeness.Asked("x", {"a": LONG, "b": RENAMED}, [])]
    first = likeness.in_class(asked, tmp_path / "kept.json")
    monkeypatch.setattr(likeness, "alike", lambda *given: pytest.fail("compared again"))
    assert likeness.in_class(asked, tmp_path / "kept.json") == first != []
    monkeypatch.setattr(likeness, "alike", lambda *given: [])
    assert likeness.in_class([likeness.Asked("x", {"a": LONG, "b": OTHER}, [])], tmp_path / "kept.json") == []
    (tmp_path / "kept.json").write_text("{")
    assert likeness.in_class(asked, tmp_path / "kept.json") == []
