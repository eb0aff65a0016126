"""The loop: prune, train, and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from course_lib.teaching.exercises.attempts import Callee, Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer


def prune_and_fine_tune(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    """Prune to each sparsity of `schedule` in turn, always from the masks so far, and train after each; last masks."""
    for sparsity in schedule:
        masks = prune(sparsity, masks)
        fine_tune(masks)
    return masks


def _schedules(rng: torch.Generator) -> list[Case]:
    calls = (Callee("prune"), Callee("fine_tune", token=False))
    rising = [(10 + int(s)) / 100 for s in torch.randperm(85, generator=rng)[: integer(rng, 4, 5)].sort().values]
    return [
        Case("two rounds", ([0.3, 0.5], *calls, "dense")),
        Case("several rounds", (rising, *calls, "start")),
        Case("one round", ([0.5], *calls, "dense")),
        Case("up and down", ([rising[2], rising[0], rising[3]], *calls, "start"), edge=True),
        Case("the same sparsity twice", ([rising[1], rising[1]], *calls, "start"), edge=True),
        Case("a sparsity of zero", ([0.0, rising[0]], *calls, "start"), edge=True),
        Case("no round at all", ([], *calls, "dense"), edge=True),
    ]


def _never_updates(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    last = masks
    for sparsity in schedule:
        last = prune(sparsity, masks)
        fine_tune(last)
    return last


def _trains_once(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        masks = prune(sparsity, masks)
    fine_tune(masks)
    return masks


def _one_shot(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule[-1:]:
        masks = prune(sparsity, masks)
        fine_tune(masks)
    return masks


def _trains_first(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        fine_tune(masks)
        masks = prune(sparsity, masks)
    return masks


def _trains_with(old: Callable[[Any], Any]) -> Callable[..., Any]:
    def wrong(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
        for sparsity in schedule:
            before, masks = masks, prune(sparsity, masks)
            fine_tune(old(before))
        return masks

    return wrong


def _returns_start(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    prune_and_fine_tune(schedule, prune, fine_tune, masks)
    return masks


def _returns_none(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> None:
    prune_and_fine_tune(schedule, prune, fine_tune, masks)


def _throws_away(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        prune(sparsity, masks)
        fine_tune(masks)
    return masks


def _keeps_what_training_returns(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        masks = prune(sparsity, masks)
        masks = fine_tune(masks)
    return masks


def _returns_early(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        masks = prune(sparsity, masks)
        fine_tune(masks)
        return masks
    return None


def _all_masks(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    found = []
    for sparsity in schedule:
        masks = prune(sparsity, masks)
        fine_tune(masks)
        found.append(masks)
    return found


def _never_trains(schedule: list[float], prune: Callable, fine_tune: Callable, masks: Any) -> Any:
    for sparsity in schedule:
        masks = prune(sparsity, masks)
    return masks


def _rounds(order: Callable[[list[float]], Iterable[float]]) -> Callable[..., Any]:
    return lambda schedule, prune, fine_tune, masks: prune_and_fine_tune(list(order(schedule)), prune, fine_tune, masks)


def _upwards(schedule: list[float]) -> list[float]:
    return [s for i, s in enumerate(schedule) if s > max(schedule[:i], default=0.0)]


def _differences(schedule: list[float]) -> list[float]:
    return [s - before for before, s in zip([0.0, *schedule], schedule, strict=False)]


_SKIPS = "A round is left out: one prune and one training for EACH entry of the schedule, also for an equal or a lower one."
EXERCISE = Exercise(
    "prune_and_fine_tune",
    lesson="02",
    points=2,
    reference=prune_and_fine_tune,
    cases=_schedules,
    misconceptions=(
        Misconception(
            "prunes from the start every round",
            "Every round starts from the first masks again: hand `prune` the masks of the round before it.",
            _never_updates,
        ),
        Misconception("trains only once", "Fine-tune after EVERY round, not once in the end.", _trains_once),
        Misconception("never trains", "Nothing is fine-tuned: call fine_tune(masks) in every round.", _never_trains),
        Misconception("one shot", "This goes to the last sparsity at once; visit every one of the schedule.", _one_shot),
        Misconception("trains before pruning", "Prune first, then repair: the last prune is never repaired.", _trains_first),
        Misconception(
            "trains with the old masks",
            "Training gets the masks of the round BEFORE: what was just pruned would grow back.",
            _trains_with(lambda before: before),
        ),
        Misconception(
            "mask lost in training",
            "Training without masks lets the pruned weights grow back: hand the new masks to fine_tune.",
            _trains_with(lambda before: None),
        ),
        Misconception(
            "throws the new masks away",
            "What `prune` returns is thrown away: it does not change the masks it is given, it returns new ones.",
            _throws_away,
        ),
        Misconception(
            "keeps what training returns",
            "fine_tune returns nothing (None); the masks are what `prune` returned.",
            _keeps_what_training_returns,
        ),
        Misconception(
            "returns within the loop", "The `return` stands inside the loop: it ends after the first round.", _returns_early
        ),
        Misconception("sorts the schedule", "Go through the schedule in its own order, without sorting.", _rounds(sorted)),
        Misconception(
            "backwards", "The schedule is gone through from its end: start with its first entry.", _rounds(reversed)
        ),
        Misconception("skips a round", _SKIPS, _rounds(dict.fromkeys)),
        Misconception("skips a round", _SKIPS, _rounds(_upwards)),
        Misconception("skips a round", _SKIPS, _rounds(lambda schedule: filter(None, schedule))),
        Misconception(
            "differences", "`prune` takes the sparsity that is to be reached, not the step up to it.", _rounds(_differences)
        ),
        Misconception("returns all masks", "Return the LAST masks, not a list of all.", _all_masks),
        Misconception("returns the first masks", "Return the masks of the last round.", _returns_start),
        Misconception("returns nothing", "The last masks are not returned.", _returns_none),
    ),
)
