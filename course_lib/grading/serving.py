"""What a student's function asks the grader for while it runs in the sandbox: other exercises' functions, and measures."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from course_lib.teaching import exercises
from course_lib.teaching.exercises.attempts import Case, Failure, attempt
from course_lib.teaching.exercises.measures import MEASURES

try:
    import resource
except ImportError:  # Windows: a student's preflight
    resource = None

MOST = 100_000  # entries of all arguments together that another exercise's function is called with
LARGEST = 1_000_000  # size of a whole number that it is called with
ROOM = 256 << 20  # bytes that it may take


def serve(message: Mapping[str, Any], supplied: set[str], measures: set[str]) -> Any:
    """Give what a student's function asks for: another exercise's function, supplied correct, or a measure it was given."""
    arguments, named = message.get("arguments"), message.get("named")
    if not isinstance(arguments, list) or not isinstance(named, dict) or _size([arguments, named]) > MOST:
        return Failure("ValueError", f"called with more than {MOST:,} entries, or a number beyond {LARGEST:,}")
    name, measure = message.get("call"), message.get("measure")
    if isinstance(name, str) and name in supplied:
        return _call(exercises.find(name).reference, arguments, named)
    if isinstance(measure, str) and measure in measures:
        return _call(MEASURES[measure], arguments, named)
    return Failure("NameError", "there is no such function")


def _call(function: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Return a reference's output for arguments that came from a stranger, with its errors as data."""

    def call(*values: Any) -> Any:
        return function(*values[: len(arguments)], **dict(zip(named, values[len(arguments) :], strict=True)))

    with _room(ROOM):
        _, (output,) = attempt(call, [Case("asked for", (*arguments, *named.values()))])
    if not isinstance(output, Failure) and _size(output) > MOST:
        return Failure("ValueError", f"the result has more than {MOST:,} entries, or numbers beyond {LARGEST:,}")
    return output


@contextlib.contextmanager
def _room(size: int) -> Iterator[None]:
    """Let this process take no more than `size` bytes within, where the system can limit that."""
    pages = Path("/proc/self/statm")
    if resource is None or not pages.exists():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = int(pages.read_text().split()[0]) * resource.getpagesize() + size
    try:
        if soft == resource.RLIM_INFINITY or most < soft:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _size(value: Any) -> float:
    """Return how many entries a value has; infinity where a number in it is too large, or it is nothing that is sent."""
    if isinstance(value, Tensor):
        return value.numel()
    if isinstance(value, float):
        return 1
    if isinstance(value, int):
        return 1 if abs(value) <= LARGEST else math.inf
    if isinstance(value, dict):
        return sum(map(_size, value.values()), len(value))
    if isinstance(value, range):
        return len(value) if max(map(abs, (value.start, value.stop))) <= LARGEST else math.inf
    if isinstance(value, (list, tuple, set)):
        return sum(map(_size, value), 1)
    return 1 + len(value) if isinstance(value, str) else (1 if value is None else math.inf)
