"""The one way from an answer to its verdict: for the notebook's check, for preflight and for the grader.

These differ in how they find an answer and in where it runs. What is judged, in which order, and in which words, is here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Value
from course_lib.teaching.verdict import NOT_YET, Verdict


def decide(
    exercise: Exercise | Value,
    seed: int,
    run: Callable[[Sequence[Case]], Any],
    *,
    stub: bool = False,
    borrowed: str = "",
) -> Verdict:
    """Return the verdict on an answer; whatever it gives, this raises nothing.

    Args:
        seed: of the cases that a function is called on; the same seed gives the same cases.
        run: cases -> what `attempts.attempt` returns for them; for a value, no cases -> a list that holds it.
        stub: whether nothing is written yet. borrowed: a name of the library that the answer uses, or "".
    """
    if stub:
        return exercise.not_attempted()
    if borrowed:
        uses = borrowed if borrowed == "course_lib" else f"{borrowed}, which is course_lib's"
        reason = f"It uses {uses}; an answer is your own code and needs its arguments only."
        return Verdict(NOT_YET, 0, exercise.points, reason, "borrowed")
    with _usual_defaults():
        cases = exercise.cases(torch.Generator().manual_seed(seed)) if isinstance(exercise, Exercise) else []
        with _usual_defaults():  # which an answer may change as well
            given = run(cases)
        try:
            return exercise.judge(*given) if isinstance(exercise, Value) else _judged(exercise, cases, given)
        except Exception as error:  # the last resort: a class is graded, and a notebook goes on, whatever an answer did
            return Verdict(NOT_YET, 0, exercise.points, f"Its result could not be judged ({type(error).__name__}).")


@contextlib.contextmanager
def _usual_defaults() -> Iterator[None]:
    """Within, torch's settings are those of a new process, as in the grader, and not those of the notebook."""
    dtype = torch.get_default_dtype()
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.enable_grad())
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        stack.callback(torch.set_default_dtype, dtype)
        torch.set_default_dtype(torch.float32)
        yield


def _judged(exercise: Exercise, cases: Sequence[Case], given: Any) -> Verdict:
    after, outputs = given
    if len(after) != len(cases) or len(outputs) != len(cases):
        return Verdict(NOT_YET, 0, exercise.points, "It did not answer every call.")
    return exercise.judge(cases, list(map(tuple, after)), outputs)
