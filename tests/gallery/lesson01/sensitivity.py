"""Answers to `sensitivity` as students write them."""

from __future__ import annotations

import copy

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


WRONG = {
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
}
RIGHT = {
    "a copy for each sparsity": right_scan_copies,
    "restored from a copied state dict": right_scan_state_dict,
    "torch.nn.utils.prune": right_scan_torch_prune,
}
