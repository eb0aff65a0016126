"""A grid of curves: methods x seeds on one data set and model, read from a TOML file and checked before anything runs."""

from __future__ import annotations

import hashlib
import inspect
import itertools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_lib import models, pareto, train
from course_lib.axes import amounts
from course_lib.data import pictures
from course_lib.errors import CourseError, check_number, check_share, check_whole
from course_lib.files import tomllib
from course_lib.pruning.loop import SCHEDULES
from course_lib.pruning.presets import GENERAL, PRESETS
from course_lib.pruning.pruners import Pruner
from course_lib.sweep import pace, roles

GRIDS = Path(__file__).parent / "grids"
VERSION = 2  # of the store; part of every curve's identity
DEFAULTS: dict[str, Any] = {
    "name": "grid",
    "data": "fashion-mini",
    "limit": None,  # of images in each part
    "size": None,  # to which photographs are scaled and cropped, as in `data.load`: pixels of a side, or [height, width]
    "classes": None,  # only the images of the first so many classes
    "model": "cnn",
    "device": "auto",
    "precision": "fp32",
    "threads": 1,  # of one curve
    "seeds": [0],
    "rounds": 8,
    "epochs": 1,  # after each prune; may be fractional
    "final_epochs": 0,
    "schedule": "cubic",
    "teacher": False,  # distil from the dense start
    "rewind": False,  # to the initial weights after each prune, as the SAP paper does; False fine-tunes
    "scratch": False,  # also train new weights under the masks of the curve's best point, for equally many epochs
    "fit": {},
    "dense": {},
    "method": [],
    "references": False,  # draw the reference project's points: on CIFAR-10 only
    "compare": [],  # pairs of methods that the report compares; empty: SAP with every other
    "at": [],  # at which sparsities; empty: the report's own
}
KINDS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "model": str,
    "data": (str, Path),
    "dense": Mapping,
    "fit": Mapping,
    "references": bool,
}
KINDS |= dict.fromkeys(("seeds", "method", "compare", "at"), list)
REPORTED = ("name", "seeds", "method", "references", "compare", "at")  # what is no part of a curve
DENSE = {"epochs": 5, "threads": 2, "fit": {}}
# A method may set its own; it may also have some of the grid's `seeds`, `axes` (see `methods`), and what `roles` names.
PER_METHOD = (
    "rounds",
    "epochs",
    "final_epochs",
    "schedule",
    "teacher",
    "rewind",
    "scratch",
    "fit",
)
FIT = ("optimizer", "lr", "weight_decay", "batch_size", "label_smoothing", "dropout")


def load(path: str | Path) -> dict[str, Any]:
    """Return the checked grid of a TOML file, or of the committed file of that name (see course_lib/sweep/grids)."""
    file = GRIDS / f"{path}.toml" if (GRIDS / f"{path}.toml").exists() else Path(path)
    try:
        return complete(tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        known = ", ".join(sorted(grid.stem for grid in GRIDS.glob("*.toml")))
        raise CourseError(
            f"the grid {path} was given; there is no such file, and the committed ones are {known}."
        ) from error
    except OSError as error:
        raise CourseError(f"{path} cannot be read as a grid ({error.strerror}).") from error
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{path} is not a TOML file: {error}.") from error


def complete(grid: Mapping[str, Any]) -> dict[str, Any]:
    """Return `grid` with its defaults filled in; the first mistake in it is refused in one sentence."""
    _known(grid, DEFAULTS, "the grid")
    full = {**DEFAULTS, **grid}
    for key, kind in KINDS.items():
        if not isinstance(full[key], kind):
            raise CourseError(f"{key} = {full[key]!r} was given; see course_lib/sweep/grids for the form that is expected.")
    if not re.fullmatch(r"[\w-][\w.-]*", full["name"]):
        raise CourseError(f"name = {full['name']!r} was given; it names folders: letters, digits, '.', '_' and '-'.")
    full = {**full, "data": str(full["data"]), "dense": {**DENSE, **grid.get("dense", {})}}
    _known(full["dense"], DENSE, "[dense]")
    _known(full["fit"], FIT, "[fit]")
    if full["model"] not in models.MODELS:
        raise CourseError(f"model = {full['model']!r} was given; known are {', '.join(models.MODELS)}.")
    _check_methods(full)
    for share in full["at"]:
        check_share("at", share)
    for seed in full["seeds"]:
        check_whole("seeds", seed, 0)
    check_number("[dense] epochs", full["dense"]["epochs"], 0)
    check_whole("[dense] threads", full["dense"]["threads"])
    _check_fit(full["dense"]["fit"], "[dense.fit]")
    seen: list[tuple[dict[str, Any], str]] = []
    pace.must_be_known(curves(full))
    for curve in curves(full):
        _check_curve(curve)
        plain = {**curve, "method": "", "pruner": "", "arguments": pruner(curve).describe(), "pace": pace.source(curve)}
        for other, name in seen:
            if other == plain:
                raise CourseError(
                    f"the methods {name!r} and {curve['method']!r} of the grid are the same; leave one of them out."
                )
        seen.append((plain, curve["method"]))
    return full


def _check_methods(full: Mapping[str, Any]) -> None:
    """Refuse methods and seeds that are missing, alike, or at odds with each other."""
    for axis in ("method", "seeds"):
        if not full[axis]:
            raise CourseError(f"the grid's {axis} is empty; at least one is needed.")
    found = methods(full)
    for axis, values in {"seeds": full["seeds"], "method": [method["name"] for method in found]}.items():
        twice = [value for value in values if values.count(value) > 1 and value is not None]
        if twice:
            raise CourseError(f"the grid's {axis} has {twice[0]!r} twice; each curve must differ from the others.")
    names = {method["name"] for method in found}
    if pareto.DENSE in names:
        raise CourseError("a method of the grid has the name 'dense', which the unpruned start has; give it another.")
    for taken in sorted(names & {pareto.scratch_name(name) for name in names}):
        raise CourseError(f"method {taken!r}: this is what the control from scratch of another method is called.")
    for pair in full["compare"]:
        if not isinstance(pair, list) or len(pair) != 2 or sum(name in pair for name in names) != 2:
            raise CourseError(f"compare has {pair!r}; two different names of the grid's methods are expected.")
    settings = {method["name"]: _settings(method, full) for method in found}
    for method in found:
        roles.must_fit(method, found, settings)


def _check_curve(curve: Mapping[str, Any]) -> None:
    where = f"method {curve['method']!r}:"
    for key in ("rounds", "threads", "limit"):
        if curve[key] is not None:
            check_whole(f"{where} {key}", curve[key])
    pictures.checked(curve["size"])
    if curve["classes"] is not None:
        check_whole(f"{where} classes", curve["classes"], 2)
    for key in ("epochs", "final_epochs"):
        check_number(f"{where} {key}", curve[key], 0)
    for key in ("teacher", "rewind", "scratch"):
        if not isinstance(curve[key], bool):
            raise CourseError(f"{where} {key} = {curve[key]!r} was given; it is true or false.")
    if curve["precision"] not in ("fp32", "bf16"):
        raise CourseError(f"precision = {curve['precision']!r} was given; a study runs in 'fp32' or 'bf16'.")
    if not isinstance(curve["schedule"], str) or curve["schedule"] not in SCHEDULES:
        raise CourseError(f"schedule = {curve['schedule']!r} was given; it can be {', '.join(SCHEDULES)}.")
    _check_fit(curve["fit"], f"{where} fit")
    history = pruner(curve).history
    if history and history > curve["epochs"]:
        raise CourseError(f"{where} history = {history} was given; each round trains only {curve['epochs']} epochs.")


def _check_fit(fit: Mapping[str, Any], where: str) -> None:
    if not isinstance(fit, Mapping):
        raise CourseError(f"{where} = {fit!r} was given; it is a table of training settings.")
    _known(fit, FIT, where)
    if fit.get("optimizer", "adamw") not in list(train.OPTIMIZERS):
        raise CourseError(f"{where} optimizer = {fit['optimizer']!r} was given; known are {', '.join(train.OPTIMIZERS)}.")
    if "batch_size" in fit:
        check_whole(f"{where} batch_size", fit["batch_size"])
    for key in ("lr", "weight_decay", "label_smoothing"):
        check_number(f"{where} {key}", fit.get(key, 0), 0)
    if "dropout" in fit:
        check_share(f"{where} dropout", fit["dropout"])


def curves(grid: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the configuration of every curve: plain data that alone decides its numbers (at another's pace: `pace`)."""
    shared = {key: grid[key] for key in DEFAULTS if key not in (*REPORTED, *PER_METHOD)}
    found = []
    for seed in grid["seeds"]:
        for method in methods(grid):
            if seed not in method.get("seeds", grid["seeds"]):
                continue
            settings = _settings(method, grid)
            own = {key: settings.pop(key) for key in PER_METHOD}
            preset = settings.pop("pruner")
            curve = {"version": VERSION, **shared, **own, "seed": seed, "method": method["name"]}
            found.append(curve | {"pruner": preset, "arguments": settings})
    return found


def _settings(method: Mapping[str, Any], grid: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides the numbers of a method, the grid's settings where it has none of its own."""
    own = {key: value for key, value in method.items() if key not in ("name", "seeds", *roles.KEYS)}
    return {key: grid[key] for key in PER_METHOD} | own


def methods(grid: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the methods of a grid, each `axes` table spread out: one method for each combination of its values."""
    found = []
    for method in grid["method"]:
        if not isinstance(method, Mapping):
            raise CourseError(f"a method of the grid is {method!r}; a table with a name and a pruner is expected.")
        if missing := {"name", "pruner"} - {*_general(method), *method}:
            lacks = "name" if "name" in missing else "pruner (a preset) or score"
            raise CourseError(f"a method of the grid lacks its {lacks}.")
        method = pace.spelled(method)
        for key, kind in {"name": str, "axes": Mapping, "seeds": list}.items():
            if key in method and (not isinstance(method[key], kind) or not method[key]):
                what = {"name": "text", "axes": "a table", "seeds": "a list"}[key]
                raise CourseError(f"method {method['name']!r}: {key} = {method[key]!r} was given; it is {what}, not empty.")
        if unknown := [seed for seed in method.get("seeds", []) if seed not in grid["seeds"]]:
            raise CourseError(f"method {method['name']!r}: seed {unknown[0]!r} was given; the grid has {grid['seeds']}.")
        axes = method.get("axes", {})
        for key, values in axes.items():
            if not isinstance(values, list) or not values:
                raise CourseError(f"method {method['name']!r}: axes.{key} = {values!r} was given; it is a list of values.")
        plain = {key: value for key, value in {**_general(method), **method}.items() if key != "axes"}
        for chosen in itertools.product(*axes.values()):
            named = dict(zip(axes, chosen, strict=True))
            words = [
                key if value is True else f"no {key}" if value is False else f"{key} {value}" for key, value in named.items()
            ]
            name = ", ".join([method["name"], *words])
            found.append({**plain, **named, "name": name})
    return found


def _general(method: Mapping[str, Any]) -> dict[str, str]:
    """A method that names its score instead of a preset is a choice on the four axes."""
    axes = method.get("axes")
    named = {*method, *(axes if isinstance(axes, Mapping) else ())}
    return {"pruner": GENERAL} if "score" in named else {}


def pruner(curve: Mapping[str, Any]) -> Pruner:
    """Return the pruner that a curve's configuration describes."""
    preset, where = curve["pruner"], f"method {curve['method']!r}"
    if preset not in list(PRESETS):
        raise CourseError(f"pruner = {preset!r} was given; known are {', '.join(PRESETS)}.")
    known = inspect.signature(PRESETS[preset]).parameters
    _known(curve["arguments"], known, where)
    arguments = {"seed": curve["seed"], **curve["arguments"]} if "seed" in known else dict(curve["arguments"])
    try:
        if "amount" in arguments:
            arguments["amount"] = _amount(arguments["amount"])
        return PRESETS[preset](**arguments)
    except CourseError as error:
        raise CourseError(f"{where}: {error}") from error
    except TypeError as error:
        given = ", ".join(f"{key} = {value!r}" for key, value in arguments.items())
        raise CourseError(f"{where}: {given} was given; one of them is of the wrong type ({error}).") from error


def _amount(given: object) -> amounts.Amount | amounts.Allocation:
    if not isinstance(given, Mapping) or "rule" not in given:
        raise CourseError(f'amount = {given!r} was given; it is a table, such as {{ rule = "sap", p = 1, q = 2 }}.')
    return amounts.paced([0.0]) if "of" in given else amounts.of(**given)  # the shares of another's pace are not known yet


def dense(curve: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a curve's configuration that decides its dense start."""
    keys = ("version", "data", "limit", "size", "classes", "model", "device", "precision", "seed", "dense")
    return {key: curve[key] for key in keys}


def identity(config: Mapping[str, Any]) -> str:
    """Return a short hash of a configuration: the same wherever its data lie and whatever it runs on (see `sweep.store`)."""
    unsaid = ["device", *(key for key in ("size", "classes") if config.get(key) is None)]  # younger than the first records
    config = {key: value for key, value in config.items() if key not in unsaid} | {"data": Path(config["data"]).name}
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:12]


def _known(given: Mapping[str, Any], known: Mapping[str, Any] | tuple[str, ...], where: str) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise CourseError(f"{where} has a key {unknown[0]!r}; known are {', '.join(known)}.")
