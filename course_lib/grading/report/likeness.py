"""Answers that are alike, by winnowed fingerprints of their tokens (Schleimer, Wilkerson and Aiken 2003, as in MOSS).

A report for a person, and no verdict: short answers are alike by themselves, and people learn together.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import keyword
import tokenize
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from course_lib.files import write_json

GRAM, WINDOW = 6, 4  # tokens of a fingerprint; of so many neighbours one is kept
SHORTEST = 30  # tokens: a shorter answer is everybody's
ALIKE = 0.8  # share of the smaller answer's fingerprints
COMMON = 0.3  # a fingerprint in more than this share of the different answers is the task's, not a student's
LARGEST = 20_000  # characters of an answer that are compared
SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Alike:
    """Students whose answers to an exercise are the same but for names, comments and layout (share 1), or nearly so."""

    exercise: str
    students: tuple[str, ...]
    share: float


@dataclass(frozen=True)
class Asked:
    """An exercise and the answers to it: student -> source. known: what students were given, and the official answers."""

    exercise: str
    answers: Mapping[str, str]
    known: Sequence[str]


def tokens(source: str) -> list[str]:
    """Return a program's tokens without docstrings and annotations; names are the order of their first use.

    >>> tokens("total = total + x.sum()") == tokens("s = s + y.sum( )  # so")
    True
    """
    found: list[str] = []
    numbers: dict[str, int] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(_bare(source[:LARGEST])).readline):
            if token.type in SKIPPED:
                continue
            if token.type in (tokenize.INDENT, tokenize.DEDENT):
                found.append(tokenize.tok_name[token.type])
            elif token.type == tokenize.NAME and not keyword.iskeyword(token.string) and found[-1:] != ["."]:
                found.append(f"name{numbers.setdefault(token.string, len(numbers))}")
            else:
                found.append("text" if token.type == tokenize.STRING else token.string)
    except (tokenize.TokenError, SyntaxError, ValueError):  # what was read so far is compared
        pass
    return found


def _bare(source: str) -> str:
    """Return a program without its docstrings, annotations and decorators."""
    try:
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                node.returns, node.decorator_list = None, []
                if ast.get_docstring(node) is not None:
                    node.body = node.body[1:] or [ast.Pass()]
            elif isinstance(node, ast.arg):
                node.annotation = None
        return ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # strangers write it
        return source


def fingerprints(read: Sequence[str]) -> frozenset[int]:
    """Return the winnowed hashes of all runs of GRAM tokens: of each WINDOW neighbours the least."""
    hashes = [
        int.from_bytes(hashlib.blake2b("\0".join(read[start : start + GRAM]).encode(), digest_size=8).digest(), "big")
        for start in range(len(read) - GRAM + 1)
    ]
    return frozenset(min(hashes[start : start + WINDOW]) for start in range(max(1, len(hashes) - WINDOW + 1)) if hashes)


def in_class(asked: Sequence[Asked], kept: Path) -> list[Alike]:
    """Return whose answers are alike in all exercises, the surest first; for the same answers, what the file `kept` has."""
    plain = json.dumps([[one.exercise, sorted(one.answers.items()), one.known] for one in asked])
    digest = hashlib.sha256(plain.encode()).hexdigest()
    try:
        before = json.loads(kept.read_text(encoding="utf-8"))
        if before["of"] == digest:
            return [Alike(exercise, tuple(students), share) for exercise, students, share in before["alike"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = [pair for one in asked for pair in alike(one.exercise, one.answers, one.known)]
    found.sort(key=lambda pair: -pair.share)
    write_json(kept, {"of": digest, "alike": [[pair.exercise, list(pair.students), pair.share] for pair in found]})
    return found


def alike(exercise: str, answers: Mapping[str, str], known: Iterable[str] = ()) -> list[Alike]:
    """Return which students' answers to an exercise are alike, the surest first.

    answers: student -> source. known: what students were given, and the official answers; who has these is not like anybody.
    """
    given = [tokens(source) for source in known]
    excluded = {tuple(one) for one in given}
    template = frozenset().union(*map(fingerprints, given))
    groups: dict[tuple[str, ...], list[str]] = {}
    for student, source in sorted(answers.items()):
        read = tuple(tokens(source))
        if len(read) >= SHORTEST and read not in excluded:
            groups.setdefault(read, []).append(student)
    marks = {read: fingerprints(read) for read in groups}
    counts = Counter(mark for found in marks.values() for mark in found)
    often = max(2.0, COMMON * len(groups))
    own = {read: {mark for mark in found - template if counts[mark] <= often} for read, found in marks.items()}
    same = [Alike(exercise, tuple(students), 1.0) for students in groups.values() if len(students) > 1]
    shared: Counter[tuple[tuple[str, ...], tuple[str, ...]]] = Counter()
    holders: dict[int, list[tuple[str, ...]]] = {}
    for read, found in own.items():
        for mark in found:
            holders.setdefault(mark, []).append(read)
    for readers in holders.values():
        shared.update(combinations(readers, 2))
    near = []
    for (left, right), count in shared.items():
        share = count / max(1, min(len(own[left]), len(own[right])))
        if share >= ALIKE and min(len(own[left]), len(own[right])) >= WINDOW:
            near.append(Alike(exercise, tuple(sorted([*groups[left], *groups[right]])), share))
    return sorted([*same, *near], key=lambda found: (-found.share, found.students))
