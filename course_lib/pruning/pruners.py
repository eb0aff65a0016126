"""A pruning method is four answers: score x unit x scope x amount. `Pruner` is the general form."""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from course_lib.axes import amounts, scopes, scores
from course_lib.errors import CourseError, check_share, check_whole
from course_lib.network import units
from course_lib.network.entry import admitted, copied
from course_lib.network.kinds import must_be_takeable
from course_lib.network.masks import Masks
from course_lib.network.recording import Recorder, Recording
from course_lib.pruning.needs import NEEDS, Ranked, Round
from course_lib.pruning.refusals import check_axes, check_weights
from course_lib.pruning.whole import say_left_out, say_whole, untouched

if TYPE_CHECKING:
    from course_lib.data import Bench

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
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
        samples: training images for scores that are measured on images; seed: which ones, and of random scores.
        history: K: a unit goes only if the rule takes it in each of the last K recorded epochs; without a recording the
            one calibration decides.

    >>> Pruner("l1", "filter", amount=amounts.sap(p=1, q=2)).kinds  # SAP is a rule for how many: it prunes filters as well
    ('filter',)
    """

    score: str | scores.Score = "l1"
    unit: str | tuple[str, ...] = "filter"
    scope: str = "layer"
    amount: amounts.Amount | amounts.Allocation = dataclasses.field(default_factory=lambda: amounts.target(0.5))
    min_per_layer: int | None = None
    cap: float = 1.0
    layers: Sequence[str] | None = None
    samples: int = 1024
    seed: int = 0
    history: int | None = None

    def __post_init__(self) -> None:
        check_axes(self)
        for name, least in {"min_per_layer": 0, "samples": 1, "seed": 0, "history": 1}.items():
            if (value := getattr(self, name)) is not None:
                check_whole(name, value, least)
        check_share("cap", self.cap)
        if isinstance(self.layers, str):  # a sequence of names, too, as far as types go
            raise CourseError(f"layers={self.layers!r} was given; it is a list of names, such as [{self.layers!r}].")
        if self.history is not None and not any(NEEDS[need].recorded for need in self.needs):
            raise CourseError(f"history={self.history} was given; only scores of activations have a history.")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of unit as a tuple."""
        return (self.unit,) if isinstance(self.unit, str) else tuple(self.unit)

    @property
    def needs(self) -> tuple[str, ...]:
        """What the score asks for, by the names of `needs.NEEDS`."""
        return scores.needs(scores.resolve(self.score))

    @property
    def least(self) -> int:
        """What each layer keeps at least; a layer without any unit would cut the network in two."""
        if self.kinds == ("weight",):
            return self.min_per_layer or 0
        return max(1, self.min_per_layer or 0)

    def at_round(self, number: int) -> Pruner:
        """Return the pruner of round `number`, counted from 1: itself, unless its amount has a value for each round.

        >>> Pruner(amount=amounts.fixed([0.1, 0.2])).at_round(2).amount
        fixed(threshold=0.2)
        """
        return self.but(amount=self.amount.at_round(number)) if isinstance(self.amount, amounts.EachRound) else self

    def but(self, **changes: Any) -> Pruner:
        """Return the same method with other values of some fields; `dataclasses.replace` does not know a preset's arguments.

        >>> Pruner("l1").but(cap=0.5).cap
        0.5
        """
        if unknown := sorted(set(changes) - {field.name for field in dataclasses.fields(self)}):
            raise CourseError(f"a pruner has no {unknown[0]!r} to change.")
        changed = copy.copy(self)
        for name, value in changes.items():
            object.__setattr__(changed, name, value)  # frozen
        changed.__post_init__()
        return changed

    def __eq__(self, other: object) -> bool:
        """Two pruners are equal if they answer alike, whether or not one of them is a preset."""
        return isinstance(other, Pruner) and all(
            getattr(self, field.name) == getattr(other, field.name) for field in dataclasses.fields(self)
        )

    def __repr__(self) -> str:
        return f"Pruner({', '.join(f'{field.name}={getattr(self, field.name)!r}' for field in dataclasses.fields(self))})"

    def describe(self) -> dict[str, Any]:
        """Return the method as plain data.

        >>> Pruner("l1", amount=amounts.target(0.3)).describe()["amount"]
        {'rule': 'target', 'sparsity': 0.3}
        """
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if callable(self.score):
            fields["score"] = getattr(self.score, "__name__", repr(self.score))
        if dataclasses.is_dataclass(self.amount) and not isinstance(self.amount, type):
            fields["amount"] = {"rule": type(self.amount).__name__, **dataclasses.asdict(self.amount)}
        else:
            fields["amount"] = getattr(self.amount, "__name__", repr(self.amount))
        return fields

    def must_fit(self, model: nn.Module, bench: Bench) -> None:
        """Refuse a model that has none of the layers or units which this pruner takes from."""
        must_be_takeable(model)
        if self.kinds == ("weight",):
            self._chosen(units.weights(model))
        else:
            self.recorder(model, bench)

    def recorder(self, model: nn.Module, bench: Bench) -> Recorder:
        """Return a recorder of this pruner's groups for `fit(..., recorder=...)`."""
        bench = admitted(model, bench, scored=False)
        return Recorder(model, self._groups(*self._units(model, bench)))

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
        return self._round(model, bench, masks, progress, recording, told=False)[0]

    def propose(
        self,
        model: nn.Module,
        bench: Bench,
        masks: Masks | None = None,
        progress: float = 1.0,
        recording: Recording | None = None,
    ) -> tuple[Masks, dict[str, scopes.Seen]]:
        """Return `masks(...)` and, per ranked group, what was seen: survivors, removed, PQ index, cut, note."""
        return self._round(model, bench, masks, progress, recording, told=True)

    def _round(
        self, model: nn.Module, bench: Bench, masks: Masks | None, progress: float, recording: Recording | None, told: bool
    ) -> tuple[Masks, dict[str, scopes.Seen]]:
        single = self.kinds == ("weight",)
        must_be_takeable(model)
        bench = bench if single else admitted(model, bench, scored=False)  # single weights need no forward pass
        masks = (masks if masks is not None else Masks.dense(model)).to(bench.device)
        masks.must_fit(model)
        check_weights(model, masks)
        if not 0 < progress <= 1:
            raise CourseError(f"progress={progress} was given; it is more than 0 and at most 1.")
        if not masks.applied(model):
            model = masks.apply_(copied(model))  # what is gone must not count, whether or not it was zeroed
        groups, whole = ([], {}) if single else self._units(model, bench)
        layers: Sequence[Ranked] = self._chosen(units.weights(model)) if single else self._groups(groups, whole)
        asked = Round(model, bench, layers, masks, self.samples, self.seed, self.history, recording)
        candidates = self._candidates(asked)
        gone, seen = scopes.decide(candidates, self.amount, self.scope, self.least, self.cap, progress, told)
        alive = {layer.name: layer.alive for layer in candidates}
        del candidates  # with all scores, before masks are made
        kept = {name: living & ~out for (name, living), out in zip(alive.items(), gone, strict=True)}
        if single:
            say_left_out(model)
            parameters = dict(model.named_parameters())
            return masks & Masks({name: mask.view(parameters[name].shape) for name, mask in kept.items()}, masks.total), seen
        dense = {group.name: torch.ones(group.size, dtype=torch.bool) for group in groups}
        seen |= {name: untouched(model, name, why) for name, why in whole.items()}
        return masks & units.close(model, groups, dense | masks.units | kept).to(bench.device), seen

    def _candidates(self, asked: Round) -> list[scopes.Candidates]:
        """Score every layer, once for each recorded epoch that counts."""
        providers = {need: NEEDS[need].provide(asked) for need in self.needs}
        candidates: list[scopes.Candidates] = []
        everyone = [layer.alive(asked.masks).to(asked.bench.device) for layer in asked.layers]
        *begins, total = itertools.accumulate(map(len, everyone), initial=0)
        together: list[Tensor] = []
        for layer, alive, begin in zip(asked.layers, everyone, begins, strict=True):
            values: list[Tensor] = []
            epochs = 1
            while len(values) < epochs:  # what is known once holds for every epoch, and is asked anew: generators move on
                known = {need: provided(layer) for need, provided in providers.items()}
                epochs = max(map(len, known.values()), default=1)
                epoch = {need: some[min(len(values), len(some) - 1)] for need, some in known.items()}
                values.append(self._score(layer, alive, epoch))
            if self.scope == "global":
                values = scopes.placed(values, together, begin, total)
            shape = layer.shape if isinstance(layer, units.Weights) else ()  # of units no amount asks for one
            candidates.append(scopes.Candidates(layer.name, values, alive, shape[0] if shape else 1, shape))
        return candidates

    def _score(self, layer: Ranked, alive: Tensor, known: Mapping[str, Any]) -> Tensor:
        values = scores.resolve(self.score)(**known)
        if values.shape != alive.shape:
            raise CourseError(f"the score of {layer.name} has the shape {tuple(values.shape)}; expected ({len(alive)},).")
        # Counts become numbers that can be averaged; on MPS there is no float64.
        keep = values.is_floating_point() and alive.device.type != "mps"
        return values.to(alive.device, values.dtype if keep else torch.float32)

    def _units(self, model: nn.Module, bench: Bench) -> tuple[list[units.Group], dict[str, str]]:
        """Return the groups of `model`, and layer -> why this pruner leaves its units whole."""
        found = units.find(model, bench.example)
        unseen = {group.name: group.site_problem.rstrip(".") for group in found.groups if not group.site}
        reads = any(NEEDS[need].recorded for need in self.needs)
        return found.groups, {**found.protected, **(unseen if reads else {})}

    def _groups(self, groups: Sequence[units.Group], whole: Mapping[str, str]) -> list[units.Group]:
        """Return the groups that this pruner takes from; say once which layers stay whole."""
        offered = {group.name: group for group in groups if group.kind in self.kinds and group.name not in whole}
        chosen = self._chosen(offered, whole)
        say_whole(whole)
        return chosen

    def _chosen(self, offered: Mapping[str, T], whole: Mapping[str, str] | None = None) -> list[T]:
        whole = whole or {}
        if unknown := sorted(set(self.layers or ()) - set(offered)):
            why = f" ({whole[unknown[0]]})" if unknown[0] in whole else ""
            raise CourseError(
                f"layers names {unknown[0]!r}{why}; this pruner can take from {', '.join(offered) or 'nothing'}."
            )
        if not offered:
            why = "".join(f" Layer {name} stays whole: {why}." for name, why in list(whole.items())[:3])
            raise CourseError(f"the model has nothing of unit={self.unit!r} to prune.{why}")
        return [value for name, value in offered.items() if self.layers is None or name in self.layers]
