"""Under which terms a lesson is graded: its deadline, what a late day costs, the roster, and when the platform got what.

All of it is kept in the folder of the grades, so that a call that does not say it again changes nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from course_lib.errors import check_share
from course_lib.files import write_json, write_text
from course_lib.grading.collecting import naming, roster, times
from course_lib.grading.collecting.roster import Person
from course_lib.grading.collecting.submissions import Submission
from course_lib.grading.results import Graded, Held, Mark, Result, Scored
from course_lib.teaching import exercises
from course_lib.teaching.verdict import NOT_ATTEMPTED

DAY = 86_400.0  # seconds
KEPT = "deadlines.json"
RECEIVED = "the platform's list (--received)"


@dataclass(frozen=True)
class Terms:
    """due: for the class. late: share of the points that each begun day after it costs.

    people: the roster; rows: student's id -> the rows of it that fit; ids: person -> the id by which earlier calls know him.
    received: the platform's list. said: what counts now because earlier calls were given it.
    """

    lesson: str
    due: datetime | None
    late: float
    people: Sequence[Person] = ()
    received: Sequence[Person] = ()
    said: tuple[str, ...] = ()
    rows: Mapping[str, Sequence[Person]] = field(default_factory=dict)
    ids: Mapping[Person, str] = field(default_factory=dict)

    def person(self, student: str) -> Person | None:
        """Return a student's row in the roster."""
        return next(iter(self.rows.get(student, ())), None)

    def id_of(self, person: Person) -> str:
        """Return the id of a student of the roster."""
        return self.ids.get(person, person.identifier)

    def lateness(self, submission: Submission) -> tuple[int, float]:
        """Return the begun days that a submission is late, and the share of its points that they cost."""
        person = self.person(submission.student)
        due = person.deadline(self.due) if person else self.due
        seconds = (submission.submitted - due).total_seconds() if due else 0.0
        days = max(0, -int(-seconds // DAY))
        return days, min(1.0, self.late * days)

    def graded(self, submission: Submission, result: Result, scored: Scored) -> Graded:
        """Return a result with what the gradebook holds of it, and all that is known of its student and of the time."""
        days, share = self.lateness(submission)
        person = self.person(submission.student)
        notes = [*submission.notes]
        if person and (person.days or person.due):
            own = person.deadline(self.due)
            notes.append(f"extension: due {own:%Y-%m-%d %H:%M} UTC" if own else "an extension, but no deadline was given")
        elif self.due and submission.late is not None and submission.late != (days > 0):
            notes.append(
                f"Canvas {'calls' if submission.late else 'does not call'} it late; the time that counts says otherwise"
            )
        alike = [other for other, rows in self.rows.items() if person in rows and other != submission.student]
        if alike:
            notes.append(
                f"the roster has one student for this and for {', '.join(alike)}; only a person can say which counts"
            )
        return Graded(
            self.lesson, result, submission.submitted, days, share, scored, submission.others,
            (person.name if person else "") or submission.name, submission.source, _plain(person),
            submission.number or (person.lms if person else ""), submission.prefix, tuple(notes),
        )  # fmt: skip

    def absent(self, like: Scored) -> list[Graded]:
        """Return a row for everybody in the roster who handed in nothing; like: of anybody, for what each cell is out of."""
        cells = {name: Held(0.0, cell.out_of) for name, cell in like.cells.items()}
        present = {person for rows in self.rows.values() for person in rows}
        came = [when for when in self.received if when.time]
        found = []
        for person in self.people:
            if person not in present:
                marks = tuple(Mark(one.name, NOT_ATTEMPTED, 0.0, one.points) for one in exercises.of(self.lesson[:2]))
                student = self.id_of(person)
                other = Submission(student, Path(), datetime.min, name=person.name, number=person.lms)
                missed = roster.match(came, [other]).get(student)
                notes = ("the platform says that it got a submission, and none was found here",) if missed else ()
                nothing = Result(student, "", marks, "Nothing was handed in.")
                found.append(
                    Graded(
                        self.lesson, nothing, None, 0, 0.0, Scored(cells, 0.0), (), person.name, "", _plain(person),
                        person.lms, "", notes,
                    )
                )  # fmt: skip
        return found

    def doubts(self, graded: Sequence[Graded]) -> list[str]:
        """Return in words what looks as if times were wrong: a copy of files can lose them."""
        came = [entry for entry in graded if entry.submitted]
        if len(came) > 2 and all(entry.days and entry.source != RECEIVED for entry in came):
            return ["Everybody is late: did the copy of the files keep their times? If not, give --received."]
        return []

    def unknown(self) -> list[str]:
        """Return the names of those who handed in and are not in the roster."""
        return [student for student, rows in self.rows.items() if not rows] if self.people else []


def agree(
    out: Path, lesson: str, due: datetime | None, late: float | None, table: Path | None, received: Path | None
) -> Terms:
    """Return the terms of a lesson: what is given now, or else what an earlier call kept in `out`; keep them there.

    Raises:
        CourseError: for a table that cannot be understood; then nothing is kept.
    """
    if late is not None:
        check_share("--late-penalty", late)
    path = out / KEPT
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    before = kept.get(lesson, {})
    said = []
    if due is None and before.get("due"):
        due = datetime.fromisoformat(before["due"])
        said.append(f"The deadline of an earlier call counts: {due:%Y-%m-%d %H:%M} UTC.")
    due = None if due == times.NONE else due
    if late is None and before.get("late"):
        late = before["late"]
        said.append(f"The late penalty of an earlier call counts: {late:g} of the points a day.")
    people: list[Person] = []
    came: list[Person] = []
    texts: dict[Path, str] = {}
    tables = ((table, out / "roster.csv", "--roster"), (received, out / f"received-{lesson}.csv", "--received"))
    for given, copy, argument in tables:
        if given is None and not copy.exists():
            continue
        texts[copy] = roster.text_of(given or copy, argument)
        rows = roster.read(texts[copy], f"{argument} {given or copy}", timed=argument == "--received")
        people, came = (people, rows) if argument == "--received" else (rows, came)
        if given is None:
            said.append(f"{argument} of an earlier call counts ({copy.name}).")
    for copy, text in texts.items():
        write_text(copy, text)
    kept[lesson] = {"due": due.isoformat() if due else None, "late": late or 0.0}
    write_json(path, kept)
    return Terms(lesson, due, late or 0.0, people, came, tuple(said), ids=_known(out, people))


def _known(out: Path, people: Sequence[Person]) -> dict[Person, str]:
    """Return person -> the id that the tables of earlier calls have, of any lesson: it stays, with all it stands for.

    If there are several, it is the one under which something was handed in.
    """
    seen: dict[str, Submission] = {}
    for path in sorted(out.glob("[0-9][0-9]_*.json"), reverse=True):
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
            for entry in sorted(entries, key=lambda entry: bool(entry["submitted"])):
                student, end = entry["student"], entry["student"].rpartition("_")[2]
                number = entry.get("number", end if end.isdecimal() else "")  # older tables have no number
                seen.pop(student, None)
                seen[student] = Submission(student, Path(), datetime.min, name=entry["name"], number=number)
        except (ValueError, KeyError, TypeError, AttributeError):  # somebody wrote in it; this call writes it anew
            continue
    return {row: student for student, found in roster.match(people, seen.values()).items() for row in found}


def applied(terms: Terms, found: Sequence[Submission]) -> tuple[Terms, list[Submission]]:
    """Return the terms with each student's row of the roster, and the submissions with its ids and the platform's times.

    So a student has one id, whether he hands in or not and however a platform names his files.
    """
    rows = roster.match(terms.people, found)
    came = roster.match(terms.received, found)
    used = {one.student for one in found}
    fitting = Counter(person for theirs in rows.values() for person in theirs)
    settled: dict[str, Sequence[Person]] = {}
    dated = []
    for submission in found:
        theirs = rows.get(submission.student, ())
        got = came.get(submission.student) or _by_roster(theirs, terms.received)
        moments = [one.time for one in got if one.time]
        dating = replace(submission, submitted=max(moments), source=RECEIVED) if moments else submission
        # Of two submissions that fit one person nobody but a person can say which is his.
        student = terms.id_of(theirs[0]) if theirs and fitting[theirs[0]] == 1 else submission.student
        if student in used - {submission.student}:
            student = submission.student
        used.add(student)
        settled[student] = theirs
        dated.append(replace(dating, student=student))
    return replace(terms, rows=settled), sorted(dated, key=lambda one: one.student)


def _by_roster(rows: Sequence[Person], received: Sequence[Person]) -> Sequence[Person]:
    """Return the platform's rows for a student whom the roster knows by what the platform calls him."""
    known = [
        Submission(naming.identifier(text), Path(), datetime.min, name=text, number=one.lms)
        for one in rows
        for text in (one.student, one.name, one.email)
        if text
    ]
    return [row for found in roster.match(received, known).values() for row in found]


def _plain(person: Person | None) -> dict[str, str]:
    if person is None:
        return {}
    return {
        "student": person.student, "name": person.name, "section": person.section, "lms": person.lms, "sis": person.sis,
        "email": person.email,
    }  # fmt: skip
