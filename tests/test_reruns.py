"""Calling `course grade` again: nothing that was said or given before is lost, and what changed is graded again."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import nbformat
import pytest
from sqlalchemy.exc import OperationalError

from course_lib import grading
from course_lib.errors import CourseError
from course_lib.grading import places, run, versions
from course_lib.grading.book import enrolment, formgrader, gradebook
from course_lib.grading.collecting import times
from course_lib.grading.reading import reader
from course_lib.grading.report import pages, publishing
from course_lib.grading.results import Held, Mark, Result, Scored
from course_lib.grading.sandbox.box import Limits
from course_lib.teaching import exercises

ROOT = Path(__file__).parents[1]
NAME = "02_l1_filter_pruning"
DUE = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


class Book:
    """Stands for nbgrader's gradebook: url -> student -> what is held of him."""

    def __init__(self, monkeypatch):
        self.urls = {}
        self.recorded = []
        self.touched = set()
        for name in ("prepare", "record", "withdraw", "settle", "scores", "by_hand"):
            monkeypatch.setattr(gradebook, name, getattr(self, name))
        monkeypatch.setattr(enrolment, "enrol", lambda url, graded: None)

    def prepare(self, url, *rest):
        self.urls.setdefault(url, {})
        places.file_of(url).touch()

    def record(self, url, lesson, book, result, submitted, folder, kept=()):
        cells = {f"02-{mark.exercise}-check": Held(mark.points, mark.out_of) for mark in result.marks}
        self.urls[url][result.student] = Scored(cells, result.points)
        self.recorded.append(result.student)
        path = gradebook.notebook_of(folder, lesson, result.student)
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(), path)
        return path

    def withdraw(self, url, lesson, student):
        self.urls[url].pop(student, None)

    def settle(self, url, lesson, shares):
        for student, share in shares.items():
            held = self.urls[url][student]
            self.urls[url][student] = replace(held, penalty=share * held.points)
        return self.scores(url, lesson)

    def by_hand(self, url, lesson):
        return set(self.urls[url]) & self.touched

    def scores(self, url, lesson):
        return dict(self.urls[url])


@pytest.fixture
def book(monkeypatch):
    return Book(monkeypatch)


@pytest.fixture
def seen(monkeypatch):
    """Who was graded, in order: what a notebook says about its points is believed here."""
    students = []

    def mark(path, student, lesson, *rest):
        students.append(student)
        marks = [
            Mark(one.name, "correct", 2.0, 2.0)
            if one.name == "filter_l1"
            else Mark(one.name, "not yet", 0.0, one.points, source=f"def {one.name}():\n    {student}")
            for one in exercises.of(lesson)
        ]
        return Result(student, grading.run.digest(grading.run.Submission(student, path, DUE)), tuple(marks))

    monkeypatch.setattr(run, "mark", mark)
    return students


def handed_in(folder, student, content="{}", when=DUE):
    path = folder / student / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (when.timestamp(), when.timestamp()))
    return path


@pytest.fixture
def folder(tmp_path):
    for student, days in (("amy", 0), ("late", 1.5)):
        handed_in(tmp_path / "in", student, f'{{"by": "{student}"}}', DUE + timedelta(days=days))
    return tmp_path


def graded(folder, said=None, **options):
    given = {
        "jobs": 1,
        "limits": Limits(wall=30),
        "unsafe": True,
        "tell": (said if said is not None else []).append,
    } | options
    found = grading.grade(ROOT, folder / "in", "02", folder / "out", **given)
    return {entry.result.student: entry for entry in found}


def table(folder):
    return {row["student"]: row for row in csv.DictReader((folder / "out" / f"{NAME}.csv").open())}


def test_a_rerun_without_due_penalty_roster_and_times_keeps_them_and_says_so(folder, book, seen):
    (folder / "class.csv").write_text("student,name,extension\nlate,Lara Late,1\n")
    (folder / "times.csv").write_text("student,time\namy,2026-11-23T11:00Z\n")
    first = graded(folder, due=DUE, late=0.25, roster=folder / "class.csv", received=folder / "times.csv")
    assert {name: (entry.days, entry.penalty) for name, entry in first.items()} == {"amy": (3, 1.5), "late": (1, 0.5)}
    before = table(folder)
    (folder / "class.csv").unlink()
    (folder / "times.csv").unlink()
    said = []
    again = graded(folder, said)
    assert {name: (entry.days, entry.penalty) for name, entry in again.items()} == {"amy": (3, 1.5), "late": (1, 0.5)}
    assert table(folder) == before and seen == ["amy", "late"] and book.recorded == ["amy", "late"]
    assert "The deadline of an earlier call counts: 2026-11-20 12:00 UTC." in said
    assert sum("of an earlier call counts" in sentence for sentence in said) == 4
    page = (folder / "out" / f"{NAME}.html").read_text()
    assert all(sentence in page for sentence in said)


def test_a_new_deadline_changes_the_penalty_and_grades_nobody_again(folder, book, seen):
    graded(folder, due=DUE, late=0.25)
    again = graded(folder, due=DUE + timedelta(days=7))
    assert again["late"].penalty == 0 and seen == book.recorded == ["amy", "late"]


def test_a_deadline_can_be_taken_back(folder, book, seen):
    graded(folder, due=DUE, late=0.25)
    assert graded(folder, due=times.NONE)["late"].penalty == 0
    said = []
    assert graded(folder, said)["late"].days == 0 and not any("deadline" in sentence for sentence in said)
    assert times.given("--due", "none") == times.NONE


def test_what_cannot_be_read_for_a_moment_keeps_its_earlier_result_and_its_time(folder, book, seen, monkeypatch):
    first = graded(folder, due=DUE, late=0.25)["late"]
    real = Path.iterdir

    def refused(path):
        if path.name == "late":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    os.utime(folder / "in" / "late", (0, 0))
    now = graded(folder)["late"]
    assert (now.score, now.days, now.submitted, now.result) == (first.score, first.days, first.submitted, first.result)
    assert any("Permission denied" in note and "earlier result" in note for note in now.notes)
    assert book.recorded == ["amy", "late"]
    shutil.rmtree(folder / "out")
    assert "Permission denied" in graded(folder)["late"].result.problem  # where there is no earlier result


def test_a_withdrawn_submission_goes_from_every_table_and_comes_back_when_it_is_handed_in_again(folder, book, seen):
    graded(folder)
    shutil.move(folder / "in" / "late", folder / "aside")
    said = []
    assert set(graded(folder, said)) == set(table(folder)) == {"amy"}
    assert said[-1] == "No longer among the submissions, and taken out of all tables: late."
    assert not (folder / "out" / "feedback" / "late").exists() and (folder / "out" / "feedback" / "amy").exists()
    assert [set(students) for students in book.urls.values()] == [{"amy"}]
    shutil.move(folder / "aside", folder / "in" / "late")
    assert set(graded(folder)) == {"amy", "late"} and [set(found) for found in book.urls.values()] == [{"amy", "late"}]


def test_a_folder_without_any_notebook_does_not_withdraw_the_class(folder, book, seen):
    graded(folder)
    before = table(folder)
    shutil.rmtree(folder / "in")
    (folder / "in" / "photos").mkdir(parents=True)
    (folder / "in" / "photos" / "x.jpg").touch()
    with pytest.raises(CourseError, match=r"no notebook was found .* Is it the folder of the submissions"):
        graded(folder)
    assert table(folder) == before


def test_a_changed_exercise_and_a_changed_notebook_are_graded_again(folder, book, seen, monkeypatch):
    graded(folder)
    graded(folder)
    assert len(seen) == 2
    monkeypatch.setattr(versions, "judging", lambda *given: "another")
    graded(folder)
    assert len(seen) == 4


def test_the_hash_of_judging_follows_the_judges_the_lesson_and_what_they_use_and_nothing_else(tmp_path, monkeypatch):
    notebook = ROOT / "notebooks" / f"{NAME}.ipynb"
    names = {path.relative_to(versions.LIBRARY).as_posix() for path in versions.files("02")}
    used = ("filter_l1.py", "attempts.py", "plain.py")
    assert all(any(name.endswith(f"/{wanted}") for name in names) for wanted in used)
    assert {
        "axes/scores.py",
        "grading/marking.py",
        "grading/reading/finding.py",
        "grading/sandbox/worker.py",
        "teaching/deciding.py",
    } <= names
    assert not {"grading/report/pages.py", "grading/run.py", "command/cli.py"} & names
    assert not any("lesson03" in name or "lesson05" in name for name in names)
    copy = tmp_path / "course_lib"
    shutil.copytree(versions.LIBRARY, copy, ignore=shutil.ignore_patterns("__pycache__", "embedded"))
    monkeypatch.setattr(versions, "LIBRARY", copy)
    before = versions.judging("02", notebook)
    for place, changes in (
        ("command/cli.py", False),
        ("teaching/exercises/lesson02/bugs.py", True),
        ("axes/scores.py", True),
    ):
        (copy / place).write_text((copy / place).read_text() + "\n# changed\n")
        now = versions.judging("02", notebook)
        assert (now != before) == changes, place
        before = now
    changed = tmp_path / notebook.name
    changed.write_text(notebook.read_text() + " ")
    assert versions.judging("02", changed) != before


def test_a_file_that_is_replaced_while_it_is_graded_is_graded_again_by_the_next_call(folder, book, seen, monkeypatch):
    monkeypatch.setattr(reader, "keep", lambda path: handed_in(folder / "in", "amy", '{"by": "amy, once more"}') and [])
    graded(folder)
    monkeypatch.setattr(reader, "keep", lambda path: [])
    seen.clear()
    graded(folder)
    assert seen == ["amy"]
    seen.clear()
    graded(folder)
    assert seen == []


def test_one_student_or_all_are_graded_again_when_that_is_asked(folder, book, seen):
    graded(folder)
    graded(folder, again=["late"])
    assert seen == ["amy", "late", "late"] and book.recorded == ["amy", "late", "late"]
    graded(folder, again=["all"])
    assert seen[3:] == ["amy", "late"]
    with pytest.raises(CourseError, match="--again bob was given; there are amy, late"):
        graded(folder, again=["bob"])


def test_a_gradebook_that_was_deleted_is_filled_again(folder, book, seen):
    graded(folder)
    (folder / "out" / "gradebook.db").unlink()
    book.urls.clear()
    graded(folder)
    assert [set(found) for found in book.urls.values()] == [{"amy", "late"}] and len(seen) == 2


def test_a_relative_gradebook_means_the_same_in_every_folder(folder, book, seen, monkeypatch):
    monkeypatch.chdir(folder)
    graded(folder, url="sqlite:///grades.db")
    assert list(book.urls) == [f"sqlite:///{folder}/grades.db"]
    monkeypatch.chdir("/")
    assert places.resolved(f"sqlite:///{folder}/grades.db") == f"sqlite:///{folder}/grades.db"
    assert places.resolved("postgresql://me@host/grades") == "postgresql://me@host/grades"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "grades.db", "/tmp/grades.db", "sqlite:grades.db", ""])
def test_a_gradebook_that_would_be_lost_or_is_no_url_is_refused(url):
    with pytest.raises(CourseError, match="--db"):
        places.resolved(url)


# one student or one disk does not stop the class


def test_a_name_of_any_length_is_graded_and_stands_in_every_table(folder, book, seen):
    long = "Ÿ" * 120
    handed_in(folder / "in", long)
    handed_in(folder / "in", "Jo M")
    handed_in(folder / "in", "Jo-M")
    found = graded(folder)
    names = {entry.name for entry in found.values()}
    assert {long, "Jo M", "Jo-M"} <= names and len(found) == 5
    assert {row["name"] for row in table(folder).values()} == names
    page = (folder / "out" / f"{NAME}.html").read_text()
    assert all(name in page for name in names)
    assert {row["name"] for row in json.loads((folder / "out" / f"{NAME}.json").read_text())} == names


def test_who_handed_in_something_else_gets_a_row_of_no_points_and_is_not_read_again(folder, book, seen):
    (folder / "in" / "hal").mkdir()
    (folder / "in" / "hal" / "hw.html").write_text("<html>")
    found = graded(folder)
    assert found["hal"].score == 0 and "hw.html" in found["hal"].result.problem and "hal" not in seen
    assert "hw.html" in table(folder)["hal"]["problem"] and "hal" in book.recorded
    assert "hw.html" in (folder / "out" / "feedback" / "hal" / NAME / f"{NAME}.html").read_text()
    book.recorded.clear()
    graded(folder)
    assert book.recorded == []


FULL, READ_ONLY = OSError(28, "No space left on device"), OSError(30, "Read-only file system")
BROKEN = OperationalError("insert", {}, Exception("database or disk is full"))


@pytest.mark.parametrize(
    ("where", "error", "said"),
    [
        (pages, FULL, "cannot be written into .*No space left on device.*what is finished is kept"),
        (pages, READ_ONLY, "cannot be written into .*Read-only file system"),
        (gradebook, BROKEN, "the gradebook failed: database or disk is full"),
    ],
)
def test_a_disk_or_a_database_that_fails_is_one_sentence_and_the_next_call_goes_on(
    where, error, said, folder, book, seen, monkeypatch
):
    def fail(*given):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(where, "summaries" if where is pages else "record", fail)
        with pytest.raises(CourseError, match=said):
            graded(folder)
    assert set(graded(folder)) == {"amy", "late"} and seen.count("amy") == 1


def test_a_folder_that_cannot_be_made_is_one_sentence(folder, book, seen):
    (folder / "out").write_text("a file")
    with pytest.raises(CourseError, match="cannot be written into"):
        graded(folder)


def test_two_graders_on_one_gradebook_file_take_turns(folder, book, seen):
    url = f"sqlite:///{folder}/shared.db"
    (folder / "elsewhere").mkdir()
    with (
        places.alone(folder / "elsewhere", url),
        pytest.raises(CourseError, match=r"another process is grading into .*shared\.db"),
    ):
        graded(folder, url=url)
    assert set(graded(folder, url=url)) == {"amy", "late"}


def test_notebooks_in_archives_are_graded_and_nothing_of_them_stays_behind(folder, book, seen, monkeypatch, tmp_path):
    import tempfile
    import zipfile

    monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
    (folder / "tmp").mkdir()
    with zipfile.ZipFile(folder / "in" / "zoe.zip", "w") as archive:
        archive.writestr(f"{NAME}.ipynb", "{}")
    assert set(graded(folder)) == {"amy", "late", "zoe"} and "zoe" in seen
    graded(folder)
    assert seen.count("zoe") == 1 and not list((folder / "tmp").glob("course-grade-*"))


# nbgrader's own tables


def test_nbgraders_gradebook_has_the_names_and_those_who_handed_in_nothing(folder, seen):
    from nbgrader.api import Gradebook

    handed_in(folder / "in", "Jo M")
    (folder / "class.csv").write_text("student,name,email,lms_id\namy,Amy =Lee,amy@uni.edu,77\ngone,=1+1,,\n")
    graded(folder, roster=folder / "class.csv")
    graded(folder)
    with Gradebook(f"sqlite:///{folder}/out/gradebook.db") as book:
        names = {one.id: (one.first_name, one.last_name, one.email, one.lms_user_id) for one in book.students}
        with_work = {submission.student.id for submission in book.assignment_submissions(NAME)}
    (jo,) = [student for student in names if student.startswith("Jo-M-")]
    assert names["amy"] == ("Amy", "'=Lee", "amy@uni.edu", "77") and names["late"] == (None,) * 4
    assert names[jo][:2] == ("Jo", "M") and names["gone"][:2] == (None, "'=1+1")
    assert with_work == {"amy", "late", jo}
    shutil.rmtree(folder / "in" / "late")
    graded(folder)
    with Gradebook(f"sqlite:///{folder}/out/gradebook.db") as book:
        assert {one.id for one in book.students} == {"amy", jo, "gone"}


# the command


def command(folder, *options):
    from typer.testing import CliRunner

    from course_lib.command import cli

    line = ["grade", str(folder / "in"), "--lesson", "02", "--out", str(folder / "out"), "--unsafe", "--jobs", "1", *options]
    return CliRunner().invoke(cli.app, line, env={"COLUMNS": "300"})


def test_the_command_says_which_deadline_counts_and_that_no_zone_is_utc(folder, book, seen, monkeypatch):
    monkeypatch.chdir(ROOT)
    done = command(folder, "--due", "2026-11-20 13:00 Europe/Berlin", "--late-penalty", "0.25")
    assert done.exit_code == 0 and "Due 2026-11-20 12:00 UTC." in done.output and "no time zone" not in done.output
    assert f"late: 1 of {sum(one.points for one in exercises.of('02')):g} points" in done.output
    done = command(folder, "--due", "2026-11-20T12:00", "--export", "canvas", "--again", "amy")
    assert "--due 2026-11-20T12:00 has no time zone: it is taken as UTC." in done.output
    assert f"{NAME}-canvas.csv" in done.output and (folder / "out" / f"{NAME}-feedback.zip").exists()
    assert seen == ["amy", "late", "amy"]


@pytest.mark.parametrize("due", ["2026-11-20", "soon", "2026-11-20T12:00 CST"])
def test_the_command_refuses_a_deadline_that_is_not_certain(due, folder, book, seen, monkeypatch):
    monkeypatch.chdir(ROOT)
    done = command(folder, "--due", due)
    assert isinstance(done.exception, CourseError) and "--due" in str(done.exception) and not (folder / "out").exists()


def test_students_own_pages_are_published_and_nothing_else(folder, book, seen, monkeypatch):
    monkeypatch.chdir(ROOT)
    done = command(folder, "--publish", str(folder / "shared"))
    assert done.exit_code == 0 and "2 new or changed pages" in done.output
    made = {str(path.relative_to(folder / "shared")) for path in (folder / "shared").rglob("*") if path.is_file()}
    assert made == {f"amy/{NAME}.html", f"late/{NAME}.html"}
    assert "late" not in (folder / "shared" / "amy" / f"{NAME}.html").read_text()
    shutil.rmtree(folder / "in" / "late")
    assert "0 new or changed pages" in command(folder, "--publish", str(folder / "shared")).output
    assert [path.parent.name for path in (folder / "shared").rglob("*.html")] == ["amy"]
    refused = command(folder, "--publish", str(folder / "out" / "public"))
    assert isinstance(refused.exception, CourseError) and "no student may see" in str(refused.exception)


def test_a_page_is_printed_as_pdf_where_a_browser_is_and_refused_in_words_where_none_is(folder, book, seen, monkeypatch):
    monkeypatch.chdir(ROOT)
    if publishing._browser():
        done = command(folder, "--publish", str(folder / "shared"), "--pdf")
        assert done.exit_code == 0, done.exception
        assert (folder / "shared" / "amy" / f"{NAME}.pdf").read_bytes().startswith(b"%PDF")
    monkeypatch.setattr(publishing, "BROWSERS", ("no-such-browser",))
    refused = command(folder, "--publish", str(folder / "other"), "--pdf")
    assert isinstance(refused.exception, CourseError) and "no-such-browser" in str(refused.exception)
    assert not (folder / "other").exists()


def test_a_student_asks_for_a_regrade_by_a_file_beside_the_notebook(folder, book, seen):
    (folder / "in" / "amy" / "regrade.txt").write_text("filter_l1: it is <b>right</b>, see cell 7." + "x" * 9000)
    entry = graded(folder)["amy"]
    (note,) = entry.notes
    assert note.startswith("asks for a regrade: filter_l1") and len(note) < 2100
    page = (folder / "out" / f"{NAME}.html").read_text()
    assert "asks for a regrade: filter_l1: it is &lt;b&gt;right" in page
    assert "regrade.txt" in (folder / "out" / "feedback" / "amy" / NAME / f"{NAME}.html").read_text()


def test_a_servers_password_is_neither_said_nor_kept_where_others_read_it(folder, book, seen):
    url = "postgresql+psycopg://ina:hidden@word@host/grades"
    assert places.shown(url) == "postgresql+psycopg://ina:***@host/grades"
    with pytest.raises(CourseError, match="cannot be opened") as caught:
        gradebook._open("postgresql+nodriver://ina:hidden@word@host/grades")
    assert "hidden" not in str(caught.value)
    formgrader.settings(folder, url)
    assert (folder / formgrader.SETTINGS).stat().st_mode & 0o077 == 0
    formgrader.settings(folder, "sqlite:////tmp/grades.db")
    graded(folder)
    assert not any(b"gradebook.db" in path.read_bytes() for path in (folder / "out" / "results").rglob("*.json"))


def test_what_nbgraders_exchange_knows_a_submission_by_stays_beside_the_graded_notebook(folder, book, seen):
    for name in gradebook.EXCHANGE:
        (folder / "in" / "amy" / name).write_text("2026-11-19 10:00:00 UTC")
    graded(folder)
    place = folder / "out" / "autograded" / "amy" / NAME
    assert {path.name for path in place.iterdir()} == {f"{NAME}.ipynb", *gradebook.EXCHANGE}
    shutil.rmtree(folder / "in" / "amy")
    graded(folder)
    assert not place.exists()


def test_what_a_person_gave_is_not_taken_out_with_a_folder_of_few_unless_that_is_said(folder, book, seen):
    graded(folder)
    book.touched = {"amy"}
    before = table(folder)
    shutil.move(folder / "in" / "amy", folder / "aside")
    with pytest.raises(CourseError, match=r"amy handed in before .* --withdraw NAME"):
        graded(folder)
    assert table(folder) == before and set(book.urls.popitem()[1]) == {"amy", "late"}


def test_a_student_is_withdrawn_where_that_is_said(folder, book, seen, monkeypatch):
    graded(folder)
    book.touched = {"amy"}
    shutil.rmtree(folder / "in" / "amy")
    monkeypatch.chdir(ROOT)
    assert command(folder, "--withdraw", "amy").exit_code == 0 and set(table(folder)) == {"late"}


def test_the_same_notebook_handed_in_again_is_not_late_by_it(folder, book, seen):
    assert graded(folder, due=DUE, late=0.25)["amy"].days == 0
    (folder / "in" / "amy" / "regrade.txt").write_text("Look again.")
    later = DUE + timedelta(days=2.5)
    handed_in(folder / "in", "amy", '{"by": "amy"}', later)
    entry = graded(folder)["amy"]
    assert (entry.days, entry.submitted) == (0, DUE) and "the same" in entry.source
    assert graded(folder, again=["all"])["amy"].days == 0
    handed_in(folder / "in", "amy", '{"by": "amy, another one"}', later)
    assert graded(folder)["amy"].days == 3
    (folder / "times.csv").write_text("student,time\namy,2026-11-21T11:00Z\n")
    assert graded(folder, received=folder / "times.csv")["amy"].days == 1


def test_it_is_said_where_everybody_is_late_and_where_the_gradebook_was_not_there_any_more(folder, book, seen):
    handed_in(folder / "in", "zoe", '{"by": "zoe"}', DUE + timedelta(days=4))
    said = []
    graded(folder, said, due=DUE - timedelta(days=9), late=0.1)
    assert any("Everybody is late" in sentence for sentence in said)
    (folder / "out" / "gradebook.db").unlink()
    graded(folder, said := [])
    assert any("points and comments that a person gave" in sentence for sentence in said)
