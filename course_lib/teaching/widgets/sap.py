"""Lesson 05: how sharp the bound is, what SAP takes over the rounds, and what training makes of the survivors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching import figures
from course_lib.teaching.boards import explorer
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.figures.sap import RoundsState
from course_lib.teaching.widgets.skin import Skin

ROUNDS = 12


class BoundSlider(Skin):
    """See for each of the named weights how far the bound lies below the true need."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            p, q = values["norms"]
            state = explorer.bound(weights[values["weights"]], values["weights"], p, q, values["eta"])
            return figures.bound_board(state), str(state)

        controls = {
            "weights": ipywidgets.Dropdown(options=list(weights), description="weights"),
            "norms": ipywidgets.Dropdown(options={"(1, 2)": (1.0, 2.0), "(0.5, 1)": (0.5, 1.0)}, description="(p, q)"),
            "eta": ipywidgets.FloatSlider(value=0, min=0, max=2, step=0.05, description="eta"),
        }
        super().__init__(controls, draw)


class SAPExplorer(Skin):
    """Let SAP take round after round from a network's layers, without training: p, q, eta, gamma, beta and the scope."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        sorted_once = explorer.Explorer.of(weights)

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            if values["p"] >= values["q"]:
                raise CourseError(f"p = {values['p']:g} and q = {values['q']:g} were given; the index needs p < q.")
            shown = values.pop("round")
            state = sorted_once.at(**values, rounds=ROUNDS, shown=shown)
            return figures.explorer_board(state), str(state)

        def slider(value: float, low: float, high: float, step: float, name: str) -> ipywidgets.FloatSlider:
            return ipywidgets.FloatSlider(value=value, min=low, max=high, step=step, description=name)

        controls = {
            "p": slider(1, 0.1, 2, 0.1, "p"),
            "q": slider(2, 0.2, 4, 0.1, "q"),
            "eta": slider(0, 0, 2, 0.05, "eta"),
            "gamma": slider(1, 0.25, 8, 0.25, "gamma"),
            "beta": slider(0.9, 0.1, 1, 0.05, "beta"),
            "scope": ipywidgets.Dropdown(options=["neuron", "layer", "global"], value="layer", description="scope"),
            "round": ipywidgets.IntSlider(value=1, min=1, max=ROUNDS, description="round"),
        }
        super().__init__(controls, draw)


class RoundSlider(Skin):
    """Go through the rounds of several loops: label -> (survivors of `layer`, their index, accuracy) after each."""

    def __init__(self, paths: Mapping[str, Sequence[tuple[Tensor, float, float]]], layer: str) -> None:
        longest = max(len(path) for path in paths.values())
        plain = {
            label: [(w.detach().abs().cpu().numpy().astype(np.float64), index, accuracy) for w, index, accuracy in path]
            for label, path in paths.items()
        }

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            number = values["round"]
            state = RoundsState(number, layer, {label: path[min(number, len(path) - 1)] for label, path in plain.items()})
            return figures.rounds_board(state), str(state)

        super().__init__(
            {"round": ipywidgets.IntSlider(value=min(1, longest - 1), min=0, max=longest - 1, description="after round")},
            draw,
        )
