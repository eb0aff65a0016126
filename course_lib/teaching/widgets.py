"""Sliders: thin skins over pure functions. What is shown is a `Picture`; what it shows is decided elsewhere."""

from __future__ import annotations

import asyncio
import gc
import html
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets
import torch
from torch import Tensor, nn

from course_lib.data import Bench
from course_lib.errors import CourseError
from course_lib.pruning import pq_index, recording, units
from course_lib.teaching import figures
from course_lib.teaching.board import STATISTICS, Board, ThresholdBoard
from course_lib.teaching.exercises.attempts import MEASURES
from course_lib.teaching.figures.index import IndexState, SurvivorState
from course_lib.teaching.figures.picture import GONE, Picture

PAUSE, REST = 0.03, 0.5  # seconds: until a position is drawn, and until the slider counts as resting


class Skin(ipywidgets.VBox):
    """Controls above a picture.

    The last position wins: a change is only noted, and `PAUSE` later whatever the controls say then is drawn. Where no
    event loop runs, it is drawn at once. An error is shown in words, and kept in `error`.

    Args:
        controls: name -> ipywidget with a value.
        draw: (values of the controls, rested) -> (picture, readout); `rested` is true when nothing has moved for `REST`.
        rests: whether a resting slider is drawn once more.
    """

    def __init__(
        self,
        controls: Mapping[str, ipywidgets.Widget],
        draw: Callable[[dict[str, Any], bool], tuple[Picture, str]],
        rests: bool = False,
    ) -> None:
        self.controls, self.draw, self.rests = dict(controls), draw, rests
        self.error: Exception | None = None
        self.picture: Picture | None = None
        self._start = {name: control.value for name, control in controls.items()}
        self._timer: asyncio.TimerHandle | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._readout, self._image = ipywidgets.HTML(), ipywidgets.HTML()
        reset = ipywidgets.Button(description="reset", tooltip="back to the first position", icon="undo")
        reset.on_click(lambda _: self.reset())
        for control in controls.values():
            control.style = {"description_width": "initial"}
            control.observe(lambda _: self._changed(), "value")
        # What is loaded by now lives as long as the session. Each full collection would look through all of it, torch
        # and matplotlib included, for 0.2 s, and a moving slider makes enough garbage to start one again and again.
        gc.collect()
        gc.freeze()
        super().__init__([ipywidgets.HBox([*controls.values(), reset]), self._readout, self._image])
        self._show(rested=True)
        if self.error is not None:
            raise self.error

    @property
    def values(self) -> dict[str, Any]:
        """What the controls say now."""
        return {name: control.value for name, control in self.controls.items()}

    def reset(self) -> None:
        """Go back to the first position."""
        for name, value in self._start.items():
            self.controls[name].value = value

    def _changed(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._show(rested=True)
            return
        self._readout.value = "<i>working ...</i>"
        if self._rest is not None:
            self._rest.cancel()
        if self._timer is None:  # else a drawing is due, and will read the controls then
            self._timer = loop.call_later(PAUSE, self._due, loop)

    def _due(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self._show(rested=False)
        if self.rests:
            self._rest = loop.call_later(REST, self._show, True)

    def _show(self, rested: bool) -> None:
        try:
            self.picture, readout = self.draw(self.values, rested)
            self._image.value, self._readout.value = self.picture.html(), html.escape(readout)
            self.error = None
        except Exception as error:  # a callback's exception would disappear in a log that nobody reads
            self.error = error
            told = html.escape(f"{type(error).__name__}: {error}")
            self._readout.value = f'<span role="alert" style="color: {GONE}"><b>Error</b> {told}</span>'

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        # For readers without a kernel (GitHub, papermill's output): front ends with widgets prefer the live view.
        return bundle | {"text/html": self.picture.html(), "text/plain": self.picture.alt}


def SparsitySlider(model: nn.Module, bench: Bench) -> Skin:
    """Take filters from `model` by their L1 norm and see accuracy, scores and survivors; the model stays as it is."""
    board = Board.of(model, bench)
    visited: dict[str, dict[float, float]] = {"layer": {}, "global": {}}

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
    return Skin(controls, draw, rests=True)


def ScheduleSlider() -> Skin:
    """See how final sparsity, number of rounds and exponent shape a schedule: 1 is linear, 3 cubic."""

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
        return picture, f"{final:.0%} after {n} rounds; the first takes {bites[1]:.1%}, the last {bites[-1]:.1%}"

    controls = {
        "final": ipywidgets.FloatSlider(value=0.8, min=0.1, max=0.95, step=0.05, description="final", readout_format=".0%"),
        "rounds": ipywidgets.IntSlider(value=10, min=1, max=20, description="rounds"),
        "exponent": ipywidgets.FloatSlider(value=3, min=1, max=5, step=0.5, description="exponent", readout_format=".1f"),
    }
    return Skin(controls, draw)


def ThresholdSlider(model: nn.Module, bench: Bench) -> Skin:
    """Move a threshold on activations and see which units of which layers go; the model stays as it is."""
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
        "deviations": ipywidgets.FloatSlider(value=0.5, min=-1, max=3, step=0.05, description="deviations below the mean"),
        "statistic": ipywidgets.Dropdown(options=statistics, description="score"),
        "layer": ipywidgets.Dropdown(options=layers, value=layers[-1], description="layer"),
    }
    return Skin(controls, draw)


def CalibrationSlider(model: nn.Module, bench: Bench, layer: str) -> Skin:
    """Calibrate one layer on two sets of training images and see how far the units they would remove agree."""
    group = next(group for group in units.groups(model, bench.example) if group.name == layer)
    largest = min(1024, len(bench.train) // 2)
    means = recording.per_image(model, bench, group, 2 * largest, seed=0)

    def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
        images = min(2 ** values["images"], largest)
        one, other = means[:images].mean(0), means[largest : largest + images].mean(0)
        picture = figures.subsets(one, other, values["share"], images)
        return picture, f"{images} images in each set; the lowest {values['share']:.0%} of {group.size} units go"

    controls = {
        "images": ipywidgets.IntSlider(value=4, min=0, max=10, description="images: 2 to the power of"),
        "share": ipywidgets.FloatSlider(
            value=0.3, min=0.05, max=0.9, step=0.05, description="units gone", readout_format=".0%"
        ),
    }
    return Skin(controls, draw)


def IndexSlider() -> Skin:
    """See how the PQ index of a vector depends on p, q and how unequal its entries are."""
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
    return Skin(controls, draw)


def SurvivorSlider(weights: Tensor, p: float = 0.5, q: float = 1.0) -> Skin:
    """Prune the smallest of a layer's weights and see the index of what is left, and what the zeros would make of it."""
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

    share = ipywidgets.FloatSlider(value=0.3, min=0, max=0.95, step=0.05, description="weights gone", readout_format=".0%")
    return Skin({"share": share}, draw)
