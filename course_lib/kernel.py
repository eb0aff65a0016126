"""The kernel of `course lab`: what it calls itself, and what it says of a name that is not there yet, and of a stop.

An IPython extension. It is loaded when the kernel starts, so it imports nothing of the course.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

NAME, TITLE = "python3", "Pruning course"  # of the name that Colab, hubs, papermill and nbgrader know
# As every notebook of the course is delivered with. JupyterLab writes into a notebook what its kernel says of itself, and
# one that was only looked at stays as it is, and is not marked as unsaved, where both say the same. No version of Python.
METADATA: dict[str, dict[str, Any]] = {
    "kernelspec": {"display_name": TITLE, "language": "python", "name": NAME},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": "3",
    },
}
ADVICE = (
    "After a restart, or on another day, nothing is defined yet: "
    "choose Run > Run All Above Selected Cell, then run this cell."
)
STOPPED = "Stopped in line {line} of this cell; the rest of it was not run. Run it again when you need it."


def load_ipython_extension(shell: Any) -> None:
    """Have `shell`, IPython's, say the advice after a NameError's traceback, and one line in place of an interrupt's."""
    if hasattr(shell, "kernel"):
        shell.kernel.language_info = METADATA["language_info"]
    shell.set_custom_exc((NameError, KeyboardInterrupt), _told)


def _told(
    shell: Any, kind: type[BaseException], error: BaseException, trace: TracebackType, tb_offset: int | None = None
) -> None:
    if isinstance(error, KeyboardInterrupt):
        print(STOPPED.format(line=_line(trace)), file=sys.stderr)
        return
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    if "course_lib.teaching" not in sys.modules:  # which the first cells of every lesson import
        print(ADVICE, file=sys.stderr)


def _line(trace: TracebackType | None) -> int:
    """Return the line of the cell that was running."""
    while trace is not None and trace.tb_frame.f_code.co_name != "<module>":
        trace = trace.tb_next
    return trace.tb_lineno if trace is not None else 1
