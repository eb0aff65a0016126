"""The skin that all sliders share: controls above a picture."""

from __future__ import annotations

import asyncio
import gc
import html
import threading
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from course_lib.errors import CourseError
from course_lib.notebook import give_back
from course_lib.teaching.figures.picture import GONE, Picture
from course_lib.teaching.widgets.page import RUN, still

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

Draw = Callable[[dict[str, Any], bool], tuple[Picture, str]]

PAUSE, REST = 0.03, 0.5  # seconds: until a position is drawn, and until the slider counts as resting
WIDTH = "280px"  # of a slider with its value: three in a row beside an open table of contents, and a track of 190 pixels
VIEW = "application/vnd.jupyter.widget-view+json"
DRAWING = threading.RLock()  # JupyterLab may have a kernel read a widget's messages in several threads; matplotlib knows one


class First(ipywidgets.Widget):
    """A first position, for the page to know."""

    value = traitlets.Any().tag(sync=True)


class Skin(ipywidgets.VBox):
    """Controls above a picture.

    The last position wins: a change is only noted, and `PAUSE` later whatever the controls say then is drawn. Where no
    event loop runs, it is drawn at once. An error is shown in words above the greyed picture, and kept in `error`.

    A saved notebook keeps the picture of the last position at which the slider rested, for readers without a kernel.

    Args:
        controls: name -> ipywidget with a value.
        draw: (values of the controls, rested) -> (picture, readout); `rested` is true when nothing has moved for `REST`.
        rests: whether a resting slider is drawn once more.
        idle: values of the controls -> the names of those that do nothing at this position; they are disabled.

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
        idle: Callable[[dict[str, Any]], Collection[str]] = lambda values: (),
    ) -> None:
        self.controls, self.draw, self.rests, self.idle = dict(controls), draw, rests, idle
        self.error: Exception | None = None
        self._start = {name: control.value for name, control in controls.items()}
        self._firsts = [(First(value=getattr(*at)), at) for at in map(_at, controls.values())]
        self._links: list[ipywidgets.Widget] = []
        self._timer: asyncio.TimerHandle | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._still: DisplayHandle | None = None
        self._readout, self._image = ipywidgets.HTML(), ipywidgets.HTML()
        self._readout.add_class("course-readout")
        self._image.add_class("course-picture")
        reset = ipywidgets.Button(description="reset", tooltip="back to the first position", icon="undo")
        reset.layout.align_self = "flex-end"
        reset.on_click(lambda _: self._pressed())
        for control in controls.values():
            lay_out(control)
            control.observe(lambda _: self._changed(), "value")
        # What is loaded by now lives as long as the session. Each full collection would look through all of it, torch
        # and matplotlib included, for 0.2 s, and a moving slider makes enough garbage to start one again and again.
        gc.collect()
        gc.freeze()
        row = ipywidgets.Layout(flex_flow="row wrap", grid_gap="4px 16px", overflow="visible", margin="0 0 4px")
        bar = ipywidgets.HBox([*controls.values(), reset], layout=row)
        bar.add_class("course-controls")
        super().__init__([bar, self._readout, self._image])
        self.add_class("course-skin")
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

    def _pressed(self) -> None:
        # The page moves the controls as soon as it knows of these links. While the kernel has not answered to a move, a page
        # keeps the moves after it back and then sends the last position alone: that of a drag would come after this press.
        self._links += [ipywidgets.jsdlink((first, "value"), target) for first, target in self._firsts]

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
        self._rest = loop.call_later(REST, self._settle)

    def _settle(self) -> None:
        while self._links:
            self._links.pop().close()  # a page that is loaded again would follow them again
        if self.rests:
            self._show(rested=True)
            give_back()  # what looking at all images took
            return
        with DRAWING:
            if self.error is None:
                self._sharpen()

    def _show(self, rested: bool) -> None:
        with DRAWING:
            self._draw(rested)

    def _draw(self, rested: bool) -> None:
        idle = self.idle(self.values)
        for name, control in self.controls.items():
            control.disabled = name in idle
        try:
            self.picture, readout = self.draw(self.values, rested)
            self.error = None
        except Exception as error:  # a callback's exception would disappear in a log that nobody reads
            self._say(error)
            return
        self._image.remove_class("course-stale")
        self._readout.value = html.escape(readout)
        if rested:
            self._sharpen()
        else:
            self._image.value = self.picture.html(sharp=False)

    def _say(self, error: Exception) -> None:
        self.error = error
        self._image.add_class("course-stale")
        if isinstance(error, CourseError):  # a position that cannot be, in words that a student is meant to read
            message = html.escape(f"{error} (The grey picture is that of the position before.)")
        else:
            message = f"<b>Error</b> {html.escape(f'{type(error).__name__}: {error}')}"
        # Words in the page's own ink, which is read in every theme.
        self._readout.value = f'<div role="alert" style="border-left: 4px solid {GONE}; padding-left: 0.5em">{message}</div>'

    def _sharpen(self) -> None:
        self._image.value = self.picture.html()
        if self._still is not None:
            self._still.update(self._as_still(), raw=True)

    def _as_still(self) -> dict[str, str]:
        return {"text/html": still(self._image.value, self._readout.value), "text/plain": self.picture.alt}

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        return bundle | {"text/html": self.picture.html(), "text/plain": self.picture.alt}

    def _ipython_display_(self) -> None:
        # Two outputs: in a notebook that is opened again, JupyterLab shows an error in place of a widget whose kernel is
        # gone, whatever else that output holds.
        from IPython.display import DisplayHandle, display

        display({VIEW: super()._repr_mimebundle_()[VIEW], "text/plain": RUN}, raw=True)
        self._still = DisplayHandle()
        self._still.display(self._as_still(), raw=True)


def _at(control: ipywidgets.Widget) -> tuple[ipywidgets.Widget, str]:
    """Return the control and the name of what the page moves of it."""
    return control, "index" if control.has_trait("index") else "value"


def lay_out(control: ipywidgets.Widget) -> None:
    """Give a control its label above and the width that all have; its name is what a screen reader says, too."""
    wide = isinstance(control, ipywidgets.ToggleButtons)
    control.style = {"description_width": "100%"} | ({"button_width": "auto"} if wide else {})
    control.layout = ipywidgets.Layout(
        flex_flow="row wrap",
        width="auto" if wide else WIDTH,
        max_width="100%",
        height="auto",
        overflow="visible",
        margin="0",
    )
