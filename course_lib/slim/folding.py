"""Units that always say the same are said once: their constant goes into the next layer's bias, and they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.models import in_mode
from course_lib.network.cutting import difference
from course_lib.network.entry import copied, seated
from course_lib.network.group import Group, close
from course_lib.network.layers import is_depthwise
from course_lib.network.masks import Masks
from course_lib.network.units import find

if TYPE_CHECKING:
    from course_lib.data import Bench

TOLERANCE = 1e-4  # as `slim`


def fold(model: nn.Module, masks: Masks, bench: Bench, samples: int = 1024, seed: int = 0) -> tuple[nn.Module, Masks]:
    """Return a copy of `model` without the units that are constant on calibration images, and its masks: fewer units.

    A unit whose every reader gets one and the same number from it, on all images and at all places, is not needed: weight
    times number is added to the reader's bias. That is done where it is exact: a linear layer, a convolution without
    padding with zeros, or the number 0 (a dead unit); each reader needs a bias unless the number is 0. Whether a unit is
    constant on other images is not known: measure afterwards. A layer keeps at least one unit.

    Args:
        model: left as it is. masks: what is kept so far, closed, as pruners of filters and neurons give them.
        samples, seed: so many training images, drawn.

    Raises:
        CourseError: if the outputs on the bench's example would change after all.

    >>> from course_lib import data
    >>> from course_lib.network.masks import Masks
    >>> bench = data.load("fashion-mini", device="cpu", limit=20)
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(784, 3), nn.Tanh(), nn.Linear(3, 10))
    >>> with torch.no_grad():  # the second neuron says tanh(2) whatever it sees
    ...     _ = model[1].weight[1].zero_(), model[1].bias[1].fill_(2)
    >>> folded, masks = fold(model, Masks.dense(model), bench)
    >>> masks.units["1"].tolist()
    [True, False, True]
    """
    bench, size = seated(model, bench, "train", 256, samples)
    masked = masks.apply_(copied(model))
    found = find(masked, bench.example).groups
    constants = _constants(masked, bench, {name for group in found for name in group.consumers}, size, samples, seed)
    kept, told = {}, {}
    for group in found:
        alive = group.alive(masks).cpu()
        silent = alive & _foldable(masked, group, constants)
        if silent.equal(alive):
            silent[silent.nonzero().flatten()[:1]] = False
        kept[group.name], told[group.name] = alive & ~silent, silent
    folded = copied(masked)
    for group in found:
        _into_biases(folded, group, told[group.name], constants)
    after = masks & close(folded, found, kept)
    after.apply_(folded)
    if not difference(masked, folded, bench.example) <= TOLERANCE:
        raise CourseError(
            "the outputs would change: a unit that was constant on the calibration images is not so elsewhere."
        )
    return folded, after


@torch.inference_mode()
def _constants(model: nn.Module, bench: Bench, readers: set[str], size: int, samples: int, seed: int) -> dict[str, Tensor]:
    """Return reader -> for each of its inputs (channels or columns) the number that it always was, or NaN."""
    low: dict[str, Tensor] = {}
    high: dict[str, Tensor] = {}

    def watch(name: str, axis: int) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def read(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            given = inputs[0].movedim(axis, 0).flatten(1)
            least, most = given.amin(1).cpu(), given.amax(1).cpu()
            low[name] = torch.minimum(low[name], least) if name in low else least
            high[name] = torch.maximum(high[name], most) if name in high else most

        return read

    with ExitStack() as hooks, in_mode(model, training=False):
        for name in readers:
            module = model.get_submodule(name)
            axis = -1 if isinstance(module, nn.Linear) else -module.get_parameter("weight").ndim + 1
            hooks.callback(module.register_forward_pre_hook(watch(name, axis)).remove)
        for images, _ in bench.batches("train", size, samples=samples, seed=seed):
            model(images)
    return {name: torch.where(low[name] == high[name], low[name], torch.nan) for name in low}


def _foldable(model: nn.Module, group: Group, constants: Mapping[str, Tensor]) -> Tensor:
    """Return bool (units,): whether every reader of a unit gets constants from it that its bias can take exactly."""
    able = torch.ones(group.size, dtype=torch.bool)
    for name, columns in group.consumers.items():
        if name not in constants:
            return torch.zeros_like(able)
        values = constants[name][columns]  # (units, columns)
        reader = model.get_submodule(name)
        exact = ~values.isnan() if _takes_constants(reader) else values == 0
        able &= exact.all(1)
    return able


def _takes_constants(reader: nn.Module) -> bool:
    """Whether a constant input adds one number to each output of a layer, and the layer has a bias to put it into."""
    if getattr(reader, "bias", None) is None:
        return False
    if isinstance(reader, nn.Linear):
        return True
    if not isinstance(reader, nn.modules.conv._ConvNd) or reader.transposed or is_depthwise(reader) or reader.groups > 1:
        return False
    return reader.padding_mode != "zeros" or not any(reader.padding)  # "same" pads with zeros


@torch.no_grad()
def _into_biases(model: nn.Module, group: Group, silent: Tensor, constants: Mapping[str, Tensor]) -> None:
    """Add to each reader's bias what it gets from the units that are `silent`, bool (units,)."""
    for name, columns in group.consumers.items():
        chosen = columns[silent].flatten()
        values = constants[name][chosen] if name in constants else torch.zeros(0)
        if not bool(values.any()):
            continue
        weight, bias = (model.get_submodule(name).get_parameter(what) for what in ("weight", "bias"))
        spoken = weight[:, chosen.to(weight.device)].double()  # float64, or rounding would add up
        sums = spoken.flatten(2).sum(2) if spoken.ndim > 2 else spoken
        bias.add_((sums @ values.to(sums)).to(bias.dtype))
