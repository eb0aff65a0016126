"""What a board counts of a file that was handed in; a student's own check counts it by the same code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course_lib import measure, models, pareto
from course_lib.capstone.examining import examine, shown
from course_lib.capstone.handing import SUFFIX
from course_lib.errors import CourseError
from course_lib.slim.storing import filled

if TYPE_CHECKING:
    from course_lib.data import Bench

Widths = dict[str, list[int]]  # tensor -> its shape
LONGEST = 300  # characters of a sentence that comes from a sandbox
NOTES = 4
UNREADABLE = "the sandbox sent something that is no result."


@dataclass(frozen=True)
class Measures:
    """What is counted: accuracy and sparsity, shares in [0, 1]; macs: of one image; macs_ratio: of the dense network's."""

    accuracy: float
    images: int
    sparsity: float
    kept: int
    macs: int
    macs_ratio: float
    widths: Widths

    @property
    def ranked(self) -> bool:
        """Whether the accuracy reaches the floor."""
        return self.accuracy >= pareto.FLOOR

    @property
    def score(self) -> float:
        """(accuracy + sparsity) / 2, the class project's; 0 below the floor."""
        return pareto.score(self.accuracy, self.sparsity) if self.ranked else 0.0


@dataclass(frozen=True)
class Entry:
    """One file on a board. problem: why it is refused, or ""; notes: what else is said of it."""

    measures: Measures | None
    problem: str = ""
    notes: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """All that is said of it, in one line."""
        below = f"below the floor of {pareto.FLOOR:.2f}: not ranked." if self.measures and not self.measures.ranked else ""
        return " ".join(filter(None, (self.problem, below, *self.notes)))

    def __repr__(self) -> str:
        if self.measures is None:
            return f"refused: {self.problem}"
        m = self.measures
        line = (
            f"score {m.score:.4f}: accuracy {m.accuracy:.4f} on {m.images:,} images, sparsity {m.sparsity:.4f} "
            f"({m.kept:,} parameters kept), {m.macs_ratio:.3f} of the dense network's MACs"
        )
        return f"{line}. {self.remark}".strip()


def check(path: str | Path, bench: Bench, model: str = "mlp") -> Entry:
    """Return what the board would count of a file, on validation images; see the entry's repr and `problem`.

    Args:
        path: the file that `hand_in` wrote. bench: the board's data. model: the board's network.

    Raises:
        CourseError: if there is no such file.
    """
    path = Path(path)
    if not path.is_file() or path.suffix != SUFFIX:
        raise CourseError(f"{path} was given; a file that ends in {SUFFIX} is expected, as hand_in writes it.")
    images, labels = look(bench, "validation")
    return measures(
        examine(path.read_bytes(), model, bench.shape, bench.num_classes, images),
        labels,
        model,
        bench.shape,
        bench.num_classes,
    )


def look(bench: Bench, split: str) -> tuple[Tensor, Tensor]:
    """Return the images of a part of the data, normalised, and their labels, both on the CPU."""
    images, labels = zip(*bench.batches(split, 500), strict=True)
    return torch.cat(images).cpu(), torch.cat(labels).cpu()


def measures(answer: Mapping[str, Any], labels: Tensor, model: str, shape: tuple[int, int, int], classes: int) -> Entry:
    """Return the entry for what `examine` answered, which may come out of a sandbox: nothing in it is believed unseen.

    labels: (n,) of the images that it was asked about. model, shape, classes: of the board's network.
    """
    problem = answer.get("problem")
    if isinstance(problem, str):
        return Entry(None, _line(problem))
    predictions, kept, widths, notes = (answer.get(key) for key in ("predictions", "nonzeros", "widths", "notes"))
    dense, total, dense_macs = _dense(model, shape, classes)
    if (
        not isinstance(predictions, Tensor)
        or predictions.shape != labels.shape
        or not isinstance(kept, int)
        or not 0 <= kept <= total
        or not isinstance(widths, dict)
        or not isinstance(notes, list)
        or not isinstance(widths, dict)
    ):
        return Entry(None, UNREADABLE)
    net = built(dense, widths)
    if net is None:
        return Entry(None, UNREADABLE)
    try:
        macs = measure.macs(net, torch.zeros(1, *shape))
    except CourseError:  # widths that do not fit together
        return Entry(None, UNREADABLE)
    accuracy = float((predictions == labels).double().mean())
    counted = Measures(accuracy, len(labels), 1 - kept / total, kept, macs, macs / dense_macs, widths)
    return Entry(counted, "", tuple(_line(note) for note in notes[:NOTES] if isinstance(note, str)))


@lru_cache(maxsize=4)
def _dense(model: str, shape: tuple[int, int, int], classes: int) -> tuple[nn.Module, int, int]:
    """Return the board's network, its parameters and its MACs."""
    net = models.of_shape(model, shape, classes)
    return net, measure.parameters(net), measure.macs(net, torch.zeros(1, *shape))


def built(dense: nn.Module, widths: Widths) -> nn.Module | None:
    """Return a network of these widths with the dense one's first weights, None where there is no such network.

    MACs and time depend on widths alone, so that no stranger's weights are needed for them.
    """
    own = dense.state_dict()
    try:
        if set(own) != set(widths):
            return None
        cut = {key: own[key][tuple(map(slice, widths[key]))].clone() for key in own}
        return filled(dense, cut, "").eval() if all(list(cut[key].shape) == widths[key] for key in own) else None
    except (CourseError, TypeError, ValueError, IndexError, RuntimeError):
        return None


def _line(text: str) -> str:
    """Return a sentence that came out of a sandbox, as one line of a limited length."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line[:LONGEST] or shown(UNREADABLE)
