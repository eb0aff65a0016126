"""The weights of the SAP explorer, which counts in the reader's browser."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from torch import Tensor

from course_lib.files import write_text

NETWORK = "results/pace/records/dense-seed0-157c25f056ca.safetensors"
STEPS = 65_535  # magnitudes are kept in 16 bits, as shares of the layer's largest


def weights(root: Path) -> dict[str, Tensor]:
    """Return the weights of the committed network, lesson 05's own kind: layer -> (neurons, n)."""
    return {
        name.removesuffix(".weight"): value for name, value in load_file(root / NETWORK).items() if name.endswith(".weight")
    }


def packed(layers: Mapping[str, Tensor]) -> list[dict[str, object]]:
    """Return for each layer its name, neurons, inputs, largest magnitude, and all magnitudes in 16 bits, as base64."""
    found: list[dict[str, object]] = []
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
