"""Which layers' units can only go together: guessed from sizes, and confirmed by marks that go through the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_lib.network.layers import LAYERS, NORMS, is_depthwise
from course_lib.network.probing import Arrivals, Way, digits, send, spelled
from course_lib.network.tracing import OUTPUT, Trace


@dataclass(frozen=True)
class Coupled:
    """Layers whose units j go together. first: the number of unit 0, with which marks spell it."""

    layers: tuple[str, ...]
    size: int
    first: int = 0


def couple(
    model: nn.Module, example: Tensor, trace: Trace, blocks: Mapping[nn.Module, str], protected: dict[str, str]
) -> tuple[list[Coupled], Arrivals]:
    """Return what goes together, and where its units arrive; layers whose units are mixed become `protected`.

    At first each layer stands alone. Where units of several layers arrive at one place, equal sizes say that the layers
    are added (or multiplied) and go together, which the next marks confirm or not; of unequal sizes the smaller one is
    spread over all places (a gate of one channel, say) and stays whole.
    """
    modules = dict(model.named_modules())
    makers = [name for name in trace.order if modules[name] not in blocks and not is_depthwise(modules[name])]
    coupled = _summed([Coupled((name,), _size(modules[name])) for name in makers], trace, modules)
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
    coupled: Sequence[Coupled],
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
    coupled: Sequence[Coupled], meetings: Mapping[frozenset[int], str], trace: Trace, protected: dict[str, str]
) -> list[Coupled]:
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
            reason = f"its units cannot be told apart where layer {reader} reads them{by(trace, [reader])}"
            protected.setdefault(name, reason)
    return [entry for k, entry in enumerate(coupled) if k not in gone]


def _summed(coupled: Sequence[Coupled], trace: Trace, modules: Mapping[str, nn.Module]) -> list[Coupled]:
    """Return `coupled` with those made one that a reader with as many inputs as each of them has units must get as a sum."""
    of = {name: k for k, entry in enumerate(coupled) for name in entry.layers}
    meetings = []
    for reader, sources in trace.sources.items():
        meeting = frozenset(of[name] for name in sources if name in of)
        if reader != OUTPUT and {coupled[k].size for k in meeting} == {_width(modules[reader])}:
            meetings.append(meeting)
    return _merged(coupled, meetings)


def _merged(coupled: Sequence[Coupled], meetings: Iterable[frozenset[int]]) -> list[Coupled]:
    """Return `coupled` with those of each meeting made one, and those that meetings have in common."""
    of = {k: {k} for k in range(len(coupled))}
    for meeting in meetings:
        joined = set[int]().union(*(of[k] for k in meeting))
        of |= dict.fromkeys(joined, joined)
    return [
        Coupled(tuple(name for k in sorted(joined) for name in coupled[k].layers), coupled[first].size)
        for first, joined in {min(joined): joined for joined in of.values()}.items()
    ]


def _numbered(coupled: Sequence[Coupled]) -> list[Coupled]:
    first, numbered = 0, []
    for entry in coupled:
        numbered.append(Coupled(entry.layers, entry.size, first))
        first += entry.size
    return numbered


def _way(trace: Trace, modules: Mapping[str, nn.Module], blocks: Mapping[nn.Module, str]) -> Way:
    """Return who reads the marks on the way through the network."""
    called = [name for name in trace.sources if name != OUTPUT]
    readers = [name for name in called if modules[name] not in blocks]
    passing = [name for name in readers if isinstance(modules[name], NORMS) or is_depthwise(modules[name])]
    axes = {name: -1 if isinstance(modules[name], nn.Linear) else 1 for name in readers}
    sites = [name for name, times in trace.calls.items() if times == 1]
    return Way(axes, passing, [name for name in called if name not in readers], sites)


def _size(module: nn.Module) -> int:
    return len(module.get_parameter("weight"))


def _width(module: nn.Module) -> int:
    """Return how many inputs a layer reads, 0 for another module."""
    return module.get_parameter("weight").shape[1] if isinstance(module, LAYERS) else 0


def by(trace: Trace, readers: Iterable[str]) -> str:
    """Return in brackets which operations before `readers` may move or mix units; "" if there are none."""
    operations = sorted({name for reader in readers for name in trace.between.get(reader, ())})
    return f" (there is {', '.join(operations)} in between)" if operations else ""
