"""The board of lesson 02: filters are taken by their L1 norm."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_lib.axes import amounts, scores
from course_lib.data import Bench
from course_lib.network import units
from course_lib.pruning import Masks
from course_lib.teaching.boards.trial import Trail, Trial, survivors
from course_lib.teaching.figures.board import BoardState


@dataclass
class FilterBoard:
    """A network traced once and its filters scored once.

    groups: all coupled groups. ranked: scope -> group of filters -> (n,) scores.
    """

    trial: Trial
    groups: list[units.Group]
    ranked: dict[str, dict[str, Tensor]]

    @classmethod
    def of(cls, model: nn.Module, bench: Bench) -> FilterBoard:
        """Trace `model` and score its filters by their L1 norm."""
        found = units.groups(model, bench.example)
        weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
        filters = [group for group in found if group.kind == "filter"]
        ranked = {
            scope: {group.name: score(group.rows(weights)).cpu() for group in filters}
            for scope, score in (("layer", scores.l1_norm), ("global", scores.l1_mean))
        }
        return cls(Trial.of(model, bench), found, ranked)

    def masks(self, share: float, scope: str = "layer") -> Masks:
        """Return the closed masks without the `share` of filters of smallest L1 norm: those of `L1NormPruner`."""
        kept = survivors(self.ranked[scope], amounts.target(share), scope)
        whole = {group.name: torch.ones(group.size, dtype=torch.bool) for group in self.groups}
        return units.close(self.trial.model, self.groups, whole | kept)

    def at(self, share: float, scope: str = "layer", full: bool = False, trail: Trail = ()) -> BoardState:
        """Return the state at `share` of the filters gone; accuracy on the fixed images, or on all of validation if `full`.

        trail: (sparsity, accuracy) of the positions visited before.
        """
        masks = self.masks(share, scope)
        accuracy, n = self.trial.accuracy(masks, full)
        keep = {name: masks.units[name].cpu() for name in self.ranked[scope]}
        sparsity, kept_parameters = masks.sparsity, masks.kept_parameters
        return BoardState(share, scope, self.ranked["global"], keep, sparsity, kept_parameters, accuracy, n, trail)
