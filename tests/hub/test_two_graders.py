"""Two graders at once on one new PostgreSQL gradebook: both end well, or one says why, and nothing is lost."""

from __future__ import annotations

import csv
import sys

import machine
import pytest
from conftest import LESSON


@pytest.mark.parametrize("attempt", range(3))
def test_two_graders_who_start_at_once_on_a_new_database_both_end_well(classroom, postgres, attempt):
    ina, said = classroom.people["ina"], []
    url = machine.new_database(postgres, f"new{attempt}")
    for group in ("red", "blue"):
        given = ina.home / f"{group}{attempt}" / group
        ina.run("mkdir", "-p", str(given))
        ina.run("cp", str(classroom.repository / "notebooks" / f"{LESSON}.ipynb"), str(given))
    lines = []
    for group in ("red", "blue"):
        options = ("--lesson", "00", "--out", str(ina.home / f"{group}{attempt}-grades"), "--db", url, "--jobs", "1")
        lines.append([sys.executable, "-m", "course_lib", "grade", str(ina.home / f"{group}{attempt}"), *options])
    graders = [ina.start(*line, folder=classroom.repository) for line in lines]
    for grader in graders:
        words = grader.communicate(timeout=600)[0]
        said.append((grader.returncode, words))
    assert all(end == 0 for end, _ in said), "\n\n".join(words[-1500:] for _, words in said)
    for group in ("red", "blue"):
        with (ina.home / f"{group}{attempt}-grades" / f"{LESSON}.csv").open() as file:
            assert [row["student"] for row in csv.DictReader(file)] == [group]
