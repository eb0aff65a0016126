"""The course on two pages: a map of its lessons, and a glossary with links to where each term is first used.

Both are generated from the lessons and from solutions/glossary.toml; a course without that file has neither page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from nbformat import NotebookNode

from course_lib.authoring.frame import GLOSSARY, GLOSSARY_PAGE, MAP_PAGE, generated
from course_lib.authoring.numbers import minutes
from course_lib.authoring.source import lessons, read
from course_lib.errors import CourseError
from course_lib.files import tomllib, write_text

QUESTION = "How much of a network can go, who decides what goes, and how do we know that it was worth it?"
TITLE = r"# (.+)"
FACTS = {  # of a lesson's first cell; each reaches up to the next
    "goal": r"\*\*Goal\.\*\*(.*?)(?:\n\n|\*\*You need\*\*)",
    "needs": r"\*\*You need\*\*(.*?)(?:\n\n|\*\*Difficulty\*\*)",
    "difficulty": r"\*\*Difficulty\*\*\s*([\w ]+?)\.",
}


@dataclass(frozen=True)
class Term:
    """A term of the glossary. forms: what to look for in the lessons. says: its definition."""

    name: str
    forms: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Place:
    """Where a term is first used: the lesson's file stem, its title, and the heading above."""

    lesson: str
    title: str
    heading: str

    @property
    def link(self) -> str:
        """The address from within notebooks/; JupyterLab turns headings into anchors by writing - for each space."""
        return f"{self.lesson}.ipynb#{quote(re.sub(r'[`*$]', '', self.heading).replace(' ', '-'), safe='-.:,')}"


def write(root: Path) -> list[Path]:
    """Write both pages if the course has a glossary; return those that changed."""
    written = []
    for target, text in pages(root).items():
        if not (root / target).exists() or (root / target).read_text(encoding="utf-8") != text:
            write_text(root / target, text)
            written.append(root / target)
    return written


def stale(root: Path) -> list[str]:
    """Return one sentence for each page that does not match the lessons and the glossary's source."""
    try:
        wanted = pages(root)
    except CourseError as error:
        return [str(error)]
    return [
        f"{target} does not follow the lessons and {GLOSSARY}: run `course build`."
        for target, text in wanted.items()
        if not (root / target).exists() or (root / target).read_text(encoding="utf-8") != text
    ]


def pages(root: Path) -> dict[Path, str]:
    """Return path below `root` -> text, for both pages; nothing if the course has no glossary."""
    if not (root / GLOSSARY).exists():
        return {}
    books = {path.stem: read(path, root) for path in lessons(root)}
    return {MAP_PAGE: _map(books, root), GLOSSARY_PAGE: _glossary(books, root)}


def terms(path: Path) -> list[Term]:
    """Read the glossary: `"term" = "definition"`, or `"term" = ["definition", "another form", ...]`.

    Raises:
        CourseError: one sentence, for a file that is not TOML or a definition that is not a sentence.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{GLOSSARY} is not TOML: {error}.") from error
    found = []
    for name, entry in table.items():
        says, *others = entry if isinstance(entry, list) and entry else [entry]
        if not all(isinstance(text, str) for text in (says, *others)) or not says.endswith("."):
            raise CourseError(f"{GLOSSARY}: {name!r} needs a definition, a sentence that ends in a full stop.")
        found.append(Term(name, (name, f"{name}s", *others), says))
    return found


def first_use(term: Term, books: dict[str, NotebookNode]) -> Place:
    """Return where a reader of the lessons meets the term first.

    Raises:
        CourseError: if no lesson uses it.
    """
    patterns = [
        re.compile(rf"(?<![\w-]){re.escape(form)}(?![\w-])", 0 if form != form.lower() else re.I) for form in term.forms
    ]
    for stem, book in books.items():
        title, heading = stem, stem
        for line in _lines(book):
            if match := re.match(r"#+ +(.+)", line):
                heading = match[1].strip()
                title = heading.replace(" · ", " ") if line.startswith("# ") else title
            prose = re.sub(r"`[^`]*`", "", line)  # a name in code is not yet a word of the lesson
            if any(pattern.search(prose) for pattern in patterns):
                return Place(stem, title, heading)
    raise CourseError(f"{GLOSSARY}: no lesson uses the term {term.name!r}: remove it, or use it where it belongs.")


def _lines(book: NotebookNode) -> Iterator[str]:
    """Yield the headings and paragraphs of a lesson's prose as students read them, a line each, without blocks of code."""
    for cell in book.cells:
        # The sample answers, and the titles of other lessons, are no words of this one.
        if cell.cell_type != "markdown" or cell.id.endswith("-explain") or generated(cell):
            continue
        text = re.sub(r"```.*?```", "", cell.source, flags=re.S)
        for part in re.split(r"(^#+ .*$)", text, flags=re.M):
            yield from (" ".join(paragraph.split()) for paragraph in part.split("\n\n"))


def _glossary(books: dict[str, NotebookNode], root: Path) -> str:
    text = (
        f"<!-- Generated by `course build` from {GLOSSARY.as_posix()} and the lessons. -->\n\n"
        "# Glossary\n\nEach term leads to where it is first used.\n\n"
    )
    for term in sorted(terms(root / GLOSSARY), key=lambda term: term.name.lower()):
        place = first_use(term, books)
        text += f"- **[{term.name}]({place.link})** · {term.says} *({place.title})*\n"
    return text


def _map(books: dict[str, NotebookNode], root: Path) -> str:
    text = (
        "<!-- Generated by `course build` from the first cell of each lesson and from measured times. -->\n\n"
        f"# Map of the course\n\n*{QUESTION}*\n\n"
        "Run times were measured on a laptop's CPU.\nWords are explained in the [glossary](GLOSSARY.md).\n\n"
        "| lesson | what it teaches | you need | difficulty | exercises | run time |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
    )
    for stem, book in books.items():
        head = next(cell.source for cell in book.cells if not generated(cell))
        found = {"title": re.match(TITLE, head), **{name: re.search(fact, head, re.S) for name, fact in FACTS.items()}}
        facts = {name: match[1] for name, match in found.items() if match}
        if missing := [name for name in found if name not in facts]:
            raise CourseError(
                f"{stem}.py: the first cell does not say the lesson's {missing[0]}; the map of the course needs it."
            )
        goal, needs, difficulty = (" ".join(facts[name].split()).replace("|", "\\|") for name in FACTS)
        goal = re.split(r"(?<=[.?!]) (?=[A-Z(])", goal)[0]  # its first sentence: the map has to fit on one page
        asked = sum(cell.id.endswith(("-check", "-explain")) for cell in book.cells)
        took = minutes(root, stem, "laptop") or "new"
        link = f"[{facts['title'].replace(' · ', ' ')}]({stem}.ipynb)"
        text += f"| {link} | {goal} | {needs.rstrip('.')} | {difficulty} | {asked} | {took} |\n"
    return text
