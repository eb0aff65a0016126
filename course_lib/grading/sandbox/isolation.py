"""What keeps strangers' code apart from everything else: bubblewrap's command line, and the worker process behind it.

No network, a process and user namespace of its own, a read-only system, a small temporary home, and nothing of the
repository: not the library, not the solutions, not another submission. (The system calls that are refused: `seccomp`.)
Whoever grades, outside the sandbox its processes belong to a user without rights: never to root.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

import psutil

import course_lib
from course_lib.errors import CourseError
from course_lib.grading.sandbox import seccomp, wire

# All that the worker imports of ours. A question that needs more of the library names it (see `Sandbox`).
FILES: tuple[str, ...] = (
    "grading/sandbox/wire.py",
    "grading/sandbox/worker.py",
    "starting.py",
    "teaching/exercises/attempts.py",
    "teaching/exercises/plain.py",
)
HOME = "/course"
PATIENCE = 120.0  # seconds until a worker has imported torch on a busy machine
NOBODY = "65534"
# What a worker has to read. It is tried before anything is graded: files may be root's alone.
TRIAL = f"""
import importlib.util, pathlib
found = [importlib.util.find_spec(name).origin for name in ("torch", "safetensors")]
for path in [*found, *pathlib.Path("{HOME}").rglob("*.py")]:
    open(path).close()
"""


def missing() -> str:
    """Return one sentence about what this machine lacks for a sandbox, or ""."""
    if not sys.platform.startswith("linux"):
        return (
            "isolation needs Linux (bubblewrap); grade on a Linux machine, or in a container or virtual machine of your own."
        )
    program = shutil.which("bwrap")
    if program is None:
        return "bubblewrap is not installed: `apt-get install bubblewrap`, or your system's package of that name."
    if not seccomp.known():
        return f"system calls are filtered on {' and '.join(seccomp.MACHINES)} only, and this is another machine."
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        return "setpriv is not installed (package util-linux), by which root becomes a user without rights."
    words = _tried(_way())
    if words and os.geteuid() == 0:
        return f"user {NOBODY}, as whom root runs students' code, is refused ({words}); grade as an ordinary user."
    return f"this system does not let bubblewrap make namespaces ({words})." if words else ""


def _tried(way: Sequence[str], files: Sequence[str] = FILES) -> str:
    """Return why a sandbox that is started in this way cannot do its work, or ""."""
    line = [*way, *_bubblewrap(1 << 20, files), sys.executable, "-I", "-c", TRIAL]
    tried = subprocess.run(line, capture_output=True, text=True, env={}, stdin=subprocess.DEVNULL)
    words = tried.stderr.strip().splitlines() or [f"exit status {tried.returncode}"]
    return words[-1][:200] if tried.returncode else ""


@lru_cache(maxsize=4)
def _way(files: tuple[str, ...] = FILES) -> list[str]:
    """Return the start of the command line under which bubblewrap runs as a user without rights."""
    if os.geteuid() != 0:
        return []
    become = [shutil.which("setpriv") or "setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]
    become += ["--inh-caps=-all", "--bounding-set=-all"]
    # Python or the course may lie where only root can go. What the sandbox needs is put where anybody can; that takes the
    # right to mount, without which it may be readable as it is.
    ways = [[*_reachable(files), *become], become]
    return next((way for way in ways if not _tried(way, files)), ways[0])


def _reachable(files: Sequence[str]) -> list[str]:
    """Return root's own call of bubblewrap, in which all that the sandbox is made of can be reached by any user."""
    places = [*readable(), *(str(_sources() / name) for name in files)]
    line = [shutil.which("bwrap") or "bwrap", "--die-with-parent", *_system()]
    for capability in ("SETUID", "SETGID", "SETPCAP"):
        line += ["--cap-add", f"CAP_{capability}"]
    for folder in dict.fromkeys(str(parent) for place in places for parent in reversed(Path(place).parents)):
        line += ["--perms", "0755", "--dir", folder]
    for place in places:
        line += ["--ro-bind", place, place]
    return [*line, "--dir", "/tmp", "--dev-bind", "/dev", "/dev", "--dev-bind", "/proc", "/proc", "--"]


def readable() -> list[str]:
    """Return the folders of this machine that student code can read: the system's and Python's."""
    return ["/usr", *sorted({os.path.realpath(sys.base_prefix), os.path.abspath(sys.prefix)})]


@dataclass(frozen=True)
class Worker:
    """A worker process that is ready for requests. control: its own pipe, which student code does not have."""

    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    control: int
    folder: tempfile.TemporaryDirectory[str] | None  # of its files, where nothing is isolated

    def children(self) -> Iterator[psutil.Process]:
        """Yield every process that runs below the one we started."""
        with contextlib.suppress(psutil.NoSuchProcess):
            yield from psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        """End the worker and everything that it started."""
        # With bubblewrap its namespace, and so every process in it, ends with it; but not while it is being set up.
        for child in self.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        self.process.kill()
        self.process.wait()
        for stream in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(OSError):
                stream.close()
        os.close(self.control)
        if self.folder is not None:
            self.folder.cleanup()


def start(scratch: int, unsafe: bool, files: tuple[str, ...] = FILES) -> Worker:
    """Start a worker and wait until it is ready.

    scratch: bytes of its temporary files. unsafe: without any isolation. files: of ours, which it may read.

    Raises:
        CourseError: with what the worker wrote to its standard error, if it does not get ready.
    """
    folder = _copied(files) if unsafe else None
    ours, theirs = os.pipe()
    filtered, source = os.pipe()  # where bubblewrap reads the filter of system calls
    try:
        os.write(source, b"" if unsafe else seccomp.program())
        os.close(source)
        if folder is None:
            line, environment = (
                [*_way(files), *_bubblewrap(scratch, files), "--seccomp", str(filtered), *_python(HOME, theirs)],
                {},
            )
        else:
            line = _python(folder.name, theirs)
            environment = {"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "HOME": folder.name}
        process = subprocess.Popen(
            line, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
            pass_fds=(theirs, filtered),
        )  # fmt: skip
    except BaseException:
        os.close(ours)
        if folder is not None:
            folder.cleanup()
        raise
    finally:
        os.close(theirs)
        os.close(filtered)
    assert process.stdin and process.stdout and process.stderr  # pipes, as was asked for
    worker = Worker(process, process.stdin, process.stdout, process.stderr, ours, folder)
    try:
        _await(worker)
    except BaseException:
        worker.end()
        raise
    return worker


def _await(worker: Worker) -> None:
    for stream in (worker.stdin, worker.stdout, worker.stderr):
        os.set_blocking(stream.fileno(), False)  # whoever neither reads nor writes must not hold up the grader
    ready, _, _ = select.select([worker.control], [], [], PATIENCE)
    if not ready or os.read(worker.control, 1) != wire.READY:
        words = (worker.stderr.read() or b"")[-500:].decode(errors="replace").strip()
        raise CourseError(f"the sandbox did not start ({words or 'it was silent'}).")


def _sources() -> Path:
    return Path(course_lib.__file__).parent


def _copied(files: Sequence[str]) -> tempfile.TemporaryDirectory[str]:
    """Return a new temporary folder that holds the worker's files."""
    folder = tempfile.TemporaryDirectory(prefix="course-")
    for name in files:
        target = Path(folder.name) / "course_lib" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_sources() / name, target)
    return folder


def _python(home: str, control: int) -> list[str]:
    return [sys.executable, "-I", f"{home}/course_lib/{FILES[1]}", str(control)]


def _system() -> list[str]:
    """Return the links to /usr, or what stands in their place."""
    line = []
    for place in ("/lib", "/lib64", "/bin", "/sbin"):
        if Path(place).is_symlink():
            line += ["--symlink", os.readlink(place), place]
        elif Path(place).exists():
            line += ["--ro-bind", place, place]
    return line


def _bubblewrap(scratch: int, files: Sequence[str]) -> list[str]:
    line = [shutil.which("bwrap") or "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    # The worker is the first process: nothing inside can stop it, and none of bubblewrap's holds its pipes there.
    line += ["--as-pid-1", "--uid", NOBODY, "--gid", NOBODY, "--hostname", "sandbox", *_system()]
    # Before what is bound: Python itself may lie in /tmp.
    line += ["--size", str(scratch), "--tmpfs", "/tmp", "--chdir", "/tmp"]
    for place in readable():
        line += ["--ro-bind", place, place]
    sources = _sources().resolve()
    for place in readable():  # a library that is installed there, not editable: out of sight, also where a prefix is a link
        if sources.is_relative_to(os.path.realpath(place)):
            line += ["--tmpfs", os.path.join(place, os.path.relpath(sources, os.path.realpath(place)))]
    # The kernel's settings are files, and whose they are is all that protects them.
    line += ["--proc", "/proc", "--dev", "/dev"]
    for place in ("/proc/sys", "/proc/pressure", "/dev/pts"):
        line += ["--tmpfs", place, "--remount-ro", place] if Path(place).exists() else []
    line += ["--size", str(1 << 20), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    for name in files:
        line += ["--ro-bind", str(_sources() / name), f"{HOME}/course_lib/{name}"]
    for name, value in {"HOME": "/tmp", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}.items():
        line += ["--setenv", name, value]
    return [*line, "--remount-ro", "/"]
