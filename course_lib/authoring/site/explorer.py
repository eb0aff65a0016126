"""The weights of the SAP explorer, which counts in the reader's browser."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from torch import Tensor

from course_lib.authoring.site.measured import dense
from course_lib.files import write_text

STUDY = "pace"  # its dense start is lesson 05's own kind of network
Layer = dict[str, str | int | float]
STEPS = 65_535  # magnitudes are kept in 16 bits, as shares of the layer's largest


def weights(root: Path) -> dict[str, Tensor]:
    """Return the weights of the committed network: layer -> (neurons, n)."""
    found = load_file(dense(root, STUDY))
    return {name.removesuffix(".weight"): value for name, value in found.items() if name.endswith(".weight")}


def packed(layers: Mapping[str, Tensor]) -> list[Layer]:
    """Return for each layer its name, neurons, inputs, largest magnitude, and all magnitudes in 16 bits, as base64."""
    found: list[Layer] = []
    for name, weight in layers.items():
        rows = weight.detach().abs().double().flatten(1)
        steps = (rows / rows.max() * STEPS).round().numpy().astype("<u2")
        found.append(
            {
                "name": name,
                "neurons": len(rows),
                "inputs": rows.shape[1],
                "largest": float(rows.max()),
                "steps": base64.b64encode(np.ascontiguousarray(steps).tobytes()).decode(),
            }
        )
    return found


def write(root: Path, extra: Path) -> None:
    """Write explorer-weights.js, which the page loads when the explorer comes into view."""
    write_text(extra / "explorer-weights.js", f"window.explorerWeights = {json.dumps(packed(weights(root)))};\n")
