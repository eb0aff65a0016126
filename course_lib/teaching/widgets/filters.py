"""Lesson 02: taking filters away, and in what steps."""

from __future__ import annotations

import itertools
from typing import Any

import ipywidgets
from torch import nn

from course_lib.data import Bench
from course_lib.teaching import figures
from course_lib.teaching.boards.filters import FilterBoard
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.widgets.skin import Skin
from course_lib.words import number_of


class SparsitySlider(Skin):
    """Take filters from `model` by their L1 norm and see accuracy, scores and survivors; the model stays as it is."""

    def __init__(self, model: nn.Module, bench: Bench) -> None:
        board = FilterBoard.of(model, bench)
        dense = board.at(0.0, full=True)  # so that the first position has something to be compared with
        visited = {scope: {dense.sparsity: dense.accuracy} for scope in ("layer", "global")}

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            share, scope = values["share"], values["scope"]
            state = board.at(share, scope, full=rested, trail=tuple(visited[scope].items()))
            if rested:
                visited[scope][state.sparsity] = state.accuracy
            return figures.sparsity_board(state), str(state)

        controls = {
            "share": ipywidgets.FloatSlider(
                value=0.3,
                min=0,
                max=0.95,
                step=0.01,
                description="filters gone",
                readout_format=".0%",
                tooltip="share of filters",
            ),
            "scope": ipywidgets.ToggleButtons(
                options=[("per layer", "layer"), ("global", "global")], description="ranked", tooltip="ranked against whom"
            ),
        }
        super().__init__(controls, draw, rests=True)


class ScheduleSlider(Skin):
    """See how final sparsity, number of rounds and exponent shape a schedule: 1 is linear, 3 cubic."""

    def __init__(self) -> None:
        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            n, final, exponent = values["rounds"], values["final"], values["exponent"]
            reached = [final * (1 - (1 - t / n) ** exponent) for t in range(n + 1)]
            bites = [0.0] + [after - before for before, after in itertools.pairwise(reached)]
            steps = list(range(n + 1))
            picture = figures.lines(
                {"gone so far": (steps, reached), "gone in this round": (steps, bites)},
                xlabel="round",
                ylabel="share of filters",
                title=f"exponent {exponent:g}: the largest bite takes {max(bites):.0%}",
            )
            return (
                picture,
                f"{final:.0%} after {number_of(n, 'round')}; the first takes {bites[1]:.1%}, the last {bites[-1]:.1%}",
            )

        controls = {
            "final": ipywidgets.FloatSlider(
                value=0.8, min=0.1, max=0.95, step=0.05, description="final", readout_format=".0%"
            ),
            "rounds": ipywidgets.IntSlider(value=10, min=1, max=20, description="rounds"),
            "exponent": ipywidgets.FloatSlider(
                value=3, min=1, max=5, step=0.5, description="exponent", readout_format=".1f"
            ),
        }
        super().__init__(controls, draw, idle=lambda values: {"exponent"} if values["rounds"] == 1 else ())
