"""Sliders that move without a kernel: the picture of every position is drawn when the site is built."""

from __future__ import annotations

import html
import io
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from course_lib.authoring.site import measured
from course_lib.files import replacing, write_text
from course_lib.teaching import figures, widgets
from course_lib.teaching.boards.filters import FilterBoard
from course_lib.teaching.boards.weights import WeightBoard
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.widgets.frontier import affordable, preferred

COLOURS = 128  # of a frame; more cannot be told from it
SAME_NET = "Measured on a network of the lesson's kind, committed in results/extensions."
STUDY = Path("results") / "cifar10" / "table.csv"
OF_STUDY = "The points are those of the study results/cifar10."


@dataclass(frozen=True)
class Control:
    """One control of a slider on a page. values: passed on. labels: how each is written. start: the first position."""

    name: str
    values: Sequence[Any]
    labels: Sequence[str]
    start: int
    choice: bool = False  # a few words to choose from, instead of a range


@dataclass(frozen=True)
class Moving:
    """A slider of a page: its controls, and the picture and the readout of a position (a value of each control)."""

    controls: Sequence[Control]
    draw: Callable[..., tuple[Picture, str]]
    note: str = ""

    def positions(self) -> list[tuple[int, ...]]:
        """Return all positions, the last control's moving fastest."""
        return list(itertools.product(*(range(len(control.values)) for control in self.controls)))


def movings(root: Path) -> dict[str, Callable[[], Moving]]:
    """Return name of a slider in a lesson's code -> what moves in its place."""
    return {
        "WeightSlider": lambda: _weights(root),
        "SparsitySlider": lambda: _filters(root),
        "ScheduleSlider": _schedule,
        "FormatSlider": _formats,
        "IndexSlider": _index,
        "PreferenceSlider": lambda: _preference(root),
        "BudgetSlider": lambda: _budget(root),
    }


def write(make: Callable[[], Moving], name: str, folder: Path, newest: float) -> str:
    """Draw every position into folder/name/ and return the HTML that moves through them.

    Without JavaScript the first position stands there as a still picture. What an earlier call drew is kept if it is younger
    than `newest`, the time at which anything that is drawn from was last changed.
    """
    done = folder / name / "moving.fragment"  # written last: what is half drawn is drawn again
    if done.exists() and done.stat().st_mtime > newest:
        return done.read_text(encoding="utf-8")
    moving = make()
    readouts, first = [], "-".join(str(control.start) for control in moving.controls)
    size, alt = (0, 0), ""
    for position in moving.positions():
        picture, readout = moving.draw(*(control.values[k] for control, k in zip(moving.controls, position, strict=True)))
        key = "-".join(map(str, position))
        size = _save(picture, folder / name / f"{key}.png")
        alt = picture.alt if key == first else alt
        readouts.append(readout)
    data = {
        "folder": f"{folder.name}/{name}",
        "controls": [
            {"name": c.name, "labels": list(c.labels), "start": c.start, "choice": c.choice} for c in moving.controls
        ],
        "readouts": readouts,
    }
    told = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    note = f'<p class="moving-note">{html.escape(moving.note)}</p>' if moving.note else ""
    shown = (
        f'<div class="moving"><script type="application/json">{told}</script>'
        f'<div class="wide"><img loading="lazy" width="{size[0]}" height="{size[1]}" src="{folder.name}/{name}/{first}.png" '
        f'alt="{html.escape(alt, quote=True)}"></div>{note}</div>'
    )
    write_text(done, shown)
    return shown


def newest(root: Path) -> float:
    """Return when anything that the frames are drawn from was last changed."""
    sources = [*(root / "course_lib").rglob("*.py"), root / measured.FILE, root / STUDY]
    return max(path.stat().st_mtime for path in sources)


def _save(picture: Picture, target: Path) -> tuple[int, int]:
    """Write a frame with few colours, a quarter of the bytes, and return its size."""
    frame = Image.open(io.BytesIO(picture.png())).convert("RGB")
    with replacing(target) as part:
        frame.quantize(COLOURS, dither=Image.Dither.NONE).save(part, format="PNG", optimize=True)
    return frame.size


def _share(name: str, shares: Sequence[float], start: float) -> Control:
    return Control(name, shares, [f"{share:.0%}" for share in shares], list(shares).index(start))


def _choice(name: str, options: Mapping[str, Any]) -> Control:
    return Control(name, list(options.values()), list(options), 0, choice=True)


def _weights(root: Path) -> Moving:
    known, (model, bench) = measured.read(root), measured.network(root)
    board = WeightBoard.of(model, bench)
    board.trial = measured.Known(**vars(board.trial))
    sparsity = {(rule, s): board.masks(s, rule).sparsity for rule in measured.RULES for s in measured.WEIGHTS}

    def draw(share: float, rule: str) -> tuple[Picture, str]:
        trail = tuple((sparsity[rule, s], known["weights"][rule][f"{s:g}"]) for s in measured.WEIGHTS)
        state = replace(board.at(share, rule, trail=trail), accuracy=known["weights"][rule][f"{share:g}"], n=known["images"])
        return figures.weight_board(state), str(state)

    rules = {"smallest of all": "global", "same share per layer": "layer", "at random": "lot"}
    return Moving([_share("weights gone", measured.WEIGHTS, 0.9), _choice("who goes", rules)], draw, SAME_NET)


def _filters(root: Path) -> Moving:
    known, (model, bench) = measured.read(root), measured.network(root)
    board = FilterBoard.of(model, bench)
    board.trial = measured.Known(**vars(board.trial))
    sparsity = {(scope, s): board.masks(s, scope).sparsity for scope in measured.SCOPES for s in measured.FILTERS}

    def draw(share: float, scope: str) -> tuple[Picture, str]:
        trail = tuple((sparsity[scope, s], known["filters"][scope][f"{s:g}"]) for s in measured.FILTERS)
        state = replace(
            board.at(share, scope, trail=trail), accuracy=known["filters"][scope][f"{share:g}"], n=known["images"]
        )
        return figures.sparsity_board(state), str(state)

    scopes = {"per layer": "layer", "global": "global"}
    return Moving([_share("filters gone", measured.FILTERS, 0.3), _choice("ranked", scopes)], draw, SAME_NET)


def _of(skin: widgets.Skin, **names: str) -> Callable[..., tuple[Picture, str]]:
    """Return a slider's own drawing as a function of the named controls; the others stay where they start."""

    def draw(*values: Any) -> tuple[Picture, str]:
        return skin.draw(skin.values | dict(zip(names, values, strict=True)), True)

    return draw


def _schedule() -> Moving:
    exponents = [1.0, 2.0, 3.0, 4.0, 5.0]
    controls = [
        _share("final", [0.5, 0.8, 0.95], 0.8),
        Control("rounds", [3, 10, 20], ["3", "10", "20"], 1),
        Control("exponent", exponents, [f"{e:g}" for e in exponents], 2),
    ]
    return Moving(controls, _of(widgets.ScheduleSlider(), final="", rounds="", exponent=""))


def _formats() -> Moving:
    densities = [0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0]
    controls = [
        _share("density", densities, 0.1),
        _choice("bits a value", {"32": 32, "16": 16, "8": 8}),
        _choice("bits an index", {"32": 32, "16": 16}),
    ]
    return Moving(controls, _of(widgets.FormatSlider(), density="", value="", index=""))


def _index() -> Moving:
    skin = widgets.IndexSlider()
    shapes = [0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    norms = {f"p = {p:g}, q = {q:g}": (p, q) for p, q in ((0.5, 1), (1, 2), (0.1, 1), (0.5, 2), (1, 4))}

    def draw(pair: tuple[float, float], shape: float) -> tuple[Picture, str]:
        return skin.draw({"p": pair[0], "q": pair[1], "shape": shape}, True)

    return Moving([_choice("norms", norms), Control("shape", shapes, [f"{s:g}" for s in shapes], 3)], draw)


def _table(root: Path) -> pd.DataFrame:
    return pd.read_csv(root / STUDY)


def _preference(root: Path) -> Moving:
    table = _table(root)
    weights = [k / 20 for k in range(21)]

    def draw(weight: float, floor: float) -> tuple[Picture, str]:
        state = preferred(table, weight, floor)
        return figures.choice_board(state), str(state)

    return Moving(
        [_share("weight of accuracy", weights, 0.5), _choice("accuracy floor", {"0.6": 0.6, "none": 0.0})],
        draw,
        OF_STUDY,
    )


def _budget(root: Path) -> Moving:
    table = _table(root)
    shares = [round(10 ** (k / 10), 4) for k in range(-20, 1)]

    def draw(size: str, share: float) -> tuple[Picture, str]:
        state = affordable(table, size, share, 0.6)
        return figures.choice_board(state), str(state)

    sizes = {"kept parameters": "kept_parameters", "MACs": "macs"}
    budget = Control("budget, share of dense", shares, [f"{share:.1%}" for share in shares], 13)
    return Moving([_choice("size", sizes), budget], draw, OF_STUDY)
