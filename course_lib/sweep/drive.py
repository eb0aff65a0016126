"""Tasks that are worked on step by step, several at a time, where any step may take its worker process with it.

A task is whatever the caller likes: a curve of a grid, a submission of a class. When a process dies, a pool loses every step
that was in hand, so all their tasks are suspects; each is then tried alone until it gets through a step or is to blame.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")

DEATHS = 2  # of a worker that had nothing else in hand: then the step is to blame


def drive(
    todo: Sequence[Task],
    step: Callable[[Task], Future[Outcome]],
    keep: Callable[[Task, Outcome], bool],
    give_up: Callable[[Task, BaseException], None],
    lost: tuple[type[BaseException], ...],
    slots: Callable[[], int],
) -> None:
    """Take step after step of each task until all are over; a task that was begun goes before one that was not.

    Args:
        todo: the tasks, in the order in which they are begun.
        step: starts a task's next step.
        keep: puts away what a step gave, and returns whether the task is over.
        give_up: is told of a task whose worker died DEATHS times in a row while nothing else ran, and of the last error.
        lost: what a step raises if its worker died. Any other error of a step ends the call.
        slots: how many tasks may be in hand now.
    """
    waiting = deque(range(len(todo)))
    running: dict[Future[Outcome], int] = {}
    suspects: set[int] = set()
    deaths: Counter[int] = Counter()
    while waiting or running:
        while waiting and len(running) < (1 if suspects & {waiting[0], *running.values()} else slots()):
            number = waiting.popleft()
            running[step(todo[number])] = number
        alone = len(running) == 1
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            number = running.pop(future)
            try:
                over = keep(todo[number], future.result())
                suspects.discard(number)
                del deaths[number]
            except lost as error:
                suspects.add(number)
                deaths[number] += alone
                over = deaths[number] == DEATHS
                if over:
                    suspects.discard(number)
                    give_up(todo[number], error)
            if not over:
                waiting.appendleft(number)
        waiting = deque(sorted(waiting, key=lambda number: number not in suspects))  # these first, then all at once again
