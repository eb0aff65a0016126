"""What a check says: how many points, in words why, and which misconception it looks like."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

from course_lib.words import number_of

CORRECT, NOT_YET, NOT_ATTEMPTED = "correct", "not yet", "not attempted"
SIGNS = {CORRECT: ("✔", "#009E73"), NOT_YET: ("✘", "#D55E00"), NOT_ATTEMPTED: ("○", "#777777")}


def earned(points: float, out_of: float) -> str:
    """Return "2 of 3 points", or "practice" where none are given."""
    return f"{points:g} of {number_of(out_of, 'point')}" if out_of else "practice"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check.

    state: "correct", "not yet" or "not attempted". points: 0 to `out_of`; where that is 0 it is practice.
    reason: one or two plain sentences. misconception: the name of the mistake that it looks like, or "".
    evidence: (label, text) lines that show the failing case. heading: what is shown in place of the state.
    below: HTML that a notebook shows below it, and no part of the verdict.
    """

    state: str
    points: float
    out_of: float
    reason: str = ""
    misconception: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    heading: str = ""
    below: str = field(default="", compare=False)

    def __str__(self) -> str:
        line = f"{self.heading or self.state} ({earned(self.points, self.out_of)})"
        return "\n".join([line + (f": {self.reason}" if self.reason else ""), *self._lines()])

    def _lines(self) -> list[str]:
        width = max((len(label) for label, _ in self.evidence), default=0)
        return [f"{label:>{width}}  {text}" for label, text in self.evidence]

    def __repr__(self) -> str:
        return str(float(self.points))  # nbgrader reads the points of a cell from this text

    def _repr_html_(self) -> str:
        sign, colour = SIGNS[self.state]
        return (
            f'<div class="course-verdict" data-state="{self.state.replace(" ", "-")}" role="status" '
            f'style="border-left: 4px solid {colour}; padding: 0.3em 0.8em">'
            f"<b>{sign} {self.heading or self.state}</b> ({earned(self.points, self.out_of)})"
            f"{'<br>' if self.reason else ''}{html.escape(self.reason)}{self._table()}{self.below}</div>"
        )

    def _table(self) -> str:
        if not self.evidence:
            return ""
        text = html.escape("\n".join(self._lines()))
        return f'<pre style="margin: 0.3em 0 0; white-space: pre-wrap">{text}</pre>'
