"""A figure that shows itself in a notebook and says in words what it shows."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from course_lib.pareto.looks import COLOURS, DASHES, MARKERS

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

KEPT, GONE, INK, FAINT = "#0072B2", "#D55E00", "#222222", "#BBBBBB"  # Okabe and Ito's blue and vermilion
SAID = "#A84300"  # the vermilion of words: that of areas is too light on white to be read
HATCH = "////"  # what is gone is hatched or crossed as well: colour is never the only cue
PAPER: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # behind words on lines and among points
ON_HATCH: dict[str, Any] = {"color": INK, "bbox": {**PAPER, "pad": 1.2}}  # of words
STYLE: dict[RcKeyType, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "hatch.color": "white",
    "hatch.linewidth": 1.2,
}
styled = matplotlib.rc_context(STYLE)  # of each function that draws: titles, hatches and more look as they are set then
DPI = 90  # what a page calls a pixel; a picture has two dots for each, unless it moves
# Inches, of all charts. Beside an open table of contents a picture is shown as it was drawn, and its text as large. A row of
# tiles is as wide as its tiles are many, and no wider than this.
WIDTH = 10.0
MARGIN = 0.06  # inches, of a card around all that is drawn


class Picture(Figure):
    """A matplotlib figure with `alt`, the words for readers who cannot see it. It needs no pyplot.

    JupyterLab gives an image/png output no alternative text, so the picture is shown as HTML.

    In every theme it is a white card with round corners and a margin of its own. Ink that can be read on white and on a dark
    page alike does not exist: 4.5 to 1 asks for a luminance of at most 0.18 on the one and at least 0.20 on the other. And a
    file knows no theme: JupyterLab, VS Code, GitHub and a site each have their own.
    """

    alt: str = ""

    def png(self, sharp: bool = True) -> bytes:
        """Return the figure as a PNG: two dots a pixel and 256 colours, or, drawn faster, one dot and all colours."""
        buffer = io.BytesIO()
        told = {"Description": self.alt, "Software": None}
        with matplotlib.rc_context(STYLE):
            level = {"compress_level": 0 if sharp else 1}
            self.savefig(buffer, format="png", dpi=DPI * (1 + sharp), metadata=told, pil_kwargs=level)
        return _few_colours(buffer, self.alt) if sharp else buffer.getvalue()

    def html(self, sharp: bool = True) -> str:
        """Return the figure as an HTML image with its alternative text, of the size that it was drawn for."""
        data = base64.b64encode(self.png(sharp)).decode()
        width, height = (round(inches * DPI) for inches in self.get_size_inches())
        return (
            f'<img width="{width}" height="{height}" style="max-width: 100%; height: auto; border-radius: 8px" '
            f'alt="{html.escape(self.alt, quote=True)}" src="data:image/png;base64,{data}">'
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.alt}


def _few_colours(png: io.BytesIO, alt: str) -> bytes:
    """Return a PNG with 256 colours at most, a third of its size."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    told, buffer = PngInfo(), io.BytesIO()
    told.add_text("Description", alt.encode("latin-1", "replace"))
    # Of the ways to choose colours this one keeps white white, and what is nearly white apart from it.
    few = Image.open(png).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(buffer, "png", pnginfo=told)
    return buffer.getvalue()


def canvas(
    height: float, rows: int = 1, columns: int = 1, width: float = WIDTH, **options: Any
) -> tuple[Picture, np.ndarray]:
    """Return a picture of `width` (at most `WIDTH`) x `height` inches and its (rows, columns) array of axes."""
    width = min(width, WIDTH)
    inner = (MARGIN / width, MARGIN / height, 1 - 2 * MARGIN / width, 1 - 2 * MARGIN / height)
    picture = Picture(figsize=(width, height), dpi=DPI, layout=ConstrainedLayoutEngine(rect=inner))
    return picture, picture.subplots(rows, columns, squeeze=False, **options)


def single(height: float) -> tuple[Picture, Axes]:
    """Return a picture of `height` inches and the one pair of axes in it."""
    picture, axes = canvas(height)
    return picture, axes[0, 0]


def tile(axis: Axes) -> None:
    """Leave of an axis nothing but the picture in it."""
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


@contextmanager
def placed(height: float, *places: tuple[float, float, float, float]) -> Iterator[tuple[Picture, list[Axes]]]:
    """Yield a picture with axes at `places` (left, bottom, width, height as shares), to be drawn in the lessons' style.

    The boards place their axes by hand: matplotlib's layout engines take longer than all the drawing, and a slider waits.
    """
    with matplotlib.rc_context(STYLE):
        picture = Picture(figsize=(WIDTH, height), dpi=DPI)
        yield picture, [picture.add_axes(place) for place in places]


def curve_look(number: int) -> dict[str, Any]:
    """Return colour, dash and marker of a figure's curve `number`, from 0, as keywords of `Axes.plot`."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "ls": DASHES[number % len(DASHES)],
        "marker": MARKERS[number % len(MARKERS)],
    }
