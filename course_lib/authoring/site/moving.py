"""Sliders that move without a kernel: the picture of every position is drawn when the site is built."""

from __future__ import annotations

import html
import io
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from tqdm import tqdm

from course_lib.files import replacing, write_text
from course_lib.teaching.figures.picture import DPI, Picture

COLOURS = 128  # of a frame; more cannot be told from it


@dataclass(frozen=True)
class Control:
    """One control of a slider on a page.

    values: passed on. labels: how each is written. start: the first position. choice: a few words to choose from, instead of
    a range. only: (another control's name, its positions at which this one does anything); None: at all of them.
    """

    name: str
    values: Sequence[Any]
    labels: Sequence[str]
    start: int
    choice: bool = False
    only: tuple[str, Sequence[int]] | None = None


@dataclass(frozen=True)
class Moving:
    """A slider of a page: its controls, and the picture and the readout of a position (a value of each control)."""

    controls: Sequence[Control]
    draw: Callable[..., tuple[Picture, str]]
    note: str = ""

    def positions(self) -> list[tuple[int, ...]]:
        """Return all positions, the last control's moving fastest; a control that does nothing there stays at its start."""
        names = [control.name for control in self.controls]

        def counts(position: tuple[int, ...]) -> bool:
            return all(
                control.only is None or position[names.index(control.only[0])] in control.only[1] or place == control.start
                for control, place in zip(self.controls, position, strict=True)
            )

        return list(filter(counts, itertools.product(*(range(len(control.values)) for control in self.controls))))

    def told(self) -> list[dict[str, Any]]:
        """Return the controls as the page's script reads them."""
        names = [control.name for control in self.controls]
        return [
            {"name": c.name, "labels": list(c.labels), "start": c.start, "choice": c.choice}
            | ({"only": [names.index(c.only[0]), list(c.only[1])]} if c.only else {})
            for c in self.controls
        ]


def write(make: Callable[[], Moving], name: str, folder: Path, newest: float) -> str:
    """Draw every position into folder/name/ and return the HTML that moves through them.

    Without JavaScript the first position stands there as a still picture. What an earlier call drew is kept if it is younger
    than `newest`, the time at which anything that is drawn from was last changed.
    """
    done = folder / name / "moving.fragment"  # written last: what is half drawn is drawn again
    if done.exists() and done.stat().st_mtime > newest:
        return done.read_text(encoding="utf-8")
    moving = make()
    readouts, first = {}, "-".join(str(control.start) for control in moving.controls)
    size, alt = (0, 0), ""
    for position in tqdm(moving.positions(), desc=name, leave=False):
        picture, readout = moving.draw(*(control.values[k] for control, k in zip(moving.controls, position, strict=True)))
        key = "-".join(map(str, position))
        size = _save(picture, folder / name / f"{key}.png")
        alt = picture.alt if key == first else alt
        readouts[key] = readout
    data = {"folder": f"{folder.name}/{name}", "controls": moving.told(), "readouts": readouts}
    told = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    note = f'<p class="moving-note">{html.escape(moving.note)}</p>' if moving.note else ""
    shown = (
        f'<div class="moving"><script type="application/json">{told}</script>'
        f'<div class="wide"><img loading="lazy" width="{size[0]}" height="{size[1]}" src="{folder.name}/{name}/{first}.png" '
        f'alt="{html.escape(alt, quote=True)}"></div>{note}</div>'
    )
    write_text(done, shown)
    return shown


def _save(picture: Picture, target: Path) -> tuple[int, int]:
    """Write a frame with few colours, a quarter of the bytes, and return its size as a page counts it."""
    frame = Image.open(io.BytesIO(picture.png())).convert("RGB")
    with replacing(target) as part:
        frame.quantize(COLOURS, dither=Image.Dither.NONE).save(part, format="PNG", optimize=True)
    width, height = (round(inches * DPI) for inches in picture.get_size_inches())
    return width, height
