"""The board of lesson 03: units go whose activations score below a threshold."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from course_lib.axes import amounts, scores
from course_lib.data import Bench
from course_lib.network import recording, units
from course_lib.teaching.boards.trial import Trial, survivors
from course_lib.teaching.figures.activations import ThresholdState

STATISTICS = {"mean": ("mean activation", scores.mean_activation), "apoz": ("1 - APoZ", scores.one_minus_apoz)}


@dataclass
class ThresholdBoard:
    """A network traced once and its activations recorded once.

    ranked: statistic -> group -> (n,) scores on 1024 training images.
    """

    trial: Trial
    groups: list[units.Group]
    ranked: dict[str, dict[str, Tensor]]

    @classmethod
    def of(cls, model: nn.Module, bench: Bench) -> ThresholdBoard:
        """Trace `model` and record what its units do."""
        found = units.groups(model, bench.example)
        (activity,) = recording.calibrate(model, bench, found, min(1024, len(bench.train)), seed=0)
        ranked = {
            name: {group.name: score(activity[group.name]).float().cpu() for group in found}
            for name, (_, score) in STATISTICS.items()
        }
        return cls(Trial.of(model, bench), found, ranked)

    def at(self, rule: str, value: float, statistic: str, shown: str) -> ThresholdState:
        """Return the state in which all units below the threshold are gone, except that each layer keeps at least one.

        rule: "fixed" (value: the threshold) or "variable" (value: standard deviations below the layer's mean).
        shown: the layer that is drawn large.
        """
        amount = amounts.fixed(value) if rule == "fixed" else amounts.variable(value)
        ranked = self.ranked[statistic]
        keep = survivors(ranked, amount, "layer")
        masks = units.close(self.trial.model, self.groups, keep)
        accuracy, n = self.trial.accuracy(masks)
        cuts = {
            name: value if rule == "fixed" else float(values.mean() - value * values.std(correction=0))
            for name, values in ranked.items()
        }
        name, _ = STATISTICS[statistic]
        return ThresholdState(rule, value, name, ranked, keep, cuts, shown, masks.sparsity, accuracy, n)
