"""Which filters and neurons can only go together, and which layers read them.

Each claim is proven on the network itself: marks on the units arrive at the inputs that read them (`probing`), and a
network without some of the units computes what the masked one computes (`cutting`). What is not proven stays whole.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from course_lib.network.cutting import cut, difference
from course_lib.network.entry import admit, copied
from course_lib.network.group import Group, Weights, close, hooked, prunable_weights, weights
from course_lib.network.layers import BATCH_NORMS, CONVS, LAYERS, NORMS, is_depthwise, obstacles
from course_lib.network.probing import Arrivals, Way, digits, send, spelled
from course_lib.network.tracing import OUTPUT, Trace, watch

__all__ = ["Group", "Units", "Weights", "close", "find", "groups", "hooked", "prunable_weights", "weights"]

TOLERANCE = (
    1e-3  # of outputs with drawn weights, in their standard deviations: wrong columns make a difference of the order of 1
)


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
        coupled, arrivals = _couple(drawn, example, trace, blocks, protected)
        numbers = {reader: spelled(marks)[0] for reader, marks in arrivals.readers.items()}
        found = []
        for together, readers in zip(coupled, _heard(coupled, numbers), strict=True):
            read = {reader: numbers[reader] - together.first for reader in readers}
            if group := _group(drawn, together, read, trace, protected):
                found.append(_with_site(group, together.first, trace, arrivals))
        return Units(_proven(drawn, example, found, trace, protected), protected)


@dataclass(frozen=True)
class _Coupled:
    """Layers whose units j go together. first: the number of unit 0, with which marks spell it."""

    layers: tuple[str, ...]
    size: int
    first: int = 0


def _couple(
    model: nn.Module, example: Tensor, trace: Trace, blocks: Mapping[nn.Module, str], protected: dict[str, str]
) -> tuple[list[_Coupled], Arrivals]:
    """Return what goes together, and where its units arrive; layers whose units are mixed become `protected`.

    At first each layer stands alone. Where units of several layers arrive at one place, equal sizes say that the layers
    are added (or multiplied) and go together, which the next marks confirm or not; of unequal sizes the smaller one is
    spread over all places (a gate of one channel, say) and stays whole.
    """
    modules = dict(model.named_modules())
    makers = [name for name in trace.order if modules[name] not in blocks and not is_depthwise(modules[name])]
    coupled = _summed([_Coupled((name,), _size(modules[name])) for name in makers], trace, modules)
    way = _way(trace, modules, blocks)
    while coupled:
        coupled = _numbered(coupled)
        spelling = digits(sum(some.size for some in coupled))
        marks = {name: spelling[:, c.first : c.first + c.size] for c in coupled for name in c.layers}
        arrivals = send(model, example, marks, way)
        mixed = {name: several for name, marked in arrivals.readers.items() if (several := spelled(marked)[1]).any()}
        if not mixed:
            return coupled, arrivals
        coupled = _resolved(coupled, _meetings(model, example, coupled, mixed, trace, way), trace, protected)
    return [], Arrivals()


def _meetings(
    model: nn.Module,
    example: Tensor,
    coupled: Sequence[_Coupled],
    mixed: Mapping[str, Tensor],
    trace: Trace,
    way: Way,
) -> dict[frozenset[int], str]:
    """Return which of `coupled` arrive at one place, and the reader where they do.

    For each of them that may take part, a copy of the image goes through the network with all of its units marked.
    """
    sources = set[str]().union(*(trace.sources[reader] for reader in mixed))
    asked = [k for k, entry in enumerate(coupled) if sources & set(entry.layers)] or [*range(len(coupled))]
    marks = {
        name: (torch.tensor(asked) == k)[:, None].expand(-1, coupled[k].size) for k in asked for name in coupled[k].layers
    }
    reached = send(model, example, marks, way).readers
    return {
        frozenset(asked[k] for k in place.nonzero().flatten().tolist()): reader
        for reader, several in mixed.items()
        for place in reached[reader].T[several].unique(dim=0)
    }


def _resolved(
    coupled: Sequence[_Coupled], meetings: Mapping[frozenset[int], str], trace: Trace, protected: dict[str, str]
) -> list[_Coupled]:
    """Return `coupled` with those of equal size that meet made one; if there are none, without the smallest that meet."""
    merged = _merged(coupled, [meeting for meeting in meetings if len({coupled[k].size for k in meeting}) == 1])
    if len(merged) < len(coupled):
        return merged
    gone = set()
    for meeting, reader in meetings.items():
        if not meeting:  # something else comes in: who it is cannot be said
            meeting = frozenset(range(len(coupled)))
        smallest = min(meeting, key=lambda k: coupled[k].size)
        gone.add(smallest)
        for name in coupled[smallest].layers:
            reason = f"its units cannot be told apart where layer {reader} reads them{_by(trace, [reader])}"
            protected.setdefault(name, reason)
    return [entry for k, entry in enumerate(coupled) if k not in gone]


def _summed(coupled: Sequence[_Coupled], trace: Trace, modules: Mapping[str, nn.Module]) -> list[_Coupled]:
    """Return `coupled` with those made one that a reader with as many inputs as each of them has units must get as a sum."""
    of = {name: k for k, entry in enumerate(coupled) for name in entry.layers}
    meetings = []
    for reader, sources in trace.sources.items():
        meeting = frozenset(of[name] for name in sources if name in of)
        if reader != OUTPUT and {coupled[k].size for k in meeting} == {_width(modules[reader])}:
            meetings.append(meeting)
    return _merged(coupled, meetings)


def _merged(coupled: Sequence[_Coupled], meetings: Iterable[frozenset[int]]) -> list[_Coupled]:
    """Return `coupled` with those of each meeting made one, and those that meetings have in common."""
    of = {k: {k} for k in range(len(coupled))}
    for meeting in meetings:
        joined = set[int]().union(*(of[k] for k in meeting))
        of |= dict.fromkeys(joined, joined)
    return [
        _Coupled(tuple(name for k in sorted(joined) for name in coupled[k].layers), coupled[first].size)
        for first, joined in {min(joined): joined for joined in of.values()}.items()
    ]


def _numbered(coupled: Sequence[_Coupled]) -> list[_Coupled]:
    first, numbered = 0, []
    for entry in coupled:
        numbered.append(_Coupled(entry.layers, entry.size, first))
        first += entry.size
    return numbered


def _heard(coupled: Sequence[_Coupled], numbers: Mapping[str, Tensor]) -> list[list[str]]:
    """Return for each of `coupled` the readers that its units reach."""
    heard: list[list[str]] = [[] for _ in coupled]
    owner = torch.arange(len(coupled)).repeat_interleave(torch.tensor([entry.size for entry in coupled], dtype=torch.long))
    for reader, number in numbers.items():
        for k in owner[number[number >= 0]].unique().tolist():
            heard[k].append(reader)
    return heard


def _group(
    model: nn.Module, coupled: _Coupled, read: Mapping[str, Tensor], trace: Trace, protected: dict[str, str]
) -> Group | None:
    """Return the group of `coupled`, or None, with the reason in `protected` unless it is the classifier.

    read: reader -> per place the unit that arrives there; other numbers are other layers' units.
    """
    layers = sorted(coupled.layers, key=trace.order.index)
    norms, depthwise, consumers, problem = [], [], {}, ""
    for reader, units in read.items():
        module = model.get_submodule(reader)
        if isinstance(module, LAYERS) and not is_depthwise(module):
            places = ((units >= 0) & (units < coupled.size)).nonzero().flatten()
            counts = units[places].bincount(minlength=coupled.size)
            if counts.min() < counts.max():
                problem = f"its units do not all reach layer {reader}{_by(trace, [reader])}"
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
    if not _problem(model, example, found, trace):
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
    return "" if far <= TOLERANCE else f"the outputs would change with fewer units{_by(trace, found[-1].consumers)}"


def _by(trace: Trace, readers: Iterable[str]) -> str:
    operations = sorted({name for reader in readers for name in trace.between.get(reader, ())})
    return f" (there is {', '.join(operations)} in between)" if operations else ""


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


def _size(module: nn.Module) -> int:
    return len(module.get_parameter("weight"))


def _width(module: nn.Module) -> int:
    """Return how many inputs a layer reads, 0 for another module."""
    return module.get_parameter("weight").shape[1] if isinstance(module, LAYERS) else 0


def _way(trace: Trace, modules: Mapping[str, nn.Module], blocks: Mapping[nn.Module, str]) -> Way:
    """Return who reads the marks on the way through the network."""
    called = [name for name in trace.sources if name != OUTPUT]
    readers = [name for name in called if modules[name] not in blocks]
    passing = [name for name in readers if isinstance(modules[name], NORMS) or is_depthwise(modules[name])]
    axes = {name: -1 if isinstance(modules[name], nn.Linear) else 1 for name in readers}
    sites = [name for name, times in trace.calls.items() if times == 1]
    return Way(axes, passing, [name for name in called if name not in readers], sites)
