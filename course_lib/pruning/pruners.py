"""A pruning method is four answers: score x unit x scope x amount. `Pruner` is the general form."""

from __future__ import annotations

import copy
import dataclasses
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course_lib.axes import amounts, scopes, scores
from course_lib.axes.pqindex import AllZeroError
from course_lib.errors import CourseError, check_share, check_whole
from course_lib.network import units
from course_lib.network.masks import Masks
from course_lib.network.recording import Recorder, Recording, calibrate, gradients

if TYPE_CHECKING:
    from course_lib.data import Bench

SCOPES = ("neuron", "layer", "global")
UNITS = ("weight", "filter", "neuron")


@dataclass(frozen=True)
class Pruner:
    """The general pruning method.

    Args:
        score: what is unimportant? A name of `scores.SCORES` or a function of that form; higher = more important.
        unit: what is removed? "weight", "filter", "neuron", or ("filter", "neuron").
        scope: ranked against whom? "neuron" (single weights only: those of one output), "layer" or "global".
        amount: how many this round? One of `amounts`, or a function of that form.
        min_per_layer: what each layer keeps at least: 1 for filters and neurons if None, 0 for weights.
        cap: the largest share of a group's survivors that one round may take.
        layers: names of the layers (for units: of the groups) that are pruned; None: all. The classifier's outputs never.
        samples: training images for scores that need activations or gradients; seed: which ones, and of random scores.
        history: K: a unit goes only if the rule takes it in each of the last K recorded epochs; without a recording the
            one calibration decides.
    """

    score: str | scores.Score = "l1"
    unit: str | tuple[str, ...] = "filter"
    scope: str = "layer"
    amount: amounts.Amount = dataclasses.field(default_factory=lambda: amounts.target(0.5))
    min_per_layer: int | None = None
    cap: float = 1.0
    layers: Sequence[str] | None = None
    samples: int = 1024
    seed: int = 0
    history: int | None = None

    def __post_init__(self) -> None:
        needed = scores.needs(scores.resolve(self.score))
        kinds = self.kinds
        if not kinds or set(kinds) - set(UNITS) or ("weight" in kinds and len(kinds) > 1):
            raise CourseError(f"unit={self.unit!r} was given; it can be 'weight', 'filter', 'neuron' or the last two.")
        if self.scope not in SCOPES:
            raise CourseError(f"scope={self.scope!r} was given; it can be {', '.join(SCOPES)}.")
        if self.scope == "neuron" and kinds != ("weight",):
            raise CourseError(f"scope='neuron' ranks single weights; unit={self.unit!r} needs 'layer' or 'global'.")
        if "activation" in needed and kinds == ("weight",):
            raise CourseError("a score of activations was given for unit='weight'; only filters and neurons have them.")
        if not callable(self.amount):
            raise CourseError(f"amount={self.amount!r} was given; give one of amounts, such as amounts.target(0.5).")
        for name, least in {"min_per_layer": 0, "samples": 1, "seed": 0, "history": 1}.items():
            if (value := getattr(self, name)) is not None:
                check_whole(name, value, least)
        if isinstance(self.layers, str):
            raise CourseError(f"layers={self.layers!r} was given; it is a list of names, such as [{self.layers!r}].")
        if self.history is not None and "activation" not in needed:
            raise CourseError(f"history={self.history} was given; only scores of activations have a history.")
        check_share("cap", self.cap)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of unit as a tuple."""
        return (self.unit,) if isinstance(self.unit, str) else tuple(self.unit)

    @property
    def least(self) -> int:
        """What each layer keeps at least; a layer without any unit would cut the network in two."""
        if self.kinds == ("weight",):
            return self.min_per_layer or 0
        return max(1, self.min_per_layer or 0)

    def at_round(self, number: int) -> Pruner:
        """Return the pruner of round `number`, counted from 1: itself, unless its amount has a value for each round."""
        at_round = getattr(self.amount, "at_round", None)
        return replace(self, amount=at_round(number)) if at_round else self

    def describe(self) -> dict[str, Any]:
        """Return the method as plain data."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        if callable(self.score):
            fields["score"] = getattr(self.score, "__name__", repr(self.score))
        if dataclasses.is_dataclass(self.amount):
            fields["amount"] = {"rule": type(self.amount).__name__, **dataclasses.asdict(self.amount)}
        else:
            fields["amount"] = getattr(self.amount, "__name__", repr(self.amount))
        return fields

    def must_fit(self, model: nn.Module, bench: Bench) -> None:
        """Refuse a model that has none of the layers or units which this pruner takes from."""
        if self.kinds == ("weight",):
            self._chosen(_offered_weights(model))
        else:
            self.recorder(model, bench)

    def recorder(self, model: nn.Module, bench: Bench) -> Recorder:
        """Return a recorder of this pruner's groups for `fit(..., recorder=...)`."""
        offered = {g.name: g for g in units.groups(model, bench.example) if g.kind in self.kinds}
        return Recorder(model, self._chosen(offered))

    def masks(
        self,
        model: nn.Module,
        bench: Bench,
        masks: Masks | None = None,
        progress: float = 1.0,
        recording: Recording | None = None,
    ) -> Masks:
        """Return the masks after one round of this method: a subset of `masks`; the model is left as it is.

        Args:
            masks: what is kept so far; None: all.
            progress: in (0, 1], how far the schedule of a target amount has come.
            recording: activations recorded during training (`Recorder.recording`); None: calibrate now.
        """
        return self.propose(model, bench, masks, progress, recording)[0]

    def propose(
        self,
        model: nn.Module,
        bench: Bench,
        masks: Masks | None = None,
        progress: float = 1.0,
        recording: Recording | None = None,
    ) -> tuple[Masks, dict[str, dict[str, Any]]]:
        """Return `masks(...)` and, per ranked group, what was seen: survivors, removed, PQ index, cut, note."""
        masks = (masks if masks is not None else Masks.dense(model)).to(bench.device)
        masks.must_fit(model)
        _check_weights(model, masks)
        if not 0 < progress <= 1:
            raise CourseError(f"progress={progress} was given; it is more than 0 and at most 1.")
        if len(masks):
            model = masks.apply_(copy.deepcopy(model))  # what is gone must not count, whether or not it was zeroed
        found = units.groups(model, bench.example) if self.kinds != ("weight",) else []
        if self.kinds == ("weight",):
            layers = self._weights(model, bench, masks)
        else:
            layers = self._units(model, bench, found, masks, recording)
        gone, seen = scopes.decide(layers, self.amount, self.scope, self.least, self.cap, progress)
        kept = {layer.name: layer.alive & ~out for layer, out in zip(layers, gone, strict=True)}
        if found:
            whole = {group.name: torch.ones(group.size, dtype=torch.bool) for group in found}
            return masks & units.close(model, found, whole | masks.units | kept).to(bench.device), seen
        weights = units.prunable_weights(model)
        return masks & Masks({name: mask.view(weights[name].shape) for name, mask in kept.items()}, masks.total), seen

    def _weights(self, model: nn.Module, bench: Bench, masks: Masks) -> list[scopes.Candidates]:
        weights = units.prunable_weights(model)
        chosen = self._chosen(_offered_weights(model))
        slopes = gradients(model, bench, self.samples, self.seed) if "gradient" in self._needs else {}
        return [
            scopes.Candidates(
                name,
                [self._score(name, weights[name].detach().reshape(-1, 1), slopes.get(name, _NOTHING).reshape(-1, 1))],
                masks[name].flatten() if name in masks else torch.ones_like(weights[name], dtype=torch.bool).flatten(),
                outputs=len(weights[name]),
            )
            for name in chosen
        ]

    def _units(
        self, model: nn.Module, bench: Bench, found: list[units.Group], masks: Masks, recording: Recording | None
    ) -> list[scopes.Candidates]:
        offered = {group.name: group for group in found if group.kind in self.kinds}
        chosen = self._chosen(offered)
        if "activation" in self._needs:
            if recording is None:
                recording = calibrate(model, bench, chosen, self.samples, self.seed)
            elif len(recording) < (self.history or 1):
                raise CourseError(f"history={self.history} epochs were asked for; the recording has {len(recording)}.")
            recording = recording[-(self.history or 1) :]
        slopes = gradients(model, bench, self.samples, self.seed) if "gradient" in self._needs else {}
        weights, layers = dict(model.named_parameters()), []
        for group in chosen:
            rows, slope = group.rows(weights).detach(), group.rows(slopes) if slopes else _NOTHING
            epochs = [epoch[group.name] for epoch in recording] if "activation" in self._needs else [None]
            alive = masks.units.get(group.name, torch.ones(group.size, dtype=torch.bool)).to(bench.device)
            values = [self._score(group.name, rows, slope, activity) for activity in epochs]
            layers.append(scopes.Candidates(group.name, values, alive))
        return layers

    @property
    def _needs(self) -> tuple[str, ...]:
        return scores.needs(scores.resolve(self.score))

    def _score(self, name: str, weight: Tensor, gradient: Tensor, activation: scores.Activity | None = None) -> Tensor:
        known = {
            "weight": weight,
            "gradient": gradient,
            "activation": activation,
            "generator": torch.Generator().manual_seed(self.seed + zlib.crc32(name.encode())),
        }
        values = scores.resolve(self.score)(**{need: known[need] for need in self._needs})
        if values.shape != (len(weight),):
            raise CourseError(f"the score of {name} has the shape {tuple(values.shape)}; expected ({len(weight)},).")
        # Counts become numbers that can be averaged; on MPS there is no float64.
        keep = values.is_floating_point() and weight.device.type != "mps"
        return values.to(weight.device, values.dtype if keep else torch.float32)

    def _chosen(self, offered: dict[str, Any]) -> list[Any]:
        unknown = sorted(set(self.layers or ()) - set(offered))
        if unknown:
            raise CourseError(f"layers names {unknown[0]!r}; this pruner can take from {', '.join(offered)}.")
        if not offered:
            raise CourseError(f"the model has nothing of unit={self.unit!r} to prune.")
        return [value for name, value in offered.items() if self.layers is None or name in self.layers]


_NOTHING = torch.empty(0)


def _offered_weights(model: nn.Module) -> dict[str, str]:
    return {name.removesuffix(".weight"): name for name in units.prunable_weights(model)}


def _check_weights(model: nn.Module, masks: Masks) -> None:
    """Refuse NaN among the kept weights, and nothing but zeros, whatever the score: activations would not show it."""
    weights = units.prunable_weights(model)
    kept = {name: weight[masks[name]] if name in masks else weight for name, weight in weights.items()}
    for name, values in kept.items():
        if not bool(torch.isfinite(values).all()):
            raise CourseError(f"{name} has values that are NaN or infinite; weights must be finite to be pruned.")
    if any(values.numel() for values in kept.values()) and not any(bool(values.any()) for values in kept.values()):
        raise AllZeroError("every prunable weight of the model is zero; there is nothing to rank.")
