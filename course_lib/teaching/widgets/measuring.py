"""Lesson 01: formats of a file, timings, and a budget spread over the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np
from torch import nn

from course_lib.data import Bench
from course_lib.teaching import figures
from course_lib.teaching.boards.budget import BudgetBoard, Curves
from course_lib.teaching.figures.measuring import FormatState
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.widgets.skin import Skin
from course_lib.words import number_of


class FormatSlider(Skin):
    """See at which density a bitmap or a list of indices begins to pay, for values and indices of different widths."""

    def __init__(self) -> None:
        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            state = FormatState(values["density"], values["value"], values["index"])
            return figures.formats_board(state), str(state)

        controls = {
            "density": ipywidgets.FloatSlider(
                value=0.1, min=0, max=1, step=0.01, description="density", readout_format=".0%"
            ),
            "value": ipywidgets.ToggleButtons(options=[32, 16, 8, 4], description="bits a value", tooltip="bits a value"),
            "index": ipywidgets.ToggleButtons(options=[32, 16, 8], description="bits an index", tooltip="bits an index"),
        }
        super().__init__(controls, draw)


class TimingSlider(Skin):
    """See what the median and the mean of recorded times, label -> one for each call, become with fewer calls counted."""

    def __init__(self, times: Mapping[str, Sequence[float]]) -> None:
        calls = min(map(len, times.values()))

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            warmup, runs = values["warmup"], min(values["runs"], calls - values["warmup"])
            parts = []
            for label, of_calls in times.items():
                counted = np.asarray(of_calls[warmup : warmup + runs])
                parts.append(f"{label}: median {np.median(counted):.3f} ms, mean {counted.mean():.3f} ms")
            return figures.timings(
                times, warmup, runs
            ), f"{number_of(warmup, 'call')} of warm-up, then {runs} counted; {'; '.join(parts)}"

        controls = {
            "warmup": ipywidgets.IntSlider(value=0, min=0, max=calls // 2, description="warm-up"),
            "runs": ipywidgets.IntSlider(value=1, min=1, max=calls, description="runs counted"),
        }
        super().__init__(controls, draw)


class LayerBudgetSlider(Skin):
    """Prune each layer by its own share and stay within a budget; the model stays as it is.

    curves: layer -> (sparsity of this layer alone, accuracy), from which the accuracy is predicted; None: scan now.
    """

    def __init__(self, model: nn.Module, bench: Bench, curves: Curves | None = None) -> None:
        board = BudgetBoard.of(model, bench, curves)

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            shares = {name: values[name] for name in board.weights}
            state = board.at(shares, values["unit"], values["budget"])
            return figures.budget_board(state), str(state)

        largest = max(level for rows in board.curves.values() for level, _ in rows)
        controls = {
            name: ipywidgets.FloatSlider(
                value=0.9, min=0, max=largest, step=0.01, description=f"{name} gone", readout_format=".0%"
            )
            for name in board.weights
        }
        controls["unit"] = ipywidgets.ToggleButtons(
            options=["parameters", "MACs"], description="budget of", tooltip="of what"
        )
        controls["budget"] = ipywidgets.FloatSlider(
            value=0.1, min=0.03, max=0.6, step=0.01, description="may be kept", readout_format=".0%"
        )
        super().__init__(controls, draw)
