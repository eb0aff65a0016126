"""A place where strangers' code can do no harm: bubblewrap around `worker`, watched from outside.

No network, a process and user namespace of its own, a read-only system, a small temporary home, and nothing of the
repository: not the library, not the solutions, not another submission. (Worker and limits: see `worker`; the system calls
that are refused: `seccomp`.)
"""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

import course_lib
from course_lib.errors import CourseError
from course_lib.grading import seccomp, wire

FILES = ("grading/wire.py", "grading/worker.py", "teaching/exercises/attempts.py")  # all that the worker imports of ours
HOME = "/course"
PATIENCE = 120.0  # seconds until a sandbox has imported torch on a busy machine
LOOK = 0.05  # seconds between two looks at what the processes of a sandbox use
ENTRIES = 10_000  # files and folders that may lie in its temporary folder: empty ones take memory as well
READY, ENDED = b"r", b"e"  # what the worker says over its own pipe, see `worker.serve`


@dataclass(frozen=True)
class Limits:
    """What one exercise may use.

    wall, cpu: seconds. memory, file, scratch, reply: bytes, of all processes together, of one file, of all temporary files,
    and of one answer. processes: processes and threads together. calls: of other exercises' functions.
    """

    wall: float = 10.0
    cpu: int = 10
    memory: int = 2 << 30
    file: int = 4 << 20
    scratch: int = 64 << 20
    reply: int = 8 << 20
    processes: int = 64
    calls: int = 10_000


class Ended(Exception):
    """The sandbox was ended, or ended itself; the message says why in words for a student, and holds nothing of theirs."""


class _Died(Ended):
    """No limit was passed, but the process gave no answer."""


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
    tried = subprocess.run(
        [program, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "true"], capture_output=True, text=True
    )
    if tried.returncode:
        return f"this system does not let bubblewrap make namespaces ({tried.stderr.strip()[:200]})."
    return ""


def readable() -> list[str]:
    """Return the folders of this machine that student code can read: the system's and Python's."""
    return ["/usr", *sorted({os.path.realpath(sys.base_prefix), os.path.abspath(sys.prefix)})]


class Sandbox:
    """One submission's worker process, as a context; it is started anew where an answer ended it.

    Args:
        limits: of each exercise. unsafe: without any isolation, for a student's own code on the student's own machine.
    """

    def __init__(self, limits: Limits, unsafe: bool = False) -> None:
        self.limits, self.unsafe = limits, unsafe
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._control = -1  # the worker's own pipe, which student code does not have
        self._found = bytearray()  # what came and was not taken yet
        self._deadline = self._looked = 0.0

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the worker and everything that it started."""
        if self._process is not None:
            # With bubblewrap its namespace, and so every process in it, ends with it; but not while it is being set up.
            with contextlib.suppress(psutil.NoSuchProcess):
                for one in psutil.Process(self._process.pid).children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        one.kill()
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
                with contextlib.suppress(OSError):
                    stream.close()
            os.close(self._control)
            self._process = None
            self._found.clear()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def ask(self, request: Mapping[str, Any], serve: Callable[[Mapping[str, Any]], Any]) -> Any:
        """Return what the worker answers to a request (see `worker._answer`).

        serve: answers what the student's code asks for on the way, such as another exercise's function.

        Raises:
            Ended: if a limit was passed or the worker died; the next call starts a new one.
        """
        fresh = self._process is None
        try:
            return self._ask(request, serve)
        except _Died:
            if fresh:
                raise
        return self._ask(request, serve)  # an earlier answer may have harmed the worker: that is not this one's fault

    def _ask(self, request: Mapping[str, Any], serve: Callable[[Mapping[str, Any]], Any]) -> Any:
        if self._process is None:
            self._start()
        limits = {name: getattr(self.limits, name) for name in ("cpu", "memory", "file", "processes")}
        self._deadline, self._looked = time.monotonic() + self.limits.wall, 0.0
        results: list[Any] = []
        calls = 0
        try:
            self._send({**request, "limits": limits, "alone": not self.unsafe})
            while (message := self._receive()) is not None:
                if not isinstance(message, dict) or results:
                    raise Ended("It sent something that is no answer.")
                if "result" in message:
                    results.append(message["result"])
                    continue
                calls += 1
                if calls > self.limits.calls:
                    raise Ended(f"It called other functions more than {self.limits.calls:,} times.")
                self._send(serve(message))
            if not results:
                raise _Died("Its process ended before it gave an answer (exit, a signal, or a limit of memory or time).")
        except (wire.WireError, OSError, ValueError) as error:
            self.close()
            raise Ended("It sent something that cannot be read.") from error
        except BaseException:
            self.close()
            raise
        return results[0]

    def _start(self) -> None:
        ours, theirs = os.pipe()
        filtered, source = os.pipe()
        try:
            os.write(source, b"" if self.unsafe else seccomp.program())
            os.close(source)
            self._process = subprocess.Popen(
                self._command(theirs, filtered), bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=self._environment(), pass_fds=(theirs, filtered),
            )  # fmt: skip
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
            os.close(filtered)
        self._control = ours
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            os.set_blocking(stream.fileno(), False)  # whoever neither reads nor writes must not hold up the grader
        ready, _, _ = select.select([self._control], [], [], PATIENCE)
        if not ready or os.read(self._control, 1) != READY:
            told = (self._process.stderr.read() or b"")[-500:].decode(errors="replace").strip()
            self.close()
            raise CourseError(f"the sandbox did not start ({told or 'it was silent'}).")

    def _environment(self) -> dict[str, str] | None:
        return {"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "HOME": self._folder.name} if self.unsafe else {}

    def _command(self, control: int, filtered: int) -> list[str]:
        """Return the command line. control: the worker's own pipe. filtered: where bubblewrap reads the filter."""
        sources = Path(course_lib.__file__).parent
        if self.unsafe:
            self._folder = tempfile.TemporaryDirectory(prefix="course-")
            for name in FILES:
                target = Path(self._folder.name) / "course_lib" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(sources / name, target)
            return [sys.executable, "-I", str(Path(self._folder.name) / "course_lib" / FILES[1]), str(control)]
        line = [shutil.which("bwrap") or "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
        line += ["--uid", "65534", "--gid", "65534", "--hostname", "sandbox", "--seccomp", str(filtered)]
        for place in ("/lib", "/lib64", "/bin", "/sbin"):
            if Path(place).is_symlink():
                line += ["--symlink", os.readlink(place), place]
            elif Path(place).exists():
                line += ["--ro-bind", place, place]
        # Before what is bound: Python itself may lie in /tmp.
        line += ["--size", str(self.limits.scratch), "--tmpfs", "/tmp", "--chdir", "/tmp"]
        for place in readable():
            line += ["--ro-bind", place, place]
        for place in readable():  # installed there, not editable: out of sight, also where a prefix is a link
            if sources.resolve().is_relative_to(os.path.realpath(place)):
                line += ["--tmpfs", os.path.join(place, os.path.relpath(sources.resolve(), os.path.realpath(place)))]
        line += ["--proc", "/proc", "--dev", "/dev", "--size", str(1 << 20), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
        for name in FILES:
            line += ["--ro-bind", str(sources / name), f"{HOME}/course_lib/{name}"]
        for name, value in {"HOME": "/tmp", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}.items():
            line += ["--setenv", name, value]
        return [*line, "--remount-ro", "/", sys.executable, "-I", f"{HOME}/course_lib/{FILES[1]}", str(control)]

    def _send(self, value: Any) -> None:
        data, stream = memoryview(wire.frame(value)), self._process.stdin.fileno()
        while data:
            if self._wait(stream, selectors.EVENT_WRITE):
                data = data[os.write(stream, data) :]
            else:  # whoever should read it has ended
                raise _Died("Its process ended while it was waiting for an answer.")

    def _receive(self) -> Any:
        """Return the next message of a student's process, None once it has ended; raise Ended where a limit is passed."""
        stream, found = self._process.stdout.fileno(), self._found
        while True:
            length = int.from_bytes(found[: wire.LENGTH], "little")
            if len(found) >= wire.LENGTH and length > self.limits.reply:
                raise Ended(f"Its answer has more than {self.limits.reply:,} bytes.")
            if len(found) >= wire.LENGTH + length > wire.LENGTH:
                data = bytes(found[wire.LENGTH : wire.LENGTH + length])
                del found[: wire.LENGTH + length]
                return wire.unpack(data)
            if self._wait(stream, selectors.EVENT_READ):
                part = os.read(stream, 1 << 20)
                if not part:
                    raise _Died("Its process and the sandbox around it ended (killed, or out of memory).")
                found += part
            elif os.read(self._control, 1) != ENDED:
                raise _Died("Its process and the sandbox around it ended (killed, or out of memory).")
            elif found:
                raise Ended("It sent something that is no answer.")
            else:
                return None

    def _wait(self, stream: int, event: int) -> bool:
        """Return when `stream` is ready, or, False, the worker says something; look at clock and processes meanwhile."""
        with selectors.DefaultSelector() as ready:
            ready.register(stream, event)
            ready.register(self._control, selectors.EVENT_READ)
            while True:
                now = time.monotonic()
                if now > self._deadline:
                    raise Ended(f"It ran for more than {self.limits.wall:g} seconds.")
                if now > self._looked + LOOK:  # not only while it is silent
                    self._watch()
                    self._looked = time.monotonic()
                found = {key.fd for key, _ in ready.select(LOOK)}
                if found:
                    return stream in found

    def _watch(self) -> None:
        """Look at all processes of the sandbox: limits of one process do not bind many, nor root."""
        memory = running = entries = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            for one in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    memory += one.memory_info().rss
                    running += one.num_threads()
                with contextlib.suppress(OSError):
                    inside = os.statvfs(f"/proc/{one.pid}/root/tmp")
                    entries = max(entries, 0 if self.unsafe else inside.f_files - inside.f_ffree)
        if running > self.limits.processes:
            raise Ended(f"It started more than {self.limits.processes} processes and threads.")
        if memory > self.limits.memory:
            raise Ended(f"It used more than {self.limits.memory / 2**30:.1f} GiB of memory.")
        if entries > ENTRIES:
            raise Ended(f"It wrote more than {ENTRIES:,} files.")
