"""What `course inspect` does: look at a network that somebody brings, and say what can be pruned in it and what cannot."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from course_lib.command.runs import console
from course_lib.errors import CourseError
from course_lib.files import reason
from course_lib.starting import quickly

if TYPE_CHECKING:
    from torch import Tensor, nn

    from course_lib.data import Bench
    from course_lib.network.group import Group


def show(source: Path, function: str, weights: Path | None, data: str, size: int | None) -> None:
    """Print the coupled groups of the network that `function` in the file `source` builds, and what stays whole and why.

    Raises:
        CourseError: for a file, function or weights that cannot be used, or a network that the course cannot take.
    """
    with quickly():
        from course_lib import data as images
        from course_lib import measure, train
        from course_lib.network.units import find, prunable_weights

    bench = images.load(data, size=size)
    model = built(source, function, bench).to(bench.device)
    if weights is not None:
        model.load_state_dict(_read(weights, model))
    found = find(model, bench.example)
    parameters = measure.parameters(model)
    single = sum(weight.numel() for weight in prunable_weights(model).values())
    console.print(
        f"{source.name}, {function}(): {parameters:,} parameters, {measure.macs(model, bench.example):,} MACs an image."
    )
    if weights is not None:
        accuracy, n = train.evaluate(model, bench), len(bench.validation)
        console.print(f"Accuracy {accuracy:.4f} on {n:,} validation images of {bench.name}.")
    console.print(f"Single weights: {single:,} of the parameters can be pruned one by one ({single / parameters:.0%}).")
    console.print(_groups(model, found.groups, measure.layer_macs(model, bench.example)))
    for name, why in found.protected.items():
        console.print(f"- {name} stays whole: {why}.", highlight=False)
    if not found.groups:
        console.print("No filters or neurons can be taken out; single weights can be.")


def _groups(model: nn.Module, groups: list[Group], macs: dict[str, int]) -> Table:
    """Return the units that can only go together, a row a group."""
    shown = Table("units of", "kind", "how many", "go with them", "are read by", "MACs", box=box.SIMPLE_HEAD)
    total = max(1, sum(macs.values()))
    for group in groups:
        along = ", ".join((*group.producers[1:], *group.norms, *group.depthwise)) or "-"
        touched = {*group.producers, *group.depthwise, *group.consumers}
        share = sum(macs.get(name, 0) for name in touched) / total
        shown.add_row(group.name, group.kind, f"{group.size}", along, ", ".join(group.consumers), f"{share:.0%}")
    shown.caption = "MACs: the share of the network's that the layers do which write or read these units"
    return shown


def built(source: Path, function: str, bench: Bench) -> nn.Module:
    """Return what `function` in the Python file `source` builds: your own code, run as it is.

    It may take `shape` (channels, height, width) and `classes`, which are then those of the data.
    """
    from torch import nn

    from course_lib.network.kinds import article

    make = getattr(_module(source), function, None)
    if not callable(make):
        raise CourseError(f"{source} was given; it has no function {function!r} (--function names another).")
    known = {"shape": bench.shape, "classes": bench.num_classes}
    asked = [
        name
        for name, parameter in inspect.signature(make).parameters.items()
        if parameter.default is parameter.empty and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if strange := [name for name in asked if name not in known]:
        raise CourseError(f"{function} of {source} asks for {strange[0]!r}; it may ask for shape and classes only.")
    try:
        model = make(**{name: value for name, value in known.items() if name in inspect.signature(make).parameters})
    except Exception as error:  # somebody else's code: whatever it raises is theirs to read
        raise CourseError(f"{function} of {source} raised {type(error).__name__}: {error}") from error
    if not isinstance(model, nn.Module):
        kind = type(model).__name__
        raise CourseError(f"{function} of {source} returned {article(kind)} {kind}; a torch.nn.Module is expected.")
    return model


def _module(source: Path) -> ModuleType:
    if not source.is_file():
        raise CourseError(f"{source} was given; there is no such file.")
    spec = importlib.util.spec_from_file_location(source.stem, source)
    if spec is None or spec.loader is None:
        raise CourseError(f"{source} was given; a Python file is expected, with a function that builds a network.")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(source.parent.resolve()))  # it may import its neighbours
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise CourseError(f"{source} raised {type(error).__name__} when it was imported: {error}") from error
    finally:
        sys.path.pop(0)
    return module


def _read(path: Path, model: nn.Module) -> dict[str, Tensor]:
    """Return the weights in a safetensors file, if they are the model's."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = load_file(path)
    except OSError as error:
        raise CourseError(f"{path} was given as weights; it cannot be read ({reason(error)}).") from error
    except SafetensorError as error:
        raise CourseError(
            f"{path} was given as weights; a safetensors file is expected (a pickle is never opened)."
        ) from error
    own = model.state_dict()
    if strange := sorted(set(own) ^ set(found)):
        where = "the network has no" if strange[0] in found else "the file has no"
        raise CourseError(f"{path} holds the weights of another network: {where} {strange[0]}.")
    for name, tensor in found.items():
        if tensor.shape != own[name].shape:
            shapes = f"{tuple(tensor.shape)} in the file, {tuple(own[name].shape)} in the network"
            raise CourseError(f"{path} holds the weights of another network: {name} is {shapes}.")
    return found
