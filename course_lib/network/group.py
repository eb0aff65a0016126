"""What a group of filters or neurons is, and what goes along when a unit goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.network.masks import Masks


@dataclass(frozen=True)
class Group:
    """The filters or neurons that can only go together, because a sum or a shared consumer couples them.

    name: the first producer in the order of the forward pass. kind: "filter" or "neuron". size: how many units.
    producers: modules whose output row j belongs to unit j. norms: their normalisations. depthwise: the convolutions that
    follow with one filter for each unit; row j of them and entry j of the norms go along with unit j.
    consumers: module -> (size, columns) index tensor: the input slices that read unit j.
    site: the activation after which the units are read (the last one, so after a residual addition), or "";
    site_problem: then the sentence that says why there is none. axis: of the site's output, along which the units lie.
    """

    name: str
    kind: str
    size: int
    producers: tuple[str, ...]
    norms: tuple[str, ...]
    consumers: Mapping[str, Tensor]
    site: str = ""
    site_problem: str = ""
    depthwise: tuple[str, ...] = ()
    axis: int = 1

    def rows(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Return the (size, entries) rows of the producers' weights in `tensors` (named as in `named_parameters`)."""
        return torch.cat([tensors[f"{name}.weight"].flatten(1) for name in self.producers], 1)

    def alive(self, masks: Masks) -> Tensor:
        """Return bool (size,): which units `masks` keep."""
        return masks.units.get(self.name, torch.ones(self.size, dtype=torch.bool))


@dataclass(frozen=True)
class Weights:
    """The single weights of a layer, each a unit of its own.

    name: of the parameter. layer: of the module, "" where the model is that layer. shape: of the weight, outputs first.
    """

    name: str
    layer: str
    shape: tuple[int, ...]

    @property
    def producers(self) -> tuple[str, ...]:
        """The layer, as a group has the modules whose outputs its units are."""
        return (self.layer,)

    def rows(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Return the (n, 1) entries of the weight in `tensors` (named as in `named_parameters`)."""
        return tensors[self.name].reshape(-1, 1)

    def alive(self, masks: Masks) -> Tensor:
        """Return bool (n,): which weights `masks` keep."""
        kept = masks.get(self.name, torch.ones(self.shape, dtype=torch.bool))
        return kept.flatten()


def prunable_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return name -> weight of every convolution and linear layer: what weight pruners may take from."""
    layers = {name: m for name, m in model.named_modules() if isinstance(m, (nn.modules.conv._ConvNd, nn.Linear))}
    named = {f"{name}.weight" if name else "weight": layer.weight for name, layer in layers.items()}
    own = dict(model.named_parameters())  # a tied weight has one name only
    return {name: weight for name, weight in named.items() if name in own}


def weights(model: nn.Module) -> dict[str, Weights]:
    """Return layer -> its single weights, for every convolution and linear layer."""
    found = [
        Weights(name, name[: -len("weight")].rstrip("."), tuple(w.shape)) for name, w in prunable_weights(model).items()
    ]
    return {weights.layer: weights for weights in found}


def close(model: nn.Module, found: Sequence[Group], kept: Mapping[str, Tensor]) -> Masks:
    """Return the closed masks for `kept` (group name -> bool tensor over its units).

    A gone unit takes its producers' rows and biases, its depthwise filters, its norms' gamma and beta, and its consumers'
    input slices along: a row alone would go on speaking through bias and norm.
    """
    parameters = dict(model.named_parameters())
    masks: dict[str, Tensor] = {}

    def clear(name: str, index: Tensor | tuple[slice, Tensor]) -> None:
        if name in parameters:
            mask = masks.setdefault(name, torch.ones_like(parameters[name], dtype=torch.bool))
            mask[index] = False

    for group in found:
        gone = ~kept[group.name].cpu()
        if not gone.any():
            continue
        for name in (*group.producers, *group.norms, *group.depthwise):
            clear(f"{name}.weight", gone)
            clear(f"{name}.bias", gone)
        for name, columns in group.consumers.items():
            clear(f"{name}.weight", (slice(None), columns[gone].flatten()))
    total = sum(parameter.numel() for parameter in parameters.values())
    return Masks(masks, total, {group.name: kept[group.name] for group in found})


@contextmanager
def hooked(model: nn.Module, found: Sequence[Group], read: Callable[[Group, Tensor], None]) -> Iterator[None]:
    """While the block runs, call `read(group, output)` with what each group's activation site puts out."""
    for group in found:
        if not group.site:
            raise CourseError(group.site_problem)
    with ExitStack() as hooks:
        for group in found:
            site = model.get_submodule(group.site)
            hook = site.register_forward_hook(lambda _m, _i, output, group=group: read(group, output.detach()))
            hooks.callback(hook.remove)
        yield
