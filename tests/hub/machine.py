"""What a Hub needs of this machine: temporary users, namespaces in which they reach Python, and a PostgreSQL server."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PREFIX = "coursehub-"  # of users and folders
LONGEST = 600.0  # seconds that a command may take on a busy machine
PROXY = Path(sys.prefix) / "proxy/node_modules/.bin/configurable-http-proxy"
PROGRAMS = {
    "useradd": "passwd",
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "bwrap": "bubblewrap",
    "git": "git",
    "node": "nodejs",
    "pg_virtualenv": "postgresql",
}  # fmt: skip


def lack() -> str:
    """Return one sentence about what this machine lacks, or ""."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "only root on Linux can make the users of a Hub."
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    for program, package in PROGRAMS.items():
        if not shutil.which(program, path=path):
            return f"{program} is not installed: apt-get install {package}."
    for module in ("jupyterhub", "nbgitpuller", "psycopg"):
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed: `make hub` installs it."
    if not PROXY.exists():
        return f"{PROXY} is not there: `make hub` installs it with npm."
    tried = subprocess.run([*inside(), "true"], capture_output=True, text=True)
    return f"this system lets root make no namespaces ({tried.stderr.strip()[-200:]})." if tried.returncode else ""


def inside() -> list[str]:
    """Return the start of a command line whose processes end with this one, where any user reaches Python and the course.

    Python, or its environment, may lie where only root can go: there, such a folder holds nothing but these.
    """
    places = [Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), ROOT]
    closed = [next((up for up in reversed(place.parents) if not up.stat().st_mode & 0o001), None) for place in places]
    line = ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    line += ["bwrap", "--dev-bind", "/", "/"]
    for folder in sorted({str(found) for found in closed if found}):
        line += ["--tmpfs", folder]
    for place, found in zip(places, closed, strict=True):
        for up in reversed(place.parents) if found else ():
            line += ["--perms", "0755", "--dir", str(up)] if up.is_relative_to(found) and up != found else []
        line += ["--bind", str(place), str(place)]
    return [*line, "--"]


@dataclass(frozen=True)
class Person:
    """A user of this machine, for as long as the tests take. environment: what all that he starts begins with."""

    name: str
    home: Path
    password: str
    environment: Mapping[str, str]

    def run(self, *command: str, folder: Path | None = None, fails: bool = False) -> str:
        """Run a command as this user and return what it says; its end must be as expected."""
        done = self.start(*command, folder=folder)
        try:
            said = done.communicate(timeout=LONGEST)[0]
        finally:
            done.kill()  # and with it its namespace of processes
        assert (done.returncode != 0) == fails, f"{' '.join(command)} ended with {done.returncode}:\n{said[-3000:]}"
        return said

    def start(self, *command: str, folder: Path | None = None) -> subprocess.Popen[str]:
        """Start a command as this user."""
        become = ["setpriv", "--reuid", self.name, "--regid", self.name, "--init-groups", "--"]
        variables = {**self.environment, "HOME": str(self.home), "USER": self.name, "LOGNAME": self.name}
        return subprocess.Popen(
            [*inside(), *become, *command], cwd=folder or self.home, env=variables, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def python(self, module: str, *arguments: str, folder: Path | None = None, fails: bool = False) -> str:
        """Run a module of this Python's as this user, such as nbgrader."""
        return self.run(sys.executable, "-m", module, *arguments, folder=folder, fails=fails)


@contextlib.contextmanager
def people(folder: Path, variables: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, Person]]:
    """Make a user for each name, whose home lies in `folder`, and take them away at the end, however it comes.

    variables: name -> what the environment of this user has.
    """
    mark, made = secrets.token_hex(3), {}
    try:
        for short, environment in variables.items():
            name, password = f"{PREFIX}{mark}-{short}", secrets.token_hex(8)
            made[short] = Person(name, folder / name, password, environment)
            _root("useradd", "--create-home", "--home-dir", str(folder / name), "--user-group", "--shell", "/bin/sh", name)
            _root("chpasswd", given=f"{name}:{password}\n")
            (folder / name).chmod(0o700)
        yield made
    finally:
        for person in made.values():
            subprocess.run(["userdel", "--force", person.name], capture_output=True, env=_paths())


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Start a PostgreSQL server as its own user; yield its URL, for `new_database`.

    The server ends with the shell that it serves, and the shell ends with its input: also where this process is killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.chown(folder, "postgres")
        where = Path(folder) / "where"
        become = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"]
        # Not through a pipe: where nobody reads it any more, pg_virtualenv does not come to its end.
        told = f'echo "$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT" >{where}; exec cat >/dev/null'
        line = [*become, "pg_virtualenv", "sh", "-c", told]
        server = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd="/", env=_paths())
        assert server.stdin
        try:
            while not (where.exists() and where.read_text().endswith("\n")):
                assert server.poll() is None, "PostgreSQL did not start"
                time.sleep(0.1)
            yield f"postgresql+psycopg://{where.read_text().strip()}/"
        finally:
            server.stdin.close()
            server.wait(60)


def new_database(server: str, name: str) -> str:
    """Make an empty database whose owner is an ordinary role with a password; return its URL."""
    from sqlalchemy import create_engine, text

    password = secrets.token_hex(8)
    engine = create_engine(f"{server}postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER {name}"))
    engine.dispose()
    return f"postgresql+psycopg://{name}:{password}@{server.rpartition('@')[2]}{name}"


def _paths() -> dict[str, str]:
    return {**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"}


def _root(*command: str, given: str = "") -> None:
    done = subprocess.run(command, input=given, capture_output=True, text=True, env=_paths())
    assert done.returncode == 0, f"{command[0]}: {done.stderr}"
