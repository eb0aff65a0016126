"""Lesson 00: taking weights away, and what an average over layers hides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import ipywidgets
from torch import nn

from course_lib.axes.amounts import share
from course_lib.data import Bench
from course_lib.measure import parameters
from course_lib.network.units import prunable_weights
from course_lib.teaching import figures
from course_lib.teaching.boards.weights import RULES, WeightBoard
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.figures.start import AverageState
from course_lib.teaching.widgets.skin import Skin


class WeightSlider(Skin):
    """Take single weights from `model` and see the accuracy and what is left of each layer; the model stays as it is.

    curves: label -> (sparsity, accuracy), measured before; they are drawn behind the present position.
    """

    def __init__(
        self, model: nn.Module, bench: Bench, curves: Mapping[str, Sequence[tuple[float, float]]] | None = None
    ) -> None:
        board = WeightBoard.of(model, bench)
        visited: dict[str, dict[float, float]] = {rule: {} for rule in RULES}

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            rule = values["rule"]
            state = replace(
                board.at(values["share"], rule, full=rested, trail=tuple(visited[rule].items())), curves=curves or {}
            )
            if rested:
                visited[rule][state.sparsity] = state.accuracy
            return figures.weight_board(state), str(state)

        controls = {
            "share": ipywidgets.FloatSlider(
                value=0.9, min=0, max=0.99, step=0.01, description="weights gone", readout_format=".0%"
            ),
            "rule": ipywidgets.ToggleButtons(
                options=[("smallest of all", "global"), ("same share per layer", "layer"), ("at random", "lot")],
                description="who goes",
                tooltip="which weights go",
            ),
        }
        super().__init__(controls, draw, rests=True)


class AverageSlider(Skin):
    """Take a share of the convolutions and another of the linear layers, and compare two averages of what is gone."""

    def __init__(self, model: nn.Module) -> None:
        weights, total = prunable_weights(model), parameters(model)

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            gone = {
                name.removesuffix(".weight"): (
                    share(values["convolutions" if weight.ndim == 4 else "linear"], weight.numel()),
                    weight.numel(),
                )
                for name, weight in weights.items()
            }
            state = AverageState(gone, total)
            return figures.average_board(state), str(state)

        def slider(value: float, description: str) -> ipywidgets.FloatSlider:
            return ipywidgets.FloatSlider(
                value=value, min=0, max=1, step=0.05, description=description, readout_format=".0%"
            )

        super().__init__({"convolutions": slider(0.9, "convolutions"), "linear": slider(0, "hidden and head")}, draw)
