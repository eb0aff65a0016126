"""What can be pruned in a network, what goes together, and what stays whole and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from course_lib import measure
from course_lib.network.units import Group, find, prunable_weights

if TYPE_CHECKING:
    import pandas

    from course_lib.data import Bench


@dataclass(frozen=True)
class Look:
    """What one look at a network found.

    parameters, macs: of the network, for one image. single: how many of the parameters can be pruned one by one.
    groups: units that can only go together. shares: group -> the share of the MACs that the layers do which write or read
    its units. protected: layer -> why its outputs stay whole, as a clause.
    """

    parameters: int
    macs: int
    single: int
    groups: Sequence[Group]
    shares: Mapping[str, float]
    protected: Mapping[str, str]

    @property
    def heads(self) -> list[str]:
        """Two sentences about the whole network."""
        return [
            f"{self.parameters:,} parameters, {self.macs:,} MACs an image.",
            f"Single weights: {self.single:,} of the parameters can be pruned one by one "
            f"({self.single / max(1, self.parameters):.0%}).",
        ]

    @property
    def ends(self) -> list[str]:
        """A sentence for each layer that stays whole, and one if nothing can be taken out."""
        found = [f"{name} stays whole: {why}." for name, why in self.protected.items()]
        return found + ([] if self.groups else ["No filters or neurons can be taken out; single weights can be."])

    @property
    def rows(self) -> list[dict[str, str]]:
        """The coupled groups as words, a row each."""
        return [
            {
                "units of": group.name,
                "kind": group.kind,
                "how many": f"{group.size}",
                "go with them": ", ".join((*group.producers[1:], *group.norms, *group.depthwise)) or "-",
                "are read by": ", ".join(group.consumers),
                "MACs": f"{self.shares[group.name]:.0%}",
            }
            for group in self.groups
        ]

    @property
    def table(self) -> pandas.DataFrame:
        """`rows` as a table."""
        import pandas

        columns = ["units of", "kind", "how many", "go with them", "are read by", "MACs"]
        return pandas.DataFrame(self.rows, columns=columns).set_index("units of")


def look(model: nn.Module, bench: Bench) -> Look:
    """Return what can be pruned in `model`, which is left as it is.

    Raises:
        CourseError: for a network that the course cannot take.
    """
    found = find(model, bench.example)
    macs = measure.layer_macs(model, bench.example)
    total = max(1, sum(macs.values()))
    shares = {
        group.name: sum(macs.get(name, 0) for name in {*group.producers, *group.depthwise, *group.consumers}) / total
        for group in found.groups
    }
    single = sum(weight.numel() for weight in prunable_weights(model).values())
    return Look(measure.parameters(model), measure.macs(model, bench.example), single, found.groups, shares, found.protected)
