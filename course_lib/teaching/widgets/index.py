"""Lesson 04: the PQ index of a vector, and of what is left of a layer."""

from __future__ import annotations

from typing import Any

import ipywidgets
import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.pruning import pq_index
from course_lib.teaching import figures
from course_lib.teaching.exercises.measures import MEASURES
from course_lib.teaching.figures.index import IndexState, SurvivorState
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.widgets.skin import Skin


class IndexSlider(Skin):
    """See how the PQ index of a vector depends on p, q and how unequal its entries are."""

    def __init__(self) -> None:
        even = (torch.arange(40, dtype=torch.float64) + 0.5) / 40
        shapes = torch.linspace(0, 6, 25).tolist()

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            p, q, shape = values["p"], values["q"], values["shape"]
            if p >= q:
                raise CourseError(f"p = {p:g} and q = {q:g} were given; the index needs p < q.")
            curve = [(s, pq_index(even**s, p, q), MEASURES["Gini index"](even**s)) for s in shapes]
            magnitudes = even**shape
            index, gini = pq_index(magnitudes, p, q), MEASURES["Gini index"](magnitudes)
            falling = (magnitudes / magnitudes.max()).sort(descending=True).values.numpy()
            state = IndexState(p, q, shape, falling, index, gini, curve)
            return figures.index_board(state), str(state)

        controls = {
            "p": ipywidgets.FloatSlider(value=0.5, min=0.1, max=2, step=0.1, description="p"),
            "q": ipywidgets.FloatSlider(value=1, min=0.2, max=4, step=0.1, description="q"),
            "shape": ipywidgets.FloatSlider(value=1, min=0, max=6, step=0.25, description="shape"),
        }
        super().__init__(controls, draw)


class SurvivorSlider(Skin):
    """Prune the smallest of a layer's weights and see the index of what is left, with and without the zeros."""

    def __init__(self, weights: Tensor, p: float = 0.5, q: float = 1.0) -> None:
        magnitudes = weights.detach().abs().double().cpu().flatten().sort().values
        n = len(magnitudes)

        def indices(share: float) -> tuple[float, float, float]:
            gone = min(round(share * n), n - 1)
            zeroed = torch.cat([torch.zeros(gone, dtype=torch.float64), magnitudes[gone:]])
            return share, pq_index(magnitudes[gone:], p, q), pq_index(zeroed, p, q)

        curve = [indices(share) for share in torch.linspace(0, 0.95, 20).tolist()]

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            share, alone, zeros = indices(values["share"])
            gone = min(round(share * n), n - 1)
            cut = float(magnitudes[gone - 1]) if gone else -1.0
            state = SurvivorState(share, alone, zeros, magnitudes.numpy(), cut, curve)
            return figures.survivor_board(state), str(state)

        share = ipywidgets.FloatSlider(
            value=0.3, min=0, max=0.95, step=0.05, description="weights gone", readout_format=".0%"
        )
        super().__init__({"share": share}, draw)
