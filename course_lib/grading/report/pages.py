"""What instructors and students read: a page for each student, one about the class, and tables for machines."""

from __future__ import annotations

import hashlib
import html
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from course_lib import __version__
from course_lib.files import write_json, write_text
from course_lib.grading.report import items, tables
from course_lib.grading.report.likeness import Alike
from course_lib.grading.results import Graded, Mark
from course_lib.teaching.verdict import CORRECT, NOT_ATTEMPTED, NOT_YET, SIGNS, earned
from course_lib.validation.page import STYLE
from course_lib.words import number_of

MOST = 100  # rows of answers that are alike
MORE = """
pre { background: #f5f5f5; padding: 0.6em; white-space: pre-wrap; overflow-wrap: anywhere }
.bar { background: #0072B2; height: 0.9em }
td { vertical-align: top }
"""


def student(graded: Graded, words: Mapping[str, str] | None = None) -> str:
    """Return the page that a student gets: points, reasons in words, and the code that was graded, but no inputs.

    words: grade_id -> an answer in words as harmless HTML.
    """
    result, scored = graded.result, graded.scored
    parts = [
        _head(f"{graded.lesson}: {graded.name or result.student}"),
        f"<p><b>{graded.score:g} of {number_of(scored.out_of, 'point')}</b>",
    ]
    if graded.penalty:
        parts.append(
            f" ({scored.points:g}, less {graded.penalty:g}: {graded.share:.0%} of it for "
            f"{number_of(graded.days, 'day')} late)"
        )
    when = f" Handed in {graded.submitted:%Y-%m-%d %H:%M} UTC, by {graded.source}." if graded.submitted else ""
    parts.append(f".{html.escape(when)}</p>")
    if result.problem:
        parts.append(f'<p class="bad">{html.escape(result.problem)}</p>')
    if any(cell.waits for cell in scored.cells.values()):
        parts.append("<p>A person still has to grade some of it; those points are added later.</p>")
    for mark in result.marks:
        held = scored.cells.get(f"{graded.lesson[:2]}-{mark.exercise}-check")
        points = held.points if held else mark.points
        state = _state(mark) if points == mark.points else "changed by a person"
        parts.append(f"<h2>{mark.exercise}: {state} ({earned(points, mark.out_of)})</h2>")
        if points != mark.points:
            parts.append(f"<p>A person changed the points; the grader gave {mark.points:g}.</p>")
        reason = "Nothing was written." if mark.state == NOT_ATTEMPTED and mark.source else mark.reason
        parts.append(f"<p>{html.escape(reason)}</p>" if reason else "")
        if mark.source:
            parts.append(f"<p>Graded: cell {mark.cell} of the notebook.</p><pre>{html.escape(mark.source)}</pre>")
        parts.append(_comment(scored.comments.get(f"{graded.lesson[:2]}-{mark.exercise}-answer", "")))
    for name in _in_words(graded):
        held = scored.cells[name]
        state = "waits for a person" if held.waits else earned(held.points, held.out_of)
        parts.append(f"<h2>{html.escape(_title(name))}, in words ({state})</h2>{(words or {}).get(name, '')}")
        parts.append(_comment(scored.comments.get(name, "")))
    parts.append(
        "<p>If something is wrong here, hand in your notebook again with a file regrade.txt beside it that says what.</p>"
    )
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
        graded.name,
        graded.source,
    )
    return hashlib.sha256(repr((shown, graded.scored)).encode()).hexdigest()


def _in_words(graded: Graded) -> list[str]:
    """Return the grade_ids of what a person grades."""
    return sorted(name for name in graded.scored.cells if not name.endswith("-check"))


def _cells(graded: Sequence[Graded]) -> list[str]:
    """Return the grade_ids of all questions: the exercises in their order, then what a person grades."""
    if not graded:
        return []
    return [f"{graded[0].lesson[:2]}-{mark.exercise}-check" for mark in graded[0].result.marks] + _in_words(graded[0])


def _title(grade_id: str) -> str:
    return grade_id.partition("-")[2].removesuffix("-explain").removesuffix("-check")


def _comment(text: str) -> str:
    return f"<p><b>Comment.</b></p><pre>{html.escape(text)}</pre>" if text else ""


def summaries(graded: Sequence[Graded], lesson: str, folder: Path, report: str = "") -> None:
    """Write LESSON.csv, LESSON.json and the class page LESSON.html into `folder`; report: more for the page, as HTML."""
    write_text(folder / f"{lesson}.csv", table(graded))
    write_json(folder / f"{lesson}.json", list(map(_plain, graded)))
    write_text(folder / f"{lesson}.html", the_class(graded, lesson, report))


def table(graded: Sequence[Graded]) -> str:
    """Return one line a student as CSV: points per exercise and question, their sum, the penalty and the score.

    All numbers are the gradebook's. waits: how many answers a person still has to grade.
    """
    cells = _cells(graded)
    sums = ["points", "max_points", "days_late", "penalty", "score", "waits"]
    rows: list[list[str | float]] = [
        ["student", "name", "section", *map(_title, cells), *sums, "submitted", "submitted_by", "problem"]
    ]
    for entry in graded:
        scored, waits = entry.scored, sum(cell.waits for cell in entry.scored.cells.values())
        numbers = [*(scored.cells[name].points for name in cells), scored.points, scored.out_of, entry.days]
        numbers += [entry.penalty, entry.score, waits]
        when = entry.submitted.isoformat(timespec="seconds") if entry.submitted else ""
        who = [entry.result.student, entry.name, entry.roster.get("section", "")]
        rows.append([*who, *numbers, when, entry.source, entry.result.problem])
    return tables.write(rows)


def the_class(graded: Sequence[Graded], lesson: str, report: str = "") -> str:
    """Return the class page: the distribution of scores, the questions and their misconceptions, and what to look at."""
    came = [entry for entry in graded if entry.submitted]
    parts = [_head(f"{lesson}: {number_of(len(came), 'submission')}"), report, _distribution(came), _questions(came)]
    parts.append("<h2>Students</h2><table><tr><th>student<th>name<th>section<th>score<th>handed in<th>look at</tr>")
    for entry in graded:
        result = entry.result
        page = f"feedback/{quote(result.student)}/{lesson}/{lesson}.html"
        look = [result.problem] if result.problem else []
        look += [f"also handed in and not graded: {', '.join(entry.others)}"] if entry.others else []
        look += [f"{number_of(entry.days, 'day')} late"] if entry.days else []
        look += entry.notes
        look += ["waits for a person: grade it in formgrader"] if entry.scored.waits else []
        look += [f"{mark.exercise}: {note}" for mark in result.marks for note in mark.notes]
        notes = "<br>".join(map(html.escape, look))
        name = html.escape(result.student)
        link = f'<a href="{page}">{name}</a>' if entry.submitted else name
        who = f"<tr><td>{link}<td>{html.escape(entry.name)}<td>{html.escape(entry.roster.get('section', ''))}"
        when = f"{entry.submitted:%Y-%m-%d %H:%M} UTC, by {entry.source}" if entry.submitted else ""
        parts.append(f'{who}<td class="n">{entry.score:g}<td>{html.escape(when)}<td>{notes}</tr>')
    return "".join(parts) + "</table></html>\n"


def _questions(came: Sequence[Graded]) -> str:
    """Return the table of the questions: how hard each was, whether it told who knows more, and what went wrong in it."""
    cells = _cells(came)
    most = [came[0].scored.cells[name].out_of for name in cells]
    points = [[entry.scored.cells[name].points for name in cells] for entry in came]
    parts = [
        "<h2>Exercises</h2><p>Difficulty: the share of the points that were earned, so a high one is easy. Discrimination: "
        f"the correlation of a question's points with the sum of all others, from {items.FEWEST} submissions on.</p>",
        "<table><tr><th>exercise<th>correct<th>not yet<th>not attempted<th>mean<th>difficulty<th>discrimination<th>mistakes",
        "<th>look at</tr>",
    ]
    for place, item in enumerate(items.items(list(map(_title, cells)), most, points)):
        own = [entry.result.marks[place] for entry in came if place < len(entry.result.marks)]
        states = Counter(mark.state for mark in own)
        seen = Counter(mark.misconception or "another mistake" for mark in own if mark.state == NOT_YET)
        mistakes = ", ".join(f"{html.escape(name)} ({count})" for name, count in seen.most_common())
        counts = "".join(f'<td class="n">{states[state]}' for state in (CORRECT, NOT_YET, NOT_ATTEMPTED))
        tells = "-" if item.discrimination is None else f"{item.discrimination:.2f}"
        known = (f"{item.mean:.2f} of {item.out_of:g}", f"{item.difficulty:.2f}", tells)
        remark, waiting = item.remark, sum(entry.scored.cells[cells[place]].waits for entry in came)
        if waiting:  # points that are not given yet say nothing of the question
            known, remark = ("-", "-", "-"), f"{waiting} to be graded by a person"
        counts += "".join(f'<td class="n">{value}' for value in (known if item.out_of else ("practice", "-", "-")))
        parts.append(f"<tr><td>{item.name}{counts}<td>{mistakes}<td>{remark}</tr>")
    return "".join(parts) + "</table>"


def report(said: Sequence[str], found: Sequence[Alike]) -> str:
    """Return what the class page says before its tables: sentences about the call, and whose answers are alike."""
    parts = [f"<p>{html.escape(sentence)}</p>" for sentence in said]
    if found:
        parts.append(
            "<h2>Answers that are alike</h2><p>Compared without names, comments and layout; short answers, what students "
            "were given and the official answers are left out. This is a report and no verdict: people learn together.</p>"
            "<table><tr><th>exercise<th>alike<th>students</tr>"
        )
        for one in found[:MOST]:
            share = "the same" if one.share == 1 else f"{one.share:.0%}"
            parts.append(f"<tr><td>{one.exercise}<td>{share}<td>{html.escape(', '.join(one.students))}</tr>")
        parts.append("</table>" + (f"<p>And {len(found) - MOST} more.</p>" if len(found) > MOST else ""))
    return "".join(parts)


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
        **graded.result.plain(), "name": graded.name, "number": graded.number, "roster": dict(graded.roster),
        "submitted": graded.submitted.isoformat() if graded.submitted else None, "submitted_by": graded.source,
        "days_late": graded.days, "penalty": graded.penalty, "points": graded.scored.points, "score": graded.score,
        "waits": graded.scored.waits, "others": list(graded.others), "notes": list(graded.notes),
    }  # fmt: skip
