"""A figure that shows itself in a notebook and says in words what it shows."""

from __future__ import annotations

import base64
import html
import io
from typing import Any

import matplotlib
from matplotlib.figure import Figure

KEPT, GONE, INK, FAINT = "#0072B2", "#D55E00", "#222222", "#BBBBBB"  # Okabe and Ito's blue and vermilion
HATCH = "////"  # what is gone is hatched or crossed as well: colour is never the only cue
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "hatch.color": "white",
    "hatch.linewidth": 1.2,
}
DPI = 90


class Picture(Figure):
    """A matplotlib figure with `alt`, the words for readers who cannot see it. It needs no pyplot.

    JupyterLab gives an image/png output no alternative text, so the picture is shown as HTML.
    """

    alt: str = ""

    def png(self) -> bytes:
        """Return the figure as a PNG."""
        buffer = io.BytesIO()
        with matplotlib.rc_context(STYLE):
            self.savefig(
                buffer,
                format="png",
                dpi=DPI,
                metadata={"Description": self.alt, "Software": None},
                pil_kwargs={"compress_level": 1},
            )
        return buffer.getvalue()

    def html(self) -> str:
        """Return the figure as an HTML image with its alternative text."""
        data = base64.b64encode(self.png()).decode()
        return f'<img style="max-width: 100%" alt="{html.escape(self.alt, quote=True)}" src="data:image/png;base64,{data}">'

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.alt}


def canvas(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Picture, Any]:
    """Return a picture of `width` x `height` inches and its (rows, columns) array of axes."""
    with matplotlib.rc_context(STYLE):
        picture = Picture(figsize=(width, height), dpi=DPI, layout="constrained")
        return picture, picture.subplots(rows, columns, squeeze=False, **options)
