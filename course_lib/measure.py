"""Honest measures of a model: what it costs to keep, to send and to run, and how sure its accuracy is.

Zeros in a same-size tensor cost as much memory and time as any number: a masked model has the MACs and tensor bytes of
the dense one, and only its gzip bytes shrink. Slimming is what changes the rest, so all of them stand side by side.
"""

from __future__ import annotations

import gzip
import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from course_lib import train
from course_lib.errors import CourseError
from course_lib.models import in_mode
from course_lib.network.entry import admit
from course_lib.network.kinds import must_be_takeable, must_show_its_weights

if TYPE_CHECKING:
    import pandas as pd

    from course_lib.data import Bench
    from course_lib.pruning import Masks

LAYERS = (nn.modules.conv._ConvNd, nn.Linear, nn.Bilinear, nn.MultiheadAttention, nn.RNNBase, nn.RNNCellBase)
UNCERTAINTIES = ("latency IQR (ms)", "standard error", "images")  # rows whose ratio would say nothing


def _matrix_and_vector(matrix: torch.Size, vector: torch.Size, out_shape: object = None) -> int:
    return 2 * matrix.numel()


def _recurrent_layer(x: torch.Size, weight: torch.Size, recurrent: torch.Size, *_: object, out_shape: object = None) -> int:
    return 2 * x[0] * x[1] * (weight.numel() + recurrent.numel())


def _bilinear(x: torch.Size, weight: torch.Size, *_: object, out_shape: object = None) -> int:
    return 2 * x[0] * weight.numel()


# Operations of torch that multiply weights and that torch.utils.flop_counter passes over -> their FLOPs.
UNCOUNTED = {
    torch.ops.aten.mv: _matrix_and_vector,
    torch.ops.aten.mkldnn_rnn_layer: _recurrent_layer,
    torch.ops.aten._trilinear: _bilinear,
}


Key = TypeVar("Key")


class Latency(NamedTuple):
    """The time of one forward pass of a batch, in milliseconds: the median and the interquartile range of `runs`."""

    median_ms: float
    iqr_ms: float
    batch_size: int
    runs: int


def _images_for(model: nn.Module, example: Tensor) -> Tensor:
    """Return `example` on the model's device, in the layout with which the model runs; refuse a model that does not."""
    must_be_takeable(model)
    return admit(model, example.to(next(model.parameters(), example).device))


def parameters(model: nn.Module) -> int:
    """Return the number of entries in all of the model's parameters; shared ones count once, buffers do not count."""
    return sum(parameter.numel() for parameter in model.parameters())


def nonzeros(model: nn.Module) -> int:
    """Return how many parameter entries are not exactly zero.

    Raises:
        CourseError: for a model that computes its weights from other parameters, as torch.nn.utils.prune makes it do.
    """
    must_show_its_weights(model)
    return sum(int(torch.count_nonzero(parameter.detach())) for parameter in model.parameters())


def macs(model: nn.Module, example: Tensor) -> int:
    """Return the multiply-accumulates of one forward pass of ONE image.

    Counted are convolutions and matrix products (torch.utils.flop_counter), those of attention and of recurrent layers
    included; biases, normalisation, activations and pooling are not. Zeros count as well: a masked model has the MACs of
    the dense one.

    Args:
        model: Left as it was, training flags included.
        example: A batch of inputs, (N, ...); only the first is used.

    Raises:
        CourseError: if the model does not run on the example (see `network.entry.admit`).
    """
    return _counted(model, example).get_total_flops() // 2  # the counter takes a multiply and an add for two operations


def layer_macs(model: nn.Module, example: Tensor) -> dict[str, int]:
    """Return the multiply-accumulates of one image in each layer by its name, in the order of the model; see `macs`.

    Named are convolutions, linear, attention and recurrent layers, also those that the forward pass does not reach (0). A
    layer that the model holds under two names has the first.
    """
    counts, root = _counted(model, example).get_flop_counts(), type(model).__name__
    inner = {part for whole in model.modules() if isinstance(whole, nn.MultiheadAttention) for part in whole.children()}
    layers = {module: name for name, module in model.named_modules() if isinstance(module, LAYERS) and module not in inner}
    found = dict.fromkeys(layers.values(), 0)
    for name, module in model.named_modules(remove_duplicate=False):  # the counter may know a layer by its other name
        if module in layers:
            found[layers[module]] += sum(counts.get(f"{root}.{name}" if name else root, {}).values()) // 2
    return found


def _counted(model: nn.Module, example: Tensor) -> FlopCounterMode:
    """Run one image through `model` with the kernels that are counted: fused attention would pass unseen."""
    image = _images_for(model, example)[:1]
    counter, fast = FlopCounterMode(display=False, custom_mapping=UNCOUNTED), torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with (
            in_mode(model, training=False),
            torch.no_grad(),
            sdpa_kernel(SDPBackend.MATH),
            torch.backends.cudnn.flags(enabled=False),
            counter,
        ):
            model(image)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return counter


def tensor_bytes(model: nn.Module) -> int:
    """Return the bytes that the model's parameters and buffers occupy in memory; zeros cost what other numbers cost."""
    return sum(tensor.numel() * tensor.element_size() for tensor in (*model.parameters(), *model.buffers()))


def _file(model: nn.Module) -> bytes:
    state = model.state_dict(keep_vars=True)
    first = {id(tensor): name for name, tensor in reversed(state.items())}  # of a tensor with several names
    # Copies, because the file refuses tensors that share memory, as a view and its base do.
    return save({name: state[name].detach().clone(memory_format=torch.contiguous_format) for name in first.values()})


def file_bytes(model: nn.Module) -> int:
    """Return the size in bytes of the model's state dict as a safetensors file; nothing is written to disk.

    A parameter that the model holds under several names is counted once.
    """
    return len(_file(model))


def gzip_bytes(model: nn.Module) -> int:
    """Return the size in bytes of the safetensors file after gzip: the one size that masking alone makes smaller."""
    return len(gzip.compress(_file(model), mtime=0))


def _synchronise(device: torch.device) -> None:
    """Wait for `device`: accelerators return before they have finished, and the clock would measure the queueing."""
    if device.type in ("cuda", "mps"):
        getattr(torch, device.type).synchronize()


def latency(model: nn.Module, example: Tensor, batch_size: int = 1, runs: int = 30, warmup: int = 5) -> Latency:
    """Return how long one forward pass of `batch_size` images takes on the model's device.

    The median and the interquartile range, because a busy machine makes a few runs much slower and none much faster.
    Times depend on the machine and on torch.get_num_threads(): compare only what one process measured.

    Args:
        model: Left as it was, training flags included.
        example: A batch of inputs, (N, ...), repeated or cut to `batch_size`.
        batch_size: Images per pass, at least 1.
        runs: Passes that are timed, at least 1.
        warmup: Passes before that, not timed: the first ones allocate memory and choose kernels.

    Raises:
        CourseError: if `batch_size` or `runs` is below 1 or the example is empty.
    """
    if batch_size < 1 or runs < 1 or len(example) < 1:
        raise CourseError(
            f"latency needs at least 1 image a batch, 1 run and 1 example image, "
            f"but batch_size is {batch_size}, runs is {runs} and the example holds {len(example)}."
        )
    batch = _images_for(model, example)
    batch = batch[torch.arange(batch_size, device=batch.device) % len(batch)]
    with in_mode(model, training=False), torch.inference_mode():
        return timed(lambda: model(batch), batch_size, runs, warmup, batch.device)


def in_turns(ways: Mapping[Key, Callable[[], object]], rounds: int, warmup: int = 5) -> dict[Key, list[float]]:
    """Return way -> its milliseconds in each of `rounds`, after `warmup` that are not counted; on the CPU.

    In each round every way runs once, beginning with another one each time: a busy moment hits them all.

    >>> {key: len(times) for key, times in in_turns({"a": list, "b": dict}, rounds=3).items()}
    {'a': 3, 'b': 3}
    """
    keys = list(ways)
    times: dict[Key, list[float]] = {key: [] for key in keys}
    for number in range(warmup + rounds):
        first = number % len(keys)
        for key in (*keys[first:], *keys[:first]):
            start = time.perf_counter()
            ways[key]()
            times[key].append(1e3 * (time.perf_counter() - start))
    return {key: own[warmup:] for key, own in times.items()}


def timed(
    forward: Callable[[], object], batch_size: int, runs: int = 30, warmup: int = 5, device: torch.device | None = None
) -> Latency:
    """Return how long a call takes that sends `batch_size` images through a network, whatever it runs on; see `latency`."""
    device, times = device or torch.device("cpu"), []
    for _ in range(warmup + runs):
        _synchronise(device)
        start = time.perf_counter()
        forward()
        _synchronise(device)
        times.append(1e3 * (time.perf_counter() - start))
    low, median, high = torch.tensor(times[warmup:], dtype=torch.float64).quantile(
        torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)
    )
    return Latency(median.item(), (high - low).item(), batch_size, runs)


def standard_error(accuracy: float, n: int) -> float:
    """Return the standard error of an `accuracy` in [0, 1] that was measured on `n` images: sqrt(a (1 - a) / n)."""
    return math.sqrt(accuracy * (1 - accuracy) / n)


def _measures(model: nn.Module, bench: Bench, split: str, batch_size: int, masks: Masks | None) -> dict[str, float]:
    must_be_takeable(model)
    zero_free = nonzeros(model)
    speed = latency(model, bench.example, batch_size)
    with in_mode(model, training=False):
        accuracy, n = train.evaluate(model, bench, split=split), len(bench.split(split))
    return {
        "parameters": parameters(model),
        "kept parameters": zero_free if masks is None else round(masks.density * masks.total),
        "non-zeros": zero_free,
        "MACs": macs(model, bench.example),
        "tensor bytes": tensor_bytes(model),
        "file bytes": file_bytes(model),
        "gzip bytes": gzip_bytes(model),
        "latency median (ms)": speed.median_ms,
        "latency IQR (ms)": speed.iqr_ms,
        "accuracy": accuracy,
        "standard error": standard_error(accuracy, n),
        "images": n,
    }


def report(
    model: nn.Module,
    bench: Bench,
    against: nn.Module | None = None,
    split: str = "validation",
    batch_size: int = 1,
    *,
    masks: Masks | None = None,
) -> pd.DataFrame:
    """Return every measure of `model` as a table, one row a measure.

    Args:
        model: The model in question; it and `against` are left as they were.
        bench: Gives the example image, the images of `split` and the device.
        against: A model to compare with, usually the dense one; adds the columns "against" and "ratio". A ratio is
            model / against (0.25: a quarter of it); the rows that state an uncertainty have none (NaN).
        split: The part of the bench that the accuracy is measured on; "test" belongs in a final report only.
        batch_size: Images per pass that is timed.
        masks: The masks of a masked `model`: its kept parameters are then what they keep, also where a kept parameter
            happens to be zero. Without masks the kept parameters are the non-zero ones.

    Returns:
        A table with the column "model" and, with `against`, "against" and "ratio". Accuracy and its standard error
        (one, sqrt(a (1 - a) / n) with n in the row "images") are shares in [0, 1].
    """
    import pandas as pd

    columns = {"model": _measures(model, bench, split, batch_size, masks)}
    if against is not None:
        ours, theirs = columns["model"], _measures(against, bench, split, batch_size, None)
        columns["against"] = theirs
        columns["ratio"] = {
            name: math.nan if name in UNCERTAINTIES or not theirs[name] else ours[name] / theirs[name] for name in ours
        }
    # object columns keep counts whole: as floats they would be printed as 1.250858e+06
    series = {name: pd.Series(values, dtype=float if name == "ratio" else object) for name, values in columns.items()}
    return pd.DataFrame(series).rename_axis("measure")
