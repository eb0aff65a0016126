"""From the release to the feedback, through a real Hub: each step by whom it belongs to, and what the others see of it."""

from __future__ import annotations

import csv
import re
import sys
import time
from datetime import datetime, timedelta, timezone

import nbformat
import pytest
from conftest import COURSE, LESSON, STUDENTS
from sqlalchemy import make_url

from course_lib.teaching import exercises

OUT_OF = {exercise.name: exercise.points for exercise in exercises.of("00")}
HALF = ("weights_left", "three_answers", "accuracy_left")
FULL = sum(OUT_OF.values())
LATE = 0.5  # share that a day costs
WORDS = "00-sixty-explain"
COMMENT = "Yes: say of what."
NEEDED = ("timestamp.txt", "submission_secret.txt")  # by which nbgrader knows whose a feedback page is
NOTEBOOK = f"{LESSON}/{LESSON}.ipynb"


def official(repository):
    """Return exercise -> the official answer, as a student would write it."""
    book = nbformat.read(repository / "solutions" / f"{LESSON}.ipynb", 4)
    cells = {cell.metadata.nbgrader.grade_id: cell.source for cell in book.cells if "nbgrader" in cell.metadata}
    return {name: re.sub(r" *### (BEGIN|END) SOLUTION\n?", "", cells[f"00-{name}-answer"]) for name in OUT_OF}


def work(server, answers, words=""):
    """Write answers into the notebook through a student's own server, as JupyterLab does."""
    book = server.notebook(NOTEBOOK)
    for cell in book["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name.endswith("-answer") and name[3:-7] in answers:
            cell["source"] = answers[name[3:-7]]
        elif name == WORDS and words:
            cell["source"] = words
    server.save(NOTEBOOK, book)


def scores(classroom):
    with (classroom.grades / f"{LESSON}.csv").open() as file:
        return {row["student"].rpartition("-")[2]: float(row["score"]) for row in csv.DictReader(file) if row["score"]}


@pytest.fixture(scope="module")
def released(classroom):
    """The instructor makes the students' folder, a git repository of it, and hands the lesson to nbgrader's exchange."""
    ina, course, bare = classroom.people["ina"], classroom.shared / "course", classroom.shared / "course.git"
    ina.python("course_lib", "build", folder=classroom.repository)  # the map and the glossary of this one lesson
    ina.python("course_lib", "release", "--out", str(course), folder=classroom.repository)
    for command in ("init --quiet --initial-branch main", "add --all", "commit --quiet --message Released"):
        ina.run("git", *command.split(), folder=course)
    ina.run("git", "clone", "--quiet", "--bare", str(course), str(bare))
    target = classroom.grades / "release" / LESSON
    ina.run("mkdir", "-p", str(target))
    ina.run("cp", str(course / "notebooks" / f"{LESSON}.ipynb"), str(target))
    ina.python("nbgrader", "release_assignment", LESSON, folder=classroom.grades)
    return classroom


@pytest.fixture(scope="module")
def servers(released):
    """Start the students' servers through the Hub."""
    return {student: released.hub.open(released.people[student]) for student in STUDENTS}


@pytest.fixture(scope="module")
def submitted(released, servers):
    """Ann hands in everything, Ben some of it, and after the deadline Cat everything; return the deadline."""
    answers = official(released.repository)
    given = {"ann": answers, "ben": {name: answers[name] for name in HALF}, "cat": answers}
    for student in STUDENTS:
        servers[student].assignments("fetch", LESSON)
        work(servers[student], given[student], "Sixty per cent of what, and measured how?" if student == "ann" else "")
    for student in ("ann", "ben"):
        servers[student].assignments("submit", LESSON)
    due = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=1)  # deadlines have no fractions
    time.sleep(2)
    listed = servers["cat"].assignments("submit", LESSON)
    assert [entry["status"] for entry in listed if entry["status"] == "submitted"] == ["submitted"]
    return due


def grade(classroom, *more):
    options = ("--lesson", "00", "--out", str(classroom.grades), "--jobs", "1", *more)
    submissions = str(classroom.grades / "submitted")
    return classroom.people["ina"].python("course_lib", "grade", submissions, *options, folder=classroom.repository)


@pytest.fixture(scope="module")
def graded(released, submitted):
    """The instructor collects and grades into the PostgreSQL gradebook."""
    ina = released.people["ina"]
    ina.python("nbgrader", "collect", LESSON, folder=released.grades)
    roster = ina.home / "class.csv"
    names = [released.people[student].name for student in STUDENTS]
    roster.write_text("student\n" + "".join(f"{name}\n" for name in [*names, "dan"]))
    due = submitted.isoformat()
    return grade(released, "--db", released.url, "--due", due, "--late-penalty", str(LATE), "--roster", str(roster))


@pytest.fixture(scope="module")
def desk(released, graded):
    """Start the instructor's own server, which finds formgrader's settings where `course grade` wrote them."""
    return released.hub.open(released.people["ina"])


@pytest.fixture(scope="module")
def published(released, servers, desk):
    """The instructor gives Ann's words two points and a comment in formgrader, grades again, and releases the feedback."""
    submissions = desk.ask("GET", f"formgrader/api/submitted_notebooks/{LESSON}/{LESSON}").json()
    one = next(entry["id"] for entry in submissions if entry["student"] == released.people["ann"].name)
    for kind, given in (("grade", {"manual_score": 2, "extra_credit": 0}), ("comment", {"manual_comment": COMMENT})):
        rows = desk.ask("GET", f"formgrader/api/{kind}s", params={"submission_id": one}).json()
        number = next(row["id"] for row in rows if row["name"] == WORDS)
        desk.ask("PUT", f"formgrader/api/{kind}/{number}", json=given)
    grade(released, "--db", released.url)
    ina = released.people["ina"]
    ina.python("nbgrader", "generate_feedback", LESSON, folder=released.grades)
    ina.python("nbgrader", "release_feedback", LESSON, folder=released.grades)
    return {student: servers[student].assignments("fetch_feedback", LESSON) for student in STUDENTS}


def test_the_hub_lets_in_who_has_a_password_of_this_machine_and_nobody_else(classroom):
    for person in classroom.people.values():
        assert classroom.hub.lets_in(person, person.password)
        assert not classroom.hub.lets_in(person, "guessed")


def test_a_student_pulls_the_released_course_with_nbgitpuller(released, servers):
    where = f"file://{released.shared / 'course.git'}"
    said = servers["ann"].ask("GET", "git-pull/api", params={"repo": where, "branch": "main", "targetpath": "course"}).text
    assert '"phase": "finished"' in said, said
    found = servers["ann"].ask("GET", "api/contents/course").json()["content"]
    assert {"notebooks", "course_lib", "README.md"} <= {entry["name"] for entry in found}
    assert "solutions" not in {entry["name"] for entry in found}


def test_a_students_server_has_the_released_library_and_no_formgrader(released, servers):
    for server in servers.values():
        server.ask("GET", "formgrader/gradebook", 404)
    where = "import course_lib; print(course_lib.__file__)"
    assert released.people["ann"].run(sys.executable, "-c", where).startswith(str(released.shared / "course"))


def test_a_student_runs_a_check_in_his_own_server(released, servers, submitted):
    cells = servers["ben"].notebook(NOTEBOOK)["cells"]
    named = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell["source"] for cell in cells}
    imports = [cell["source"] for cell in cells if cell["source"].startswith(("import os", "import copy"))]
    answers, checks = ([named[f"00-{name}-{part}"] for name in ("weights_left", "sparsity")] for part in ("answer", "check"))
    said = servers["ben"].execute(NOTEBOOK, [*imports, answers[0], checks[0]])
    assert "correct" in said and "rror" not in said, said
    assert "not attempted" in servers["ben"].execute(NOTEBOOK, [*imports, answers[1], checks[1]])


def test_a_student_cannot_enter_another_ones_server(released, servers):
    for who in ("ben", "ina"):
        other = released.hub.seen_by(released.people[who], released.people["ann"])
        other.ask("GET", "api/contents/", 403)


def test_a_student_sees_neither_homes_nor_who_handed_in(released, servers, submitted):
    ben, inbound = released.people["ben"], released.exchange / COURSE / "inbound"
    assert len(list(inbound.iterdir())) == len(STUDENTS)
    ben.run("ls", str(inbound), fails=True)
    ben.run("ls", str(released.people["ann"].home), fails=True)
    ben.run("ls", str(released.grades), fails=True)
    listed = servers["ben"].ask("GET", "assignments", params={"course_id": COURSE}).json()["value"]
    handed_in = [entry for entry in listed if entry["status"] == "submitted"]
    assert [entry["student_id"] for entry in handed_in[0]["submissions"]] == [ben.name] and len(handed_in) == 1


def test_each_gets_the_points_of_what_he_handed_in_and_when(released, graded):
    half = sum(OUT_OF[name] for name in HALF)
    assert scores(released) == {"ann": FULL, "ben": half, "cat": FULL * (1 - LATE), "dan": 0}


def test_formgrader_opens_in_the_instructors_server_and_shows_all_submissions(released, desk):
    page = desk.ask("GET", f"formgrader/gradebook/{LESSON}/{LESSON}")
    assert "object-src 'none'" in page.headers["Content-Security-Policy"]
    found = desk.ask("GET", f"formgrader/api/submitted_notebooks/{LESSON}/{LESSON}").json()
    assert {entry["student"] for entry in found} == {released.people[student].name for student in STUDENTS}
    for entry in found:
        assert "Rubric and samples" in desk.ask("GET", f"formgrader/submissions/{entry['id']}").text


def test_a_student_is_refused_by_formgrader(released, desk):
    for student in STUDENTS:
        seen = released.hub.seen_by(released.people[student], released.people["ina"])
        for path in (f"formgrader/gradebook/{LESSON}/{LESSON}", "formgrader/api/grades", "api/contents/grades"):
            seen.ask("GET", path, 403)


def test_what_a_person_gave_in_formgrader_is_in_the_score(released, published):
    assert scores(released)["ann"] == FULL + 2


def test_each_student_fetches_his_own_feedback_and_finds_no_other(released, servers, published):
    pages = {}
    for student in STUDENTS:
        found = released.people[student].home / LESSON / "feedback"
        (path,) = found.rglob("*.html")
        pages[student] = path.read_text()
    assert COMMENT in pages["ann"] and COMMENT not in pages["ben"] + pages["cat"]
    released.people["ben"].run("ls", str(released.exchange / COURSE / "feedback"), fails=True)


def test_nbgrader_needs_no_file_that_course_grade_did_not_keep(released, graded):
    for student in STUDENTS:
        kept = released.grades / "autograded" / released.people[student].name / LESSON
        assert {path.name for path in kept.iterdir()} >= set(NEEDED)


def test_the_gradebooks_password_stands_in_no_file_that_others_may_read(released, graded):
    password = make_url(released.url).password
    files = [path for path in released.grades.rglob("*") if path.is_file()]
    holding = [path for path in files if password in path.read_text(errors="replace")]
    assert [path.name for path in holding if path.stat().st_mode & 0o077] == []
