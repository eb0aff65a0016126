"""The door: one look at a model that somebody brings, before anything is done with it.

Two images are sent through a throw-away copy of it. That tells the memory layout in which it runs, and what is wrong
with it is said here, in one sentence with the name of the layer, instead of in a traceback from the middle of a training.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.network.kinds import article, must_be_takeable, must_take_one_batch

if TYPE_CHECKING:
    from course_lib.data import Bench

IN_CACHE = 64  # images a forward pass; on a CPU what stays in its cache is up to twice as fast
# Layers that compute each image by itself, in training mode as well.
ALONE = (nn.Conv2d, nn.Linear, nn.ReLU, nn.MaxPool2d, nn.AvgPool2d, nn.Dropout, nn.Flatten)
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def admit(model: nn.Module, example: Tensor, classes: int | None = None, training: bool = False) -> Tensor:
    """Return `example` in the memory layout with which `model` runs: channels_last if it can, otherwise contiguous.

    The commonest beginner's network flattens with `x.view(x.size(0), -1)`, which fails on channels_last images of more
    than one channel; channels_last is faster, and every network of the course takes it. Nothing is remembered, and the
    model, its modes, buffers and hooks, and torch's random state are left as they were.

    Args:
        model: any nn.Module that takes one batch of images and returns one row of class scores an image.
        example: a batch of normalised images, (n, C, H, W), or (n, features); at most two are looked at.
        classes: how many class scores a row of the outputs must have at least; None: any tensor is an output.
        training: whether the model must run in training mode as well.

    Raises:
        CourseError: in one sentence, if the model cannot be used (see `kinds`), does not run, or puts out something else.
    """
    must_be_takeable(model)
    must_take_one_batch(model)
    _check_device(model, example)
    failure: CourseError | None = None
    for layout in _layouts(example):
        laid = example.contiguous(memory_format=layout)
        try:
            for mode in (False, True) if training else (False,):
                _check_output(model, _output(model, laid[:2].clone(), mode), len(laid[:2]), classes)
        except DoesNotRunError as error:
            failure = error
        else:
            return laid
    assert failure is not None  # there is at least one layout
    raise failure


def admitted(model: nn.Module, bench: Bench, training: bool = False, scored: bool = True) -> Bench:
    """Return `bench` with its images in the layout with which `model` runs; otherwise as `admit`.

    scored: whether its outputs are compared with labels, and must be a score for each class of the bench.
    """
    example = admit(model, bench.example, bench.num_classes if scored else None, training)
    channels_last = example.ndim == 4 and example.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return bench if layout == bench.layout or bench.shape[0] == 1 else dataclasses.replace(bench, layout=layout)


def seated(
    model: nn.Module,
    bench: Bench,
    split: str,
    size: int,
    samples: int | None = None,
    training: bool = False,
    scored: bool = True,
) -> tuple[Bench, int]:
    """Return the bench as `admitted` does, and in how many images a batch a part of it goes through the model.

    That is `size`, unless it leaves a single image that the model refuses: BatchNorm of vectors has no variance of one
    value in training, and a `squeeze()` drops a batch of one as well. Then it is the nearest size that leaves no image
    alone, so that all are used.

    Raises:
        CourseError: as `admit`; or if batches of one image are asked for, or there is but one, and the model refuses it.
    """
    bench = admitted(model, bench, training, scored)
    images = min(samples or math.inf, len(bench.split(split)))
    problem = _alone(model, bench.example, training) if size == 1 or images % size == 1 else ""
    if not problem:
        return bench, size
    others = (*range(size - 1, 1, -1), *range(size + 1, int(images) + 1))
    found = next((other for other in others if images % other != 1), None)
    if size == 1 or found is None:
        raise CourseError(f"a batch would hold one image, and at least 2 are needed: {problem}")
    return bench, found


def at_a_time(device: torch.device) -> int:
    """Return how many images to send through a model at a time where the result does not depend on it."""
    return IN_CACHE if device.type == "cpu" else 500


def part(model: nn.Module) -> int | None:
    """Return in how many images at a time a training batch goes through `model`; None: in one piece.

    In parts where that is faster, with convolutions on a CPU, and the same: where no layer looks at other images, as
    BatchNorm does, which only a sequence of known layers proves.
    """
    modules = list(model.modules())
    apart = all(type(module) is nn.Sequential or type(module) in ALONE for module in modules)
    convolves = any(type(module) is nn.Conv2d and module.weight.device.type == "cpu" for module in modules)
    return IN_CACHE if apart and convolves else None


def teaching(teacher: nn.Module | None, bench: Bench) -> Callable[[Tensor], Tensor] | None:
    """Return the function that asks a copy of `teacher`, if there is one, in eval mode and in the layout that it takes."""
    if teacher is None:
        return None
    try:
        layout = admitted(teacher, bench).layout
    except CourseError as error:
        raise CourseError(f"the teacher cannot be asked: {error}") from error
    fixed = copied(teacher).eval()  # the caller's keeps its modes, and may be the student itself
    return lambda x: fixed(x.contiguous(memory_format=layout))


def _alone(model: nn.Module, example: Tensor, training: bool) -> str:
    """Say what is wrong with a batch of one image, if anything is."""
    try:
        one, two = (_output(model, example[:count].clone(), training) for count in (1, 2))
    except DoesNotRunError as error:
        return str(error)
    same = isinstance(one, Tensor) and isinstance(two, Tensor) and one.shape[1:] == two.shape[1:]
    return "" if same else f"the model's output for one image has the shape {tuple(getattr(one, 'shape', ()))}."


def copied(model: nn.Module) -> nn.Module:
    """Return a deep copy of `model`, its hooks included; what a forward pass left on it is copied without its graph."""
    return _copy(model, {})


class DoesNotRunError(CourseError, RuntimeError):
    """The model raises an error on two images; the message says in the course's words which layer does, and why."""


def _layouts(example: Tensor) -> list[torch.memory_format]:
    # With one channel the two layouts are the same memory, and torch may take either for the other.
    both = example.ndim == 4 and example.shape[1] > 1
    return [torch.channels_last, torch.contiguous_format] if both else [torch.contiguous_format]


def _check_device(model: nn.Module, example: Tensor) -> None:
    parameter = next(model.parameters(), example)
    if parameter.device != example.device:
        raise CourseError(
            f"the model is on {parameter.device} and the images are on {example.device}; "
            f"bring the model there: model.to({str(example.device)!r})."
        )


def _output(model: nn.Module, images: Tensor, training: bool) -> object:
    """Run a copy of `model` on `images` and return what it puts out; raise a sentence that names the layer that fails."""
    trial = _without_traces(model).train(training)
    running: list[tuple[str, nn.Module, tuple[object, ...]]] = []  # the modules that have begun and not ended
    for name, module in trial.named_modules():
        module.register_forward_pre_hook(lambda m, inputs, name=name: running.append((name, m, inputs)))
        module.register_forward_hook(lambda *_: running.pop() and None)
    devices = [images.device] if images.device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.no_grad():
        try:
            return trial(images)
        except Exception as error:  # it is the user's code that runs here
            raise DoesNotRunError(_why(running, images, error)) from error


def _without_traces(model: nn.Module) -> nn.Module:
    """Return a copy of `model` that shares its parameters and has no hooks: what runs in it leaves no trace."""
    shared: dict[int, object] = {id(parameter): parameter for parameter in model.parameters()}
    for module in model.modules():
        shared |= {id(vars(module)[name]): OrderedDict() for name in HOOKS}
    return _copy(model, shared)


def _copy(model: nn.Module, memo: dict[int, object]) -> nn.Module:
    """Return a deep copy with `memo` (id -> what stands for it); what cannot be copied is refused."""
    for module in model.modules():
        # A feature map that a forward pass left on the module cannot be copied while it belongs to a graph.
        memo |= {id(value): value.detach().clone() for value in _tensors(module) if value.grad_fn is not None}
    try:
        return copy.deepcopy(model, memo)
    except Exception as error:
        raise CourseError(f"the model cannot be copied ({_first_line(error)}); every method works on a copy.") from error


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    for value in vars(module).values():
        held = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else [value]
        yield from (tensor for tensor in held if isinstance(tensor, Tensor))


def _why(running: list[tuple[str, nn.Module, tuple[object, ...]]], images: Tensor, error: Exception) -> str:
    """Say in the course's words why the innermost running module failed."""
    name, module, inputs = running[-1] if running else ("", None, ())
    layer = f"layer {name} ({type(module).__name__})" if name else "the model"
    size = "x".join(map(str, images.shape[1:]))
    if isinstance(error, NotImplementedError) and "forward" in str(error):
        return f"{layer} has no forward method; the course calls model(images)."
    if inputs and isinstance(given := inputs[0], Tensor):
        if isinstance(module, nn.modules.conv._ConvNd) and given.ndim == module.weight.ndim:
            if given.shape[1] != module.in_channels:
                whose = "images" if given is images else "its inputs"
                return f"{layer} expects {module.in_channels} channels; {whose} have {given.shape[1]} (images of {size})."
        elif isinstance(module, nn.Linear) and given.shape[-1:] != (module.in_features,):
            return f"{layer} expects {module.in_features} inputs, but images of {size} give it {given.shape[-1]}."
        elif isinstance(module, nn.modules.batchnorm._BatchNorm) and given.shape[1] != module.num_features:
            return f"{layer} expects {module.num_features} channels; its inputs have {given.shape[1]}."
    if "size can't be greater than actual input size" in str(error) or "Output size is too small" in str(error):
        return f"images of {size} are too small for the model: at {layer} less is left of them than its kernel covers."
    return f"{layer} fails on a batch of {len(images)} images of {size}: {type(error).__name__}, {_first_line(error)}."


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip().rstrip(".!")


def _check_output(model: nn.Module, output: object, images: int, classes: int | None) -> None:
    """Refuse what is no tensor and, where the number of classes is known, what is not a row of scores for each image."""
    if output is None:
        raise CourseError("the model returns nothing; its forward must end with the return of its outputs.")
    if not isinstance(output, Tensor):
        way = "return the class scores alone"
        if getattr(model, "aux_logits", False):
            way = "build the network without auxiliary heads (aux_logits=False)"
        kind = type(output).__name__
        raise CourseError(
            f"the model returns {article(kind)} {kind}; expected is one tensor, a row of class scores an image: {way}."
        )
    if classes is None:
        return
    shape, expected = tuple(output.shape), f"({images}, {classes})"
    if output.ndim != 2 or shape[0] != images:
        raise CourseError(f"the model's outputs for {images} images have the shape {shape}; expected is {expected}.")
    if not output.is_floating_point():
        raise CourseError(f"the model returns {output.dtype} numbers; expected are class scores, before any argmax.")
    if shape[1] < classes:
        raise CourseError(f"the model has {shape[1]} outputs; the data has {classes} classes, and each needs an output.")
