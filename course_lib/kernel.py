"""What `course lab`'s kernel says beside a NameError: on another day, or after a restart, a lesson's cells have not run yet.

An IPython extension. It is loaded when the kernel starts, so it imports nothing of the course.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

ADVICE = (
    "After a restart, or on another day, nothing is defined yet: "
    "choose Run > Run All Above Selected Cell, then run this cell."
)


def load_ipython_extension(shell: Any) -> None:
    """Have `shell`, IPython's, say the advice after the traceback of a NameError."""
    shell.set_custom_exc((NameError,), _told)


def _told(
    shell: Any, kind: type[BaseException], error: BaseException, trace: TracebackType, tb_offset: int | None = None
) -> None:
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    if "course_lib.teaching" not in sys.modules:  # which the first cells of every lesson import
        print(ADVICE, file=sys.stderr)
