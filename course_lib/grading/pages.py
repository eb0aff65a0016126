"""What instructors and students read: a page for each student, one about the class, and tables for machines."""

from __future__ import annotations

import csv
import hashlib
import html
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from course_lib import __version__
from course_lib.files import write_json, write_text
from course_lib.grading.results import Graded, Mark
from course_lib.teaching.verdict import CORRECT, NOT_ATTEMPTED, NOT_YET, SIGNS
from course_lib.validation.page import STYLE

MORE = """
pre { background: #f5f5f5; padding: 0.6em; overflow-x: auto }
.bar { background: #0072B2; height: 0.9em }
td { vertical-align: top }
"""


def student(graded: Graded, words: Mapping[str, str] | None = None) -> str:
    """Return the page that a student gets: points, reasons in words, and the code that was graded, but no inputs.

    words: grade_id -> an answer in words as harmless HTML.
    """
    result, scored = graded.result, graded.scored
    parts = [_head(f"{graded.lesson}: {result.student}"), f"<p><b>{graded.score:g} of {scored.out_of:g} points</b>"]
    if graded.penalty:
        parts.append(
            f" ({scored.points:g}, less {graded.penalty:g}: {graded.share:.0%} of it for {graded.days} day(s) late)"
        )
    parts.append(f". Handed in {graded.submitted:%Y-%m-%d %H:%M} UTC.</p>")
    if result.problem:
        parts.append(f'<p class="bad">{html.escape(result.problem)}</p>')
    if any(cell.waits for cell in scored.cells.values()):
        parts.append("<p>A person still has to grade some of it; those points are added later.</p>")
    for mark in result.marks:
        held = scored.cells.get(f"{graded.lesson[:2]}-{mark.exercise}-check")
        points = held.points if held else mark.points
        parts.append(f"<h2>{mark.exercise}: {_state(mark)} ({points:g} of {mark.out_of:g})</h2>")
        if points != mark.points:
            parts.append(f"<p>A person changed the points; the grader gave {mark.points:g}.</p>")
        parts.append(f"<p>{html.escape(mark.reason)}</p>" if mark.reason else "")
        if mark.source:
            parts.append(f"<p>Graded: cell {mark.cell} of the notebook.</p><pre>{html.escape(mark.source)}</pre>")
        parts.append(_comment(scored.comments.get(f"{graded.lesson[:2]}-{mark.exercise}-answer", "")))
    for name in _in_words(graded):
        held = scored.cells[name]
        stands = "waits for a person" if held.waits else f"{held.points:g} of {held.out_of:g}"
        parts.append(f"<h2>{html.escape(_title(name))}, in words ({stands})</h2>{(words or {}).get(name, '')}")
        parts.append(_comment(scored.comments.get(name, "")))
    return "".join(parts) + "</html>\n"


def made_from(graded: Graded) -> str:
    """Return the hash of all that a student's page shows; nobody's page is written again without need."""
    shown = (
        __version__,
        graded.lesson,
        graded.result.digest,
        graded.result.plain(),
        graded.submitted,
        graded.days,
        graded.share,
    )
    return hashlib.sha256(repr((shown, graded.scored)).encode()).hexdigest()


def _in_words(graded: Graded) -> list[str]:
    """Return the grade_ids of what a person grades."""
    return sorted(name for name in graded.scored.cells if not name.endswith("-check"))


def _title(grade_id: str) -> str:
    return grade_id.partition("-")[2].removesuffix("-explain")


def _comment(text: str) -> str:
    return f"<p><b>Comment.</b></p><pre>{html.escape(text)}</pre>" if text else ""


def summaries(graded: Sequence[Graded], lesson: str, folder: Path) -> None:
    """Write LESSON.csv, LESSON.json and the class page LESSON.html into `folder`."""
    write_text(folder / f"{lesson}.csv", table(graded))
    write_json(folder / f"{lesson}.json", list(map(_plain, graded)))
    write_text(folder / f"{lesson}.html", the_class(graded, lesson))


def table(graded: Sequence[Graded]) -> str:
    """Return one line a student as CSV: points per exercise and question, their sum, the penalty and the score.

    All numbers are the gradebook's. waits: how many answers a person still has to grade.
    """
    text = io.StringIO()
    cells = [f"{graded[0].lesson[:2]}-{mark.exercise}-check" for mark in graded[0].result.marks] if graded else []
    cells += _in_words(graded[0]) if graded else []
    names = [_title(name).removesuffix("-check") for name in cells]
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["student", *names, "points", "max_points", "days_late", "penalty", "score", "waits", "problem"])
    for entry in graded:
        scored, waits = entry.scored, sum(cell.waits for cell in entry.scored.cells.values())
        numbers = [*(scored.cells[name].points for name in cells), scored.points, scored.out_of, entry.days]
        numbers += [entry.penalty, entry.score, waits]
        rows.writerow([entry.result.student, *(f"{number:.10g}" for number in numbers), entry.result.problem])
    return text.getvalue()


def the_class(graded: Sequence[Graded], lesson: str) -> str:
    """Return the class page: the distribution of scores, the misconceptions of each exercise, and what to look at."""
    parts = [_head(f"{lesson}: {len(graded)} submissions"), _distribution(graded)]
    parts.append("<h2>Exercises</h2><table><tr><th>exercise<th>correct<th>not yet<th>not attempted<th>mistakes</tr>")
    for place, first in enumerate(graded[0].result.marks if graded else ()):
        marks = [entry.result.marks[place] for entry in graded]
        states = Counter(mark.state for mark in marks)
        seen = Counter(mark.misconception or "another mistake" for mark in marks if mark.state == NOT_YET)
        mistakes = ", ".join(f"{html.escape(name)} ({count})" for name, count in seen.most_common())
        counts = "".join(f'<td class="n">{states[state]}' for state in (CORRECT, NOT_YET, NOT_ATTEMPTED))
        parts.append(f"<tr><td>{first.exercise}{counts}<td>{mistakes}</tr>")
    parts.append("</table><h2>Students</h2><table><tr><th>student<th>score<th>look at</tr>")
    for entry in graded:
        result = entry.result
        page = f"feedback/{result.student}/{lesson}/{lesson}.html"
        look = [result.problem] if result.problem else []
        look += [f"also handed in and not graded: {', '.join(entry.others)}"] if entry.others else []
        look += [f"{entry.days} day(s) late"] if entry.days else []
        look += ["waits for a person: grade it in formgrader"] if entry.scored.waits else []
        look += [f"{mark.exercise}: {note}" for mark in result.marks for note in mark.notes]
        notes = "<br>".join(map(html.escape, look))
        link = f'<a href="{page}">{html.escape(result.student)}</a>'
        parts.append(f'<tr><td>{link}<td class="n">{entry.score:g}<td>{notes}</tr>')
    return "".join(parts) + "</table></html>\n"


def _distribution(graded: Sequence[Graded]) -> str:
    scores = Counter(round(entry.score) for entry in graded)
    most = max(scores.values(), default=1)
    rows = ""
    for points, count in sorted(scores.items(), reverse=True):
        bar = f'<td style="width: 20em"><div class="bar" style="width: {100 * count / most:.0f}%"></div>'
        rows += f'<tr><td class="n">{points}<td class="n">{count}{bar}</tr>'
    return f"<h2>Scores</h2><table><tr><th>points (rounded)<th>students<th></tr>{rows}</table>"


def _head(title: str) -> str:
    title = html.escape(title)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    start = '<!doctype html><html lang="en"><meta charset="utf-8">'
    start += f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return f"{start}<title>{title}</title><style>{STYLE}{MORE}</style><h1>{title}</h1>"


def _state(mark: Mark) -> str:
    return f"{SIGNS[mark.state][0]} {mark.state}"


def _plain(graded: Graded) -> dict[str, Any]:
    return {
        **graded.result.plain(), "submitted": graded.submitted.isoformat(), "days_late": graded.days,
        "penalty": graded.penalty, "points": graded.scored.points, "score": graded.score, "waits": graded.scored.waits,
    }  # fmt: skip
