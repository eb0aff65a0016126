"""The boards: a trained network from which a slider takes weights, filters or units, traced and scored once."""

from __future__ import annotations

import copy
import zlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from course_lib import train
from course_lib.axes import amounts, scopes, scores
from course_lib.data import Bench
from course_lib.models import in_mode
from course_lib.network import recording, units
from course_lib.pruning import Masks
from course_lib.teaching.figures.activations import ThresholdState
from course_lib.teaching.figures.board import BoardState
from course_lib.teaching.figures.start import WeightState

SOME = 256  # fixed validation images for the number that is shown while the slider moves


@dataclass
class Board:
    """What every position of the slider needs; `work` is a copy of the model, and the caller's is never touched.

    images, labels: the first SOME validation images, normalised. ranked: scope -> group -> (n,) scores.
    """

    model: nn.Module
    work: nn.Module
    bench: Bench
    groups: list[units.Group]
    ranked: dict[str, dict[str, Tensor]]
    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, model: nn.Module, bench: Bench) -> Board:
        """Trace `model`, score its filters by their L1 norm, and fix the images."""
        found = units.groups(model, bench.example)
        weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
        filters = [group for group in found if group.kind == "filter"]
        ranked = {
            scope: {group.name: score(group.rows(weights)).cpu() for group in filters}
            for scope, score in (("layer", scores.l1_norm), ("global", scores.l1_mean))
        }
        some = bench.validation.rows(selection_of(bench))
        return cls(model, copy.deepcopy(model), bench, found, ranked, bench.normalise(some.images), some.labels)

    def masks(self, share: float, scope: str = "layer") -> Masks:
        """Return the closed masks without the `share` of filters of smallest L1 norm: those of `L1NormPruner`."""
        layers = [
            scopes.Candidates(name, [values], torch.ones(len(values), dtype=torch.bool))
            for name, values in self.ranked[scope].items()
        ]
        gone, _ = scopes.decide(layers, amounts.target(share), scope, min_per_layer=1)
        kept = {layer.name: ~out for layer, out in zip(layers, gone, strict=True)}
        whole = {group.name: torch.ones(group.size, dtype=torch.bool) for group in self.groups}
        return units.close(self.model, self.groups, whole | kept)

    def at(self, share: float, scope: str = "layer", full: bool = False, trail: tuple = ()) -> BoardState:
        """Return the state at `share` of the filters gone; accuracy on 256 images, or with `full` on all of validation."""
        masks = self.masks(share, scope)
        self.work.load_state_dict(self.model.state_dict())
        masks.apply_(self.work)
        if full:
            accuracy, n = train.evaluate(self.work, self.bench), len(self.bench.validation)
        else:
            with in_mode(self.work, training=False), torch.inference_mode():
                accuracy = (self.work(self.images).argmax(1) == self.labels).float().mean().item()
            n = len(self.labels)
        keep = {name: masks.units[name].cpu() for name in self.ranked[scope]}
        return BoardState(
            share, scope, self.ranked["global"], keep, masks.sparsity, masks.kept_parameters, accuracy, n, tuple(trail)
        )


STATISTICS = {"mean": ("mean activation", scores.mean_activation), "apoz": ("1 - APoZ", scores.one_minus_apoz)}


@dataclass
class ThresholdBoard:
    """What every position of the threshold slider needs: activations recorded once, and a copy of the model to mask.

    ranked: statistic -> group -> (n,) scores on 1024 training images. images, labels: as in `Board`.
    """

    model: nn.Module
    work: nn.Module
    groups: list[units.Group]
    ranked: dict[str, dict[str, Tensor]]
    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, model: nn.Module, bench: Bench) -> ThresholdBoard:
        """Trace `model` and record what its units do."""
        found = units.groups(model, bench.example)
        (activity,) = recording.calibrate(model, bench, found, min(1024, len(bench.train)), seed=0)
        ranked = {
            name: {group.name: score(activity[group.name]).float().cpu() for group in found}
            for name, (_, score) in STATISTICS.items()
        }
        some = bench.validation.rows(selection_of(bench))
        return cls(model, copy.deepcopy(model), found, ranked, bench.normalise(some.images), some.labels)

    def at(self, rule: str, value: float, statistic: str, shown: str) -> ThresholdState:
        """Return the state in which the units below the threshold go, one of each layer at least excepted."""
        amount = amounts.fixed(value) if rule == "fixed" else amounts.variable(value)
        ranked = self.ranked[statistic]
        layers = [
            scopes.Candidates(name, [values], torch.ones(len(values), dtype=torch.bool)) for name, values in ranked.items()
        ]
        gone, _ = scopes.decide(layers, amount, "layer", min_per_layer=1)
        keep = {layer.name: ~out for layer, out in zip(layers, gone, strict=True)}
        masks = units.close(self.model, self.groups, keep)
        self.work.load_state_dict(self.model.state_dict())
        masks.apply_(self.work)
        with in_mode(self.work, training=False), torch.inference_mode():
            accuracy = (self.work(self.images).argmax(1) == self.labels).float().mean().item()
        cuts = {
            name: value if rule == "fixed" else float(values.mean() - value * values.std(correction=0))
            for name, values in ranked.items()
        }
        name, n = STATISTICS[statistic][0], len(self.labels)
        return ThresholdState(rule, value, name, ranked, keep, cuts, shown, masks.sparsity, accuracy, n)


def selection_of(bench: Bench) -> Tensor:
    """Return the indices of at most SOME validation images, spread evenly over the stored order."""
    n = len(bench.validation)
    return torch.linspace(0, n - 1, min(SOME, n), device=bench.device).long()


RULES = {"layer": "the same share of every layer", "global": "the smallest of all", "lot": "drawn by lot"}
MAP = (6, 72)  # blocks of a layer's weights that are drawn, however many weights it has


@dataclass
class WeightBoard:
    """What every position of the weight slider needs; `work` is a copy of the model, and the caller's is never touched.

    ranks: rule -> parameter name -> (n,) int64, the place of each weight in the order in which they go.
    """

    model: nn.Module
    work: nn.Module
    bench: Bench
    ranks: dict[str, dict[str, Tensor]]
    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, model: nn.Module, bench: Bench) -> WeightBoard:
        """Rank the weights of `model` by their magnitude and by lot, and fix the images."""
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
        some = bench.validation.rows(selection_of(bench))
        return cls(model, copy.deepcopy(model), bench, ranks, bench.normalise(some.images), some.labels)

    def masks(self, share: float, rule: str = "layer") -> Masks:
        """Return the masks without the `share` of weights that go first: those of the library's pruners."""
        ranks, shapes = self.ranks[rule], dict(self.model.named_parameters())
        sizes = {name: len(places) for name, places in ranks.items()}
        if rule == "global":
            sizes = dict.fromkeys(sizes, sum(sizes.values()))
        kept = {name: places >= amounts.share(share, sizes[name]) for name, places in ranks.items()}
        total = sum(parameter.numel() for parameter in shapes.values())
        return Masks({name: mask.view(shapes[name].shape) for name, mask in kept.items()}, total)

    def at(self, share: float, rule: str = "layer", full: bool = False, trail: tuple = ()) -> WeightState:
        """Return the state at `share` of the weights gone; accuracy on 256 images, or with `full` on all of validation."""
        masks = self.masks(share, rule)
        self.work.load_state_dict(self.model.state_dict())
        masks.apply_(self.work)
        if full:
            accuracy, n = train.evaluate(self.work, self.bench), len(self.bench.validation)
        else:
            with in_mode(self.work, training=False), torch.inference_mode():
                accuracy = (self.work(self.images).argmax(1) == self.labels).float().mean().item()
            n = len(self.labels)
        kept = {name.removesuffix(".weight"): (int(mask.sum()), mask.numel()) for name, mask in masks.items()}
        maps = {name.removesuffix(".weight"): _blocks(mask) for name, mask in masks.items()}
        return WeightState(
            share, RULES[rule], kept, maps, masks.sparsity, accuracy, n, 1 / self.bench.num_classes, tuple(trail)
        )


def _ranks(values: Tensor) -> Tensor:
    """(n,) -> (n,): the place of each entry in rising order, of equal ones the first first."""
    order = values.argsort(stable=True)
    return torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))


def _blocks(mask: Tensor) -> np.ndarray:
    """Return the share kept in MAP blocks of a weight (outputs, ...): outputs are its rows, what they read its columns."""
    return functional.adaptive_avg_pool2d(mask.flatten(1).float()[None], MAP)[0].cpu().numpy()
