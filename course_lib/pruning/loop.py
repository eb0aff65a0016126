"""Prune, fine-tune, repeat: one record a round."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from torch import nn

from course_lib import train
from course_lib.axes.scopes import Seen
from course_lib.errors import CourseError
from course_lib.network import units
from course_lib.network.masks import Masks
from course_lib.network.recording import Recording
from course_lib.notebook import stoppable
from course_lib.pruning.pruners import Pruner

if TYPE_CHECKING:
    from course_lib.data import Bench

SCHEDULES: dict[str, Callable[[float], float]] = {
    "linear": lambda t: t,
    "cubic": lambda t: 1 - (1 - t) ** 3,  # Zhu & Gupta 2017: much at first, while there is much to spare
    "oneshot": lambda t: 1.0,
}
COLLAPSE = 0.1  # of what a curve's best accuracy had above chance: with no more than that left, the curve ends


@dataclass
class Record:
    """What one round did. `masks` and `recording` are kept beside the JSON.

    sparsity, unit_sparsity: cumulative, in [0, 1]. kept: weight -> how many entries are kept. emptied: weights with none.
    removed: parameters gone in this round. groups: group -> `scopes.Seen`. accuracy: on validation images, "pruned",
    "recalibrated" (with BatchNorm only) and "tuned". epochs: trained since the loop began. status: "ok", "target"
    (`until` was reached), "stalled" (nothing went), "collapsed" (see `collapsed`; ends the curve) or "interrupted" (in a
    notebook: trained for less than it should have been; ends the curve). stalled: rounds in a row. last: nothing comes
    after it. best: the highest accuracy so far on validation images, that before round 1 included.
    """

    round: int
    masks: Masks
    sparsity: float
    unit_sparsity: float
    kept: dict[str, int]
    emptied: list[str]
    removed: int
    groups: dict[str, Seen]
    accuracy: dict[str, float]
    epochs: float
    seconds: float
    status: str
    stalled: int
    last: bool
    config: dict[str, Any]
    recording: Recording | None = field(default=None, repr=False)
    best: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the record without masks and recording as plain data."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("masks", "recording")}

    @classmethod
    def from_json(cls, value: dict[str, Any], masks: Masks, recording: Recording | None = None) -> Record:
        """Return the record that `to_json` gave, with its masks."""
        return cls(**value, masks=masks, recording=recording)


def iterate(
    pruner: Pruner,
    model: nn.Module,
    bench: Bench,
    rounds: int = 10,
    epochs: float = 2,
    *,
    masks: Masks | None = None,
    schedule: str = "cubic",
    until: float | None = None,
    rewind: train.Snapshot | None = None,
    final_epochs: float = 0,
    seed: int = 0,
    fit: Callable[..., dict[str, Any]] = train.fit,
    after: Record | None = None,
    recording: Recording | None = None,
    patience: int | None = 2,
) -> Iterator[Record]:
    """Prune `model` in place over several rounds with training after each, and yield one record a round.

    Interrupted in a notebook, the round in hand is the last: its record says so, and `model` is as its masks and the last
    finished epoch left it.

    Args:
        rounds, epochs: how often, and for how many epochs (may be fractional) after each prune.
        masks: what is kept at the start; None: all.
        schedule: "cubic", "linear" or "oneshot": how a target amount is reached; other amounts set their own pace.
        until: a sparsity at which to stop.
        rewind: None to fine-tune; a `train.snapshot` to set the survivors back to before each training.
        final_epochs: trained more in the last round, before its record is yielded.
        fit: `train.fit`, or a functools.partial of it with a learning rate, a teacher, ...
        after: the last finished record, with `model` as that round left it: the loop goes on with the next round.
        recording: activations recorded before round 1, for a pruner with `history`.
        patience: how many stalled rounds in a row end the curve; None: none do, so that every curve trains equally long.

    >>> from course_lib import data, models
    >>> bench = data.load("fashion-mini", device="cpu", limit=20)
    >>> [round(record.sparsity, 1) for record in iterate(Pruner(), models.build("cnn", bench), bench, 1, 0)]
    [0.5]
    """
    config = _settings(pruner, bench, rounds, epochs, schedule, seed, rewind, until, final_epochs)
    masks, recording, best, trained, stalled, first = _begun(after, model, bench, masks, recording)
    for number in range(first, rounds + 1):
        started, kept_before = time.perf_counter(), masks.kept_parameters
        with stoppable() as stop:
            step = pruner.at_round(number)
            masks, groups = step.propose(model, bench, masks, SCHEDULES[schedule](number / rounds), recording)
            accuracy = _accuracy_when_pruned(model, bench, masks, rewind, seed)
            accuracy["tuned"], recording, done = _tuned(fit, model, bench, masks, epochs, seed * 1000 + number, pruner)
            trained += done
            removed = kept_before - masks.kept_parameters
            fallen = collapsed(accuracy["tuned"], best, _chance(bench), bench.num_classes)
            status = _status(removed, masks.sparsity, until, fallen)
            stalled = stalled + 1 if status == "stalled" else 0
            last = number == rounds or status in ("target", "collapsed") or stalled == patience
            if last and final_epochs and status != "collapsed":
                accuracy["tuned"], _, done = _tuned(fit, model, bench, masks, final_epochs, seed * 1000 + 999)
                trained += done
            status, last = ("interrupted", True) if stop.asked else (status, last)
        best = max(best, accuracy["tuned"])
        yield Record(
            number, masks, masks.sparsity, masks.unit_sparsity, *_kept(model, masks), removed, groups, accuracy, trained,
            time.perf_counter() - started, status, stalled, last, config, recording, best,
        )  # fmt: skip
        if last:
            return


def _settings(
    pruner: Pruner,
    bench: Bench,
    rounds: int,
    epochs: float,
    schedule: str,
    seed: int,
    rewind: train.Snapshot | None,
    until: float | None,
    final_epochs: float,
) -> dict[str, Any]:
    """Return what every record says of the loop; refuse what cannot run."""
    if schedule not in SCHEDULES:
        raise CourseError(f"schedule={schedule!r} was given; it can be {', '.join(SCHEDULES)}.")
    if bench.num_classes < 2:
        raise CourseError("the data set has one class only; telling images apart takes two or more.")
    if rounds < 1:
        raise CourseError(f"rounds={rounds} was given; at least 1 is needed.")
    if pruner.history and epochs < pruner.history:
        raise CourseError(f"history={pruner.history} epochs were asked for; each round trains only epochs={epochs}.")
    config = {"pruner": pruner.describe(), "rounds": rounds, "epochs": epochs, "schedule": schedule, "seed": seed}
    return config | {"rewind": rewind is not None, "until": until, "final_epochs": final_epochs}


def _begun(
    after: Record | None, model: nn.Module, bench: Bench, masks: Masks | None, recording: Recording | None
) -> tuple[Masks, Recording | None, float, float, int, int]:
    """Return masks, recording, best accuracy, epochs, stalled rounds, and the number of the round that is to come."""
    if after:  # records of older releases do not know the best accuracy before them
        best = max(after.best, after.accuracy["tuned"])
        return after.masks, after.recording, best, after.epochs, after.stalled, after.round + 1
    return Masks.dense(model) if masks is None else masks, recording, train.evaluate(model, bench), 0.0, 0, 1


def _accuracy_when_pruned(
    model: nn.Module, bench: Bench, masks: Masks, rewind: train.Snapshot | None, seed: int
) -> dict[str, float]:
    """Apply the masks, go back to `rewind` if it is given, and recalibrate BatchNorm; return what that leaves."""
    masks.apply_(model)
    accuracy = {"pruned": train.evaluate(model, bench)}
    if rewind is not None:
        masks.apply_(train.rewind(model, rewind))
    if train.recalibrate_batchnorm(model, bench, seed=seed):
        accuracy["recalibrated"] = train.evaluate(model, bench)
    return accuracy


def _tuned(
    fit: Callable[..., dict[str, Any]],
    model: nn.Module,
    bench: Bench,
    masks: Masks,
    epochs: float,
    seed: int,
    pruner: Pruner | None = None,
) -> tuple[float, Recording | None, float]:
    """Train what is left; return its accuracy on validation images, what `pruner` wants recorded on the way, the epochs."""
    recorder = pruner.recorder(model, bench) if pruner and pruner.history else None
    history = fit(model, bench, epochs=epochs, masks=masks, seed=seed, recorder=recorder)
    if history and history.get("interrupted"):
        epochs = history["epochs"][-1]["epoch"] if history["epochs"] else 0.0
    return train.evaluate(model, bench), recorder.recording if recorder else None, epochs


def collapsed(accuracy: float, best: float, chance: float, classes: int) -> bool:
    """Return whether a network has lost nearly all that it had above chance.

    All are accuracies in [0, 1] on the same images. The limit is chance + 0.1 * (best - chance). A network that was never
    better than chance has nothing to lose, and only evenly spread guesses, 1 / classes, are the limit.

    Args:
        accuracy: of the network as it is now. best: the highest so far, of the dense network or of a later round.
        chance: what naming the largest class every time comes to. classes: how many there are.

    >>> collapsed(0.70, best=0.95, chance=0.5, classes=2)  # two classes: the limit is 0.545
    False
    >>> collapsed(0.15, best=0.80, chance=0.1, classes=10)  # ten: 0.17
    True
    """
    limit = chance + COLLAPSE * (best - chance) if best > chance else 1 / classes
    return accuracy <= limit


def _chance(bench: Bench) -> float:
    """Return the accuracy on validation images of naming their largest class every time."""
    return bench.validation.labels.cpu().bincount().max().item() / len(bench.validation)


def _status(removed: int, sparsity: float, until: float | None, fallen: bool) -> str:
    if fallen:
        return "collapsed"
    if until is not None and sparsity >= until:
        return "target"
    return "ok" if removed else "stalled"


def _kept(model: nn.Module, masks: Masks) -> tuple[dict[str, int], list[str]]:
    """Return weight -> how many of its entries are kept, and the names of those with none."""
    weights = units.prunable_weights(model)
    kept = {name: int(masks[name].sum()) if name in masks else weight.numel() for name, weight in weights.items()}
    return kept, [name for name, count in kept.items() if count == 0]
