"""What some sliders are given in their lessons: kept from a run of its own in site/kept/, one file a slider.

Their data come out of trainings and timings that take minutes; their pictures take seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.authoring.source import lessons, read
from course_lib.errors import CourseError
from course_lib.files import write_json
from course_lib.notebook import OPENED
from course_lib.teaching.figures.shipping import Way

FOLDER = Path("site") / "kept"
LESSONS = {"01": ["TimingSlider"], "05": ["RoundSlider"], "06": ["SeedsSlider"], "07": ["ShareSlider", "ShipSlider"]}
COMMAND = "python -m course_lib.authoring.site.kept"
QUANTILES = 201  # of a layer's survivors: the histogram that is drawn of them shows no more
Rounds = Sequence[tuple[Tensor, float, float]]  # (magnitudes, index, accuracy) after each round


def keep_times(times: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return the milliseconds of each call, to a thousandth."""
    return {label: [round(ms, 3) for ms in of_calls] for label, of_calls in times.items()}


def keep_seeds(groups: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return the accuracies of each setting."""
    return {label: list(values) for label, values in groups.items()}


def keep_shares(measured: Mapping[str, Sequence[tuple[float, float]]]) -> dict[str, Any]:
    """Return what was measured."""
    return {label: [(share, round(left, 4)) for share, left in rows] for label, rows in measured.items()}


def keep_ways(ways: Sequence[Way]) -> list[dict[str, Any]]:
    """Return the ways to ship as plain data."""
    return [asdict(way) for way in ways]


def keep_rounds(paths: Mapping[str, Sequence[tuple[Tensor, float, float]]], layer: str) -> dict[str, Any]:
    """Return the survivors of each round as their number and quantiles, with their index and the accuracy."""

    def told(w: Tensor, index: float, accuracy: float) -> dict[str, Any]:
        magnitudes = w.detach().abs().cpu().double().numpy()
        quantiles = np.quantile(magnitudes, np.linspace(0, 1, QUANTILES)) if len(magnitudes) else []
        return {
            "n": len(magnitudes),
            "index": index,
            "accuracy": accuracy,
            "magnitudes": [float(f"{m:.4g}") for m in quantiles],
        }

    return {"layer": layer, "paths": {label: [told(*after) for after in path] for label, path in paths.items()}}


def rounds_of(kept: Mapping[str, Any]) -> dict[str, Rounds]:
    """Return label -> (magnitudes, index, accuracy) of each round, with as many magnitudes as there were survivors."""

    def back(after: Mapping[str, Any]) -> tuple[Tensor, float, float]:
        wanted = np.linspace(0, 1, after["n"])
        magnitudes = np.interp(wanted, np.linspace(0, 1, QUANTILES), after["magnitudes"]) if after["n"] else np.empty(0)
        return torch.from_numpy(magnitudes), after["index"], after["accuracy"]

    return {label: [back(after) for after in path] for label, path in kept["paths"].items()}


def ways_of(kept: Sequence[Mapping[str, Any]]) -> list[Way]:
    """Return the ways to ship."""
    return [Way(**{**way, "ms": {int(n): ms for n, ms in way["ms"].items()}}) for way in kept]


KEEPERS: dict[str, Callable[..., Any]] = {
    "TimingSlider": keep_times,
    "SeedsSlider": keep_seeds,
    "ShareSlider": keep_shares,
    "ShipSlider": keep_ways,
    "RoundSlider": keep_rounds,
}


def load(root: Path, name: str) -> Any:
    """Return what was kept of a slider.

    Raises:
        CourseError: if nothing was.
    """
    file = root / FOLDER / f"{name}.json"
    if not file.exists():
        raise CourseError(f"{FOLDER / file.name} is not there; `{COMMAND}` writes it, in minutes.")
    return json.loads(file.read_text(encoding="utf-8"))


def watch(folder: Path) -> None:
    """From now on keep in `folder` what the sliders of this kernel are given."""
    from course_lib.teaching import widgets

    def watched(name: str, keeper: Callable[..., Any]) -> Callable[..., Any]:
        slider = getattr(widgets, name)

        def made(*given: Any, **named: Any) -> Any:
            write_json(folder / f"{name}.json", keeper(*given, **named))
            return slider(*given, **named)

        return made

    for name, keeper in KEEPERS.items():
        setattr(widgets, name, watched(name, keeper))


def measure(root: Path, number: str) -> None:
    """Execute a lesson in laptop mode as far as its last slider of LESSONS, and keep what they are given."""
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell

    path = next(path for path in lessons(root) if path.name.startswith(number))
    book = read(path, root)
    calls = re.compile(rf"^widgets\.({'|'.join(LESSONS[number])})\(", re.M)
    last = max(place for place, cell in enumerate(book.cells) if calls.search(cell.source))
    folder = str((root / FOLDER).resolve())
    first = new_code_cell(
        f"import pathlib\nfrom course_lib.authoring.site.kept import watch\nwatch(pathlib.Path({folder!r}))"
    )
    book.cells = [first, *book.cells[: last + 1]]
    environment = {**os.environ, "COURSE_MODE": "laptop"}
    environment.pop(OPENED, None)  # what is built earns nobody points
    client = NotebookClient(book, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}})
    client.execute(env=environment)


def main() -> None:
    """Keep what the sliders of the named lessons are given, or of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lessons", nargs="*", default=list(LESSONS), help="01, 05, 06, 07")
    for number in parser.parse_args().lessons:
        measure(Path.cwd(), number)


if __name__ == "__main__":
    main()
