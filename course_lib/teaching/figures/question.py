"""The question of the course, in one picture."""

from __future__ import annotations

import itertools

import numpy as np

from course_lib.teaching.figures.picture import FAINT, INK, KEPT, Picture, canvas, styled

QUESTIONS = (
    ("How much can go?", "lessons 04 and 05"),
    ("Who decides what goes?", "lessons 02 and 03"),
    ("How do we know that it was worth it?", "lessons 01 and 06"),
)


# A tenth of the connections between 6, 8, 8 and 4 nodes: from an input, through whatever sends on, to each of the outputs.
PATHS = (
    {(0, 0), (1, 2), (2, 2), (4, 5), (5, 7)},
    {(0, 1), (2, 1), (2, 3), (5, 4), (7, 6)},
    {(1, 0), (3, 1), (4, 2), (6, 3)},
)


@styled
def question() -> Picture:
    """Draw a small network that has lost nine of ten connections, beside the three questions of the course."""
    picture, axes = canvas(3.1, 1, 2, width_ratios=(1.25, 1))
    left, right = axes[0]
    columns = [np.column_stack([np.full(n, float(x)), np.linspace(-1, 1, n)]) for x, n in enumerate((6, 8, 8, 4))]
    for (inputs, outputs), kept in zip(itertools.pairwise(columns), PATHS, strict=True):
        for (i, a), (j, b) in itertools.product(enumerate(inputs), enumerate(outputs)):
            solid = {"color": KEPT, "lw": 2.2, "zorder": 2}
            look = solid if (i, j) in kept else {"color": FAINT, "lw": 0.6, "ls": (0, (2, 3))}
            left.plot([a[0], b[0]], [a[1], b[1]], **look)
    many, few = len(left.lines), sum(map(len, PATHS))
    for column in columns:
        left.plot(*column.T, "o", color="white", markeredgecolor=INK, ms=11, zorder=3)
    left.set_title(f"{many} connections, {few} of them left (solid)", loc="left")
    for place, (asked, where) in enumerate(QUESTIONS):
        right.text(0, 0.83 - 0.33 * place, f"{place + 1}  {asked}", fontsize=13, fontweight="bold", color=INK)
        right.text(0.075, 0.71 - 0.33 * place, where, fontsize=10.5, color="#555555")
    for axis in (left, right):
        axis.set_axis_off()
    questions = "; ".join(f"{asked} ({where})" for asked, where in QUESTIONS)
    picture.alt = f"A network of {many} connections of which {few} are left, and three questions: {questions}."
    return picture
