"""How far the sets of units that a threshold removes agree: between calibration subsets, trainings and thresholds.

Unit j of one network has nothing to do with unit j of another that started from other weights. Between seeds the overlap is
therefore at chance for every rule, and only how MANY units go can be compared. If only the order of the training images
differs, the units correspond in part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.torch import load, load_file
from torch import Tensor, nn

from course_lib import data as images
from course_lib import models, train
from course_lib.axes.amounts import Amount
from course_lib.errors import CourseError
from course_lib.files import replacing
from course_lib.pruning import ActivationPruner, Masks, Pruner
from course_lib.sweep import grid as grids
from course_lib.sweep import steps
from course_lib.sweep.store import Store
from course_lib.words import number_of

if TYPE_CHECKING:
    import pandas as pd

    from course_lib.data import Bench

RULES = {"fixed": "threshold", "variable": "deviations"}  # rule -> the argument of ActivationPruner
SUBSETS = 8  # of calibration images
SAMPLES = (64, 256, 1024)  # images in each
SHARES = (0.1, 0.3, 0.5)  # of all units, that a rule's strength is set to take on the reference
NUDGE = 1.1  # every layer's threshold times this, to see how much depends on it


def jaccard(one: Tensor, other: Tensor) -> float:
    """Return the size of the intersection of two sets over the size of their union; 1.0 if both are empty.

    one, other: bool tensors of one shape, True = in the set.
    """
    if one.shape != other.shape:
        raise CourseError(f"sets over {tuple(one.shape)} and {tuple(other.shape)} units were given; one shape is expected.")
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else 1.0


def chance(one: int, other: int, units: int) -> float:
    """Return the mean Jaccard overlap of two sets of that many units drawn at random; 1.0 if both are empty."""
    from scipy.stats import hypergeom

    if not one + other:
        return 1.0
    common = np.arange(min(one, other) + 1)
    return float(np.sum(hypergeom.pmf(common, units, one, other) * common / (one + other - common)))


def strength(rule: str, statistic: str, share: float, model: nn.Module, bench: Bench) -> float:
    """Return the threshold (or the number of deviations) at which the rule takes about `share` of all units of `model`.

    Found by bisection on 1024 training images: a rule takes more the higher its threshold, or the lower its number of
    deviations.
    """
    low, high = (0.0, 5.0) if rule == "fixed" else (-3.0, 3.0)
    for _ in range(20):
        middle = (low + high) / 2
        more = _masks(rule, statistic, middle, model, bench, 1024, 0).unit_sparsity < share
        if more == (rule == "fixed"):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def study(grid: Mapping[str, Any], data: str | None, records: Path, store: Path) -> pd.DataFrame:
    """Return one row for each rule, statistic, share, source of variation and layer, for the dense starts of a grid.

    Compared with the start of the grid's first seed are: itself, calibrated on other images; networks trained from the
    same initial weights on the same images in another order, as many as there are other seeds; and the starts of the
    other seeds.

    Args:
        grid: a checked one. data: where its images lie, if elsewhere. records: where its dense starts are kept.
        store: where what is trained here is kept.

    The columns jaccard and chance are means over all pairs of runs (NaN where nothing goes), gone and gone_sd the mean
    and the standard deviation of the number of units that go, units is the layer's width.
    """
    bench = images.load(data or grid["data"], device="cpu", limit=grid["limit"])
    curves = {curve["seed"]: {**curve, "data": data or curve["data"], "device": "cpu"} for curve in grids.curves(grid)}
    if len(curves) < 3:
        raise CourseError(f"the grid {grid['name']!r} has {number_of(len(curves), 'seed')}; their spread needs at least 3.")
    runs, (first, *others) = Store(store / grid["name"], records), curves.values()
    runs.must_match(first["data"], steps.digest(bench), "cpu")
    starts = [_start(curve, bench, runs) for curve in (first, *others)]
    orders = [_in_another_order(first, curve["seed"], bench, store / "stability") for curve in others]
    return overlaps(starts[0], orders, starts[1:], bench)


def _in_another_order(curve: Mapping[str, Any], seed: int, bench: Bench, folder: Path) -> nn.Module:
    """Return the dense start of `curve`, trained on the images in the order of another seed; kept in `folder`."""
    path = folder / f"order-{seed}-{grids.identity(grids.dense(curve))}.safetensors"
    model = models.build(curve["model"], bench, seed=curve["seed"])
    if path.exists():
        return train.rewind(model, load_file(path))
    settings = curve["dense"]
    with steps.threads(settings["threads"]):
        train.fit(model, bench, settings["epochs"], seed=seed, precision=curve["precision"], **settings["fit"])
    with replacing(path) as temporary:
        steps.save(model, temporary)
    return model


def overlaps(reference: nn.Module, orders: Sequence[nn.Module], seeds: Sequence[nn.Module], bench: Bench) -> pd.DataFrame:
    """Return the rows of `study` for trained networks. orders, seeds: those that differ from `reference` in that alone."""
    import pandas as pd

    rows = []
    for rule in RULES:
        for statistic in ("mean", "apoz"):
            for share in SHARES:
                value = strength(rule, statistic, share, reference, bench)
                for source, runs in _sources(rule, statistic, value, reference, orders, seeds, bench):
                    named = {"rule": rule, "statistic": statistic, "share": share, "strength": value, "source": source}
                    rows += [named | row for row in compare(runs)]
    return pd.DataFrame(rows)


def compare(runs: Sequence[Masks]) -> Iterator[dict[str, Any]]:
    """Yield for each layer how far the units removed in several runs agree."""
    gone = [{name: ~kept for name, kept in masks.units.items()} for masks in runs]
    for layer in gone[0]:
        sets = [run[layer] for run in gone]
        yield _row(layer, len(sets), list(combinations(sets, 2)), [int(s.sum()) for s in sets], sets[0].numel())


def _row(layer: str, runs: int, pairs: list[tuple[Tensor, Tensor]], sizes: list[int], units: int) -> dict[str, Any]:
    filled = [(a, b) for a, b in pairs if bool((a | b).any())]  # two empty sets agree, but say nothing
    found = [jaccard(a, b) for a, b in filled]
    expected = [chance(int(a.sum()), int(b.sum()), units) for a, b in filled]
    mean = {
        name: float(np.mean(values)) if filled else float("nan")
        for name, values in {"jaccard": found, "chance": expected}.items()
    }
    spread = {"gone": float(np.mean(sizes)), "gone_sd": float(np.std(sizes, ddof=1))}
    return {"layer": layer, "runs": runs, "units": units, **mean, **spread}


def _sources(
    rule: str,
    statistic: str,
    value: float,
    reference: nn.Module,
    orders: Sequence[nn.Module],
    seeds: Sequence[nn.Module],
    bench: Bench,
) -> Iterator[tuple[str, list[Masks]]]:
    for samples in SAMPLES:
        subsets = [_masks(rule, statistic, value, reference, bench, samples, seed) for seed in range(SUBSETS)]
        yield f"{samples} calibration images", subsets
    yield "order of training", [_masks(rule, statistic, value, model, bench, 1024, 0) for model in (reference, *orders)]
    yield "seed", [_masks(rule, statistic, value, model, bench, 1024, 0) for model in (reference, *seeds)]
    higher = Pruner(statistic, ("filter", "neuron"), amount=_raised(rule, value), samples=1024, seed=0)
    yield (
        f"threshold times {NUDGE:g}",
        [_masks(rule, statistic, value, reference, bench, 1024, 0), higher.masks(reference, bench)],
    )


def _raised(rule: str, value: float) -> Amount:
    def amount(scores: Tensor, size: int, progress: float) -> int:
        threshold = value if rule == "fixed" else scores.mean() - value * scores.std(correction=0)
        return int((scores < NUDGE * threshold).sum())

    return amount


def _masks(rule: str, statistic: str, value: float, model: nn.Module, bench: Bench, samples: int, seed: int) -> Masks:
    options: Mapping[str, Any] = {RULES[rule]: value, "samples": samples, "seed": seed, "cap": 1.0}
    return ActivationPruner(statistic, **options).masks(model, bench)


def _start(curve: Mapping[str, Any], bench: Bench, runs: Store) -> nn.Module:
    if not runs.has_start(curve):
        runs.put_start(curve, steps.dense_start(curve, steps.digest(bench)))
    model = models.build(curve["model"], bench, seed=curve["seed"])
    model.load_state_dict(load(runs.start_files(curve)["model.safetensors"]))
    return model
