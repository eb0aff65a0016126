"""What a running cell hears: the wish to stop, so that what was trained ends in good order, and the end of its time.

And what it leaves: nothing that only the C library still holds.
"""

from __future__ import annotations

import ast
import ctypes
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

OPENED = "JPY_SESSION_NAME"  # set by Jupyter's server, in whose pages people work, and by no runner of notebooks
OPENED_IN_CODE = "__vsc_ipynb_file__"  # VS Code's: a name in the notebook


def opened() -> Path | None:
    """Return the notebook that somebody has opened and this process works for; None in scripts and where a runner works."""
    name = os.environ.get(OPENED)
    if not name and "ipykernel" in sys.modules:
        from IPython.core.getipython import get_ipython

        name = getattr(get_ipython(), "user_ns", {}).get(OPENED_IN_CODE)
    return Path(name) if name and isinstance(name, str) else None


def cell() -> int | None:
    """Return the number of the notebook's cell that is running; None outside of notebooks."""
    if "ipykernel" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell.execution_count if shell is not None and hasattr(shell, "kernel") else None


def unread(name: str) -> SyntaxError | None:
    """Return the error for which the last cell that defines the function `name` did not run; None where it did run.

    What Python cannot read changes nothing: the function is then still that of an earlier run of the cell.
    """
    if cell() is None:
        return None
    from IPython.core.getipython import get_ipython

    definition = re.compile(rf"^\s*def {re.escape(name)}\b", re.MULTILINE)
    sources = [source for source in getattr(get_ipython(), "user_ns", {}).get("In", ()) if definition.search(source)]
    try:
        ast.parse(sources[-1] if sources else "")
    except SyntaxError as error:
        return error
    return None


class Stop:
    """asked: whether the person at the notebook wants what runs to end. heard: whether that can be asked here."""

    def __init__(self, heard: bool, asked: bool = False) -> None:
        self.heard, self.asked = heard, asked


def give_back() -> None:
    """Hand memory that is free back to the system, where the C library is glibc and keeps it; elsewhere do nothing.

    Training takes and frees so many tensors that a third of a kernel's memory was found free and held.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


# Two lines: JupyterLab breaks a long one in the middle of a word.
UNDONE = (
    "Nothing more was trained in this cell after the stop: do not believe its numbers, run it again.\n"
    "The cells that waited were not run."
)


def _after_cell(result: Any) -> None:
    """Say under a cell that went on after a stop what its numbers are worth; none of the cells that wait is run then."""
    global _untold
    if _untold and result is not None and result.success:
        print(UNDONE)
        result.error_in_exec = KeyboardInterrupt(UNDONE)  # which is how Jupyter knows that it must not go on
    _untold = False
    give_back()


def _listen_to_the_end_of_cells() -> None:
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    events = shell.events if shell is not None else None
    if events is not None and _after_cell not in events.callbacks["post_run_cell"]:
        events.register("post_run_cell", _after_cell)


_current: Stop | None = None
_stopped: int | None = None  # the cell in which it was asked: nothing more is trained there
_untold = False  # whether the running cell was stopped, which is said when it ends


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Within, a notebook's interrupt is noted in `asked`, so that what runs can end in good order; the second one strikes.

    From then on each cell gives back what is free when it ends, and one that was stopped says so.

    Outside of notebooks, and in other threads, nothing changes: KeyboardInterrupt is raised, and `heard` is false.
    """
    global _current
    if _current is not None:
        yield _current
        return
    number = cell()
    if number is None or threading.current_thread() is not threading.main_thread():
        yield Stop(heard=False)
        return
    _listen_to_the_end_of_cells()
    stop = Stop(heard=True, asked=_stopped == number)

    def note(signum: int, frame: FrameType | None) -> None:
        global _stopped, _untold
        if stop.asked and _stopped == number:
            raise KeyboardInterrupt
        stop.asked, _stopped, _untold = True, number, True

    before, _current = signal.signal(signal.SIGINT, note), stop
    try:
        yield stop
    finally:
        _current = None
        signal.signal(signal.SIGINT, before)


@contextmanager
def interrupted_at_once() -> Iterator[None]:
    """Within, nothing is stoppable in good order: an interrupt is KeyboardInterrupt, as what is half done is thrown away."""
    global _current
    before, _current = _current, Stop(heard=False)
    try:
        yield
    finally:
        _current = before


class OutOfTime(KeyboardInterrupt):
    """A time limit has passed. A kind of interrupt: what goes on after any Exception must not go on after it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Within, raise OutOfTime after so many seconds, and again each half second, should the code have caught it.

    In the main thread on Linux and macOS, between two steps of Python; elsewhere, and within one long call of torch, there
    is no limit, and an interrupt ends it.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def strike(signum: int, frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, strike)
    started, (left, interval) = time.monotonic(), signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # somebody else's alarm goes on
            signal.setitimer(signal.ITIMER_REAL, max(1e-3, left - (time.monotonic() - started)), interval)
