"""What moves in the place of each slider of the lessons: a coarser grid of its positions, and from what they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from course_lib.authoring.site import explorer, kept, measured
from course_lib.authoring.site.moving import Control, Moving
from course_lib.teaching import figures, widgets
from course_lib.teaching.boards.filters import FilterBoard
from course_lib.teaching.boards.thresholds import STATISTICS
from course_lib.teaching.boards.weights import WeightBoard
from course_lib.teaching.figures.picture import Picture
from course_lib.teaching.widgets.frontier import affordable, preferred

SAME_NET = "Measured on a network of the lesson's kind, committed in results/extensions."
PAPERS_NET = "The weights are those of a network of the lesson's kind, committed in results/pace."
OF_RUN = "Measured in a run of this lesson."
STUDY = Path("results") / "cifar10" / "table.csv"
OF_STUDY = "The points are those of the study results/cifar10."
ROOMS = ("teaching", "pareto", "pruning", "network", "axes", "data", "authoring/site")  # what decides how a frame looks


def movings(root: Path) -> dict[str, Callable[[], Moving]]:
    """Return name of a slider in a lesson's code -> what moves in its place. The explorer counts for itself: explorer.js."""
    return {
        "AverageSlider": lambda: _averages(root),
        "WeightSlider": lambda: _weights(root),
        "FormatSlider": _formats,
        "TimingSlider": lambda: _timings(root),
        "LayerBudgetSlider": lambda: _layers(root),
        "ScheduleSlider": _schedule,
        "SparsitySlider": lambda: _filters(root),
        "ThresholdSlider": lambda: _thresholds(root),
        "CalibrationSlider": lambda: _calibration(root),
        "IndexSlider": _index,
        "SurvivorSlider": lambda: _survivors(root),
        "BoundSlider": lambda: _bound(root),
        "RoundSlider": lambda: _rounds(root),
        "SeedsSlider": lambda: _seeds(root),
        "PreferenceSlider": lambda: _preference(root),
        "BudgetSlider": lambda: _budget(root),
        "ShareSlider": lambda: _shares(root),
        "ShipSlider": lambda: _ways(root),
    }


def newest(root: Path) -> float:
    """Return when anything that the frames are drawn from was last changed."""
    sources = [
        *(path for room in ROOMS for path in (root / "course_lib" / room).rglob("*.py")),
        root / measured.FILE,
        root / STUDY,
        *(root / kept.FOLDER).glob("*.json"),
    ]
    return max(path.stat().st_mtime for path in sources)


def _share(name: str, shares: Sequence[float], start: float) -> Control:
    return _range(name, shares, start, "{:.0%}")


def _range(name: str, values: Sequence[float], start: float, form: str = "{:g}") -> Control:
    return Control(name, values, [form.format(value) for value in values], list(values).index(start))


def _choice(name: str, options: Mapping[str, Any], start: int = 0) -> Control:
    return Control(name, list(options.values()), list(options), start, choice=True)


def _of(skin: widgets.Skin, *names: str) -> Callable[..., tuple[Picture, str]]:
    """Return a slider's own drawing as a function of the named controls; the others stay where they start."""

    def draw(*values: Any) -> tuple[Picture, str]:
        return skin.draw(skin.values | dict(zip(names, values, strict=True)), True)

    return draw


def _averages(root: Path) -> Moving:
    shares = [k / 10 for k in range(11)]
    model, _ = measured.network(root)
    controls = [_share("convolutions", shares, 0.9), _share("hidden and head", shares, 0.0)]
    return Moving(controls, _of(widgets.AverageSlider(model), "convolutions", "linear"))


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


def _formats() -> Moving:
    controls = [
        _share("density", [0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0], 0.1),
        _choice("bits a value", {str(bits): bits for bits in (32, 16, 8, 4)}),
        _choice("bits an index", {str(bits): bits for bits in (32, 16, 8)}),
    ]
    return Moving(controls, _of(widgets.FormatSlider(), "density", "value", "index"))


def _timings(root: Path) -> Moving:
    skin = widgets.TimingSlider(kept.load(root, "TimingSlider"))
    controls = [_range("warm-up", [0, 1, 2, 5, 10, 20, 30], 0), _range("runs counted", [1, 2, 3, 5, 10, 20, 30, 60], 1)]
    return Moving(controls, _of(skin, "warmup", "runs"), OF_RUN)


def _layers(root: Path) -> Moving:
    """The notebook has a handle for each of six layers; here those that behave alike move together."""
    model, bench = measured.network(root)
    skin = widgets.LayerBudgetSlider(model, bench)
    names = [name for name in skin.values if name not in ("unit", "budget")]
    within = {"a tenth of the parameters": ("parameters", 0.1), "a third of the MACs": ("MACs", 0.33)}

    def draw(small: float, convolutions: float, hidden: float, budget: tuple[str, float]) -> tuple[Picture, str]:
        shares = {
            name: small if name in ("conv1", "head") else hidden if name == "hidden" else convolutions for name in names
        }
        return skin.draw({**shares, "unit": budget[0], "budget": budget[1]}, True)

    controls = [
        _share("conv1 and head gone", [0.0, 0.5, 0.7, 0.9], 0.9),
        _share("conv2 to conv4 gone", [0.5, 0.7, 0.8, 0.9], 0.9),
        _share("hidden gone", [0.7, 0.9, 0.95, 0.98], 0.9),
        _choice("budget", within),
    ]
    return Moving(controls, draw, f"In the notebook each layer has a handle of its own. {SAME_NET}")


def _schedule() -> Moving:
    controls = [
        _share("final", [0.5, 0.8, 0.95], 0.8),
        _range("rounds", [3, 10, 20], 10),
        _range("exponent", [1.0, 2.0, 3.0, 4.0, 5.0], 3.0),
    ]
    return Moving(controls, _of(widgets.ScheduleSlider(), "final", "rounds", "exponent"))


def _thresholds(root: Path) -> Moving:
    skin = widgets.ThresholdSlider(*measured.network(root))
    options = skin.controls["layer"].options
    layers = {name: name for name in (options[0], options[-2], options[-1])}
    fixed = _range("fixed at", [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5], 0.1)
    variable = _range("deviations below the mean", [-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0], 0.5)
    controls = [
        _choice("threshold", {"fixed": "fixed", "variable": "variable"}),
        replace(fixed, only=("threshold", [0])),
        replace(variable, only=("threshold", [1])),
        _choice("score", {words: name for name, (words, _) in STATISTICS.items()}),
        _choice("layer", layers, len(layers) - 1),
    ]
    return Moving(controls, _of(skin, "rule", "threshold", "deviations", "statistic", "layer"), SAME_NET)


def _calibration(root: Path) -> Moving:
    skin = widgets.CalibrationSlider(*measured.network(root), "hidden")
    powers = list(range(11))
    images = Control("images in each set", powers, [str(2**power) for power in powers], 4)
    return Moving(
        [images, _share("units gone", [0.1, 0.2, 0.3, 0.5, 0.7, 0.9], 0.3)], _of(skin, "images", "share"), SAME_NET
    )


def _index() -> Moving:
    skin = widgets.IndexSlider()
    shapes = [0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    norms = {f"p = {p:g}, q = {q:g}": (p, q) for p, q in ((0.5, 1), (1, 2), (0.1, 1), (0.5, 2), (1, 4))}

    def draw(pair: tuple[float, float], shape: float) -> tuple[Picture, str]:
        return skin.draw({"p": pair[0], "q": pair[1], "shape": shape}, True)

    return Moving([_choice("norms", norms), _range("shape", shapes, 1.0)], draw)


def _survivors(root: Path) -> Moving:
    model, _ = measured.network(root)
    skin = widgets.SurvivorSlider(model.get_parameter("hidden.weight"))
    return Moving([_share("weights gone", [round(0.05 * k, 2) for k in range(20)], 0.3)], _of(skin, "share"), SAME_NET)


def _bound(root: Path) -> Moving:
    weights = explorer.weights(root)
    controls = [
        _choice("weights", {name: name for name in weights}),
        _choice("(p, q)", {"(1, 2)": (1.0, 2.0), "(0.5, 1)": (0.5, 1.0)}),
        _range("eta", [0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0], 0.0),
    ]
    return Moving(controls, _of(widgets.BoundSlider(weights), "weights", "norms", "eta"), PAPERS_NET)


def _rounds(root: Path) -> Moving:
    told = kept.load(root, "RoundSlider")
    paths = kept.rounds_of(told)
    rounds = list(range(max(map(len, paths.values()))))
    return Moving([_range("after round", rounds, 1)], _of(widgets.RoundSlider(paths, told["layer"]), "round"), OF_RUN)


def _seeds(root: Path) -> Moving:
    groups = kept.load(root, "SeedsSlider")
    seeds = [n for n in (1, 2, 3, 5, 8) if n < min(map(len, groups.values()))]
    everyone = min(map(len, groups.values()))
    draws = _range("another draw", list(range(10)), 0)
    controls = [_range("seeds", [*seeds, everyone], 3), replace(draws, only=("seeds", list(range(len(seeds)))))]
    return Moving(controls, _of(widgets.SeedsSlider(groups), "seeds", "draw"), OF_RUN)


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


def _shares(root: Path) -> Moving:
    skin = widgets.ShareSlider(kept.load(root, "ShareSlider"))
    return Moving([_share("share cut out", [round(0.05 * k, 2) for k in range(19)], 0.5)], _of(skin, "share"), OF_RUN)


def _ways(root: Path) -> Moving:
    ways = kept.ways_of(kept.load(root, "ShipSlider"))
    skin = widgets.ShipSlider(ways)
    controls = [
        _range("limit, KB", [32, 64, 96, 128, 192, 256, 384, 512, 1024, 2048, 4096], 256),
        _choice("images at once", {str(batch): batch for batch in skin.controls["batch"].options}),
    ]
    return Moving(controls, _of(skin, "limit", "batch"), OF_RUN)
