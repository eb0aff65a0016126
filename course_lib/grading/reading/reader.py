"""Notebooks are read under limits of time and memory, each in a process of its own.

That one is forked from the reader, which imports no torch and starts once for each process that grades. Parsing is not
execution, but text can be made that costs Python's parser minutes and gigabytes, or ends the process.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

if __name__ == "__main__":  # the reader itself, which takes nothing from the folder in which it was started
    sys.path.insert(0, str(Path(__file__).parents[3]))

from course_lib.grading.reading.examining import Exercise, Found, answer, cell_of
from course_lib.grading.reading.keeping import Kept
from course_lib.grading.reading.notebooks import Cell, Unreadable, clean

SECONDS, MEMORY = 10.0, 512 << 20  # for one notebook
LENGTH = 8  # bytes that say how long a message is
_LOCK = threading.Lock()


def examine(path: Path, lesson: str, course: Sequence[Exercise], template: Sequence[Cell] = ()) -> Found:
    """Return what a notebook has for a lesson; whatever is in the file, this returns something, and soon.

    course: the exercises of all lessons, in order. template: the cells of the students' notebook.
    """
    exercises = [[exercise.name, exercise.lesson, exercise.kind] for exercise in course]
    asked = {"path": os.fspath(path.absolute()), "lesson": lesson, "course": exercises}
    found = _ask({**asked, "template": list(map(asdict, template))})
    return Found(problem=found["failed"]) if "failed" in found else Found.of(found)


def cells(path: Path) -> list[Cell]:
    """Return the cells of a notebook.

    Raises:
        Unreadable: for what is none, or takes too much time or memory; one sentence says so.
    """
    found = _ask({"path": os.fspath(path.absolute())})
    if problem := found.get("failed") or found.get("problem"):
        raise Unreadable(problem)
    return list(map(cell_of, found["cells"]))


def keep(path: Path) -> list[Kept]:
    """Return what `keeping.keep` returns of a notebook; nothing where that takes too much time or memory."""
    return _ask({"path": os.fspath(path.absolute()), "keep": True}).get("kept", [])


# where it is asked


@dataclass(frozen=True)
class _Reader:
    """The reader of one process. owner: that process; a fork of it starts its own."""

    process: subprocess.Popen[bytes]
    requests: IO[bytes]
    replies: IO[bytes]
    owner: int


_READER: list[_Reader] = []  # none yet, or one


def _ask(request: Mapping[str, Any]) -> dict[str, Any]:
    with _LOCK:
        for _ in range(2):  # the reader may have been ended since the last request
            reader = _started()
            try:
                _write(reader.requests, request)
                reply = _read(reader.replies)
            except OSError:
                reply = None
            if reply is not None:
                return reply
            _READER.clear()
    return {"failed": "The process that reads notebooks ended twice; a person has to look at it."}


def _started() -> _Reader:
    if not _READER or _READER[0].owner != os.getpid():
        line = [sys.executable, "-I", __file__]
        # In a session of its own an interrupt at the keyboard does not reach it; it ends when nobody can ask it any more.
        process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        assert process.stdin and process.stdout  # pipes, as was asked for
        _READER[:] = [_Reader(process, process.stdin, process.stdout, os.getpid())]
    return _READER[0]


def _write(stream: IO[bytes], value: Mapping[str, Any]) -> None:
    data = json.dumps(value).encode()
    stream.write(len(data).to_bytes(LENGTH, "little") + data)
    stream.flush()


def _read(stream: IO[bytes]) -> dict[str, Any] | None:
    length = stream.read(LENGTH)
    data = stream.read(int.from_bytes(length, "little")) if len(length) == LENGTH else b""
    return json.loads(data) if data else None


# the reader itself


def main() -> None:
    """Answer requests on standard input until there are no more."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    while (request := _read(requests)) is not None:
        if str(request["path"]).endswith(".py"):
            import jupytext  # noqa: F401  once, and not on a notebook's time
        _write(replies, _forked(request))


def _forked(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer to a request, from a process of its own."""
    source, target = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(source)
            _limit()
            reply = json.dumps(_answer(request)).encode()
            with os.fdopen(target, "wb") as stream:
                stream.write(reply)
        finally:
            os._exit(0)
    os.close(target)
    data = bytearray()
    deadline = time.monotonic() + SECONDS
    while (left := deadline - time.monotonic()) > 0 and select.select([source], [], [], left)[0]:
        part = os.read(source, 1 << 20)
        if not part:
            break
        data += part
    else:
        os.kill(child, signal.SIGKILL)
    os.close(source)
    _, status = os.waitpid(child, 0)
    try:
        return json.loads(data)
    except ValueError:
        late = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGXCPU)
        why = f"reading it took more than {SECONDS:g} seconds" if late else "reading it ended the process that read it"
        return {"failed": f"It could not be read: {why}; a person has to look at it."}


def _answer(request: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return answer(request)
    except MemoryError:
        return {"failed": f"It could not be read: that took more than {MEMORY >> 20} MiB; a person has to look at it."}
    except Exception as error:  # strangers hand in anything; one file must not stop the class
        return {"failed": f"It could not be read ({clean(type(error).__name__)}); a person has to look at it."}


def _limit() -> None:
    """Limit this process in time and memory, where the system can."""
    import resource

    limits = {resource.RLIMIT_CPU: int(SECONDS) + 1, resource.RLIMIT_CORE: 0}
    with contextlib.suppress(OSError):
        whole, resident = Path("/proc/self/statm").read_text().split()[:2]
        limits[resource.RLIMIT_AS] = MEMORY + (int(whole) - int(resident)) * resource.getpagesize()
    for what, most in limits.items():
        with contextlib.suppress(ValueError, OSError):  # a lower limit is in force already
            resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main()
