"""Lesson 00: answers as students write them.

WRONG: exercise -> label -> (answer, the misconception by whose name the verdict must call it; "" where a sentence about
the failing case is all that can be said). RIGHT: exercise -> label -> answer.
"""

from __future__ import annotations

import math
from statistics import mean

import numpy as np
import torch

# ---- weights_left


def left_on_purpose(n, share):
    return share * n


def left_rounded_gone(n, share):
    gone = round(n * share)
    return gone


def left_fraction(n, share):
    return (1 - share) * n


def left_floor(n, share):
    return n - math.floor(n * share)


def left_ceil(n, share):
    return n - math.ceil(share * n)


def left_int_of_rest(n, share):
    return int(n - n * share)


def left_minus_share(n, share):
    return n - share


def left_percent(n, share):
    return n - round(n * share / 100)


def left_constant(n, share):
    return 1


def left_floor_division(n, share):
    return n - int(n * share // 1)


def left_text(n, share):
    return f"{n - round(n * share)} weights"


def left_nothing(n, share):
    n -= round(share * n)


def right_left_one_liner(n, share):
    return n - round(n * share)


def right_left_of_the_rest(n, share):
    return round((1 - share) * n)


def right_left_by_removing(n, share):
    weights = list(range(n))
    del weights[: round(share * n)]
    return len(weights)


def right_left_float(n, share):
    return float(n) - np.rint(share * n)


# ---- count_parameters


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


# ---- sparsity


def share_mean(masks, total):
    return mean([1 - mask.float().mean().item() for mask in masks.values()])


def share_mean_torch(masks, total):
    shares = torch.stack([(~m).float().mean() for m in masks.values()])
    return shares.mean()


def share_listed(masks, total):
    gone = sum((~m).sum().item() for m in masks.values())
    listed = sum(m.numel() for m in masks.values())
    return gone / listed


def share_listed_vector(masks, total):
    every = torch.cat([mask.flatten() for mask in masks.values()])
    return (every == 0).sum().item() / len(every)


def share_kept(masks, total):
    return sum(m.sum().item() for m in masks.values()) / total


def share_one_minus_kept(masks, total):
    return 1 - sum(m.sum().item() for m in masks.values()) / total


def share_number(masks, total):
    return sum(int((m == 0).sum()) for m in masks.values())


def share_percent(masks, total):
    return 100 * sum(int((m == 0).sum()) for m in masks.values()) / total


def share_of_what_is_left(masks, total):
    gone = sum(int((~m).sum()) for m in masks.values())
    return gone / max(1, total - gone)


def share_overwritten(masks, total):
    gone = 0
    for mask in masks.values():
        gone = (~mask).sum().item()
    return gone / total


def share_density(masks, total):
    return 1 - sum(int((~m).sum()) for m in masks.values()) / total


def share_early_return(masks, total):
    gone = 0
    for mask in masks.values():
        gone += int((~mask).sum())
        return gone / total


def share_mean_of_kept(masks, total):
    return sum(m.double().mean().item() for m in masks.values()) / len(masks)


def share_per_layer(masks, total):
    return {name: (~mask).float().mean().item() for name, mask in masks.items()}


def share_rounded(masks, total):
    return round(sum(int((~m).sum()) for m in masks.values()) / total, 2)


def share_inverted_in_place(masks, total):
    return sum(int(m.logical_not_().sum()) for m in masks.values()) / total


def right_share_numpy(masks, total):
    return float(np.sum([np.count_nonzero(~mask.numpy()) for mask in masks.values()]) / total)


def right_share_from_kept(masks, total):
    listed = sum(mask.numel() for mask in masks.values())
    kept = sum(mask.sum() for mask in masks.values()) + (total - listed)
    return 1 - kept / total


def right_share_weighted_mean(masks, total):
    return sum((1 - m.double().mean().item()) * m.numel() / total for m in masks.values())


def right_share_vector(masks, total):
    return (~torch.cat([mask.flatten() for mask in masks.values()])).sum() / total


WRONG = {
    "weights_left": {
        "what goes, as the lesson asks for on purpose": (left_on_purpose, "what goes"),
        "what goes, rounded": (left_rounded_gone, "what goes"),
        "not rounded": (left_fraction, "not a whole number"),
        "floor of what goes": (left_floor, "not the nearest number"),
        "ceil of what goes": (left_ceil, "not the nearest number"),
        "int of what is left": (left_int_of_rest, "not the nearest number"),
        "the share taken off the number": (left_minus_share, "share for number"),
        "a percentage": (left_percent, "percent"),
        "right for the example only": (left_constant, "hard-coded result"),
        "floor division": (left_floor_division, "not the nearest number"),
        "a text": (left_text, ""),
        "no return": (left_nothing, "hard-coded result"),
    },
    "count_parameters": {
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
        "only convolutions and dense layers": (count_conv_and_linear, "some kinds of layer missed"),
        "bytes": (count_megabytes, "bytes"),
    },
    "sparsity": {
        "mean over the layers": (share_mean, "mean over the layers"),
        "mean over the layers, in torch": (share_mean_torch, "mean over the layers"),
        "of the masked layers only": (share_listed, "masked layers only"),
        "of the masked layers only, as one vector": (share_listed_vector, "masked layers only"),
        "True counted": (share_kept, "density for sparsity"),
        "one minus the True ones": (share_one_minus_kept, "kept and gone mixed"),
        "how many": (share_number, "a number, not a share"),
        "a percentage": (share_percent, "percent"),
        "of what is left": (share_of_what_is_left, "what is gone of what is left"),
        "the sum overwritten in each turn": (share_overwritten, "last layer only"),
        "the density": (share_density, "density for sparsity"),
        "return within the loop": (share_early_return, "returns within the loop"),
        "mean of what is kept": (share_mean_of_kept, "mean over the layers"),
        "one share a layer": (share_per_layer, ""),
        "rounded to two digits": (share_rounded, ""),
        "masks turned round in place": (share_inverted_in_place, "mutated input"),
    },
}
RIGHT = {
    "weights_left": {
        "in one line": right_left_one_liner,
        "rounding what is left": right_left_of_the_rest,
        "removing from a list": right_left_by_removing,
        "with NumPy, as a float": right_left_float,
    },
    "count_parameters": {
        "a loop over nelement": right_count_loop,
        "products of the shapes": right_count_shapes,
        "by the identity of each tensor": right_count_by_identity,
        "one long vector": right_count_vector,
    },
    "sparsity": {
        "with NumPy": right_share_numpy,
        "from what is kept": right_share_from_kept,
        "a mean weighted by size": right_share_weighted_mean,
        "one long vector": right_share_vector,
    },
}
