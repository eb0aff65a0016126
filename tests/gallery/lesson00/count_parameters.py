"""Answers to `count_parameters` as students write them."""

from __future__ import annotations

import math

import torch


def count_weights(model):
    return sum(p.numel() for n, p in model.named_parameters() if "weight" in n)


def count_matrices(model):
    total = 0
    for p in model.parameters():
        if p.dim() >= 2:
            total += p.numel()
    return total


def count_state(model):
    total = 0
    for tensor in model.state_dict().values():
        total += tensor.numel()
    return total


def count_with_buffers(model):
    return sum(p.numel() for p in [*model.parameters(), *model.buffers()])


def count_trainable(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def count_tensors(model):
    n = 0
    for _ in model.parameters():
        n += 1
    return n


def count_by_layer(model):
    total = 0
    for layer in model.modules():
        for p in layer.parameters(recurse=False):
            total += p.numel()
    return total


def count_every_module(model):
    return sum(p.numel() for layer in model.modules() for p in layer.parameters())


def count_by_children(model):
    total = 0
    for layer in model.children():
        if getattr(layer, "weight", None) is not None:
            total += layer.weight.numel()
        if getattr(layer, "bias", None) is not None:
            total += layer.bias.numel()
    return total


def count_nonzero(model):
    return sum(int(p.count_nonzero()) for p in model.parameters())


def count_rows(model):
    return sum(p.shape[0] for p in model.parameters())


def count_weight_and_bias(model):
    return sum(layer.weight.numel() + layer.bias.numel() for layer in model)


def count_conv_and_linear(model):
    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    return len(
        torch.cat([p.flatten() for m in model.modules() if isinstance(m, kinds) for p in m.parameters()] or [torch.ones(0)])
    )


def count_megabytes(model):
    return sum(p.numel() * p.element_size() for p in model.parameters())


def right_count_loop(model):
    total = 0
    for p in model.parameters():
        total += p.nelement()
    return total


def right_count_shapes(model):
    return sum(math.prod(p.shape) for _, p in model.named_parameters())


def right_count_by_identity(model):
    seen = {}
    for layer in model.modules():
        for p in layer._parameters.values():
            if p is not None:
                seen[id(p)] = p.numel()
    return sum(seen.values())


def right_count_vector(model):
    parameters = [p.detach().reshape(-1) for p in model.parameters()]
    return torch.cat(parameters).shape[0] if parameters else 0


def count_weight_and_bias_everywhere(model):
    total = 0
    for layer in model.modules():
        for name in ("weight", "bias"):
            if isinstance(tensor := getattr(layer, name, None), torch.Tensor):
                total += tensor.numel()
    return total


def count_known_kinds(model):
    kinds = (torch.nn.Conv2d, torch.nn.Linear, torch.nn.BatchNorm2d)
    return sum(p.numel() for m in model.modules() if isinstance(m, kinds) for p in m.parameters(recurse=False))


def count_leaves_only(model):
    leaves = [m for m in model.modules() if not list(m.children())]
    seen = {id(p): p.numel() for m in leaves for p in m.parameters()}
    return sum(seen.values())


def count_two_levels(model):
    seen = {}
    for layer in model.children():
        for part in (layer, *layer.children()):
            seen |= {id(p): p.numel() for p in part.parameters(recurse=False)}
    return sum(seen.values())


def count_shapes_once(model):
    return sum(math.prod(shape) for shape in {tuple(p.shape) for p in model.parameters()})


def count_equal_values_once(model):
    seen = []
    for p in model.parameters():
        if not any(p.shape == q.shape and torch.equal(p, q) for q in seen):
            seen.append(p)
    return sum(p.numel() for p in seen)


def count_four_bytes(model):
    return sum(p.nbytes for p in model.parameters()) // 4


def count_bytes_of_float32(model):
    return 4 * sum(p.numel() for p in model.parameters())


def count_two_axes(model):
    return sum(p.shape[0] * (p.shape[1] if p.dim() > 1 else 1) for p in model.parameters())


def count_trainable_vector(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad or p.dim() == 1)


def count_different_values(model):
    return sum(len(p.unique()) for p in model.parameters())


def right_count_numpy(model):
    return sum(p.detach().numpy().size for p in model.parameters())


def right_count_by_storage(model):
    seen = {p.data_ptr(): p.numel() for layer in model.modules() for p in layer.parameters(recurse=False)}
    return sum(seen.values())


def right_count_named(model):
    total = 0
    for _, p in model.named_parameters():
        total += len(p.data.flatten())
    return total


def right_count_without_buffers(model):
    parameters = dict(model.named_parameters())
    return sum(t.numel() for name, t in model.state_dict().items() if name in parameters)


def right_count_recursive(model, seen=None):
    seen = set() if seen is None else seen
    total = 0
    for p in model._parameters.values():
        if p is not None and p not in seen:
            seen.add(p)
            total += p.numel()
    return total + sum(right_count_recursive(child, seen) for child in model.children())


WRONG = {
    "only what is called weight": (count_weights, "biases left out"),
    "only matrices and kernels": (count_matrices, "biases left out"),
    "the state dict": (count_state, "buffers counted"),
    "parameters and buffers": (count_with_buffers, "buffers counted"),
    "only what is trained": (count_trainable, "frozen left out"),
    "number of tensors": (count_tensors, "tensors counted"),
    "layer by layer, shared ones twice": (count_by_layer, "shared counted twice"),
    "containers and what is in them": (count_every_module, "counted again and again"),
    "weight and bias of the outermost layers": (count_by_children, "nested layers missed"),
    "only what is not zero": (count_nonzero, "zeros left out"),
    "length of the first axis": (count_rows, "rows counted"),
    "every layer has both": (count_weight_and_bias, ""),
    "only convolutions and linear layers": (count_conv_and_linear, "some kinds of layer missed"),
    "bytes": (count_megabytes, "bytes"),
    "what is called weight or bias, everywhere": (count_weight_and_bias_everywhere, "weight and bias only"),
    "three kinds of layer": (count_known_kinds, "some kinds of layer missed"),
    "layers that hold no others": (count_leaves_only, "own parameters missed"),
    "two levels deep": (count_two_levels, "nested layers missed"),
    "each shape once": (count_shapes_once, "equal shapes once"),
    "equal tensors once": (count_equal_values_once, "equal values once"),
    "bytes over four": (count_four_bytes, "four bytes always"),
    "four bytes a number": (count_bytes_of_float32, "bytes"),
    "two axes only": (count_two_axes, "two axes only"),
    "frozen weights left out": (count_trainable_vector, "frozen left out"),
    "different values": (count_different_values, ""),
}
RIGHT = {
    "a loop over nelement": right_count_loop,
    "products of the shapes": right_count_shapes,
    "by the identity of each tensor": right_count_by_identity,
    "one long vector": right_count_vector,
    "NumPy": right_count_numpy,
    "by storage": right_count_by_storage,
    "by name": right_count_named,
    "a state dict without its buffers": right_count_without_buffers,
    "recursion": right_count_recursive,
}
