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


WRONG = {
    "only what is called weight": (count_weights, "biases left out"),
    "only matrices and kernels": (count_matrices, "biases left out"),
    "the state dict": (count_state, "buffers counted"),
    "parameters and buffers": (count_with_buffers, ""),
    "only what is trained": (count_trainable, "frozen left out"),
    "number of tensors": (count_tensors, "tensors counted"),
    "layer by layer, shared ones twice": (count_by_layer, "shared counted twice"),
    "containers and what is in them": (count_every_module, "counted again and again"),
    "weight and bias of the outermost layers": (count_by_children, "nested layers missed"),
    "only what is not zero": (count_nonzero, "zeros left out"),
    "length of the first axis": (count_rows, "rows counted"),
    "every layer has both": (count_weight_and_bias, ""),
    "only convolutions and dense layers": (count_conv_and_linear, "some kinds of layer missed"),
    "bytes": (count_megabytes, "bytes"),
}
RIGHT = {
    "a loop over nelement": right_count_loop,
    "products of the shapes": right_count_shapes,
    "by the identity of each tensor": right_count_by_identity,
    "one long vector": right_count_vector,
}
