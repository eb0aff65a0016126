"""What a check says before an answer, to a wrong one and to a right one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from course_lib.teaching.exercises.base import Value, choices
from course_lib.teaching.verdict import CORRECT, NOT_ATTEMPTED, NOT_YET

_WORDS = {"as it is": NOT_ATTEMPTED, "wrong": NOT_YET, "mended": CORRECT}
_THREE = choices(
    "three_answers",
    "00",
    {**_WORDS, "expected": 1},
    {
        "as it is": {NOT_YET: "As long as nothing is written, nothing can be wrong.", None: "What did it say at first?"},
        "wrong": {
            NOT_ATTEMPTED: "Something WAS written, so it was judged.",
            CORRECT: "It gave what goes, not what is left.",
        },
        "mended": {NOT_YET: "If your own function still says so: it tells you what is missing."},
        "expected": {
            9: "That is what the wrong answer gave; the line below it says what was expected.",
            0.9: "That is the share that went in.",
        },
    },
)


def _bare(words: str) -> str:
    return " ".join(re.sub(r"\(.*?\)|[^\w\s.]", " ", words.lower()).split())


def _three_answers(value: Any) -> tuple[float, str]:
    """Judge words however they are spaced or capitalised, also with the sign and the points that the page shows."""
    if isinstance(value, Mapping):
        value = {key: _bare(v) if isinstance(v, str) else v for key, v in value.items()}
    return _THREE.judge_value(value)


EXERCISE = Value("three_answers", "00", 0, _three_answers)
