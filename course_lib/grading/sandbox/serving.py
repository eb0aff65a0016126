"""What a student's function may call outside the sandbox: other exercises' functions, and the measures that it was given."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from course_lib.teaching import exercises
from course_lib.teaching.exercises import Exercise
from course_lib.teaching.exercises.attempts import Case, attempt
from course_lib.teaching.exercises.measures import MEASURES
from course_lib.teaching.exercises.plain import Failure

MOST = 100_000  # entries of all arguments together with which another exercise's function may be called
LARGEST = 1_000_000  # size of a whole number among these arguments
ROOM = 256 << 20  # bytes that such a call may take


def serve(message: Mapping[str, Any], supplied: set[str], measures: Mapping[str, str]) -> Any:
    """Answer a student's function that calls a correct version of another exercise's function, or a measure it was given.

    measures: what a measure is called in the sandbox -> its name.
    """
    arguments, named = message.get("arguments"), message.get("named")
    if not isinstance(arguments, list) or not isinstance(named, dict) or _size([arguments, named]) > MOST:
        return Failure("ValueError", f"called with more than {MOST:,} entries, or a number beyond {LARGEST:,}")
    name, measure = message.get("call"), message.get("measure")
    if isinstance(name, str) and name in supplied and isinstance(asked := exercises.find(name), Exercise):
        return _call(asked.reference, arguments, named)
    if isinstance(measure, str) and measure in measures:
        return _call(MEASURES[measures[measure]], arguments, named)
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
    """Within, let this process take no more than `size` further bytes, where the system can limit that."""
    pages = Path("/proc/self/statm")
    if sys.platform == "win32" or not pages.exists():
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = int(pages.read_text().split()[0]) * resource.getpagesize() + size
    try:
        if soft == resource.RLIM_INFINITY or most < soft:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _size(value: Any) -> float:
    """Return how many entries a value has; infinity where a number in it is too large, or for a value that is never sent."""
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
