"""How much a lesson computes: seconds in CI, minutes on a laptop, CIFAR-10 on a GPU."""

from __future__ import annotations

import os
from dataclasses import dataclass

from course_lib.errors import CourseError


@dataclass(frozen=True)
class Mode:
    """What a lesson trains on, and for how long.

    data, limit, device: as in `data.load`. epochs: of the dense training. tune_epochs: after a prune. seeds: of comparisons.
    """

    name: str
    data: str
    limit: int | None
    device: str
    epochs: float
    tune_epochs: float
    seeds: tuple[int, ...]


def get(name: str) -> Mode:
    """Return the mode "ci", "laptop" or "full"; full reads CIFAR-10 from the path in COURSE_CIFAR10, if that is set."""
    modes = {
        "ci": Mode("ci", "fashion-mini", 128, "cpu", 1, 0.25, (0,)),
        "laptop": Mode("laptop", "fashion-mini", None, "auto", 3, 0.5, (0, 1, 2)),
        "full": Mode("full", os.environ.get("COURSE_CIFAR10", "cifar10"), None, "auto", 10, 1, (0, 1, 2)),
    }
    if name not in modes:
        raise CourseError(f"MODE={name!r} was given; it can be {', '.join(map(repr, modes))}.")
    return modes[name]
