"""Which filters and neurons can only go together, and which layers read them.

Each claim is proven on the network itself: marks on the units arrive at the inputs that read them (`probing`), and a
network without some of the units computes what the masked one computes (`cutting`). What is not proven stays whole.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from course_lib.network.coupling import Coupled, by, couple
from course_lib.network.cutting import cut, difference
from course_lib.network.entry import admit, copied
from course_lib.network.group import Group, Weights, close, hooked, prunable_weights, weights
from course_lib.network.layers import BATCH_NORMS, CONVS, LAYERS, NORMS, is_depthwise, obstacles
from course_lib.network.probing import Arrivals, spelled
from course_lib.network.tracing import OUTPUT, Trace, watch

__all__ = ["Group", "Units", "Weights", "close", "find", "groups", "hooked", "prunable_weights", "weights"]

TOLERANCE = 1e-3  # of outputs, in their standard deviations; with drawn weights, wrong columns make a difference of about 1


@dataclass(frozen=True)
class Units:
    """The units of a network.

    groups: in the order of the forward pass, the classifier's outputs left out. protected: layer -> why its outputs stay
    whole, as a clause.
    """

    groups: list[Group]
    protected: Mapping[str, str]


def groups(model: nn.Module, example: Tensor) -> list[Group]:
    """Return the coupled groups of `model` in the order of the forward pass, the classifier's outputs left out.

    Args:
        model: left untouched. Layers whose units cannot be followed are in no group; `find` says why.
        example: a normalised batch to try the model on; two images are used.
    """
    return find(model, example).groups


def find(model: nn.Module, example: Tensor) -> Units:
    """Return the coupled groups of `model`, and which layers are protected, and why.

    Args:
        model: left untouched.
        example: a normalised batch to try the model on; two images are used.
    """
    # A frozen or no_grad model is traced wrongly without a word; weights that are gone or equal would hide what is wrong.
    with torch.inference_mode(False), torch.enable_grad():
        example = admit(model, example[:2]).detach().clone(memory_format=torch.preserve_format)
        drawn = _drawn(copied(model).eval().requires_grad_(True))
        blocks = obstacles(drawn)
        trace = watch(drawn, example, blocks)
        names = {module: name for name, module in drawn.named_modules()}
        protected = {
            layer: f"layer {names[block]}, which reads it, is {kind}"
            for block, kind in blocks.items()
            for layer in trace.sources.get(names[block], ())
        }
        coupled, arrivals = couple(drawn, example, trace, blocks, protected)
        numbers = {reader: spelled(marks)[0] for reader, marks in arrivals.readers.items()}
        found = []
        for together, readers in zip(coupled, _heard(coupled, numbers), strict=True):
            read = {reader: numbers[reader] - together.first for reader in readers}
            if group := _group(drawn, together, read, trace, protected):
                found.append(_with_site(group, together.first, trace, arrivals))
        return Units(_proven(drawn, example, found, trace, protected), protected)


def _heard(coupled: Sequence[Coupled], numbers: Mapping[str, Tensor]) -> list[list[str]]:
    """Return for each of `coupled` the readers that its units reach."""
    heard: list[list[str]] = [[] for _ in coupled]
    owner = torch.arange(len(coupled)).repeat_interleave(torch.tensor([entry.size for entry in coupled], dtype=torch.long))
    for reader, number in numbers.items():
        for k in owner[number[number >= 0]].unique().tolist():
            heard[k].append(reader)
    return heard


def _group(
    model: nn.Module, coupled: Coupled, read: Mapping[str, Tensor], trace: Trace, protected: dict[str, str]
) -> Group | None:
    """Return the group of `coupled`, or None, with the reason in `protected` unless it is the classifier.

    read: reader -> per place the unit that arrives there; other numbers are other layers' units.
    """
    layers = sorted(coupled.layers, key=trace.order.index)
    norms: list[str] = []
    depthwise: list[str] = []
    consumers: dict[str, Tensor] = {}
    problem = ""
    for reader, units in read.items():
        module = model.get_submodule(reader)
        if isinstance(module, LAYERS) and not is_depthwise(module):
            places = ((units >= 0) & (units < coupled.size)).nonzero().flatten()
            counts = units[places].bincount(minlength=coupled.size)
            if counts.min() < counts.max():
                problem = f"its units do not all reach layer {reader}{by(trace, [reader])}"
            else:
                consumers[reader] = places[units[places].argsort(stable=True)].view(coupled.size, -1)
        elif not torch.equal(units, torch.arange(coupled.size)):
            problem = f"layer {reader} has {len(units)} channels, not one for each of its {coupled.size} units"
        else:
            (norms if isinstance(module, NORMS) else depthwise).append(reader)
    if consumers and trace.sources[OUTPUT] & set(layers):
        problem = "the network puts its units out as well"
    reason = next((protected[name] for name in layers if name in protected), problem)
    if reason or not consumers:
        protected |= {name: reason for name in layers if reason}
        return None
    kind = "filter" if isinstance(model.get_submodule(layers[0]), CONVS) else "neuron"
    return Group(layers[0], kind, coupled.size, tuple(layers), tuple(norms), consumers, depthwise=tuple(depthwise))


def _with_site(group: Group, first: int, trace: Trace, arrivals: Arrivals) -> Group:
    """Return `group` with the activation after which its units are read, and the axis along which they lie there."""
    found = [site for site, sources in trace.sites.items() if sources & {*group.producers, *group.depthwise}]
    if not found:
        problem = f"layer {group.name} has no activation module after it; give it an nn.ReLU() of its own."
        return replace(group, site_problem=problem)
    site = found[-1]
    if trace.calls[site] > 1:
        problem = f"activation {site} is called {trace.calls[site]} times; give each place an nn.ReLU() of its own."
        return replace(group, site_problem=problem)
    expected = torch.arange(first, first + group.size)
    for axis, marks in arrivals.sites[site].items():
        if torch.equal(spelled(marks)[0], expected):
            return replace(group, site=site, axis=axis)
    problem = (
        f"activation {site} does not see one value for each unit of layer {group.name}; put an nn.ReLU() right after it."
    )
    return replace(group, site_problem=problem)


def _proven(
    model: nn.Module, example: Tensor, found: Sequence[Group], trace: Trace, protected: dict[str, str]
) -> list[Group]:
    """Return the groups without half of whose units the network computes what the masked one does."""
    found = sorted(found, key=lambda group: trace.order.index(group.name))
    if not found or not _problem(model, example, found, trace):
        return found
    proven: list[Group] = []
    for group in found:
        if reason := _problem(model, example, [*proven, group], trace):
            protected |= dict.fromkeys(group.producers, reason)
        else:
            proven.append(group)
    return proven


def _problem(model: nn.Module, example: Tensor, found: Sequence[Group], trace: Trace) -> str:
    """Return why the network without half of the units of `found` is not the masked one; "" where it is."""
    generator = torch.Generator().manual_seed(0)
    kept = {g.name: torch.randperm(g.size, generator=generator) >= g.size // 2 for g in found}
    masked = close(model, found, kept).apply_(copy.deepcopy(model))
    try:
        with torch.random.fork_rng(devices=[]):
            far = difference(masked, cut(model, found, kept), example)
    except Exception as error:  # whatever a forward pass raises that meets sizes which it does not expect
        why = (str(error).splitlines() or [type(error).__name__])[0]
        return f"the forward pass fails with fewer units ({why}); a size written out in it, as in view(-1, 400), may be why"
    return "" if far <= TOLERANCE else f"the outputs would change with fewer units{by(trace, found[-1].consumers)}"


@torch.no_grad()
def _drawn(model: nn.Module) -> nn.Module:
    """Draw all parameters and statistics of `model` anew, in place."""
    generator = torch.Generator().manual_seed(0)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            values = torch.randn(parameter.shape, generator=generator) * (2 / parameter[0].numel()) ** 0.5
        elif name.endswith("bias"):
            values = torch.randn(parameter.shape, generator=generator) * 0.1
        else:
            values = torch.rand(parameter.shape, generator=generator) + 0.5
        parameter.copy_(values)
    for module in model.modules():
        # A BatchNorm that keeps no statistics takes those of the batch, in which images, and their marks, would mix.
        if isinstance(module, NORMS) and (module.running_mean is not None or isinstance(module, BATCH_NORMS)):
            like = next(model.parameters()).new_empty(module.num_features)
            module.running_mean = torch.randn(like.shape, generator=generator).to(like)
            module.running_var = (torch.rand(like.shape, generator=generator) + 0.5).to(like)
    return model
