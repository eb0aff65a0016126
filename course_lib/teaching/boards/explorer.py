"""What the sliders of lesson 05 show: SAP's rounds without training, and how sharp its bound is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_lib.pruning import pq_index, retain_bound, sap_amount
from course_lib.teaching.figures.sap import BoundState, ExplorerState, LayerRound


@dataclass(frozen=True)
class Explorer:
    """A network's weights, sorted once: without training the survivors of a round are the largest of those before.

    rows: layer -> (neurons, n) magnitudes, each row ascending.
    """

    rows: Mapping[str, Tensor]

    @classmethod
    def of(cls, weights: Mapping[str, Tensor]) -> Explorer:
        """weights: layer -> tensor whose first axis are the neurons or filters."""
        return cls({name: w.detach().abs().flatten(1).cpu().sort().values for name, w in weights.items()})

    def at(
        self, p: float, q: float, eta: float, gamma: float, beta: float, scope: str, rounds: int, shown: int
    ) -> ExplorerState:
        """Return the state after `rounds` rounds without training; `shown` is the round that is drawn large."""
        groups, owners = self._groups(scope)
        history: list[dict[str, LayerRound]] = []
        gone = [0] * len(groups)
        frozen: list[tuple[float, float] | None] = [None] * len(groups)  # (index, bound) where nothing more goes
        for _ in range(rounds):
            seen, counts = [], []
            for number, values in enumerate(groups):
                left = values[gone[number] :]
                if frozen[number] is None and len(left):
                    index = pq_index(left, p, q)
                    count = sap_amount(left, p, q, eta, gamma, beta)
                    facts = index, retain_bound(len(left), index, p, q, eta)
                    frozen[number] = None if count else facts
                else:
                    facts, count = frozen[number] or (0.0, 0.0), 0
                seen.append((len(left), *facts))
                counts.append(count)
            history.append(self._layers(scope, owners, gone, counts, seen))
            gone = [before + count for before, count in zip(gone, counts, strict=True)]
        return ExplorerState(p, q, eta, gamma, beta, scope, history, min(shown, rounds))

    def _groups(self, scope: str) -> tuple[list[Tensor], Tensor]:
        """Return the groups' ascending magnitudes and, for scope "global", the layer of each entry."""
        if scope == "neuron":
            return [row for rows in self.rows.values() for row in rows], torch.empty(0)
        layers = [rows.flatten() for rows in self.rows.values()]
        if scope == "layer":
            return [values.sort().values for values in layers], torch.empty(0)
        values, order = torch.cat(layers).sort()
        owners = torch.repeat_interleave(torch.arange(len(layers)), torch.tensor([len(layer) for layer in layers]))
        return [values], owners[order]

    def _layers(
        self, scope: str, owners: Tensor, gone: list[int], counts: list[int], seen: list[tuple[int, float, float]]
    ) -> dict[str, LayerRound]:
        """Sum up the groups of each layer: a round's survivors, index (mean over survivors), bound and amount."""
        sizes = {name: rows.numel() for name, rows in self.rows.items()}
        if scope == "global":
            before, after = (
                torch.bincount(owners[:end], minlength=len(sizes)).tolist() for end in (gone[0], gone[0] + counts[0])
            )
            _, index, bound = seen[0]
            share = bound / max(1, seen[0][0])
            return {
                name: LayerRound(size, size - before[k], index, share * (size - before[k]), after[k] - before[k])
                for k, (name, size) in enumerate(sizes.items())
            }
        found, start = {}, 0
        for name, rows in self.rows.items():
            end = start + (len(rows) if scope == "neuron" else 1)
            left = sum(n for n, _, _ in seen[start:end])
            index = sum(n * i for n, i, _ in seen[start:end]) / max(1, left)
            bound = sum(r for _, _, r in seen[start:end])
            found[name] = LayerRound(sizes[name], left, index, bound, sum(counts[start:end]))
            start = end
        return found


def bound(w: Tensor, name: str, p: float, q: float, eta: float) -> BoundState:
    """Return how many of the weights `w` the bound asks for at each eta, and how many are needed in truth."""
    powers = w.detach().abs().double().cpu().flatten().sort(descending=True).values.pow(p)
    kept = powers.cumsum(0)
    lost = ((kept[-1] - kept) / kept).clamp(min=0).numpy()  # eta of keeping the 1, 2, ..., d largest; it falls
    d, index = powers.numel(), pq_index(w, p, q)

    def needed(most: float) -> int:
        return int(np.argmax(lost <= most + 1e-12)) + 1

    etas = np.linspace(0, 2, 41)
    curve = [(float(e), retain_bound(d, index, p, q, float(e)) / d, needed(float(e)) / d) for e in etas]
    share = retain_bound(d, index, p, q, eta) / d
    stays = d - sap_amount(w, p, q, eta, beta=1.0)
    return BoundState(name, p, q, eta, index, share, needed(eta) / d, float(lost[max(stays, 1) - 1]), curve)
