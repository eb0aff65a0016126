"""One forward pass, watched: who is called when, what each layer and activation reads, and what happens in between."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.utils._pytree import tree_leaves

from course_lib.network.layers import ACTIVATIONS, LAYERS, NORMS, is_depthwise

OUTPUT = ""  # the name under which `sources` has what the network's output reads
PLAIN = {  # operations on each unit by itself, or on its pixels only: they are no reason for anything
    "relu", "leakyrelu", "elu", "gelu", "silu", "mish", "hardtanh", "hardswish", "hardsigmoid", "sigmoid", "tanh",
    "softplus", "add", "sub", "mul", "div", "neg", "exp", "pow", "sqrt", "clamp", "clone", "alias", "tobackward",
    "tocopy", "nativedropout", "nativebatchnorm", "cudnnbatchnorm", "convolution", "maxpool2dwithindices", "avgpool2d",
    "adaptiveavgpool2d", "adaptivemaxpool2d", "maxpool3dwithindices", "avgpool3d", "mean", "squeeze", "unsqueeze",
    "view", "unsafeview", "addmm", "accumulategrad", "t", "reshapealias", "upsamplebilinear2d", "upsamplenearest2d",
    "cat", "prelukernel", "expand",
}  # fmt: skip


@dataclass
class Trace:
    """What a forward pass of a network showed.

    order: layers in the order of their calls. sources: reader -> the layers whose outputs arrive there, through whatever
    lies between, with `OUTPUT` for the network's own output. between: reader -> the operations on the way that may move or
    mix units, by the names of autograd. sites: activation -> the layers whose outputs reach it without passing another one.
    calls: of each activation.
    """

    order: list[str] = field(default_factory=list)
    sources: dict[str, set[str]] = field(default_factory=dict)
    between: dict[str, set[str]] = field(default_factory=dict)
    sites: dict[str, set[str]] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)


def watch(model: nn.Module, example: Tensor, obstacles: Collection[nn.Module]) -> Trace:
    """Run `model` once, in eval mode and with gradients, and return what it showed.

    The autograd graph is walked back from what a module reads until it meets outputs of layers; behind an obstacle it ends.
    """
    trace = Trace()
    ends: dict[Node | None, str] = {}
    site_ends: dict[Node | None, str] = {}

    def read(name: str, inputs: Any) -> None:
        for value in tree_leaves(inputs):
            if isinstance(value, Tensor):
                sources, operations = _walk(value.grad_fn, ends)
                trace.sources.setdefault(name, set()).update(sources)
                trace.between.setdefault(name, set()).update(operations)

    def before(name: str, module: nn.Module, inputs: Any, named: Any) -> None:
        if isinstance(module, ACTIVATIONS):
            trace.calls[name] = trace.calls.get(name, 0) + 1
            trace.sites.setdefault(name, set()).update(_walk(inputs[0].grad_fn, site_ends)[0])
        if not isinstance(module, ACTIVATIONS) or module in obstacles:
            read(name, (inputs, named))

    def after(name: str, module: nn.Module, output: Any) -> None:
        is_layer = isinstance(module, LAYERS) and module not in obstacles
        if is_layer and name not in trace.order:
            trace.order.append(name)
        for value in tree_leaves(output):
            if isinstance(value, Tensor) and value.grad_fn is not None:
                if module in obstacles or (is_layer and not is_depthwise(module)):
                    ends[value.grad_fn] = name if is_layer else ""
                if not isinstance(module, NORMS):
                    site_ends[value.grad_fn] = name if is_layer else ""

    with ExitStack() as hooks:
        for name, module in model.named_modules():
            if module in obstacles or isinstance(module, (*LAYERS, *NORMS, *ACTIVATIONS)):
                hooks.callback(
                    module.register_forward_pre_hook(
                        lambda m, inputs, named, name=name: before(name, m, inputs, named), with_kwargs=True
                    ).remove
                )
                hooks.callback(module.register_forward_hook(lambda m, _, output, name=name: after(name, m, output)).remove)
        read(OUTPUT, model(example))
    return trace


def _walk(start: Node | None, ends: Mapping[Node | None, str]) -> tuple[set[str], set[str]]:
    """Return the layers that `start` reads, and the operations on the way that may move or mix units."""
    found: set[str] = set()
    operations: set[str] = set()
    seen: set[Node] = set()
    todo = [start]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node in ends:
            found |= {ends[node]} - {""}
            continue
        operations.add(node.name().partition("Backward")[0])
        todo += [parent for parent, _ in node.next_functions]
    return found, {name for name in operations if name.split("::")[-1].lower() not in PLAIN}
