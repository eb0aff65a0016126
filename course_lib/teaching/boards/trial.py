"""What all boards do at every position: prune a copy of the trained network and measure it on the same images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_lib import train
from course_lib.axes import amounts, scopes
from course_lib.data import Bench
from course_lib.models import in_mode
from course_lib.network.entry import admitted, copied
from course_lib.pruning import Masks

SOME = 256  # fixed validation images for the number that is shown while the slider moves
Trail = tuple[tuple[float, float], ...]  # (sparsity, accuracy) of the positions visited before


@dataclass(frozen=True)
class Trial:
    """A trained model, and a copy of it that can be pruned over and over; the caller's model is never touched.

    work: the copy. images, labels: at most SOME validation images, normalised, the same for every position.
    """

    model: nn.Module
    work: nn.Module
    bench: Bench
    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, model: nn.Module, bench: Bench) -> Trial:
        """Copy `model` and fix the images."""
        bench = admitted(model, bench)
        some = bench.validation.rows(selection_of(bench))
        return cls(model, copied(model), bench, bench.normalise(some.images), some.labels)

    def accuracy(self, masks: Masks, full: bool = False) -> tuple[float, int]:
        """Return the accuracy under `masks`, nothing trained, and on how many images; `full`: on all of validation."""
        self.work.load_state_dict(self.model.state_dict())  # masks only take away: what went before has to come back
        masks.apply_(self.work)
        if full:
            return train.evaluate(self.work, self.bench), len(self.bench.validation)
        with in_mode(self.work, training=False), torch.inference_mode():
            right = self.work(self.images).argmax(1) == self.labels
        return right.float().mean().item(), len(self.labels)


def selection_of(bench: Bench) -> Tensor:
    """Return the indices of at most SOME validation images, spread evenly over the stored order."""
    n = len(bench.validation)
    return torch.linspace(0, n - 1, min(SOME, n), device=bench.device).long()


def survivors(ranked: Mapping[str, Tensor], amount: amounts.Amount, scope: str) -> dict[str, Tensor]:
    """Return group -> (n,) bool: which units stay when `amount` is taken from dense groups, at least one of each.

    ranked: group -> (n,) scores. scope: "layer" or "global".
    """
    layers = [
        scopes.Candidates(name, [values], torch.ones(len(values), dtype=torch.bool)) for name, values in ranked.items()
    ]
    gone, _ = scopes.decide(layers, amount, scope, min_per_layer=1)
    return {layer.name: ~out for layer, out in zip(layers, gone, strict=True)}
