"""One class for all tests: an instructor `ina`, the students `ann`, `ben` and `cat`, their Hub, and a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import machine
import pytest
import serving
from machine import ROOT, Person

COURSE = "pruning"
LESSON = "00_start_here"
STUDENTS = ("ann", "ben", "cat")
FOR_ALL = """
c = get_config()
c.Exchange.root = {exchange!r}
c.CourseDirectory.course_id = {course!r}
"""
FOR_INA = """
c = get_config()
c.CourseDirectory.root = {grades!r}
c.CourseDirectory.db_url = {url!r}
"""
FOR_HIS_SERVER = """
c = get_config()
load_subconfig({path!r})
"""
NO_FORMGRADER = '{"ServerApp": {"jpserver_extensions": {"nbgrader.server_extensions.formgrader": false}}}\n'


@dataclass(frozen=True)
class Class:
    """Who is here and where things lie. shared: what the instructor shows to all; grades: what he shows to nobody."""

    hub: serving.Hub
    people: dict[str, Person]
    exchange: Path
    shared: Path
    repository: Path
    grades: Path
    url: str


@pytest.fixture(scope="session", autouse=True)
def able():
    if words := machine.lack():
        (pytest.fail if os.environ.get("COURSE_HUB") == "1" else pytest.skip)(f"no Hub here: {words}")


@pytest.fixture(scope="session")
def postgres(able):
    with machine.database() as server:
        yield server


@pytest.fixture(scope="session")
def folder(able):
    """Return a folder that every user may enter."""
    with tempfile.TemporaryDirectory(prefix=machine.PREFIX, ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def people(folder):
    """Make the users; each finds the released course where the instructor is going to put it, and he his own."""
    settings = folder / "settings"
    (settings / "students").mkdir(parents=True)
    (settings / "students" / "jupyter_server_config.json").write_text(NO_FORMGRADER)
    (settings / "nbgrader_config.py").write_text(FOR_ALL.format(exchange=str(folder / "exchange"), course=COURSE))
    (settings / "gitconfig").write_text("[safe]\n\tdirectory = *\n[user]\n\tname = ina\n\temail = ina@example.test\n")
    common = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "GIT_CONFIG_GLOBAL": str(settings / "gitconfig"),
        "PYTHONPATH": str(folder / "shared" / "course"),
        "JUPYTER_CONFIG_PATH": f"{settings / 'students'}:{settings}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "COURSE_MODE": "ci",
        "OMP_NUM_THREADS": "1",
        "TQDM_DISABLE": "1",
        "LANG": "C.UTF-8",
    }
    of_ina = common | {"JUPYTER_CONFIG_PATH": str(settings)}
    with machine.people(folder, {"ina": of_ina, **dict.fromkeys(STUDENTS, common)}) as made:
        of_ina["PYTHONPATH"] = str(made["ina"].home / "repository")
        yield made


@pytest.fixture(scope="session")
def classroom(folder, people, postgres):
    ina = people["ina"]
    exchange, shared, hub = folder / "exchange", folder / "shared", folder / "hub"
    exchange.mkdir()
    exchange.chmod(0o777)  # as nbgrader wants it
    shared.mkdir()
    shutil.chown(shared, ina.name)
    hub.mkdir(mode=0o700)
    one_lesson(ina)
    grades, url = ina.home / "grades", machine.new_database(postgres, "grades")
    grades.mkdir()
    shutil.chown(grades, ina.name, ina.name)
    own = ina.home / ".jupyter"
    own.mkdir(mode=0o700)
    (own / "nbgrader_config.py").write_text(FOR_INA.format(grades=str(grades), url=url))
    (own / "jupyter_server_config.py").write_text(FOR_HIS_SERVER.format(path=str(grades / "jupyter_server_config.py")))
    for path in (own, *own.iterdir()):
        shutil.chown(path, ina.name, ina.name)
    with serving.running(hub, {person.name: person.environment for person in people.values()}) as served:
        yield Class(served, people, exchange, shared, ina.home / "repository", grades, url)


def one_lesson(ina):
    """Give the instructor the course's repository, cut to its first lesson: `course release` executes all that are there."""
    target = ina.home / "repository"
    kept = shutil.ignore_patterns("__pycache__", ".*", "0[1-9]_*", "glossary.toml", "GLOSSARY.md")
    for name in ("course_lib", "solutions", "notebooks", "results"):
        shutil.copytree(ROOT / name, target / name, ignore=kept)
    (target / "notebooks" / "README.md").unlink()  # the map of all lessons
    for name in ("LICENSE", "pyproject.toml", "environment.yml"):
        shutil.copy(ROOT / name, target)
    for path in (target, *target.rglob("*")):
        shutil.chown(path, ina.name, ina.name)
