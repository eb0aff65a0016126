"""Lesson 07: a share that is cut out, and a limit of bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets

from course_lib.teaching import figures
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.figures.shipping import KIB, ShareState, ShipState, Way
from course_lib.teaching.widgets.skin import Skin


class ShareSlider(Skin):
    """See what is left of arithmetic, bytes and time when a share of all filters and neurons is cut out.

    measured: label -> (share cut, share left), measured before.
    """

    def __init__(self, measured: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            state = ShareState(values["share"], measured)
            return figures.share_board(state), str(state)

        last = max((share for rows in measured.values() for share, _ in rows), default=0.9)
        controls = {"share": ipywidgets.FloatSlider(value=0.5, min=0, max=last, step=0.01, description="share cut out")}
        super().__init__(controls, draw)


class ShipSlider(Skin):
    """Move the limit of bytes and see which ways to ship are within it, and how long they take at a batch size."""

    def __init__(self, ways: Sequence[Way]) -> None:
        batches = sorted({batch for way in ways for batch in way.ms})

        def draw(values: dict[str, Any], rested: bool) -> tuple[Picture, str]:
            state = ShipState(ways, values["limit"] * KIB, values["batch"])
            return figures.ship_board(state), str(state)

        controls = {
            "limit": ipywidgets.IntSlider(value=256, min=32, max=4096, step=32, description="limit, KB"),
            "batch": ipywidgets.ToggleButtons(options=batches, description="images at once", tooltip="images at once"),
        }
        super().__init__(controls, draw)
