"""How long networks take beside a reference: all of them in turns, in one run, so that a busy moment hits them all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from course_lib.models import in_mode

BATCH = 64  # images in a forward pass
ROUNDS, WARMUP = 25, 3
Key = TypeVar("Key")


def ratios(
    networks: Mapping[Key, nn.Module], reference: nn.Module, example: Tensor, rounds: int = ROUNDS
) -> dict[Key, tuple[float, float]]:
    """Return for each network the milliseconds of a forward pass of `BATCH` images, and their ratio to the reference's.

    In each round every network runs once, beginning with another one each time. Both numbers are medians over the rounds;
    the ratio is of the two times of one round.

    Args:
        networks, reference: on the CPU; left as they are. example: a batch of inputs, repeated to `BATCH` images.
    """
    batch = example[torch.arange(BATCH) % len(example)]
    turn: list[Key | None] = [None, *networks]
    times: dict[Key | None, list[float]] = {key: [] for key in turn}
    for number in range(WARMUP + rounds):
        start = number % len(turn)
        for key in (*turn[start:], *turn[:start]):
            times[key].append(_milliseconds(reference if key is None else networks[key], batch))
    beside = times[None][WARMUP:]
    return {
        key: (
            statistics.median(times[key][WARMUP:]),
            statistics.median(own / other for own, other in zip(times[key][WARMUP:], beside, strict=True)),
        )
        for key in networks
    }


@torch.inference_mode()
def _milliseconds(network: nn.Module, batch: Tensor) -> float:
    with in_mode(network, training=False):
        start = time.perf_counter()
        network(batch)
        return 1e3 * (time.perf_counter() - start)
