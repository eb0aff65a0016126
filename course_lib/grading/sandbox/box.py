"""A place where strangers' code can do no harm: questions go to a worker in isolation, and its limits are watched from here.

What the isolation is: see `isolation`. What runs inside: see `worker`.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import psutil

from course_lib.grading.sandbox import isolation, wire
from course_lib.grading.sandbox.isolation import Worker

LOOK = 0.05  # seconds between two looks at what the processes of a sandbox use
ENTRIES = 10_000  # files and folders that may lie in its temporary folder: empty ones take memory as well


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
    """The sandbox was ended, or ended itself; the message tells a student why, and holds nothing that the student wrote."""


class _Died(Ended):
    """The process gave no answer, although it passed no limit."""


class Sandbox:
    """One submission's worker process, as a context; where an answer ended it, the next question starts a new one.

    Args:
        limits: of each exercise. unsafe: without any isolation, for a student's own code on the student's own machine.
        more: further files of the library that can be read there, for questions in which no student code runs.
    """

    def __init__(self, limits: Limits, unsafe: bool = False, more: Sequence[str] = ()) -> None:
        self.limits, self.unsafe, self.files = limits, unsafe, (*isolation.FILES, *more)
        self._worker: Worker | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the worker and everything that it started."""
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.end()

    def ask(self, request: Mapping[str, Any], serve: Callable[[Mapping[str, Any]], Any]) -> Any:
        """Return what the worker answers to a request (see `worker._answer`).

        serve: answers what the student's code asks for on the way, such as another exercise's function.

        Raises:
            Ended: if a limit was passed or the worker died; the next call starts a new one.
        """
        fresh = self._worker is None
        try:
            return self._ask(request, serve)
        except _Died:
            if fresh:
                raise
        return self._ask(request, serve)  # an earlier answer may have harmed the worker: not the fault of this one

    def _ask(self, request: Mapping[str, Any], serve: Callable[[Mapping[str, Any]], Any]) -> Any:
        if self._worker is None:
            self._worker = isolation.start(self.limits.scratch, self.unsafe, self.files)
        limits = {name: getattr(self.limits, name) for name in ("cpu", "memory", "file", "processes")}
        try:
            turn = _Turn(self._worker, self.limits, self.unsafe)
            answer = turn.answer({**request, "limits": limits, "alone": not self.unsafe}, serve)
        except (wire.WireError, OSError, ValueError) as error:
            self.close()
            raise Ended("It sent something that cannot be read.") from error
        except BaseException:
            self.close()
            raise
        if turn.traces:  # the next answer gets a new sandbox, whose files nobody has touched
            self.close()
        return answer


@dataclass
class _Turn:
    """One request and all that is said until the process that answers it has ended."""

    worker: Worker
    limits: Limits
    unsafe: bool
    found: bytearray = field(default_factory=bytearray)  # what came and was not taken yet
    looked: float = 0.0
    traces: bool = False  # whether it left something behind

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.limits.wall

    def answer(self, request: Mapping[str, Any], serve: Callable[[Mapping[str, Any]], Any]) -> Any:
        results: list[Any] = []
        calls = 0
        self._send(request)
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
        return results[0]

    def _send(self, value: Any) -> None:
        data, stream = memoryview(wire.frame(value)), self.worker.stdin.fileno()
        while data:
            if self._wait(stream, selectors.EVENT_WRITE):
                data = data[os.write(stream, data) :]
            else:  # whoever should read it has ended
                raise _Died("Its process ended while it was waiting for an answer.")

    def _receive(self) -> Any:
        """Return the next message of a student's process, None once it has ended; raise Ended where a limit is passed."""
        stream, found = self.worker.stdout.fileno(), self.found
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
            elif (said := os.read(self.worker.control, 1)) not in (wire.ENDED, wire.TRACES):
                raise _Died("Its process and the sandbox around it ended (killed, or out of memory).")
            elif found:
                raise Ended("It sent something that is no answer.")
            else:
                self.traces = said == wire.TRACES
                return None

    def _wait(self, stream: int, event: int) -> bool:
        """Return True when `stream` is ready, False when the worker says something; watch clock and processes meanwhile."""
        with selectors.DefaultSelector() as ready:
            ready.register(stream, event)
            ready.register(self.worker.control, selectors.EVENT_READ)
            while True:
                now = time.monotonic()
                if now > self.deadline:
                    raise Ended(f"It ran for more than {self.limits.wall:g} seconds.")
                if now > self.looked + LOOK:  # not only while it is silent
                    self._watch()
                    self.looked = time.monotonic()
                found = {key.fd for key, _ in ready.select(LOOK)}
                if found:
                    return stream in found

    def _watch(self) -> None:
        """Look at all processes of the sandbox: limits of one process bind neither many nor root."""
        memory = running = entries = 0
        for child in self.worker.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                memory += child.memory_info().rss
                running += child.num_threads()
            with contextlib.suppress(OSError):
                inside = os.statvfs(f"/proc/{child.pid}/root/tmp")
                entries = max(entries, 0 if self.unsafe else inside.f_files - inside.f_ffree)
        if running > self.limits.processes:
            raise Ended(f"It started more than {self.limits.processes} processes and threads.")
        if memory > self.limits.memory:
            raise Ended(f"It used more than {self.limits.memory / 2**30:.1f} GiB of memory.")
        if entries > ENTRIES:
            raise Ended(f"It wrote more than {ENTRIES:,} files.")
