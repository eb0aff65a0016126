"""What runs inside a sandbox: it takes students' programs and calls what the grader asks for.

It holds no secret: no seed, no expected value, no other submission, and of the library only this file, `wire`, `starting`,
`attempts` and `plain`.
A forked child answers each request, so that nothing an answer does is left for the next. Nobody trusts what the child says:
it is judged outside. The worker itself reports that a child has ended, over a pipe that children do not have, so that no
answer can cut another one short or pose as it.
"""

from __future__ import annotations
import __future__

import contextlib
import ctypes
import linecache
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

# Here `course_lib` is a folder with five files, not the installed library. The student's own folder is not looked at.
sys.path.insert(0, str(Path(__file__).parents[3]))

from course_lib.starting import quickly

with quickly():
    import torch

from course_lib.grading.sandbox.wire import ENDED, LENGTH, READY, TRACES, frame, unpack
from course_lib.teaching.exercises.attempts import attempt
from course_lib.teaching.exercises.plain import Failure, plain

PR_SET_DUMPABLE = 4
FLAGS = __future__.annotations.compiler_flag  # annotations may name what is not here


def read(stream: BinaryIO) -> Any:
    """Return the next message; None when there are no more."""
    length = stream.read(LENGTH)
    return unpack(stream.read(int.from_bytes(length, "little")), stranger=False) if len(length) == LENGTH else None


def write(stream: BinaryIO, value: Any) -> None:
    """Send a message."""
    stream.write(frame(value))
    stream.flush()


def serve(requests: BinaryIO, replies: BinaryIO, control: int) -> None:
    """Answer requests until there are no more; report over `control` when this is ready and when an answer has ended."""
    clean = _traces()
    os.write(control, READY)
    while isinstance(request := read(requests), dict) and "limits" in request:
        child = os.fork()
        if child == 0:
            try:
                os.close(control)
                _limit(request["limits"])
                write(replies, {"result": _answer(request, requests, replies)})
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        if request["alone"]:
            _end_all()
        os.write(control, TRACES if request["alone"] and _traces() != clean else ENDED)


def _traces() -> tuple[Any, ...]:
    """Return what an answer could leave for the next one: when a folder last changed, and how this process may run."""
    changed = [os.stat(folder).st_ctime_ns for folder in ("/tmp", "/dev/shm") if os.path.isdir(folder)]
    return (*changed, os.getpriority(os.PRIO_PROCESS, 0), frozenset(os.sched_getaffinity(0)))


def _end_all() -> None:
    """End all that the child left behind: nothing else runs in the sandbox but its first process and this one."""
    us = {"1", str(os.getpid())}
    while any(name.isdigit() and name not in us for name in os.listdir("/proc")):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(-1, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.001)


def _limit(limits: dict[str, int]) -> None:
    """Limit this process. The memory of it and all its children together is watched from outside as well."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + limits["memory"]
    wanted = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: limits["cpu"],
        resource.RLIMIT_FSIZE: limits["file"],
        resource.RLIMIT_NPROC: limits["processes"],  # binds where the user is not root
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 256,
    }
    for what, most in wanted.items():
        with contextlib.suppress(ValueError, OSError):  # a lower limit is in force already
            resource.setrlimit(what, (most, most))


def _answer(request: dict[str, Any], requests: BinaryIO, replies: BinaryIO) -> Any:
    """Run the student's definitions, then what is asked for: the value of a name, or a function on cases."""

    def ask(what: str, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            write(replies, {what: name, "arguments": list(map(plain, arguments)), "named": plain(named)})
            answer = read(requests)
            if isinstance(answer, Failure):
                raise RuntimeError(f"{name}: {answer.message}")
            return answer

        return call

    torch.compile = _as_it_is  # compiling for speed would take longer than the answer may
    scope: dict[str, Any] = {"__name__": "__main__"} | {name: ask("call", name) for name in request["supplied"]}
    program = request["program"]
    linecache.cache["answer"] = (len(program), None, program.splitlines(keepends=True), "answer")  # for torch.jit.script
    try:
        exec(compile(program, "answer", "exec", FLAGS, dont_inherit=True), scope)
        target = scope[request["name"]]
        if request["cases"] is None:
            return [plain(target, keys=True)]
        afterwards, outputs = attempt(target, request["cases"], lambda name: ask("measure", name))
    except (Exception, SystemExit) as error:
        return Failure.of(error)
    return [afterwards, outputs]


def _as_it_is(model: Any = None, **_: Any) -> Any:
    """Stand in for torch.compile, which changes no result."""
    return _as_it_is if model is None else model


def main() -> None:
    """Serve the grader on standard input and output, and the pipe named in the arguments."""
    torch.set_num_threads(1)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # a child cannot look into its parent, nor at its open files
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    serve(requests, replies, int(sys.argv[1]))
    os._exit(0)  # at once: the grader waits for this end by a student's clock, and torch takes its time to leave


if __name__ == "__main__":
    main()
