"""The skin that all sliders share: controls above a picture."""

from __future__ import annotations

import asyncio
import gc
import html
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets

from course_lib.teaching.figures.picture import GONE, Picture

Draw = Callable[[dict[str, Any], bool], tuple[Picture, str]]

PAUSE, REST = 0.03, 0.5  # seconds: until a position is drawn, and until the slider counts as resting


class Skin(ipywidgets.VBox):
    """Controls above a picture.

    The last position wins: a change is only noted, and `PAUSE` later whatever the controls say then is drawn. Where no
    event loop runs, it is drawn at once. An error is shown in words, and kept in `error`.

    Args:
        controls: name -> ipywidget with a value.
        draw: (values of the controls, rested) -> (picture, readout); `rested` is true when nothing has moved for `REST`.
        rests: whether a resting slider is drawn once more.

    Attributes:
        picture: the last one drawn. error: what went wrong at the last position, or None.

    Raises:
        Exception: what `draw` raises at the first position.
    """

    picture: Picture

    def __init__(
        self,
        controls: Mapping[str, ipywidgets.Widget],
        draw: Draw,
        rests: bool = False,
    ) -> None:
        self.controls, self.draw, self.rests = dict(controls), draw, rests
        self.error: Exception | None = None
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
        bar = ipywidgets.HBox([*controls.values(), reset], layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__([bar, self._readout, self._image])
        self._show(rested=True)
        if self.error is not None:
            raise self.error

    @property
    def values(self) -> dict[str, Any]:
        """The present value of each control."""
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
            message = html.escape(f"{type(error).__name__}: {error}")
            self._readout.value = f'<span role="alert" style="color: {GONE}"><b>Error</b> {message}</span>'

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        # For readers without a kernel (GitHub, papermill's output): front ends with widgets prefer the live view.
        return bundle | {"text/html": self.picture.html(), "text/plain": self.picture.alt}
