"""How much of a network of one's own should go: which units it can spare, what a budget asks for, how long it will take."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from course_lib import measure, train
from course_lib.axes import amounts, scores, selection
from course_lib.errors import CourseError, check_share
from course_lib.network.cutting import cut
from course_lib.network.entry import copied
from course_lib.network.group import Group, close

if TYPE_CHECKING:
    from course_lib.data import Bench

LEVELS = (0.25, 0.5, 0.75)
SAMPLES = 512  # validation images that a scan looks at
FINEST = 100  # shares are whole hundredths


def sensitivity(
    model: nn.Module, bench: Bench, groups: Sequence[Group], levels: Sequence[float] = LEVELS, samples: int = SAMPLES
) -> dict[str, list[tuple[float, float]]]:
    """Return group -> (share of its units gone, accuracy): each group alone by L1 norm, the others whole, nothing trained.

    The same `samples` validation images throughout; each curve begins at (0, the accuracy of the whole network).
    """
    start, found = train.evaluate(model, bench, samples=samples), {}
    for group in groups:
        found[group.name] = [(0.0, start)]
        for level in levels:
            masks = close(model, [group], _kept(model, [group], level))
            accuracy = train.evaluate(masks.apply_(copied(model)), bench, samples=samples)
            found[group.name].append((level, accuracy))
    return found


def share_within(
    model: nn.Module, bench: Bench, groups: Sequence[Group], keep: float, layers: Collection[str] | None = None
) -> float:
    """Return the smallest share of each layer's units, in hundredths, without which at most `keep` of the MACs is left.

    Args:
        keep: in (0, 1), a share of the network's multiply-accumulates.
        layers: names of the groups that may be pruned; None: all.

    Raises:
        CourseError: if so little cannot be reached, or a name is of no group.
    """
    check_share("keep", keep)
    chosen = [group for group in groups if layers is None or group.name in layers]
    if unknown := sorted(set(layers or ()) - {group.name for group in groups}):
        raise CourseError(f"layers names {unknown[0]!r}; units can be taken from {', '.join(g.name for g in groups)}.")
    whole = measure.macs(model, bench.example)

    def left(hundredths: int) -> float:
        small = cut(model, chosen, _kept(model, chosen, hundredths / FINEST))
        return measure.macs(small, bench.example) / whole

    low, high = 0, FINEST - 1
    if (least := left(high)) > keep:
        raise CourseError(
            f"keep={keep:g} was given; with one unit left in each of these layers {least:.3f} of the MACs stay."
        )
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if left(middle) <= keep else (middle + 1, high)
    return low / FINEST


def minutes(model: nn.Module, bench: Bench, batch_size: int = 256, batches: int = 3) -> float:
    """Return how many minutes one epoch of training takes here, from a few batches with a copy of `model`."""
    some = min(1.0, batches * batch_size / len(bench.train))
    work = copied(model)
    train.fit(work, bench, epochs=some / batches, batch_size=batch_size)  # the first batch chooses kernels
    started = time.perf_counter()
    history = train.fit(work, bench, epochs=some, batch_size=batch_size)
    return (time.perf_counter() - started) / 60 * len(bench.train) / history["images"]


def _kept(model: nn.Module, groups: Sequence[Group], share: float) -> Mapping[str, Tensor]:
    """Return group -> which of its units stay when that share of the smallest by L1 norm goes; one always stays."""
    parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}
    kept = {}
    for group in groups:
        norms = scores.l1_norm(group.rows(parameters)).cpu()
        gone = min(amounts.share(share, group.size), group.size - 1)
        kept[group.name] = ~selection.lowest(norms, gone) if gone else torch.ones(group.size, dtype=torch.bool)
    return kept
