"""Several networks measured side by side: what `figures.size_panel` draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib import measure
from course_lib.data import Bench
from course_lib.models import in_mode
from course_lib.pruning import Masks
from course_lib.teaching.figures.results import QUARTILES

RUNS = 60


def compared(
    models: Mapping[str, nn.Module], bench: Bench, masks: Mapping[str, Masks] | None = None
) -> dict[str, dict[str, Any]]:
    """Return label -> every measure of `measure.report`, the times with one image taken in turns, and their quartiles.

    Args:
        models: label -> network, left as it was. masks: of those that are masked, by their labels.
    """
    columns = {
        label: dict(measure.report(model, bench, masks=(masks or {}).get(label))["model"]) for label, model in models.items()
    }
    for label, times in _times(models, bench.example[:1]).items():
        low, median, high = np.quantile(times, [0.25, 0.5, 0.75]).tolist()
        columns[label] |= {"latency median (ms)": median, "latency IQR (ms)": high - low, QUARTILES: (low, high)}
    return columns


@torch.inference_mode()
def _times(models: Mapping[str, nn.Module], image: Tensor) -> dict[str, list[float]]:
    def way(model: nn.Module) -> Callable[[], object]:
        return lambda: model(image).cpu()  # an accelerator has finished when its answer is here

    with ExitStack() as modes:
        for model in models.values():
            modes.enter_context(in_mode(model, training=False))
        return measure.in_turns({label: way(model) for label, model in models.items()}, RUNS)
