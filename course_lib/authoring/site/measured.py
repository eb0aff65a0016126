"""Accuracies behind the site's sliders: measured once on a committed network and kept in site/measured.json.

The sliders of lessons 00 and 02 try a trained network at every position, which takes minutes; their pictures take seconds.
The network is the dense start of results/extensions: the lessons' own architecture, on the lessons' own images.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import nn

from course_lib import data, models
from course_lib.data import Bench
from course_lib.errors import CourseError
from course_lib.files import write_json
from course_lib.pruning import Masks
from course_lib.teaching.boards.filters import FilterBoard
from course_lib.teaching.boards.trial import Trial
from course_lib.teaching.boards.weights import WeightBoard

STUDY = "extensions"  # its dense start is the network
FILE = Path("site") / "measured.json"
WEIGHTS = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99]
FILTERS = [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
RULES, SCOPES = ("global", "layer", "lot"), ("layer", "global")
Accuracies = dict[str, dict[str, float]]  # rule or scope -> share, as it is written -> accuracy


class Known(Trial):
    """A trial that measures nothing: what it would say is read from site/measured.json."""

    def accuracy(self, masks: Masks, full: bool = False) -> tuple[float, int]:
        """Return no number, of no image."""
        return float("nan"), 0


def dense(root: Path, study: str) -> Path:
    """Return the committed dense start of a study's first seed.

    Raises:
        CourseError: if there is none, or more than one.
    """
    found = sorted((root / "results" / study / "records").glob("dense-seed0-*.safetensors"))
    if len(found) != 1:
        raise CourseError(f"results/{study}/records has {len(found)} dense starts of seed 0; the site needs exactly one.")
    return found[0]


def network(root: Path) -> tuple[nn.Module, Bench]:
    """Return the committed network and its images."""
    bench = data.load("fashion-mini", device="cpu", seed=0)
    model = models.build("cnn", bench)
    model.load_state_dict(load_file(dense(root, STUDY)))
    return model, bench


def read(root: Path) -> dict[str, Any]:
    """Return what was measured: "images", "weights" and "filters".

    Raises:
        CourseError: if it was measured on another network, or at other positions than the sliders now have.
    """
    found = json.loads((root / FILE).read_text(encoding="utf-8"))
    if found["network"] != (name := dense(root, STUDY).relative_to(root).as_posix()):
        raise CourseError(f"{FILE} was measured on {found['network']}, not on {name}: measure anew with `{COMMAND}`.")
    for name, shares, kinds in (("weights", WEIGHTS, RULES), ("filters", FILTERS, SCOPES)):
        if any(set(found[name].get(kind, {})) != {f"{share:g}" for share in shares} for kind in kinds):
            raise CourseError(f"{FILE} has other positions of {name} than the slider: measure anew with `{COMMAND}`.")
    return found


def measure(root: Path, full: bool = True) -> dict[str, Any]:
    """Measure every position, in minutes, and write site/measured.json. full: on all validation images, else on 256."""
    model, bench = network(root)
    weights, filters = WeightBoard.of(model, bench), FilterBoard.of(model, bench)
    found = {
        "network": dense(root, STUDY).relative_to(root).as_posix(),
        "images": weights.trial.accuracy(weights.masks(0), full)[1],
        "weights": _accuracies(weights.trial, weights.masks, RULES, WEIGHTS, full),
        "filters": _accuracies(filters.trial, filters.masks, SCOPES, FILTERS, full),
    }
    write_json(root / FILE, found)
    return found


def _accuracies(
    trial: Trial, masks: Callable[[float, str], Masks], kinds: tuple[str, ...], shares: list[float], full: bool
) -> Accuracies:
    from tqdm import tqdm

    return {
        kind: {f"{share:g}": trial.accuracy(masks(share, kind), full)[0] for share in tqdm(shares, desc=kind)}
        for kind in kinds
    }


COMMAND = "python -m course_lib.authoring.site.measured"

if __name__ == "__main__":
    measure(Path.cwd())
