"""A place where strangers' code can do no harm: bubblewrap around `worker`, watched from outside.

No network, a process and user namespace of its own, a read-only system, a small temporary home, and nothing of the
repository: not the library, not the solutions, not another submission. (Worker and limits: see `worker`.)
"""

from __future__ import annotations

import contextlib
import os
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
from typing import Any, BinaryIO

import psutil

import course_lib
from course_lib.errors import CourseError
from course_lib.grading import wire

FILES = ("grading/wire.py", "grading/worker.py", "teaching/exercises/attempts.py")  # all that the worker imports of ours
HOME = "/course"
PATIENCE = 120.0  # seconds until a sandbox has imported torch on a busy machine
LOOK = 0.05  # seconds between two looks at what the processes of a sandbox use


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
    reply: int = 64 << 20
    processes: int = 64
    calls: int = 10_000


class Ended(Exception):
    """The sandbox was ended, or ended itself; the message says why in words for a student."""


def missing() -> str:
    """Return one sentence about what this machine lacks for a sandbox, or ""."""
    if not sys.platform.startswith("linux"):
        return (
            "isolation needs Linux (bubblewrap); grade on a Linux machine, or in a container or virtual machine of your own."
        )
    program = shutil.which("bwrap")
    if program is None:
        return "bubblewrap is not installed: `apt-get install bubblewrap`, or your system's package of that name."
    tried = subprocess.run(
        [program, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "true"], capture_output=True, text=True
    )
    if tried.returncode:
        return f"this system does not let bubblewrap make namespaces ({tried.stderr.strip()[:200]})."
    return ""


class Sandbox:
    """One submission's worker process, as a context; it is started anew where an answer ended it.

    Args:
        limits: of each exercise. unsafe: without any isolation, for a student's own code on the student's own machine.
    """

    def __init__(self, limits: Limits, unsafe: bool = False) -> None:
        self.limits, self.unsafe = limits, unsafe
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the worker and everything that it started."""
        if self._process is not None:
            if self.unsafe:
                with contextlib.suppress(psutil.NoSuchProcess):
                    for one in psutil.Process(self._process.pid).children(recursive=True):
                        with contextlib.suppress(psutil.NoSuchProcess):
                            one.kill()
            self._process.kill()  # with bubblewrap its namespace, and so every process in it, ends with it
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
                with contextlib.suppress(OSError):
                    stream.close()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def ask(self, request: Mapping[str, Any], serve: Callable[[Mapping[str, Any]], Any]) -> Any:
        """Return what the worker answers to a request (see `worker._answer`).

        serve: answers what the student's code asks for on the way, such as another exercise's function.

        Raises:
            Ended: if a limit was passed or the worker died; the next call starts a new one.
        """
        if self._process is None:
            self._start()
        limits = {name: getattr(self.limits, name) for name in ("cpu", "memory", "file", "processes")}
        self._deadline = time.monotonic() + self.limits.wall
        result, calls = None, 0
        try:
            self._send({**request, "limits": limits, "alone": not self.unsafe})
            while True:
                message = self._receive(self.limits.reply)
                if not isinstance(message, dict):
                    raise Ended("It sent something that is no answer.")
                if "ended" in message:
                    break
                if "result" in message:
                    result = message
                    continue
                calls += 1
                if calls > self.limits.calls:
                    raise Ended(f"It called other functions more than {self.limits.calls:,} times.")
                self._send(serve(message))
        except Ended:
            self.close()
            raise
        except (wire.WireError, OSError, ValueError) as error:
            self.close()
            raise Ended("It sent something that cannot be read.") from error
        if result is None:
            self.close()
            raise Ended("Its process ended before it gave an answer (exit, a signal, or a limit of memory or time).")
        return result["result"]

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command(), bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self._environment(),
        )  # fmt: skip
        for stream in (self._process.stdin, self._process.stdout):
            os.set_blocking(stream.fileno(), False)  # whoever neither reads nor writes must not hold up the grader
        self._deadline = time.monotonic() + PATIENCE
        try:
            self._receive(1 << 20)
        except Ended as error:
            self._process.kill()
            told = self._process.stderr.read()[-500:].decode(errors="replace").strip()
            self.close()
            raise CourseError(f"the sandbox did not start ({told or error}).") from error

    def _environment(self) -> dict[str, str] | None:
        return {"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "HOME": self._folder.name} if self.unsafe else {}

    def _command(self) -> list[str]:
        sources = Path(course_lib.__file__).parent
        if self.unsafe:
            self._folder = tempfile.TemporaryDirectory(prefix="course-")
            for name in FILES:
                target = Path(self._folder.name) / "course_lib" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(sources / name, target)
            return [sys.executable, "-I", str(Path(self._folder.name) / "course_lib" / FILES[1])]
        line = [shutil.which("bwrap") or "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
        line += ["--uid", "65534", "--gid", "65534", "--hostname", "sandbox"]
        for place in ("/lib", "/lib64", "/bin", "/sbin"):
            if Path(place).is_symlink():
                line += ["--symlink", os.readlink(place), place]
            elif Path(place).exists():
                line += ["--ro-bind", place, place]
        prefixes = ["/usr", *sorted({os.path.realpath(sys.base_prefix), os.path.abspath(sys.prefix)})]
        for place in prefixes:
            line += ["--ro-bind", place, place]
        if any(sources.is_relative_to(place) for place in prefixes):  # installed, not editable: out of sight
            line += ["--tmpfs", str(sources)]
        line += ["--proc", "/proc", "--dev", "/dev", "--size", str(1 << 20), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
        line += ["--size", str(self.limits.scratch), "--tmpfs", "/tmp", "--chdir", "/tmp"]
        for name in FILES:
            line += ["--ro-bind", str(sources / name), f"{HOME}/course_lib/{name}"]
        for name, value in {"HOME": "/tmp", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}.items():
            line += ["--setenv", name, value]
        return [*line, "--remount-ro", "/", sys.executable, "-I", f"{HOME}/course_lib/{FILES[1]}"]

    def _send(self, value: Any) -> None:
        data, stream = memoryview(wire.frame(value)), self._process.stdin
        while data:
            self._wait(stream, selectors.EVENT_WRITE)
            data = data[stream.write(data) or 0 :]

    def _receive(self, most: int) -> Any:
        """Return the worker's next message; raise Ended when time, memory or processes run out on the way."""
        length = int.from_bytes(self._bytes(wire.LENGTH), "little")
        if length > most:
            raise Ended(f"Its answer has {length:,} bytes; at most {most:,} are read.")
        return wire.unpack(self._bytes(length))

    def _bytes(self, count: int) -> bytes:
        found, stream = bytearray(), self._process.stdout
        while len(found) < count:
            self._wait(stream, selectors.EVENT_READ)
            part = stream.read(count - len(found))
            if part == b"":
                raise Ended("Its process and the sandbox around it ended (killed, or out of memory).")
            found += part or b""
        return bytes(found)

    def _wait(self, stream: BinaryIO, event: int) -> None:
        """Return when `stream` is ready, looking at the clock and at the sandbox's processes meanwhile."""
        with selectors.DefaultSelector() as ready:
            ready.register(stream, event)
            while not ready.select(LOOK):
                if time.monotonic() > self._deadline:
                    raise Ended(f"It ran for more than {self.limits.wall:g} seconds.")
                self._watch()

    def _watch(self) -> None:
        """Look at all processes of the sandbox: limits of one process do not bind many, nor root."""
        memory = running = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            for one in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    memory += one.memory_info().rss
                    running += one.num_threads()
        if running > self.limits.processes:
            raise Ended(f"It started {running} processes and threads; at most {self.limits.processes} may run.")
        if memory > self.limits.memory:
            raise Ended(f"It used {memory / 2**30:.1f} GiB of memory; {self.limits.memory / 2**30:.1f} are allowed.")
