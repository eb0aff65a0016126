"""Each file of weights in a process of its own, in a sandbox: what `capstone.examining` finds, believed only in parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from course_lib import capstone
from course_lib.capstone import Entry
from course_lib.errors import CourseError
from course_lib.grading.sandbox.box import Ended, Limits, Sandbox
from course_lib.teaching.exercises.plain import Failure

# What of the library is needed to build a network and to read a file. No answer of an exercise, and no label, is among it.
FILES = (
    "capstone/examining.py", "errors.py", "files.py", "models.py", "slim/storing.py", "network/cutting.py",
    "network/group.py", "network/kinds.py", "network/layers.py", "network/masks.py",
)  # fmt: skip
PROGRAM = """
from course_lib.capstone.examining import examine

result = examine(given("file").numpy().tobytes(), *given("network"), given("images"))
"""


class Judge:
    """The sandbox of a board, as a context: one warm worker, of which each file gets a forked process.

    Args:
        model, shape, classes: of the board's network. images, labels: those that are asked about. most: bytes of a file.
        unsafe: without isolation.
    """

    def __init__(
        self, model: str, shape: tuple[int, int, int], classes: int, look: tuple[Tensor, Tensor], most: int, unsafe: bool
    ) -> None:
        self.network, (self.images, self.labels) = (model, shape, classes), look
        limits = Limits(wall=120, cpu=100, memory=4 << 30, calls=8)
        self.box = Sandbox(limits, unsafe, FILES)

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self.box.close()

    def judge(self, data: bytes) -> Entry:
        """Return the entry for a file of these bytes."""
        given = {
            "file": torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.zeros(0, dtype=torch.uint8),
            "network": self.network,
            "images": self.images,
        }

        def serve(message: Mapping[str, Any]) -> Any:
            arguments = message.get("arguments")
            asked = arguments[0] if isinstance(arguments, list) and len(arguments) == 1 else None
            return (
                given[asked] if isinstance(asked, str) and asked in given else Failure("NameError", "there is no such thing")
            )

        request = {"program": PROGRAM, "name": "result", "cases": None, "supplied": ["given"]}
        try:
            answer = self.box.ask(request, serve)
        except Ended as error:
            raise CourseError(f"it could not be looked at. {error}") from error
        found = answer[0] if isinstance(answer, list) and len(answer) == 1 else answer
        if isinstance(found, Failure):
            raise CourseError(
                f"it could not be looked at: {'too little memory' if found.type == 'MemoryError' else found.type}."
            )
        return capstone.measures(found if isinstance(found, dict) else {}, self.labels, *self.network)
