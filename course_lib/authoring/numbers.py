"""Numbers in prose are filled in from committed results, never typed: `{{results/NAME: sap.best.test_accuracy}}`."""

from __future__ import annotations

import re
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.validation.minutes import recorded
from course_lib.words import number_of


def fill(text: str, root: Path, lesson: str, where: str) -> str:
    """Return `text` with its placeholders filled in.

    `{{minutes: 60}}` becomes the measured time of the lesson and, where they are given, the reader's own minutes.
    `{{results/NAME: METHOD.best.COLUMN | FORMAT}}` reads results/NAME/table.csv: METHOD in lower case with _ for everything
    that is no letter or digit; best is the row that validation chose, `.roundN.` names another; `dense.COLUMN` is the dense
    model's. The number is the mean over the study's seeds. FORMAT is Python's and may be left out.

    Raises:
        CourseError: one sentence that begins with `where`, for a placeholder that is unknown or cannot be filled in.
    """

    def value(match: re.Match[str]) -> str:
        inside = match[1].strip()
        if own := re.fullmatch(r"minutes(?::\s*(\d+))?", inside):
            return _minutes(root, lesson, own[1])
        study = re.fullmatch(r"results/([\w-]+):\s*([\w.]+?)\s*(?:\|\s*(\S+))?", inside)
        if not study:
            raise CourseError(
                f"{where}: the placeholder {{{{{inside}}}}} is not known; see course_lib/authoring/numbers.py."
            )
        try:
            number = _look_up(root / "results" / study[1] / "table.csv", study[2])
        except (OSError, KeyError, IndexError, ValueError) as error:
            raise CourseError(f"{where}: {{{{{inside}}}}} cannot be filled in ({error}).") from error
        return format(number, study[3] or (".4f" if abs(number) <= 1 else ",.0f"))

    return re.sub(r"\{\{(.*?)\}\}", value, text)


def _look_up(path: Path, expression: str) -> float:
    import pandas as pd

    from course_lib.pareto import DENSE, best

    table = pd.read_csv(path)
    slug, *which, column = expression.split(".")
    if not which and slug != DENSE:
        raise KeyError(f"{slug} has many rows: name one, such as {slug}.best.{column}")
    rows = table[table["method"].map(lambda name: re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_")) == slug]
    if rows.empty:
        raise KeyError(f"{path.parent.name} has no method {slug}")
    seeds = set(rows["seed"])
    if which and which[0] == "best":
        rows = pd.concat([best(own) for _, own in rows.groupby("seed")])
    elif which:
        rows = rows[rows["round"] == int(which[0].removeprefix("round"))]
    if missing := seeds - set(rows["seed"]):
        raise KeyError(f"{path.parent.name} has no {expression} of seed {min(missing)}")
    return sum(float(value) for value in rows[column]) / len(rows)


def minutes(root: Path, lesson: str, mode: str) -> str:
    """Return the recorded time of a lesson in a mode, such as "2.5 minutes (2 threads)", or "" if there is none."""
    measured = recorded(root).get(lesson, {}).get(mode)
    return f"{measured['seconds'] / 60:.1f} minutes ({number_of(measured['threads'], 'thread')})" if measured else ""


def _minutes(root: Path, lesson: str, own: str | None) -> str:
    measured = recorded(root).get(lesson, {}).get("laptop")
    computing = number_of(max(1, round(measured["seconds"] / 60)), "minute") if measured else "a few minutes"
    return f"**Time** {computing} of computing{f', about {own} of yours' if own else ''}."
