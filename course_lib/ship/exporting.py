"""A network for other runtimes: ONNX, the same with integers of eight bits, and torch's own exported program.

Each file is run again on the example before it counts as written. onnx, onnxscript and onnxruntime are an extra:
pip install -e '.[ship]'.
"""

from __future__ import annotations

import importlib.util
import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.files import replacing
from course_lib.network.entry import admit, copied

if TYPE_CHECKING:
    from course_lib.data import Bench

TOLERANCE = 1e-4  # largest difference of two runtimes' outputs, in standard deviations of torch's
IMAGES, LOGITS = "images", "logits"  # how input and output are called
EXTRA = ("onnx", "onnxscript", "onnxruntime")


def missing() -> str:
    """Return what is to be installed before anything can be shipped, in a sentence, or ""."""
    lacking = [name for name in EXTRA if importlib.util.find_spec(name) is None]
    return f"{', '.join(lacking)} not installed, which is an extra: pip install -e '.[ship]'." if lacking else ""


def to_onnx(model: nn.Module, example: Tensor, path: str | Path) -> Path:
    """Write a network as ONNX, for any number of images, and return the path.

    Args:
        model: left as it is; exported in eval mode, from the CPU.
        example: a normalised batch, (n, C, H, W), n >= 2.

    Raises:
        CourseError: if torch cannot export it, or if onnxruntime's outputs on the example differ by more than `TOLERANCE`.
    """
    must_be_installed()
    model, example = _still(model, example)
    path = Path(path)
    with _quiet():
        batch = torch.export.Dim("batch", min=1)
        try:
            program = torch.onnx.export(
                model, (example,), dynamo=True, input_names=[IMAGES], output_names=[LOGITS], dynamic_shapes=({0: batch},),
                verbose=False,
            )  # fmt: skip
        except (torch.onnx.OnnxExporterError, RuntimeError) as error:
            raise CourseError(f"the network cannot be exported to ONNX: {str(error).splitlines()[0]}") from error
    assert program is not None
    with replacing(path) as temporary:
        program.save(str(temporary))
        _must_agree(model, example, run(temporary, example.numpy()), "onnxruntime")
    return path


def to_int8(source: str | Path, bench: Bench, path: str | Path, samples: int = 512, seed: int = 0) -> Path:
    """Write the ONNX network `source` with weights and activations of eight bits, and return the path.

    The ranges of the activations are those of `samples` training images, drawn with `seed`; weights have one scale for each
    output channel (post-training static quantization, in ONNX's QDQ form). What it costs in accuracy is to be measured.
    """
    must_be_installed()
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    batches = (
        {IMAGES: images.cpu().contiguous().numpy()} for images, _ in bench.batches("train", 64, samples=samples, seed=seed)
    )

    class Calibration(CalibrationDataReader):
        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(batches, None)

    path = Path(path)
    with _quiet(), tempfile.TemporaryDirectory(prefix="course-") as folder, replacing(path) as temporary:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared))
        quantize_static(
            str(prepared), str(temporary), Calibration(), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip
    return path


def to_program(model: nn.Module, example: Tensor, path: str | Path) -> Path:
    """Write a network as torch's exported program (torch.export), read it again, and return the path.

    Raises:
        CourseError: if it cannot be exported, or gives other outputs when it was read again.
    """
    model, example = _still(model, example)
    path = Path(path)
    try:
        program = torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))
    except (RuntimeError, torch._dynamo.exc.TorchDynamoException) as error:
        raise CourseError(f"the network cannot be exported by torch.export: {str(error).splitlines()[0]}") from error
    with replacing(path) as temporary:
        target = temporary.with_suffix(".pt2")  # torch asks for this ending
        torch.export.save(program, target)
        again = torch.export.load(target).module()
        target.replace(temporary)
        with torch.inference_mode():
            _must_agree(model, example, again(example).numpy(), "the program that was read again")
    return path


def must_be_installed() -> None:
    """Refuse to ship where what it needs is not installed."""
    if lacking := missing():
        raise CourseError(lacking)


def run(path: str | Path, images: np.ndarray) -> np.ndarray:
    """Return onnxruntime's outputs for normalised images, float32 (n, C, H, W), on the CPU."""
    return session(path).run(None, {IMAGES: np.ascontiguousarray(images)})[0]


def session(path: str | Path, threads: int | None = None) -> Any:
    """Return an onnxruntime session on the CPU, with torch's number of threads if None.

    Raises:
        CourseError: if onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise CourseError("onnxruntime is an extra: pip install -e '.[ship]'.") from error

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or torch.get_num_threads()
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _still(model: nn.Module, example: Tensor) -> tuple[nn.Module, Tensor]:
    """Return a copy in eval mode and the example, both on the CPU."""
    example = admit(model, example)
    return copied(model).cpu().eval(), example.detach().cpu().contiguous()


@torch.inference_mode()
def _must_agree(model: nn.Module, example: Tensor, outputs: np.ndarray, who: str) -> None:
    ours = model(example)
    worst = float((ours - torch.from_numpy(np.asarray(outputs))).abs().max() / ours.std().clamp_min(1e-12))
    if not worst <= TOLERANCE:  # so that NaN is refused, too
        raise CourseError(f"{who} gives other outputs than torch: by {worst:.2g} of their standard deviation.")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters' remarks from a reader who can do nothing about them."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
