"""Answers to `sensitivity` as students write them."""

from __future__ import annotations

import copy
import math

import numpy as np
import torch


def zero_smallest(weight, count):
    order = weight.detach().abs().flatten().argsort()
    mask = torch.ones(weight.numel(), dtype=torch.bool)
    mask[order[:count]] = False
    with torch.no_grad():
        weight.masked_fill_(~mask.view(weight.shape), 0)


def scan_never_restored(model, layer, sparsities, evaluate):
    weight = model.get_submodule(layer).weight
    found = []
    for sparsity in sparsities:
        zero_smallest(weight, round(sparsity * weight.numel()))
        found.append(evaluate(model))
    return found


def scan_alias(model, layer, sparsities, evaluate):
    weight = model.get_submodule(layer).weight
    dense = model.state_dict()  # points to the live weights
    found = []
    for sparsity in sparsities:
        zero_smallest(weight, round(sparsity * weight.numel()))
        found.append(evaluate(model))
        model.load_state_dict(dense)
    return found


def scan_restored_in_the_end(model, layer, sparsities, evaluate):
    weight = model.get_submodule(layer).weight
    dense, found = weight.detach().clone(), []
    for sparsity in sparsities:
        zero_smallest(weight, round(sparsity * weight.numel()))
        found.append(evaluate(model))
    weight.data.copy_(dense)
    return found


def scan_of_the_rest(model, layer, sparsities, evaluate):
    weight = model.get_submodule(layer).weight
    dense, found = weight.detach().clone(), []
    for sparsity in sparsities:
        left = int(torch.count_nonzero(weight))
        zero_smallest(weight, weight.numel() - left + round(sparsity * left))
        found.append(evaluate(model))
    weight.data.copy_(dense)
    return found


def scan_everything(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        for module in pruned:
            zero_smallest(module.weight, round(sparsity * module.weight.numel()))
        found.append(evaluate(pruned))
    return found


def scan_by_prefix(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        for name, parameter in pruned.named_parameters():
            if name.startswith(layer) and name.endswith("weight"):
                zero_smallest(parameter, round(sparsity * parameter.numel()))
        found.append(evaluate(pruned))
    return found


def scan_bias_too(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        for parameter in pruned.get_submodule(layer).parameters():
            zero_smallest(parameter, round(sparsity * parameter.numel()))
        found.append(evaluate(pruned))
    return found


def scan_largest(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        order = weight.detach().abs().flatten().argsort(descending=True)
        weight.data.view(-1)[order[: round(sparsity * weight.numel())]] = 0
        found.append(evaluate(pruned))
    return found


def scan_signed(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        order = weight.detach().flatten().argsort()
        weight.data.view(-1)[order[: round(sparsity * weight.numel())]] = 0
        found.append(evaluate(pruned))
    return found


def scan_truncated(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        zero_smallest(weight, int(sparsity * weight.numel()))
        found.append(evaluate(pruned))
    return found


def scan_quantile(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight.data
        weight[weight.abs() < weight.abs().flatten().quantile(sparsity)] = 0
        found.append(evaluate(pruned))
    return found


def scan_threshold(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight.data
        count = round(sparsity * weight.numel())
        if count:
            weight[weight.abs() <= weight.abs().flatten().kthvalue(count).values] = 0
        found.append(evaluate(pruned))
    return found


def scan_density(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        zero_smallest(weight, weight.numel() - round(sparsity * weight.numel()))
        found.append(evaluate(pruned))
    return found


def scan_dense_evaluated(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        zero_smallest(weight, round(sparsity * weight.numel()))
        found.append(evaluate(model))
    return found


def scan_losses(model, layer, sparsities, evaluate):
    before = evaluate(model)
    return [before - after for after in right_scan_copies(model, layer, sparsities, evaluate)]


def scan_first_only(model, layer, sparsities, evaluate):
    for sparsity in sparsities:
        return right_scan_copies(model, layer, [sparsity], evaluate)
    return []


def right_scan_copies(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        zero_smallest(weight, round(sparsity * weight.numel()))
        found.append(evaluate(pruned))
    return found


def right_scan_state_dict(model, layer, sparsities, evaluate):
    dense, found = copy.deepcopy(model.state_dict()), {}
    for sparsity in sparsities:
        weight = model.get_parameter(f"{layer}.weight")
        zero_smallest(weight, round(sparsity * weight.numel()))
        found[sparsity] = evaluate(model)
        model.load_state_dict(dense)
    return list(found.values())


def right_scan_torch_prune(model, layer, sparsities, evaluate):
    from torch.nn.utils import prune

    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        module = pruned.get_submodule(layer)
        prune.l1_unstructured(module, "weight", amount=round(sparsity * module.weight.numel()))
        prune.remove(module, "weight")
        found.append(evaluate(pruned))
    return torch.tensor(found, dtype=torch.float64)


def scan_rounded(digits):
    def wrong(model, layer, sparsities, evaluate):
        return [round(value, digits) for value in right_scan_copies(model, layer, sparsities, evaluate)]

    return wrong


def scan_counted(count, smallest=zero_smallest):
    """Return a scan that sets `count(sparsity, weight)` of the weights to zero."""

    def wrong(model, layer, sparsities, evaluate):
        found = []
        for sparsity in sparsities:
            pruned = copy.deepcopy(model)
            weight = pruned.get_submodule(layer).weight
            smallest(weight, count(sparsity, weight))
            found.append(evaluate(pruned))
        return found

    return wrong


def zero_in_each_row(weight, count):
    for row in weight.data.flatten(1):
        row[row.abs().argsort()[: round(count / len(weight))]] = 0


def zero_first(weight, count):
    weight.data.view(-1)[:count] = 0


def scan_sorted(model, layer, sparsities, evaluate):
    return right_scan_copies(model, layer, sorted(sparsities), evaluate)


def scan_cumulative(model, layer, sparsities, evaluate):
    pruned, found = copy.deepcopy(model), []
    for sparsity in sparsities:
        weight = pruned.get_submodule(layer).weight
        zero_smallest(weight, round(sparsity * weight.numel()))
        found.append(evaluate(pruned))
    return found


def scan_sorts_in_place(model, layer, sparsities, evaluate):
    sparsities.sort(reverse=True)
    return right_scan_copies(model, layer, sparsities, evaluate)


def scan_layer_alone(model, layer, sparsities, evaluate):
    return right_scan_copies(model, layer, sparsities, lambda net: evaluate(net.get_submodule(layer)))


def scan_other_layers(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        for name, module in pruned.named_children():
            if name != layer:
                zero_smallest(module.weight, round(sparsity * module.weight.numel()))
        found.append(evaluate(pruned))
    return found


def right_scan_topk(model, layer, sparsities, evaluate):
    weight = dict(model.named_parameters())[f"{layer}.weight"]
    dense, found = weight.data.clone(), []
    for sparsity in sparsities:
        stay = weight.numel() - round(sparsity * weight.numel())
        flat = torch.zeros(weight.numel(), dtype=weight.dtype)
        best = dense.abs().flatten().topk(stay).indices
        flat[best] = dense.flatten()[best]
        weight.data = flat.view(dense.shape)
        found.append(evaluate(model))
        weight.data = dense.clone()
    return tuple(found)


def right_scan_python(model, layer, sparsities, evaluate):
    weight = model.get_submodule(layer).weight
    values = weight.detach().flatten().tolist()
    order = sorted(range(len(values)), key=lambda i: abs(values[i]))
    found = []
    for sparsity in sparsities:
        gone = set(order[: round(sparsity * len(values))])
        pruned = [0.0 if i in gone else value for i, value in enumerate(values)]
        weight.data.copy_(torch.tensor(pruned, dtype=weight.dtype).view(weight.shape))
        found.append(evaluate(model))
        weight.data.copy_(torch.tensor(values, dtype=weight.dtype).view(weight.shape))
    return found


def right_scan_numpy(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        array = pruned.get_submodule(layer).weight.detach().numpy()
        ranks = np.abs(array).ravel().argsort(kind="stable").argsort(kind="stable").reshape(array.shape)
        array[ranks < round(sparsity * array.size)] = 0
        found.append(evaluate(pruned))
    return found


def right_scan_try_finally(model, layer, sparsities, evaluate):
    weight = model.get_parameter(layer + ".weight")
    saved = weight.detach().clone()
    found = [0.0] * len(sparsities)
    try:
        for place in reversed(range(len(sparsities))):
            with torch.no_grad():
                weight[:] = saved
                flat = weight.view(-1)
                flat[saved.abs().view(-1).sort(stable=True).indices[: round(sparsities[place] * flat.numel())]] = 0
            found[place] = evaluate(model)
    finally:
        with torch.no_grad():
            weight.copy_(saved)
    return found


def scan_rounds_what_stays(model, layer, sparsities, evaluate):
    weight = model.get_submodule(layer).weight
    dense = weight.detach().clone()
    found = []
    for sparsity in sparsities:
        zero_smallest(weight, weight.numel() - round((1 - sparsity) * weight.numel()))
        found.append(evaluate(model))
        with torch.no_grad():
            weight.copy_(dense)
    return found


WRONG = {
    "what stays is rounded": (scan_rounds_what_stays, "what stays is rounded"),
    "never restored": (scan_never_restored, "not restored"),
    "state_dict without a copy": (scan_alias, "not restored"),
    "restored in the end only": (scan_restored_in_the_end, "restored at the end only"),
    "shares of what remains": (scan_of_the_rest, "share of what remains"),
    "all layers": (scan_everything, "all layers pruned"),
    "every name that begins so": (scan_by_prefix, "other layers too"),
    "the bias as well": (scan_bias_too, "bias pruned"),
    "largest first": (scan_largest, "largest pruned"),
    "no abs": (scan_signed, "no absolute value"),
    "int for round": (scan_truncated, "int for round"),
    "a quantile": (scan_quantile, ""),
    "kthvalue and <=": (scan_threshold, "ties"),
    "density": (scan_density, "density for sparsity"),
    "the dense model evaluated": (scan_dense_evaluated, "evaluated too early"),
    "losses": (scan_losses, "losses for values"),
    "returns in the loop": (scan_first_only, ""),
    "rounded to two digits": (scan_rounded(2), "rounded"),
    "rounded to three digits": (scan_rounded(3), "rounded"),
    "rounded to four digits": (scan_rounded(4), "rounded"),
    "half up": (scan_counted(lambda s, w: int(s * w.numel() + 0.5)), "a half rounded up"),
    "half down": (scan_counted(lambda s, w: math.ceil(s * w.numel() - 0.5)), "a half rounded down"),
    "rounded up": (scan_counted(lambda s, w: math.ceil(s * w.numel())), ""),
    "of the non-zeros": (
        scan_counted(lambda s, w: int((w == 0).sum()) + round(s * int(w.count_nonzero()))),
        "zeros not counted",
    ),
    "a share of the non-zeros": (scan_counted(lambda s, w: round(s * int(w.count_nonzero()))), "zeros not counted"),
    "at least one goes": (scan_counted(lambda s, w: max(1, round(s * w.numel()))), ""),
    "at least one stays": (scan_counted(lambda s, w: min(w.numel() - 1, round(s * w.numel()))), ""),
    "rows": (scan_counted(lambda s, w: round(s * w.numel()), zero_in_each_row), ""),
    "the first weights": (scan_counted(lambda s, w: round(s * w.numel()), zero_first), "weights not ranked"),
    "of weights and biases": (scan_counted(lambda s, w: round(s * (w.numel() + len(w)))), ""),
    "sorted sparsities": (scan_sorted, "order of the sparsities"),
    "each from the one before": (scan_cumulative, "restored at the end only"),
    "sorts the list": (scan_sorts_in_place, ""),
    "the layer alone evaluated": (scan_layer_alone, "one layer evaluated"),
    "the other layers": (scan_other_layers, "the other layers pruned"),
}
RIGHT = {
    "a copy for each sparsity": right_scan_copies,
    "restored from a copied state dict": right_scan_state_dict,
    "torch.nn.utils.prune": right_scan_torch_prune,
    "topk": right_scan_topk,
    "plain Python": right_scan_python,
    "NumPy": right_scan_numpy,
    "backwards, restored by finally": right_scan_try_finally,
}
