"""The class list: who is missing, whose extension counts, and when a platform says that it got something."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from course_lib.errors import CourseError
from course_lib.grading.collecting import roster, terms
from course_lib.grading.collecting.submissions import Submission
from course_lib.grading.report import pages
from course_lib.grading.results import Held, Mark, Result, Scored

DUE = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
NAME = "02_l1_filter_pruning"


def came(student, name="", number="", days=0.0):
    return Submission(
        student, Path("x"), DUE + timedelta(days=days), name=name or student, number=number, source="the file's own time"
    )


HELD = Scored({"02-filter_l1-check": Held(10.0, 10.0)}, 10.0)


def result(student):
    return Result(student, "", (Mark("filter_l1", "correct", 10.0, 10.0),))


OURS = "student,name,section,extension,lms_id,email\nann,Ann Lee,A,,12345,ann@uni.edu\nbob,Bob Roe,B,2,,\n"
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,HW\n    Points Possible,,,,,15\n"
    '"Lee, Ann",12345,s1,ann,A,\n"Roe, Bob",777,s2,bob,B,\n'
)
MOODLE = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade\n"
    "Participant 12345,Ann Lee,ann@uni.edu,Submitted,\nParticipant 777,Bob Roe,bob@uni.edu,,\n"
)
BLACKBOARD = '"Last Name"\t"First Name"\t"Username"\t"Student ID"\nLee\tAnn\tann\ts1\nRoe\tBob\tbob\ts2\n'
SEMICOLONS = "Student;Name\nann;Ann Lee\nbob;Bob Roe\n"


@pytest.mark.parametrize(
    "text", [OURS, CANVAS, MOODLE, BLACKBOARD, SEMICOLONS], ids=["ours", "Canvas", "Moodle", "Blackboard", ";"]
)
def test_a_roster_is_ours_or_what_a_platform_exports(text, tmp_path):
    path = tmp_path / "class.csv"
    path.write_text(text, encoding="utf-16" if "\t" in text else "utf-8")
    people = roster.read(roster.text_of(path, "--roster"), "--roster")
    assert [("Ann" in one.name, "Bob" in one.name) for one in people] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("text", "submission"),
    [
        (OURS, came("ann")),
        (OURS, came("annlee_12345", "annlee", "12345")),
        (OURS, came("Ann-Lee-abc123", "Ann Lee")),
        (OURS, came("annuni", "ann@uni.edu")),
        (OURS, came("annlee", "annlee")),
        (OURS, came("leeann_9", "leeann", "9")),
        (CANVAS, came("leeann_12345", "leeann", "12345")),
        (CANVAS, came("ann", "ann")),
        (MOODLE, came("Ann-Lee_12345", "Ann Lee", "12345")),
        (BLACKBOARD, came("ann", "ann")),
    ],
)
def test_a_submission_is_matched_by_number_id_or_name(text, submission):
    (found,) = roster.match(roster.read(text.lstrip("\ufeff"), "--roster"), [submission])[submission.student]
    assert "Ann" in found.name


def test_a_name_that_two_students_have_matches_neither():
    people = roster.read("student,name\na1,Ann Lee\na2,Ann Lee\n", "--roster")
    assert roster.match(people, [came("x", "Ann Lee")]) == {}
    assert roster.match(people, [came("a2", "a2")])["a2"][0].student == "a2"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no titles"),
        ("a,b\n1,2\n", "no titles"),
        ("student\n", "no students"),
        ("student,extension\nann,soon\n", "row 2 has the extension 'soon'"),
        ("student,extension\nann,2026-12-01\n", "row 2 has the extension"),
    ],
)
def test_a_roster_that_cannot_be_understood_is_refused_in_a_sentence(text, why):
    with pytest.raises(CourseError, match=why):
        roster.read(text, "--roster class.csv")


@pytest.mark.parametrize(
    "text", ["student\nann\n", "student,time\nann,yesterday\n", "student,time\nann,2026-11-20 10:00 CST\n"]
)
def test_times_that_cannot_be_understood_are_refused_in_a_sentence(text):
    with pytest.raises(CourseError, match="--received"):
        roster.read(text, "--received", timed=True)


def test_a_table_that_is_no_text_or_not_there_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "x").write_bytes(b"\x93\xfa")
    for path in (tmp_path / "x", tmp_path / "none", tmp_path):
        with pytest.raises(CourseError, match=r"--roster .* was given; it cannot be read"):
            roster.text_of(path, "--roster")


def agreed(tmp_path, found, table=OURS, received=None, **options):
    (tmp_path / "class.csv").write_text(table)
    if received:
        (tmp_path / "times.csv").write_text(received)
    given = {"due": DUE, "late": 0.1} | options
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    kept = terms.agree(
        out, NAME, given["due"], given["late"], tmp_path / "class.csv", tmp_path / "times.csv" if received else None
    )
    return terms.applied(kept, found)


@pytest.mark.parametrize(
    ("extension", "days"),
    [("", 3), ("2", 1), ("2.5 days", 0), ("1,5", 1), ("5", 0), ("2026-11-22T12:00Z", 1), ("2026-11-19T12:00Z", 4), ("0", 3)],
)
def test_late_days_count_from_each_students_own_deadline(extension, days, tmp_path):
    found, submissions = agreed(tmp_path, [came("bob", days=2.5)], f'student,extension\nbob,"{extension}"\n')
    entry = found.graded(submissions[0], result("bob"), HELD)
    assert (entry.days, entry.share) == (days, pytest.approx(days / 10))
    assert any("extension" in note for note in entry.notes) == (extension not in ("", "0"))
    assert entry.source == "the file's own time"


def test_who_handed_in_nothing_gets_a_row_and_strangers_are_listed(tmp_path):
    found, _ = agreed(tmp_path, [came("ann"), came("eve")], received="student,time\nbob,2026-11-20T10:00Z\n")
    (absent,) = found.absent(HELD)
    assert (absent.result.student, absent.name, absent.roster["section"], absent.score) == ("bob", "Bob Roe", "B", 0)
    assert absent.submitted is None and absent.result.problem == "Nothing was handed in."
    assert "the platform says that it got a submission" in absent.notes[0]
    assert found.unknown() == ["eve"]


@pytest.mark.parametrize("table", [OURS, CANVAS, MOODLE, BLACKBOARD, SEMICOLONS, "name\nAnn Lee\nBob Roe\n"])
@pytest.mark.parametrize("named", [("Ann-Lee_12345", "Ann Lee", "12345"), ("annlee_12345", "annlee", "12345"), ("Ann Lee",)])
def test_a_student_has_one_id_whether_he_hands_in_or_not(table, named, tmp_path):
    found, (ann, eve) = agreed(tmp_path, [came(*named), came("eve")], table.lstrip("\ufeff"))
    here, _ = agreed(tmp_path, [came("eve")], table.lstrip("\ufeff"))
    absent = [entry.result.student for entry in here.absent(HELD)]
    assert ann.student in absent and eve.student == "eve" and len(absent) == 2
    assert found.graded(ann, result(ann.student), HELD).name in ("Ann Lee", "Lee, Ann")
    assert [entry.result.student for entry in found.absent(HELD)] == [one for one in absent if one != ann.student]


def test_the_id_under_which_a_student_was_graded_before_stays(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    before = came("Ann-Lee_12345", "Ann Lee", "12345")
    without = terms.Terms(NAME, DUE, 0.0)
    pages.summaries([without.graded(before, result("Ann-Lee_12345"), HELD)], "01_some", out)
    _, (moved,) = agreed(tmp_path, [came("Ann-Lee_999", "Ann Lee", "999")])  # Moodle's number is another in each assignment
    assert moved.student == "Ann-Lee_12345"
    found, _ = agreed(tmp_path, [came("eve")])
    assert {entry.result.student for entry in found.absent(HELD)} == {"Ann-Lee_12345", "bob"}
    (out / "01_some.json").write_text('[{"student": 3}]')
    assert agreed(tmp_path, [came("Ann-Lee_999", "Ann Lee", "999")])[1][0].student == "ann"


def test_an_id_that_somebody_else_has_is_not_given_away(tmp_path):
    people = "student,name,lms_id\nann,Ann Lee,1\nbob,Bob Roe,2\n"
    _, submissions = agreed(tmp_path, [came("ann", "ann", "2"), came("x_1", "x", "1")], people)
    assert [one.student for one in submissions] == ["bob", "x_1"]


def test_canvas_rows_that_are_no_students_are_left_out():
    text = CANVAS + '"Student, Test",99,,x,A,\n"Student, Testa",98,,testa,A,\n'
    assert [one.name for one in roster.read(text, "--roster")] == ["Lee, Ann", "Roe, Bob", "Student, Testa"]


@pytest.mark.parametrize(
    ("late", "days", "extension", "said"),
    [
        (True, 0, "", "Canvas calls it late"), (False, 1, "", "Canvas does not call it late"), (True, 1, "", ""),
        (False, 0, "", ""), (None, 1, "", ""), (None, 0, "", ""), (True, 0, "3", "extension"), (True, 2.5, "2", "extension"),
    ],
)  # fmt: skip
def test_where_canvas_and_the_times_disagree_on_late_it_is_said(late, days, extension, said, tmp_path):
    one = replace(came("bob", days=days), late=late)
    found, (submission,) = agreed(tmp_path, [one], f"student,extension\nbob,{extension}\n")
    notes = found.graded(submission, result("bob"), HELD).notes
    assert [said in note for note in notes] == ([True] if said else [])


def test_two_submissions_of_one_student_of_the_roster_are_said(tmp_path):
    found, submissions = agreed(tmp_path, [came("ann"), came("annlee_12345", "annlee", "12345")])
    assert (
        "the roster has one student for this and for annlee_12345"
        in found.graded(submissions[0], result("ann"), HELD).notes[-1]
    )


@pytest.mark.parametrize("who", ["ann", "12345", "Ann Lee", "ann@uni.edu"])
def test_what_the_platform_received_counts_and_the_newest_attempt_of_it(who, tmp_path):
    times = f"student,time\n{who},2026-11-20T10:00Z\n{who},2026-11-22T11:00+01:00\n"
    if who == "12345":
        times = times.replace("student", "lms_id")
    found, (submission,) = agreed(tmp_path, [came("annlee_12345", "annlee", "12345", days=-30)], received=times)
    assert submission.submitted == datetime(2026, 11, 22, 10, tzinfo=timezone.utc) and "--received" in submission.source
    assert found.graded(submission, result("annlee_12345"), HELD).days == 2


def test_who_is_not_in_the_platforms_list_keeps_the_newest_time_that_is_known(tmp_path):
    _, (submission,) = agreed(tmp_path, [came("eve", days=1)], received="student,time\nann,2026-11-20T10:00Z\n")
    assert submission.submitted == DUE + timedelta(days=1) and submission.source == "the file's own time"


def test_moodles_own_worksheet_says_when_and_for_whom_there_is_nothing():
    text = (
        "Identifier,Full name,Last modified (submission)\n"
        '"Participant 12345","Ann Lee","Friday, 20 November 2026, 10:00 AM"\n"Participant 7","Bob Roe","-"\n'
    )
    ann, bob = roster.read(text, "--received", timed=True)
    assert ann.time == datetime(2026, 11, 20, 10, tzinfo=timezone.utc) and bob.time is None
