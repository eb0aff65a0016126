"""One score: our CSV, the student's page, formgrader's sums and `nbgrader export` agree, whatever happened before.

Sequences of what happens to a class are drawn: handing in, grading by hand, comments, deadlines, deleted files, withdrawals.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from datetime import datetime, timezone

import pytest
from class_of_02 import NAME, WORDS, code, explained, graded, handed_in
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_lib.grading import seeds
from course_lib.grading.book import formgrader, gradebook

KILLS = int(os.environ.get("COURSE_KILLS", "3"))  # large in `make validate`
CHECK = "02-filter_l1-check"
DUE = datetime(2026, 11, 20, tzinfo=timezone.utc)
WHEN = ("2026-11-19 10:00:00 UTC", "2026-11-20 10:00:00 UTC", "2026-11-22 10:00:00 UTC")


def database(out):
    from nbgrader.api import Gradebook

    return Gradebook(f"sqlite:///{out}/gradebook.db")


def by_hand(out, student, cell, score, extra=None, comment=None):
    """Do what formgrader's API does when a person types a score and a comment."""
    with database(out) as book:
        grade = book.find_grade(cell, NAME, NAME, student)
        grade.manual_score, grade.extra_credit = score, extra
        grade.needs_manual_grade = grade.manual_score is None and grade.auto_score is None
        if comment is not None:
            book.find_comment(cell.replace("-check", "-answer"), NAME, NAME, student).manual_comment = comment
        book.db.commit()


def exported(out):
    """Return student -> (raw score, penalty, score) as `nbgrader export` writes them."""
    from nbgrader.plugins import CsvExportPlugin

    path = out / "grades.csv"
    with database(out) as book:
        CsvExportPlugin(to=str(path)).export(book)
    rows = [row for row in csv.DictReader(path.open()) if row["timestamp"]]
    return {r["student_id"]: tuple(float(r[key]) for key in ("raw_score", "late_submission_penalty", "score")) for r in rows}


def in_formgrader(out):
    """Return student -> the sum that formgrader lists."""
    with database(out) as book:
        return {row["student"]: row["score"] for row in book.notebook_submission_dicts(NAME, NAME)}


def in_csv(out):
    rows = list(csv.DictReader((out / f"{NAME}.csv").open()))
    for row in rows:  # the columns add up
        names = list(row)[list(row).index("section") + 1 : list(row).index("points")]
        assert sum(float(row[name]) for name in names) == pytest.approx(float(row["points"]))
    return {row["student"]: tuple(float(row[key]) for key in ("points", "penalty", "score")) for row in rows}


def on_page(out, student):
    page = (out / "feedback" / student / NAME / f"{NAME}.html").read_text()
    return float(re.search(r"<b>([-\d.e+]+) of 14 points", page)[1])


def agree(out, students):
    """Check that all sums are the same, and return student -> score."""
    ours, theirs, listed = in_csv(out), exported(out), in_formgrader(out)
    assert set(ours) == set(theirs) == set(listed) == set(students)
    for student in students:
        assert ours[student] == pytest.approx(theirs[student]), student
        assert listed[student] == pytest.approx(ours[student][0]), student
        assert on_page(out, student) == pytest.approx(ours[student][2], rel=1e-4), student
    return {student: ours[student][2] for student in students}


def answered(folder, student, points=1.5, words="Because.", when=WHEN[0], more=""):
    return handed_in(folder, student, code(f"filter_l1 = {points}"), explained(words), code(more), when=when)


def test_points_by_hand_and_for_words_are_in_every_sum_and_the_penalty_covers_them(tmp_path):
    given, out = tmp_path / "in", tmp_path / "out"
    answered(given, "amy", when=WHEN[1])
    graded(given, out, due=DUE, late=0.25)
    assert agree(out, ["amy"]) == {"amy": 1.125}
    by_hand(out, "amy", WORDS, 2, comment="Well <b>said</b>.")
    by_hand(out, "amy", CHECK, 0.5, extra=1.5)
    found = graded(given, out, due=DUE, late=0.25)
    assert agree(out, ["amy"]) == {"amy": 3} and found["amy"].penalty == 1
    page = (out / "feedback" / "amy" / NAME / f"{NAME}.html").read_text()
    assert "4, less 1: 25% of it for 1 day late" in page and "Well &lt;b&gt;said&lt;/b&gt;." in page
    assert "A person changed the points; the grader gave 1.5." in page


def test_a_new_submission_keeps_what_a_person_gave_only_where_the_answer_is_the_same(tmp_path):
    given, out = tmp_path / "in", tmp_path / "out"
    answered(given, "amy")
    graded(given, out)
    by_hand(out, "amy", WORDS, 2, comment="Good.")
    by_hand(out, "amy", CHECK, 1.75, comment="See me.")
    answered(given, "amy", more="# something else changed")
    scored = graded(given, out)["amy"].scored
    assert (scored.cells[WORDS].points, scored.cells[CHECK].points, scored.waits) == (2, 1.75, False)
    answered(given, "amy", words="Because of something else.")
    scored = graded(given, out)["amy"].scored
    assert (scored.cells[WORDS].points, scored.cells[WORDS].waits, scored.cells[CHECK].points) == (0, True, 1.75)
    assert scored.comments == {"02-filter_l1-answer": "See me."}
    answered(given, "amy", points=1, words="Because of something else.")
    scored = graded(given, out)["amy"].scored
    assert (scored.cells[CHECK].points, scored.comments) == (1, {})


def test_a_gradebook_that_was_deleted_is_filled_again_and_a_graded_notebook_too(tmp_path):
    given, out = tmp_path / "in", tmp_path / "out"
    answered(given, "amy")
    graded(given, out)
    (out / "gradebook.db").unlink()
    graded(given, out)
    assert agree(out, ["amy"]) == {"amy": 1.5}
    shutil.rmtree(out / "autograded")
    by_hand(out, "amy", WORDS, 1)
    assert graded(given, out)["amy"].scored.cells[WORDS].waits  # whether it is for this answer is not known
    assert agree(out, ["amy"]) == {"amy": 2.5} and gradebook.notebook_of(out, NAME, "amy").exists()


def test_a_submission_that_is_withdrawn_goes_from_every_sum(tmp_path):
    given, out = tmp_path / "in", tmp_path / "out"
    answered(given, "amy")
    answered(given, "bob")
    graded(given, out)
    url = f"sqlite:///{(out / 'gradebook.db').resolve()}"
    shutil.rmtree(given / "amy")
    gradebook.withdraw(url, NAME, "amy")
    gradebook.withdraw(url, NAME, "amy")  # nothing is there: nothing happens
    graded(given, out)
    assert agree(out, ["bob"]) == {"bob": 1.5} and set(gradebook.scores(url, NAME)) == {"bob"}
    answered(given, "amy")
    graded(given, out)
    assert agree(out, ["amy", "bob"]) == {"amy": 1.5, "bob": 1.5}


STUDENTS = ("amy", "bob")
NUMBERS = st.sampled_from([0, 0.1, 0.5, 1.3, 2, 3.7, None])
STEPS = st.one_of(
    st.tuples(st.just("hand in"), st.sampled_from(STUDENTS), st.sampled_from([0, 0.5, 2]), st.sampled_from(["Yes.", "No."]),
              st.sampled_from(WHEN)),
    st.tuples(st.just("grade by hand"), st.sampled_from(STUDENTS), st.sampled_from([WORDS, CHECK]), NUMBERS, NUMBERS),
    st.tuples(st.just("delete the gradebook")),
    st.tuples(st.just("delete a graded notebook"), st.sampled_from(STUDENTS)),
    st.tuples(st.just("delete the results")),
    st.tuples(st.just("withdraw"), st.sampled_from(STUDENTS)),
    st.tuples(st.just("grade"), st.sampled_from([0.0, 0.1, 0.3, 1.0])),
)  # fmt: skip


@settings(max_examples=30 if KILLS >= 20 else 4, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=2, max_size=5))
def test_after_any_sequence_of_events_all_four_sums_are_equal(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("drawn")
    given, out, url = folder / "in", folder / "out", f"sqlite:///{(folder / 'out' / 'gradebook.db').resolve()}"
    answered(given, "eve", words="")  # somebody stays
    late, there = 0.1, {"eve"}
    for what, *how in [*steps, ("grade", 0.2), ("grade", 0.2)]:
        if what == "hand in":
            answered(given, how[0], *how[1:])
            there.add(how[0])
        elif what == "withdraw" and how[0] in there:
            shutil.rmtree(given / how[0])
            there.discard(how[0])
            if out.exists():
                gradebook.withdraw(url, NAME, how[0])
        elif what == "grade":
            late = how[0]
            graded(given, out, due=DUE, late=late)
            agree(out, sorted(there))
        elif what == "grade by hand" and (out / "gradebook.db").exists() and how[0] in gradebook.scores(url, NAME):
            by_hand(out, *how)
        elif what == "delete the gradebook" and out.exists():
            (out / "gradebook.db").unlink(missing_ok=True)
        elif what == "delete the results":
            shutil.rmtree(out / "results", ignore_errors=True)
        elif what == "delete a graded notebook":
            shutil.rmtree(out / "autograded" / how[0], ignore_errors=True)


# seeds


def test_seeds_lie_outside_the_folder_and_follow_it_when_it_is_moved(tmp_path):
    out = tmp_path / "out"
    first = seeds.seed_of(out, NAME)
    assert seeds.seed_of(out, NAME) == first and seeds.seed_of(out, "03_other") != first
    assert str(first) not in "".join(path.read_text() for path in out.rglob("*") if path.is_file())
    out.rename(tmp_path / "moved")
    assert seeds.seed_of(tmp_path / "moved", NAME) == first
    assert seeds.seed_of(tmp_path / "another", NAME) != first
    for path in seeds.folder().iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_seeds_of_older_versions_are_moved_out_of_the_folder(tmp_path):
    (tmp_path / "seeds.json").write_text(json.dumps({NAME: 42}))
    assert seeds.seed_of(tmp_path, NAME) == 42 and not (tmp_path / "seeds.json").exists()
    assert seeds.seed_of(tmp_path, NAME) == 42


def test_a_call_that_was_killed_while_seeds_were_moved_loses_none(tmp_path, monkeypatch):
    (tmp_path / "seeds.json").write_text(json.dumps({NAME: 42}))
    with monkeypatch.context() as patched:
        patched.setattr(seeds.Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            seeds.seed_of(tmp_path, NAME)
    assert seeds.seed_of(tmp_path, NAME) == 42 and not (tmp_path / "seeds.json").exists()


def test_seeds_that_cannot_be_kept_are_one_sentence(tmp_path, monkeypatch):
    from course_lib.errors import CourseError

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_SEEDS_DIR", str(tmp_path / "file" / "below"))
    with pytest.raises(CourseError, match="set COURSE_SEEDS_DIR"):
        seeds.seed_of(tmp_path / "out", NAME)


def test_where_formgrader_opens_without_grades_is_the_list_of_lessons(tmp_path):
    (tmp_path / "02_x.json").write_text("{")
    assert formgrader.place(tmp_path) == "/formgrader/gradebook"
