"""Kinds of model that the course cannot take, known by their looks: each is refused in one sentence with the way out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from course_lib.errors import CourseError


def must_be_takeable(model: nn.Module) -> None:
    """Refuse a model of a kind that the course cannot train, prune and measure; nothing is run.

    Raises:
        CourseError: for what is no nn.Module, wrapped, compiled, scripted, lazy, quantised or computed from other
            parameters (pruned by torch, normalised weights), and for parameters that are not float32 on one device.
    """
    _check_modules(model, (_wrapped, _lazy, _quantised, _computed))
    _check_tensors(model)


def must_show_its_weights(model: nn.Module) -> None:
    """Refuse a model whose layers have no weights or compute them from others: what is counted would not be what runs."""
    _check_modules(model, (_lazy, _computed))


def must_take_one_batch(model: nn.Module) -> None:
    """Refuse a model whose forward wants anything but one batch of images."""
    named = inspect.signature(model.forward).parameters.values()
    wanted = [p.name for p in named if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if len(wanted) > 1 or not any(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL) for p in named):
        takes = ", ".join(wanted) or "nothing"
        raise CourseError(
            f"the model's forward takes {takes}; it is called with one batch of images, so give further inputs a default."
        )


def _check_modules(model: nn.Module, problems: Sequence[Callable[[str, str, nn.Module], str]]) -> None:
    """Refuse what is no network, and the first module of which one of `problems` (layer, code, module) has a sentence."""
    if not isinstance(model, nn.Module):
        raise CourseError(f"{_instead(model)}; the course takes an instance of torch.nn.Module.")
    for name, module in model.named_modules():
        layer, code = (f"layer {name}", f"model.{name}") if name else ("the model", "model")
        for problem in problems:
            if sentence := problem(layer, code, module):
                raise CourseError(sentence)


def _instead(model: object) -> str:
    """Say what was given where a network is expected."""
    if isinstance(model, type):
        return f"the class {model.__name__} was given as the model (call it: {model.__name__}())"
    if isinstance(model, Mapping):
        return "a state dict was given as the model (load it into a network with load_state_dict)"
    kind = type(model).__name__
    return f"{article(kind)} {kind} was given as the model"


def article(word: str) -> str:
    """Return "an" or "a", as `word` wants it."""
    return "an" if word[:1] in "AEIOUaeiou" else "a"


def _wrapped(layer: str, code: str, module: nn.Module) -> str:
    if isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return f"{layer} is wrapped in {type(module).__name__}; give the network itself, {code}.module."
    if "_orig_mod" in dict(module.named_children()):  # torch._dynamo is slow to import, so its class is not asked for
        return f"{layer} went through torch.compile; give the network itself, {code}._orig_mod."
    if vars(module).get("_compiled_call_impl") is not None:
        return f"{layer} was compiled in place; build the network anew without .compile(), and compile it when all is done."
    if isinstance(module, torch.jit.ScriptModule):
        return f"{layer} is a TorchScript module, which cannot be changed; give the network that it was made of."
    return ""


def _quantised(layer: str, code: str, module: nn.Module) -> str:
    quantised = any(
        tensor.is_quantized or is_traceable_wrapper_subclass(tensor)
        for tensor in chain(module.parameters(recurse=False), module.buffers(recurse=False))
        if not is_lazy(tensor)
    )
    home = type(module).__module__.split(".")
    if quantised or (home[0] == "torch" and {"quantized", "qat"} & set(home)):
        return f"{layer} ({type(module).__name__}) is quantised; prune the float32 network, and quantise what comes out."
    return ""


def _lazy(layer: str, code: str, module: nn.Module) -> str:
    if any(is_lazy(tensor) for tensor in chain(module.parameters(recurse=False), module.buffers(recurse=False))):
        return f"{layer} ({type(module).__name__}) has no weights yet; run one batch through it first: model(bench.example)."
    return ""


def _computed(layer: str, code: str, module: nn.Module) -> str:
    """Say that a layer has no weight of its own but computes one, and how to make it one again."""
    if parametrize.is_parametrized(module):
        weight = next(iter(getattr(module, "parametrizations")))  # noqa: B009 (set by torch on the instance)
        way = f'torch.nn.utils.parametrize.remove_parametrizations({code}, "{weight}")'
        return f"{layer} computes its {weight} by a parametrization; make it a plain parameter: {way}."
    owned = {name for name, _ in module.named_parameters(recurse=False)}
    masks = {name for name, _ in module.named_buffers(recurse=False)}
    for name in owned:
        plain = name.removesuffix("_orig")
        if plain != name and f"{plain}_mask" in masks:
            way = f'torch.nn.utils.prune.remove({code}, "{plain}")'
            return f"{layer} is pruned by torch.nn.utils.prune; make its {plain} a plain parameter: {way}."
    for kind, undo in ((WeightNorm, "remove_weight_norm"), (SpectralNorm, "remove_spectral_norm")):
        if any(isinstance(hook, kind) for hook in module._forward_pre_hooks.values()):
            return f"{layer} computes its weight by {kind.__name__}; make it a plain one: torch.nn.utils.{undo}({code})."
    return ""


def _check_tensors(model: nn.Module) -> None:
    """Refuse parameters that are not float32, lie on several devices, or have no values."""
    named = list(model.named_parameters())
    for name, parameter in named:
        if parameter.dtype != torch.float32:
            raise CourseError(
                f"parameter {name} is of type {_short(parameter.dtype)}; the course takes torch.float32: model.float()."
            )
    devices = {str(parameter.device): name for name, parameter in named}
    if "meta" in devices:
        raise CourseError(
            f"parameter {devices['meta']} is on the meta device and has no values; "
            'give the network a memory with model.to_empty(device="cpu"), and load its weights.'
        )
    if len(devices) > 1:
        where = ", ".join(f"{name} on {device}" for device, name in devices.items())
        raise CourseError(f"the model's parameters lie on several devices ({where}); bring them to one: model.to('cpu').")


def _short(dtype: torch.dtype) -> str:
    return {torch.float16: "torch.float16 (half)", torch.float64: "torch.float64 (double)"}.get(dtype, str(dtype))
