"""INSTRUCTORS.md: the commands in it are understood, and those that grade do what it says, in its order."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer
from class_of_02 import NAME, ROOT, code, empty_gradebook, explained, handed_in, prepared
from typer.testing import CliRunner

from course_lib.command import cli, runs
from course_lib.grading import run
from course_lib.grading.collecting.submissions import collect

PAGE = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
BLOCKS = [block.strip().splitlines() for block in re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
QUOTED = [text for text in re.findall(r"`(course [^`]+)`", PAGE) if len(text.split()) > 2]
LINES = sorted({line for line in [*QUOTED, *(line for block in BLOCKS for line in block)] if line.startswith("course ")})


@pytest.mark.parametrize("line", LINES)
def test_every_command_of_the_page_is_understood(line):
    _, name, *arguments = shlex.split(line.replace("...", "name"))
    command = typer.main.get_command(cli.app).commands[name]
    assert command.make_context(name, arguments).params


def test_the_layouts_of_the_page_are_found(tmp_path):
    (block,) = [block for block in BLOCKS if block[0].startswith("SUBMISSIONS/")]
    for number, line in enumerate(block):
        inside = tmp_path / str(number)
        path = Path(line.split()[0].replace("SUBMISSIONS", str(inside)))
        shutil.copy(handed_in(tmp_path / "like", "ann", code("filter_l1 = 2")), path.parent.mkdir(parents=True) or path)
        (found,) = collect(inside, NAME)
        assert found.name == "ann" and not found.problem


def test_the_commands_that_grade_run_in_the_order_of_the_page(tmp_path, monkeypatch):
    for student, points in (("ann", 2), ("bob", 1)):
        handed_in(tmp_path / "SUBMISSIONS", student, code(f"filter_l1 = {points}"), explained(f"{student}'s words"))
    (tmp_path / "class.csv").write_text("student,name,section,extension\nann,Ann Lee,A,2\nbob,Bob Ray,A,\neve,Eve Poe,B,\n")
    (tmp_path / "times.csv").write_text("student,time\nann,2026-12-02T12:00Z\nbob,2026-12-02T12:00Z\n")
    (tmp_path / "GRADES").mkdir()
    (tmp_path / "GRADES" / "gradebook.db").write_bytes(empty_gradebook())
    monkeypatch.setattr(run, "mark", prepared)
    monkeypatch.setattr(runs, "repository", lambda: ROOT)
    monkeypatch.chdir(tmp_path)
    (lines,) = [block for block in BLOCKS if block[0].startswith("course grade ")]
    for line in lines:
        if "postgresql" in line:  # `make hub`
            continue
        done = CliRunner().invoke(
            cli.app, [*shlex.split(line)[1:], "--unsafe", "--jobs", "1"], env={"COLUMNS": "200", "TQDM_DISABLE": "1"}
        )
        assert done.exit_code == 0, (line, done.output, done.exception)
    assert "ann: 2 of 14" in done.output and "bob: 0.9 of 14" in done.output and "Nothing was handed in" in done.output
    made = {path.name for path in (tmp_path / "GRADES").iterdir()}
    assert {f"{NAME}-moodle.csv", f"{NAME}-feedback.zip"} <= made
    (table,) = [part for part in PAGE.split("\n\n") if part.startswith("| file | contents |")]
    for row in table.splitlines()[2:]:
        name = row.split("|")[1].strip().partition(",")[0].replace("STUDENT", "ann").replace("...", "*")
        assert list((tmp_path / "GRADES").glob(name)), name
