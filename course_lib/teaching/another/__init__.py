"""Another way to write each exercise: what a notebook folds out below a correct answer.

A module a lesson, a function an exercise, under the exercise's name. Its docstring says why one
would write it so. What students see is its own source, which the tests run through the check.
"""

from __future__ import annotations

import ast
import html
import inspect
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module


@dataclass(frozen=True)
class Way:
    """Another answer to an exercise.

    why: one or two sentences on why one would write it so. code: its source, without them.
    """

    why: str
    code: str

    def html(self) -> str:
        """Return both, folded."""
        why = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.why, quote=False))
        code = html.escape(self.code, quote=False)
        pre = f'<pre style="margin: 0.3em 0 0; overflow-x: auto">{code}</pre>'
        return f"<details><summary>Another way to write it</summary>{why}{pre}</details>"


@cache
def way(lesson: str, exercise: str) -> Way:
    """Return another way to write the function of an exercise. lesson: such as "02"."""
    function = getattr(import_module(f"{__name__}.lesson{lesson}"), exercise)
    source = inspect.getsource(function)
    said = ast.parse(source).body[0].body[0]  # type: ignore[attr-defined]  # of a function: its docstring
    lines = source.splitlines()
    lines[said.lineno - 1 : said.end_lineno + (not lines[said.end_lineno])] = []
    return Way(" ".join(function.__doc__.split()), "\n".join(lines))
