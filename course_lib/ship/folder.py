"""A folder that can be handed over: the network for onnxruntime, in fp32 and in eight bits, its card, and a runner."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from course_lib import measure, slim, train
from course_lib.errors import CourseError
from course_lib.files import write_json, write_text
from course_lib.ship import exporting

if TYPE_CHECKING:
    from course_lib.data import Bench

BATCHES = (1, 64)
RUNNER = Path(__file__).with_name("runner.py")  # copied, never imported


def ship(
    model: nn.Module,
    bench: Bench,
    out: str | Path,
    made: str = "",
    architecture: dict[str, Any] | None = None,
    samples: int = 512,
    split: str = "validation",
) -> dict[str, Any]:
    """Write the folder `out` and return what its card says.

    In it: model.onnx, model.int8.onnx, model.safetensors, card.json, README.md, run.py.

    Args:
        model: left as it is. made: a sentence on how it was made, for the card.
        architecture: as `slim.save` takes it, for a network of the course. None: whoever loads model.safetensors gives
            the network that `model` was cut from; the ONNX files hold any network whole.
        samples: training images that the ranges of the eight bits come from. split: on which images accuracy is measured.

    Raises:
        CourseError: for a folder that is there already, or a network that cannot be exported.
    """
    out = Path(out)
    if out.exists():
        raise CourseError(f"{out} was given; it is there already, and a shipped folder is written whole: give another.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as temporary:
        place = Path(temporary) / out.name
        place.mkdir()
        exporting.to_onnx(model, bench.example, place / "model.onnx")
        exporting.to_int8(place / "model.onnx", bench, place / "model.int8.onnx", samples)
        slim.save(model, place / "model.safetensors", architecture)
        card = {**_facts(model, bench, made, split), "runs": _runs(model, bench, place, split)}
        write_json(place / "card.json", card)
        write_text(place / "README.md", _page(card))
        shutil.copy(RUNNER, place / "run.py")
        shutil.move(place, out)  # the last step: the folder is there whole or not at all
    return card


def _facts(model: nn.Module, bench: Bench, made: str, split: str) -> dict[str, Any]:
    return {
        "data": bench.name, "classes": list(bench.classes), "shape": list(bench.shape), "mean": bench.mean.tolist(),
        "std": bench.std.tolist(), "parameters": measure.parameters(model), "macs": measure.macs(model, bench.example),
        "made": made, "split": split, "images": len(bench.split(split)), "threads": torch.get_num_threads(),
        "machine": platform.machine(), "instructions": torch.backends.cpu.get_cpu_capability(), "torch": torch.__version__,
    }  # fmt: skip


def _runs(model: nn.Module, bench: Bench, place: Path, split: str) -> list[dict[str, Any]]:
    """Return for each way to run the network: bytes of its file, accuracy, and the time of a forward pass."""
    found = [
        {
            "how": "torch, fp32",
            "file": "",
            "bytes": measure.file_bytes(model),
            "accuracy": train.evaluate(model, bench, split),
        }
        | {f"batch {size}": _milliseconds(measure.latency(model, bench.example, size)) for size in BATCHES}
    ]
    for how, name in (("onnxruntime, fp32", "model.onnx"), ("onnxruntime, int8", "model.int8.onnx")):
        session = exporting.session(place / name)

        def logits(images: np.ndarray, session: Any = session) -> np.ndarray:
            return session.run(None, {exporting.IMAGES: images})[0]

        row = {"how": how, "file": name, "bytes": (place / name).stat().st_size, "accuracy": _accuracy(logits, bench, split)}
        for size in BATCHES:
            images = bench.example[torch.arange(size) % len(bench.example)].cpu().contiguous().numpy()
            row[f"batch {size}"] = _milliseconds(measure.timed(partial(logits, images), size))
        found.append(row)
    return found


def _accuracy(logits: Callable[[np.ndarray], np.ndarray], bench: Bench, split: str) -> float:
    right = 0
    for images, labels in bench.batches(split, 100):
        right += int((logits(images.cpu().contiguous().numpy()).argmax(1) == labels.cpu().numpy()).sum())
    return right / len(bench.split(split))


def _milliseconds(latency: measure.Latency) -> list[float]:
    return [latency.median_ms, latency.iqr_ms]


def _page(card: dict[str, Any]) -> str:
    """Return the card as Markdown."""
    head = ["| how | bytes | accuracy | one image, ms | 64 images, ms |", "| --- | --- | --- | --- | --- |"]
    rows = [
        f"| {run['how']} | {run['bytes']:,} | {run['accuracy']:.4f} | "
        + " | ".join(f"{run[f'batch {size}'][0]:.2f} ± {run[f'batch {size}'][1]:.2f}" for size in BATCHES) + " |"
        for run in card["runs"]
    ]  # fmt: skip
    shape = " x ".join(map(str, card["shape"]))
    lines = [
        "# A small network", "", *([card["made"], ""] if card["made"] else []),
        f"Images of {shape} (channels, height, width) go in, one score for each of {len(card['classes'])} classes comes "
        f"out: {', '.join(card['classes'])}. It has {card['parameters']:,} parameters and takes {card['macs']:,} "
        "multiply-accumulates an image.", "", *head, *rows, "",
        f"Accuracy: on {card['images']:,} {card['split']} images of {card['data']}. Milliseconds: median ± interquartile "
        f"range of 30 passes with {card['threads']} thread(s) on a {card['machine']} processor ({card['instructions']}); on "
        "another machine they are others. `python run.py IMAGES.npy` names what is on images; "
        "it needs onnxruntime and numpy.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
