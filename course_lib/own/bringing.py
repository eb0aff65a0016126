"""From files to a network: a function in a Python file builds it, and a safetensors file has its weights."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.files import reason
from course_lib.network.kinds import article

if TYPE_CHECKING:
    from course_lib.data import Bench


def build(source: str | Path, bench: Bench, function: str = "build", weights: str | Path | None = None) -> nn.Module:
    """Return what `function` in the Python file `source` builds, on the bench's device: your own code, run as it is.

    Args:
        function: may take `shape` (channels, height, width) and `classes`, which are then those of the bench.
        weights: a safetensors file with the network's state dict; None: those that the function gives it.

    Raises:
        CourseError: for a file, a function or weights that cannot be used.
    """
    source = Path(source)
    with _beside(source):
        make = getattr(_module(source), function, None)
        if not callable(make):
            raise CourseError(f"{source} was given; it has no function {function!r} (--function names another).")
        known = {"shape": bench.shape, "classes": bench.num_classes}
        asked = inspect.signature(make).parameters
        needed = [
            name
            for name, parameter in asked.items()
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        ]
        if strange := [name for name in needed if name not in known]:
            raise CourseError(f"{function} of {source} asks for {strange[0]!r}; it may ask for shape and classes only.")
        try:
            model = make(**{name: value for name, value in known.items() if name in asked})
        except Exception as error:  # somebody else's code: whatever it raises is theirs to read
            raise CourseError(f"{function} of {source} raised {type(error).__name__}: {error}") from error
    if not isinstance(model, nn.Module):
        kind = type(model).__name__
        raise CourseError(f"{function} of {source} returned {article(kind)} {kind}; a torch.nn.Module is expected.")
    if weights is not None:
        model.load_state_dict(_read(Path(weights), model))
    return model.to(bench.device)


@contextmanager
def _beside(source: Path) -> Iterator[None]:
    """Let the code in `source` import its neighbours, when it is loaded and when it builds."""
    here = str(source.parent.resolve())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)


def _module(source: Path) -> ModuleType:
    if not source.is_file():
        raise CourseError(f"{source} was given; there is no such file.")
    name = f"own network {source.stem}"  # no import statement can mean it, so that it stands in nobody's way
    spec = importlib.util.spec_from_file_location(name, source)
    if spec is None or spec.loader is None:
        raise CourseError(f"{source} was given; a Python file is expected, with a function that builds a network.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and torch.export look there for the module of a class
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise CourseError(f"{source} raised {type(error).__name__} when it was imported: {error}") from error
    return module


def _read(path: Path, model: nn.Module) -> dict[str, Tensor]:
    """Return the weights in a safetensors file, if they are the model's."""
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
