"""A new PostgreSQL gradebook: who makes its tables, what is said where it fails, and two graders at once."""

from __future__ import annotations

import csv
import sys
import time
from dataclasses import replace

import machine
from conftest import LESSON
from sqlalchemy import create_engine, text

BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
LONGEST = 120.0  # seconds until a grader asks for the gradebook


def start(ina, group, url, repository):
    """Start grading one submission into a group's folder and the gradebook `url`."""
    given = ina.home / group / f"{group}-student"
    ina.run("mkdir", "-p", str(given))
    ina.run("cp", str(repository / "notebooks" / f"{LESSON}.ipynb"), str(given))
    options = ("--lesson", "00", "--out", str(ina.home / f"{group}-grades"), "--db", url, "--jobs", "1")
    return ina.start(sys.executable, "-m", "course_lib", "grade", str(given.parent), *options, folder=repository)


def test_two_graders_who_find_one_new_gradebook_at_once_both_end_well(classroom, postgres):
    """A transaction that is open holds both where they make nbgrader's tables, and lets them go together."""
    from nbgrader.api import Base

    ina, url = classroom.people["ina"], machine.new_database(postgres, "shared")
    engine = create_engine(url)
    with engine.connect() as barrier, engine.connect() as watch:
        barrier.execute(text(f"CREATE TABLE {Base.metadata.sorted_tables[0].name} (nothing integer)"))
        graders = {group: start(ina, group, url, classroom.repository) for group in ("red", "blue")}
        end = time.monotonic() + LONGEST
        while time.monotonic() < end and watch.execute(text(BLOCKED)).scalar() < len(graders):
            watch.rollback()  # each look is a new one
            time.sleep(0.2)
        barrier.rollback()
    engine.dispose()
    said = {group: grader.communicate(timeout=machine.LONGEST)[0] for group, grader in graders.items()}
    assert all(grader.returncode == 0 for grader in graders.values()), said
    for group in graders:
        with (ina.home / f"{group}-grades" / f"{LESSON}.csv").open() as file:
            assert [row["student"] for row in csv.DictReader(file)] == [f"{group}-student"]


def test_a_gradebook_is_made_where_the_programs_beside_python_are_not_in_the_path(classroom, postgres):
    from nbgrader.api import Gradebook

    ina, url = classroom.people["ina"], machine.new_database(postgres, "apart")
    elsewhere = replace(ina, environment={**ina.environment, "PATH": "/usr/bin:/bin"})
    said = start(elsewhere, "apart", url, classroom.repository).communicate(timeout=machine.LONGEST)[0]
    with Gradebook(url) as book, book.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1, said


def test_what_is_said_of_a_gradebook_that_does_not_answer_is_without_its_password(classroom, postgres):
    url = f"postgresql+psycopg://nobody:hidden-word@{postgres.rpartition('@')[2]}nowhere"
    said = start(classroom.people["ina"], "lost", url, classroom.repository).communicate(timeout=machine.LONGEST)[0]
    assert "nowhere" in said and "hidden-word" not in said
