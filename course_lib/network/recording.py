"""What the units do: their activations, recorded while a network trains or on calibration images afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.func import functional_call

from course_lib.axes.scores import Activity
from course_lib.errors import CourseError
from course_lib.files import replacing
from course_lib.models import in_mode
from course_lib.network.entry import IN_CACHE, at_a_time, seated
from course_lib.network.units import Group, hooked

if TYPE_CHECKING:
    from course_lib.data import Bench

# Activations whose zeros are single points, if there are any; what floating point rounds to 0 says nothing of a unit.
NEVER_ZERO = (
    nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus, nn.Tanh, nn.Sigmoid,
    nn.Hardtanh, nn.LogSigmoid, nn.Softsign, nn.Tanhshrink,
)  # fmt: skip

Recording = list[Mapping[str, Activity]]  # one mapping an epoch: group name -> what its units did


class Recorder:
    """A context manager that records the activation sites of `groups` of `model`: `fit(..., recorder=Recorder(...))`.

    `recording` holds one mapping group name -> Activity for each epoch that `end_epoch` closed. No hook outlives the
    `with` block.
    """

    def __init__(self, model: nn.Module, groups: Sequence[Group]) -> None:
        self.recording: Recording = []
        self._model, self._groups = model, groups
        self._epoch: dict[str, Activity] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Recorder:
        self._epoch = {}  # what a training that was stopped had seen of its unfinished epoch
        self._stack.enter_context(hooked(self._model, self._groups, self._read))
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _read(self, group: Group, output: Tensor) -> None:
        if output.device.type == "mps":  # no float64 there
            output = output.cpu()
        totals, live = zip(*(_sums(part, group.axis) for part in output.split(IN_CACHE)), strict=True)
        count = output.numel() // output.shape[group.axis]
        seen = Activity(sum(totals, torch.zeros_like(totals[0])), count - sum(live, torch.zeros_like(live[0])), count)
        self._epoch[group.name] = self._epoch[group.name] + seen if group.name in self._epoch else seen

    def end_epoch(self) -> None:
        """Close the running epoch."""
        sites = {group.name: group.site for group in self._groups}
        epoch = {}
        for name, seen in self._epoch.items():
            zeros, site = seen.zeros.cpu(), self._model.get_submodule(sites[name])
            when = never_zero(site, zeros)
            told = f"layer {name} is read after {sites[name]}, a {type(site).__name__}, which {when} 0" if when else ""
            epoch[name] = Activity(seen.total.cpu(), zeros, seen.count, told)
        self.recording.append(epoch)
        self._epoch = {}


def _sums(output: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Return the sum of each unit's activations, and how many of them are not zero, both float64 (units,)."""
    wide = torch.promote_types(output.dtype, torch.float32)
    within = [dim for dim in range(1, output.ndim) if dim != axis]
    live = torch.ne(output, 0, out=torch.empty_like(output, dtype=wide))

    def summed(values: Tensor) -> Tensor:
        # Image by image first: all at once in float64 takes twenty times as long.
        per_image = values.sum(within, dtype=wide) if within else values
        return per_image.sum(0, dtype=torch.float64)

    return summed(output), summed(live)


def never_zero(site: nn.Module, zeros: Tensor) -> str:
    """Return "" if the zeros of an activation can be counted, or how it is that they cannot: "is never" or "was never".

    zeros: how many were seen; of somebody's own module that is all that is known.
    """
    if isinstance(site, nn.LeakyReLU) and site.negative_slope == 0:
        return ""
    if isinstance(site, nn.Hardtanh) and 0 in (site.min_val, site.max_val):  # ReLU6 is one of these
        return ""
    if isinstance(site, NEVER_ZERO):
        return "is never"
    own = not type(site).__module__.startswith("torch.nn.")
    return "was never" if own and not bool(zeros.any()) else ""


@torch.inference_mode()
def calibrate(model: nn.Module, bench: Bench, groups: Sequence[Group], samples: int, seed: int) -> Recording:
    """Record one pass over `samples` training images in eval mode (Hu et al. 2016 calibrate likewise).

    Eval mode, because dropout would count units as silent that are only switched off.
    """
    bench, size = _for_model(model, bench, samples)
    with in_mode(model, training=False), Recorder(model, groups) as recorder:
        for images, _ in bench.batches("train", size, samples=samples, seed=seed):
            model(images)
        recorder.end_epoch()
    return recorder.recording


@torch.inference_mode()
def per_image(model: nn.Module, bench: Bench, group: Group, samples: int, seed: int) -> Tensor:
    """Return the mean activation of each unit of `group` on each of `samples` training images, (samples, units)."""
    bench, size = _for_model(model, bench, samples)
    rows: list[Tensor] = []

    def read(_: Group, output: Tensor) -> None:
        output = output.movedim(group.axis, 1)
        rows.append(output.flatten(2).mean(2).cpu() if output.ndim > 2 else output.cpu())

    with in_mode(model, training=False), hooked(model, [group], read):
        for images, _ in bench.batches("train", size, samples=samples, seed=seed):
            model(images)
    return torch.cat(rows)


def gradients(model: nn.Module, bench: Bench, samples: int, seed: int) -> dict[str, Tensor]:
    """Return parameter name -> gradient of the mean loss on `samples` training images, in eval mode."""
    bench, size = _for_model(model, bench, samples, scored=True)
    # Views that want a gradient, so that a frozen model has one as well.
    parameters = {name: parameter.detach().requires_grad_() for name, parameter in model.named_parameters()}
    sums = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    with in_mode(model, training=False), torch.enable_grad():
        for images, labels in bench.batches("train", size, samples=samples, seed=seed):
            loss = F.cross_entropy(functional_call(model, parameters, images), labels, reduction="sum")
            for name, gradient in zip(
                sums,
                torch.autograd.grad(loss, list(parameters.values()), materialize_grads=True, allow_unused=True),
                strict=True,
            ):
                sums[name] += gradient
    return {name: gradient / min(samples, len(bench.train)) for name, gradient in sums.items()}


@torch.inference_mode()
def input_squares(model: nn.Module, bench: Bench, layers: Sequence[str], samples: int, seed: int) -> dict[str, Tensor]:
    """Return "LAYER.weight" -> the mean square of what each of its entries is multiplied with, in the weight's shape.

    Measured on `samples` training images, in eval mode. Of a linear layer that is exact, input column by input column. A
    convolution multiplies each entry with a shifted window of its input channel; here the whole channel stands for every
    window, so what padding adds and what stride skips are left out.

    Raises:
        CourseError: for a layer that the forward pass does not call.
    """
    bench, size = _for_model(model, bench, samples)
    modules = {name: _layer(model, name) for name in layers}
    sums: dict[str, Tensor] = {}
    counts: dict[str, int] = {}

    def reader(name: str, channel: int) -> Callable[[nn.Module, tuple[Tensor, ...], dict[str, Tensor]], None]:
        def read(_: nn.Module, inputs: tuple[Tensor, ...], named: dict[str, Tensor]) -> None:
            given = (*inputs, *named.values())[0].movedim(channel, 0).flatten(1)
            sums[name] = sums.get(name, 0) + given.square().sum(1).cpu().double()
            counts[name] = counts.get(name, 0) + given.shape[1]

        return read

    with ExitStack() as hooks, in_mode(model, training=False):
        for name, module in modules.items():
            channel = -1 if isinstance(module, nn.Linear) else -module.weight.ndim + 1  # unbatched images have no first axis
            hooks.callback(module.register_forward_pre_hook(reader(name, channel), with_kwargs=True).remove)
        for images, _ in bench.batches("train", size, samples=samples, seed=seed):
            model(images)
    if unseen := [name for name in layers if name not in sums]:
        raise CourseError(f"layer {unseen[0]} is not called in the forward pass, so nothing is known of its inputs.")
    return {f"{name}.weight".lstrip("."): _spread(module, sums[name] / counts[name]) for name, module in modules.items()}


def _layer(model: nn.Module, name: str) -> nn.modules.conv._ConvNd | nn.Linear:
    module = model.get_submodule(name)
    if not isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)):
        raise CourseError(
            f"the inputs of layer {name} were asked for; it is a {type(module).__name__}, no convolution or linear layer."
        )
    return module


def _spread(module: nn.modules.conv._ConvNd | nn.Linear, squares: Tensor) -> Tensor:
    """Give each entry of a layer's weight the number (inputs,) of the input that it reads."""
    weight, squares = module.weight, squares.to(module.weight)
    if isinstance(module, nn.Linear):
        return squares.expand_as(weight)
    if module.transposed:  # (inputs, outputs / groups, ...)
        return squares.view(-1, *[1] * (weight.ndim - 1)).expand_as(weight)
    rows = squares.view(module.groups, -1).repeat_interleave(len(weight) // module.groups, 0)
    return rows.view(*rows.shape, *[1] * (weight.ndim - 2)).expand_as(weight)


def save(recording: Recording, path: str | Path) -> None:
    """Write a recording to a safetensors file, whole or not at all."""
    tensors, told = {}, {}
    for number, epoch in enumerate(recording):
        for name, activity in epoch.items():
            key = f"{number}/{name}"
            tensors[f"{key}/total"], tensors[f"{key}/zeros"] = activity.total, activity.zeros
            tensors[f"{key}/count"] = torch.tensor(activity.count)
            if activity.never_zero:
                told[key] = activity.never_zero
    with replacing(path) as temporary:
        save_file(tensors, temporary, {"never_zero": json.dumps(told)} if told else None)


def load(path: str | Path) -> Recording:
    """Read a recording that `save` wrote; CourseError for a file that is not there or that `save` did not write."""
    epochs: dict[int, dict[str, dict[str, Tensor]]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            told = json.loads((file.metadata() or {}).get("never_zero", "{}"))
            for key in file.keys():  # noqa: SIM118 - not a dict
                number, name, field = key.split("/")
                epochs.setdefault(int(number), {}).setdefault(name, {})[field] = file.get_tensor(key)
        return [
            {
                name: Activity(a["total"], a["zeros"], int(a["count"]), told.get(f"{number}/{name}", ""))
                for name, a in epochs[number].items()
            }
            for number in sorted(epochs)
        ]
    except OSError as error:
        raise CourseError(f"{path} was given as a recording; no such file can be read.") from error
    except (SafetensorError, KeyError, ValueError) as error:
        raise CourseError(f"{path} was given as a recording; recording.save did not write it whole.") from error


def _for_model(model: nn.Module, bench: Bench, samples: int, scored: bool = False) -> tuple[Bench, int]:
    """Return the bench in the layout with which `model` runs, and how many of `samples` images go through it at a time."""
    if samples < 1 or not len(bench.train):
        raise CourseError(
            f"samples={samples} of {len(bench.train)} training images were given to calibrate on; at least 1 is needed."
        )
    return seated(model, bench, "train", at_a_time(bench.device), samples, scored=scored)
