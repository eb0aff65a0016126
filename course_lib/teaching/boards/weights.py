"""The board of lesson 00: single weights go, by their magnitude or at random."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from course_lib.axes import amounts, scores
from course_lib.data import Bench
from course_lib.measure import parameters
from course_lib.network import units
from course_lib.pruning import Masks
from course_lib.teaching.boards.trial import Trail, Trial
from course_lib.teaching.figures.start import WeightState

RULES = {"layer": "the same share of every layer", "global": "the smallest of all", "lot": "drawn at random"}
MAP = (6, 72)  # blocks of a layer's weights that are drawn, however many weights it has


@dataclass
class WeightBoard:
    """A network whose weights are ranked once.

    ranks: rule -> parameter name -> (n,) int64, the place of each weight in the order in which they go.
    """

    trial: Trial
    ranks: dict[str, dict[str, Tensor]]

    @classmethod
    def of(cls, model: nn.Module, bench: Bench) -> WeightBoard:
        """Rank the weights of `model` by their magnitude and at random."""
        weights = {name: weight.detach().flatten().abs() for name, weight in units.prunable_weights(model).items()}
        drawn = {
            name: scores.random(weight, torch.Generator().manual_seed(zlib.crc32(name.encode())))
            for name, weight in weights.items()
        }
        together = _ranks(torch.cat(list(weights.values()))).split([len(weight) for weight in weights.values()])
        ranks = {
            "layer": {name: _ranks(weight) for name, weight in weights.items()},
            "global": dict(zip(weights, together, strict=True)),
            "lot": {name: _ranks(values) for name, values in drawn.items()},
        }
        return cls(Trial.of(model, bench), ranks)

    def masks(self, share: float, rule: str = "layer") -> Masks:
        """Return the masks without the `share` of weights that go first: those of the library's pruners."""
        ranks, model = self.ranks[rule], self.trial.model
        sizes = {name: len(places) for name, places in ranks.items()}
        if rule == "global":
            sizes = dict.fromkeys(sizes, sum(sizes.values()))
        kept = {name: places >= amounts.share(share, sizes[name]) for name, places in ranks.items()}
        return Masks({name: mask.view(model.get_parameter(name).shape) for name, mask in kept.items()}, parameters(model))

    def at(self, share: float, rule: str = "layer", full: bool = False, trail: Trail = ()) -> WeightState:
        """Return the state at `share` of the weights gone; accuracy on the fixed images, or on all of validation if `full`.

        trail: (sparsity, accuracy) of the positions visited before.
        """
        masks = self.masks(share, rule)
        accuracy, n = self.trial.accuracy(masks, full)
        kept = {name.removesuffix(".weight"): (int(mask.sum()), mask.numel()) for name, mask in masks.items()}
        maps = {name.removesuffix(".weight"): _blocks(mask) for name, mask in masks.items()}
        chance = 1 / self.trial.bench.num_classes
        return WeightState(share, RULES[rule], kept, maps, masks.sparsity, accuracy, n, chance, trail)


def _ranks(values: Tensor) -> Tensor:
    """(n,) -> (n,): the place of each entry in rising order; of equal entries, the first comes first."""
    order = values.argsort(stable=True)
    return torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))


def _blocks(mask: Tensor) -> np.ndarray:
    """Return the share kept in MAP blocks of a weight (outputs, ...): outputs are its rows, what they read its columns."""
    return functional.adaptive_avg_pool2d(mask.flatten(1).float()[None], MAP)[0].cpu().numpy()
