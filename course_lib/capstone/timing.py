"""How long networks take beside a reference: all of them in turns, in one run, so that a busy moment hits them all."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn

from course_lib import measure
from course_lib.models import in_mode

BATCH = 64  # images in a forward pass
ROUNDS, WARMUP = 25, 3
Key = TypeVar("Key")


@torch.inference_mode()
def ratios(
    networks: Mapping[Key, nn.Module], reference: nn.Module, example: Tensor, rounds: int = ROUNDS
) -> dict[Key, tuple[float, float]]:
    """Return for each network the milliseconds of a forward pass of `BATCH` images, and their ratio to the reference's.

    Both numbers are medians over the rounds; the ratio is of the two times of one round (`measure.in_turns`).

    Args:
        networks, reference: on the CPU; left as they are. example: a batch of inputs, repeated to `BATCH` images.
    """
    batch = example[torch.arange(BATCH) % len(example)]
    with ExitStack() as modes:
        for network in (reference, *networks.values()):
            modes.enter_context(in_mode(network, training=False))
        passes = {key: partial(network, batch) for key, network in networks.items()}
        times = measure.in_turns({None: partial(reference, batch), **passes}, rounds, WARMUP)
    beside = times[None]
    return {
        key: (
            statistics.median(times[key]),
            statistics.median(own / other for own, other in zip(times[key], beside, strict=True)),
        )
        for key in networks
    }
