"""Lesson 03: thresholds on activations, and how much the calibration images matter."""

from __future__ import annotations

from typing import Any

import ipywidgets
from torch import nn

from course_lib.data import Bench
from course_lib.errors import CourseError
from course_lib.network import recording, units
from course_lib.teaching import figures
from course_lib.teaching.boards.thresholds import STATISTICS, ThresholdBoard
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.widgets.skin import Skin

OTHER = {"fixed": "deviations", "variable": "threshold"}  # rule -> the control of the other one


class ThresholdSlider(Skin):
    """Move a threshold on activations and see which units of which layers go; the model stays as it is."""

    def __init__(self, model: nn.Module, bench: Bench) -> None:
        board = ThresholdBoard.of(model, bench)
        layers = [group.name for group in board.groups]

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            value = values["threshold"] if values["rule"] == "fixed" else values["deviations"]
            state = board.at(values["rule"], value, values["statistic"], values["layer"])
            return figures.threshold_board(state), str(state)

        statistics = [(words, name) for name, (words, _) in STATISTICS.items()]
        controls = {
            "rule": ipywidgets.ToggleButtons(options=["fixed", "variable"], description="threshold", tooltip="which rule"),
            "threshold": ipywidgets.FloatSlider(value=0.1, min=0, max=1, step=0.01, description="fixed at"),
            "deviations": ipywidgets.FloatSlider(
                value=0.5, min=-1, max=3, step=0.05, description="deviations below the mean"
            ),
            "statistic": ipywidgets.Dropdown(options=statistics, description="score"),
            "layer": ipywidgets.Dropdown(options=layers, value=layers[-1], description="layer"),
        }
        super().__init__(controls, draw, idle=lambda values: {OTHER[values["rule"]]})


class CalibrationSlider(Skin):
    """Calibrate one layer on two sets of training images and see how far the two agree on the living units to remove.

    Raises:
        CourseError: if the model has no layer of that name with units that can be pruned.
    """

    def __init__(self, model: nn.Module, bench: Bench, layer: str) -> None:
        groups = {group.name: group for group in units.groups(model, bench.example)}
        if layer not in groups:
            raise CourseError(
                f"layer {layer!r} was given; the layers with units that can be pruned are {', '.join(groups)}."
            )
        group = groups[layer]
        largest = min(1024, len(bench.train) // 2)
        means = recording.per_image(model, bench, group, 2 * largest, seed=0)
        living = (means != 0).any(0)
        means, dead = means[:, living], int((~living).sum())

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            images = min(2 ** values["images"], largest)
            left, right = means[:images].mean(0), means[largest : largest + images].mean(0)
            picture = figures.subsets(left, right, values["share"], images, dead)
            return (
                picture,
                f"{images} images in each set; the lowest {values['share']:.0%} of {group.size - dead} living units go",
            )

        controls = {
            "images": ipywidgets.IntSlider(value=4, min=0, max=10, description="images: 2 to the power of"),
            "share": ipywidgets.FloatSlider(
                value=0.3, min=0.05, max=0.9, step=0.05, description="units gone", readout_format=".0%"
            ),
        }
        super().__init__(controls, draw)
