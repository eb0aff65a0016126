"""One HTML page about a validation: no scripts, and nothing that is loaded from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Sequence

from course_lib.validation.lesson import Lesson
from course_lib.words import number_of

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 0.6em 0 }
th, td { padding: 0.2em 0.8em; text-align: left; border-bottom: 1px solid #ddd }
td.n { text-align: right; font-variant-numeric: tabular-nums }
.bad { color: #A33C00; font-weight: bold }
.good { color: #00694C }
"""


def render(lessons: Sequence[Lesson], mode: str, folder: str, cores: int, threads: int) -> str:
    """Return the page: time per lesson, what failed, the slowest cells, the state of every exercise."""
    failed = sum(bool(lesson.problem) for lesson in lessons)
    verdict = f'<span class="bad">{failed} failed</span>' if failed else '<span class="good">all well</span>'
    total = sum(lesson.seconds for lesson in lessons)
    parts = [
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Lessons, {mode} mode</title><style>{STYLE}</style>",
        f"<h1>Lessons of {folder}/ in {mode} mode</h1>",
        f"<p>{number_of(len(lessons), 'lesson')}, {verdict}; {total:.0f} s in all, {number_of(cores, 'core')}, "
        f"{number_of(threads, 'thread')} a lesson.</p>",
        "<table><tr><th>lesson<th>seconds<th>points<th>state</tr>",
    ]
    for lesson in lessons:
        points = sum(exercise.points for exercise in lesson.exercises)
        out_of = sum(exercise.out_of for exercise in lesson.exercises)
        state = (
            f'<span class="bad">✘ {html.escape(lesson.problem)}</span>'
            if lesson.problem
            else '<span class="good">✔ well</span>'
        )
        link = f'<a href="{lesson.name}.ipynb">{lesson.name}</a>'
        parts.append(
            f'<tr><td>{link}<td class="n">{lesson.seconds:.1f}<td class="n">{points:g} of {out_of:g}<td>{state}</tr>'
        )
    parts.append("</table>")
    for lesson in lessons:
        parts.append(f"<h2>{lesson.name}</h2><table><tr><th>exercise<th>state<th>points</tr>")
        parts += [
            f'<tr><td>{name}<td>{state}<td class="n">{points:g} of {out_of:g}</tr>'
            for name, state, points, out_of in lesson.exercises
        ]
        parts.append("</table><table><tr><th>slowest cells<th>seconds<th>first line</tr>")
        parts += [
            f'<tr><td>{name}<td class="n">{seconds:.1f}<td><code>{html.escape(line)}</code></tr>'
            for name, seconds, line in lesson.slowest
        ]
        parts.append("</table>")
    return "\n".join(parts) + "</html>\n"
