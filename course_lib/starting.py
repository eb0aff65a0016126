"""What makes a process ready sooner, and what ends it: for the commands, and for processes that they start."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

GRAMMARS = "rfc3987_syntax"  # jsonschema's: 39 grammars of addresses, of a kind that no notebook's schema asks for

# JupyterLab, sooner: `python -c LAB OPTION ...` does what `python -m jupyterlab OPTION ...` does.
LAB = "from course_lib.starting import quickly\nwith quickly():\n    from jupyterlab.labapp import main\nmain()"


@contextmanager
def quickly() -> Iterator[None]:
    """Import in this block what brings torch or nbformat: torch takes three quarters of its time, nbformat a tenth.

    Importing torch makes a million objects that stay, and Python looks among them for garbage again and again. nbformat
    brings jsonschema, which reads grammars for seconds where it finds their parser.
    """
    collecting, read = gc.isenabled(), GRAMMARS in sys.modules
    gc.disable()
    if not read:
        sys.modules[GRAMMARS] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if not read:
            del sys.modules[GRAMMARS]
        if collecting:
            gc.enable()


def work_for(parent: int) -> None:
    """Make this process ready for work with torch, and let it end with `parent`: nobody waits for its results any more."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a notebook's interrupt reaches it too; its parent decides, and ends it
    with quickly():
        import torch  # noqa: F401
