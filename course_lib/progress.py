"""Progress: a bar in a terminal; in a notebook text in one place, which ends as one line that says what came of it."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm

from course_lib.notebook import cell
from course_lib.words import number_of

Summary = Callable[[Sequence[Any]], str]


@dataclass
class _Shown:
    """The one line of a cell about one kind of progress. outcomes: of all that came to its end there."""

    cell: int
    handle: Any = None
    outcomes: list[Any] = field(default_factory=list)

    def say(self, line: str) -> None:
        from IPython.display import DisplayHandle

        if self.handle is not None:
            self.handle.update({"text/plain": line}, raw=True)
        elif line:  # nothing is shown before there is something to say: an empty output would be a gap
            self.handle = DisplayHandle()
            self.handle.display({"text/plain": line}, raw=True)


_SHOWN: dict[str, _Shown] = {}  # kind of progress -> its line


class Progress(tqdm):
    """tqdm's bar; in a notebook it is text in one display, which ends as the line that says what came of it.

    Whatever runs one after the other in one cell shares the line. A widget would be an error when the notebook is opened
    again: its model lives in the kernel.

    Attributes:
        outcome: what came of it, for `summary`; None where it came to nothing.
    """

    def __init__(self, summary: Summary | None = None, **options: Any) -> None:
        self.outcome: Any = None
        self._summary = summary
        self._line: _Shown | None = None
        number, kind = cell(), str(options.get("desc"))
        if number is not None:
            if kind not in _SHOWN or _SHOWN[kind].cell != number:
                _SHOWN[kind] = _Shown(number)
            self._line = _SHOWN[kind]
            options |= {"file": io.StringIO(), "mininterval": 0.3, "ascii": False}
        super().__init__(**options)

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Show the bar as it is, or `msg`."""
        if self._line is None:
            super().display(msg, pos)
        elif msg != "":
            self._line.say(msg or str(self))

    def close(self) -> None:
        """End the bar: in a notebook its line stays."""
        ended = self.disable  # as tqdm marks a bar that was closed, and one that shows nothing
        super().close()
        if ended or self._line is None:
            return
        if self.outcome is not None:
            self._line.outcomes.append(self.outcome)
        done = self._line.outcomes
        self._line.say(self._summary(done) if self._summary and done else str(self))


class TrainingBar(Progress):
    """The bar of one training, in batches."""

    def __init__(self, steps: int) -> None:
        options = {"desc": "training", "unit": "batch", "leave": False}
        super().__init__(_trained, total=steps, **options, **({} if steps else {"disable": True}))

    def ends(self, history: Mapping[str, Any], asked: float) -> None:
        """Note what came of it. history: as `train.fit` returns it. asked: the epochs that it should have trained."""
        epochs = history["epochs"][-1]["epoch"] if history["epochs"] else 0.0
        accuracy = history["epochs"][-1]["accuracy"] if history["epochs"] else math.nan
        self.outcome = Outcome(epochs, history["seconds"], accuracy, asked if history["interrupted"] else None)
        if history["interrupted"] and self.disable:
            print(_trained([self.outcome]))


@dataclass(frozen=True)
class Outcome:
    """What came of a training. accuracy: on its own images. asked: epochs, where it was stopped before their end."""

    epochs: float
    seconds: float
    accuracy: float
    asked: float | None


def _trained(outcomes: Sequence[Outcome]) -> str:
    """Return one line on all trainings of a cell.

    >>> _trained([Outcome(3, 12.3, 0.871, None)])
    '3 epochs, 12 s, 0.87 of the training images right'
    >>> _trained([Outcome(0.5, 2.0, 0.7, None), Outcome(1, 4.0, 0.8, None)])
    '2 trainings, 1.5 epochs, 6 s, 0.80 of the training images right in the last'
    >>> print(_trained([Outcome(1, 4.0, 0.8, 3)]))
    Stopped after 1 epoch of 3, 4 s, 0.80 of the training images right.
    The model is as the last finished epoch left it.
    """
    done = [outcome for outcome in outcomes if outcome.epochs]
    stopped = next((outcome for outcome in outcomes if outcome.asked is not None), None)
    counted = outcomes if stopped is None else [stopped]
    epochs = number_of(round(sum(outcome.epochs for outcome in counted), 2), "epoch")
    told = [number_of(len(done), "training")] if len(done) > 1 and stopped is None else []
    told += [epochs if stopped is None else f"Stopped after {epochs} of {stopped.asked:,g}"]
    told += [f"{sum(outcome.seconds for outcome in counted):.0f} s"]
    if counted[-1].epochs:
        told += [f"{counted[-1].accuracy:.2f} of the training images right" + (" in the last" if len(counted) > 1 else "")]
    line = ", ".join(told)
    if stopped is None:
        return line
    left = "the last finished epoch left it" if stopped.epochs else "it was before"
    return f"{line}.\nThe model is as {left}."
