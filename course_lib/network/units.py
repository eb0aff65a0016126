"""Which parameters make up a filter or a neuron: the coupled groups of a model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node

from course_lib.errors import CourseError
from course_lib.network.masks import Masks

ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Hardswish, nn.Tanh, nn.Sigmoid)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


@dataclass(frozen=True)
class Group:
    """The filters or neurons that can only go together, because a sum or a shared consumer couples them.

    name: the first producer in the order of the forward pass. kind: "filter" or "neuron". size: how many units.
    producers: modules whose output row j belongs to unit j. norms: their normalisations.
    consumers: module -> (size, columns) index tensor: the input slices that read unit j.
    site: the activation after which the units are read (the last one, so after a residual addition), or "";
    site_problem: then the sentence that says why there is none.
    """

    name: str
    kind: str
    size: int
    producers: tuple[str, ...]
    norms: tuple[str, ...]
    consumers: Mapping[str, Tensor]
    site: str = ""
    site_problem: str = ""

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
    """Return name -> weight of every convolution and dense layer: what weight pruners may take from."""
    layers = {name: m for name, m in model.named_modules() if isinstance(m, (nn.modules.conv._ConvNd, nn.Linear))}
    named = {f"{name}.weight" if name else "weight": layer.weight for name, layer in layers.items()}
    own = dict(model.named_parameters())  # a tied weight has one name only
    return {name: weight for name, weight in named.items() if name in own}


def weights(model: nn.Module) -> dict[str, Weights]:
    """Return layer -> its single weights, for every convolution and dense layer."""
    found = [
        Weights(name, name[: -len("weight")].rstrip("."), tuple(w.shape)) for name, w in prunable_weights(model).items()
    ]
    return {weights.layer: weights for weights in found}


def groups(model: nn.Module, example: Tensor) -> list[Group]:
    """Return the coupled groups of `model` in the order of the forward pass, the classifier's outputs left out.

    Args:
        model: built of Conv2d (not grouped), Linear, BatchNorm and parameter-free modules; left untouched.
        example: a normalised batch to trace with; two images are used.
    """
    import torch_pruning

    # A frozen or no_grad model is traced wrongly without a word, and a traced model keeps hooks: so a copy is traced.
    with torch.inference_mode(False):
        traced = copy.deepcopy(model).eval().requires_grad_(True)
    names = {module: name for name, module in traced.named_modules()}
    grouped = [n for m, n in names.items() if isinstance(m, nn.modules.conv._ConvNd) and m.groups > 1]
    if grouped:
        raise CourseError(f"layer {grouped[0]} is a grouped convolution; only ungrouped ones can lose single filters.")
    with torch.inference_mode(False), torch.enable_grad():  # the caller may have switched both off
        example = example[:2].detach().clone()
        order, sites = _trace_sites(traced, names, example)
        graph = torch_pruning.DependencyGraph().build_dependency(traced, example, verbose=False)
        found = []
        for coupled in graph.get_all_groups(root_module_types=[nn.Conv2d, nn.Linear]):
            group = _group(coupled, names, order, sites)
            if group.consumers:  # what nothing reads is the classifier's output: protected
                found.append(group)
    return sorted(found, key=lambda group: order.index(group.name))


def _group(coupled: Sequence, names: Mapping[nn.Module, str], order: list[str], sites: _Sites) -> Group:
    producers, norms, consumers = [], [], {}
    size = len(coupled[0].idxs)
    for item in coupled:
        module, handler = item.dep.target.module, item.dep.handler.__name__
        if module not in names:  # an operation without parameters
            if getattr(module, "offsets", ()) is None:  # the tracer then takes a concatenation for a sum
                first = names[coupled[0].dep.target.module]
                raise CourseError(f"layer {first} is concatenated and then flattened; units cannot be followed so.")
            continue
        name = names[module]
        if isinstance(module, NORMS):
            if module.num_features != size:
                raise CourseError(
                    f"layer {name} normalises {module.num_features} values, not the {size} units of one layer."
                )
            norms.append(name)
        elif isinstance(module, (nn.Conv2d, nn.Linear)) and "out_channels" in handler:
            producers.append(name)
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            columns: list[list[int]] = [[] for _ in range(size)]
            for column, unit in zip(item.idxs, item.root_idxs, strict=True):
                columns[unit].append(column)
            consumers[name] = torch.tensor(columns)
        else:
            raise CourseError(f"layer {name} is a {type(module).__name__}; units cannot be followed through it.")
    producers = sorted(set(producers), key=order.index)
    modules = {name: module for module, name in names.items()}
    kind = "filter" if isinstance(modules[producers[0]], nn.Conv2d) else "neuron"
    site, problem = sites.of(producers)
    return Group(producers[0], kind, size, tuple(producers), tuple(norms), consumers, site, problem)


@dataclass
class _Sites:
    """Activation module -> the producers whose outputs reach it without passing another activation."""

    reached: dict[str, set[str]]
    calls: dict[str, int]

    def of(self, producers: Sequence[str]) -> tuple[str, str]:
        found = [site for site, sources in self.reached.items() if sources & set(producers)]
        if not found:
            return "", f"layer {producers[0]} has no activation module after it; give it an nn.ReLU() of its own."
        site = found[-1]
        if self.calls[site] > 1:
            problem = f"activation {site} is called {self.calls[site]} times; give each place an nn.ReLU() of its own."
            return "", problem
        return site, ""


def _trace_sites(model: nn.Module, names: Mapping[nn.Module, str], example: Tensor) -> tuple[list[str], _Sites]:
    """Run `model` once; return its layers in the order of their calls, and what each activation reads.

    From an activation's input the autograd graph is walked back until it meets the output of a layer or activation.
    """
    outputs: dict[Node | None, str | None] = {}
    order: list[str] = []
    sites = _Sites({}, {})

    def before(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        name = names[module]
        sites.calls[name] = sites.calls.get(name, 0) + 1
        sites.reached.setdefault(name, set()).update(_sources(inputs[0].grad_fn, outputs))

    def after(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        is_layer = not isinstance(module, ACTIVATIONS)
        outputs[output.grad_fn] = names[module] if is_layer else None
        if is_layer and names[module] not in order:
            order.append(names[module])

    with ExitStack() as hooks:
        for module in names:
            if isinstance(module, ACTIVATIONS):
                hooks.callback(module.register_forward_pre_hook(before).remove)
            if isinstance(module, (nn.Conv2d, nn.Linear, *ACTIVATIONS)):
                hooks.callback(module.register_forward_hook(after).remove)
        model(example)
    return order, sites


def _sources(start: Node | None, outputs: Mapping[Node | None, str | None]) -> set[str]:
    found: set[str] = set()
    seen: set[Node] = set()
    todo = [start]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node in outputs:
            found |= {name for name in [outputs[node]] if name}
        else:
            todo += [parent for parent, _ in node.next_functions]
    return found


def close(model: nn.Module, found: Sequence[Group], kept: Mapping[str, Tensor]) -> Masks:
    """Return the closed masks for `kept` (group name -> bool tensor over its units).

    A gone unit takes its producers' rows and biases, its norms' gamma and beta, and its consumers' input slices along:
    a row alone would go on speaking through bias and norm.
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
        for name in (*group.producers, *group.norms):
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
