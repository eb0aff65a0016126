"""The loop of SAP: prune, rewind if asked to, train."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from course_lib.teaching.exercises.attempts import Callee, Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer


def sap_loop(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> Any:
    """Prune, rewind if a function for it is given, train; `rounds` times; return the last masks."""
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
    return masks


def _loops(rng: torch.Generator) -> list[Case]:
    prune, back, fit = Callee("prune"), Callee("rewind", token=False), Callee("fit", token=False)
    rounds = integer(rng, 3, 5)
    return [
        Case("two rounds with rewinding", (2, prune, back, fit, "dense")),
        Case("two rounds of fine-tuning: rewind is None", (2, prune, None, fit, "dense")),
        Case("several rounds with rewinding", (rounds, prune, back, fit, "start")),
        Case("several rounds of fine-tuning", (rounds, prune, None, fit, "start")),
        Case("no round at all", (0, prune, back, fit, "dense"), edge=True),
    ]


def _loop(*steps: str, old: str = "", start: bool = False) -> Callable[..., Any]:
    """steps: what is done in a round, in this order; old: which of them gets the masks from before the round."""

    def wrong(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> Any:
        first = masks
        for _ in range(rounds):
            before = masks
            for step in steps:
                if step == "prune":
                    masks = prune(first if start else masks)
                elif step == "fit":
                    fit(before if old == "fit" else masks)
                elif rewind is not None:
                    rewind(before if old == "rewind" else masks)
        return masks

    return wrong


def _outside(name: str) -> Callable[..., Any]:
    def wrong(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> Any:
        for _ in range(rounds):
            masks = prune(masks)
            if name != "rewind" and rewind is not None:
                rewind(masks)
            if name != "fit":
                fit(masks)
        if name == "fit":
            fit(masks)
        elif rewind is not None:
            rewind(masks)
        return masks

    return wrong


def _always_rewinds(rounds: int, prune: Callable, rewind: Callable, fit: Callable, masks: Any) -> Any:
    for _ in range(rounds):
        masks = prune(masks)
        rewind(masks)
        fit(masks)
    return masks


def _throws_away(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> Any:
    for _ in range(rounds):
        prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
    return masks


def _returns_none(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> None:
    sap_loop(rounds, prune, rewind, fit, masks)


def _returns_early(rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Any) -> Any:
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
        return masks
    return masks


EXERCISE = Exercise(
    "sap_loop",
    lesson="05",
    points=1,
    reference=sap_loop,
    cases=_loops,
    misconceptions=(
        Misconception(
            "ranks the rewound weights",
            "Rewinding comes before pruning here, so the initial values are ranked, of which training knows nothing.",
            _loop("rewind", "prune", "fit"),
        ),
        Misconception(
            "rewinds after training",
            "Rewinding after training throws the training away: prune, rewind, train.",
            _loop("prune", "fit", "rewind"),
        ),
        Misconception(
            "trains before pruning",
            "The network comes in trained: prune first; the last prune is never repaired here.",
            _loop("fit", "prune", "rewind"),
        ),
        Misconception("never rewinds", "`rewind` is never called.", _loop("prune", "fit")),
        Misconception("never trains", "Nothing is trained: call fit(masks) in every round.", _loop("prune", "rewind")),
        Misconception(
            "always rewinds", "rewind may be None, which means fine-tuning: then it cannot be called.", _always_rewinds
        ),
        Misconception(
            "prunes from the start every round",
            "Every round starts from the first masks again: hand `prune` the masks of the round before it.",
            _loop("prune", "rewind", "fit", start=True),
        ),
        Misconception(
            "trains with the old masks",
            "Training gets the masks of the round BEFORE: what was just pruned would grow back.",
            _loop("prune", "rewind", "fit", old="fit"),
        ),
        Misconception(
            "rewinds with the old masks",
            "Rewinding gets the masks of the round BEFORE: what was just pruned comes back.",
            _loop("prune", "rewind", "fit", old="rewind"),
        ),
        Misconception("trains only once", "Train in EVERY round, not once in the end.", _outside("fit")),
        Misconception("rewinds only once", "Rewind in EVERY round, before training.", _outside("rewind")),
        Misconception(
            "throws the new masks away",
            "What `prune` returns is thrown away: it does not change the masks it is given, it returns new ones.",
            _throws_away,
        ),
        Misconception(
            "returns within the loop", "The `return` stands inside the loop: it ends after the first round.", _returns_early
        ),
        Misconception("returns nothing", "The last masks are not returned.", _returns_none),
    ),
)
