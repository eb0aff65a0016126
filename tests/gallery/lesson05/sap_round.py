"""Answers to `sap_round` as students write them."""

from __future__ import annotations

import torch

from course_lib.pruning import sap_amount
from course_lib.teaching.exercises.lesson05.sap_group import sap_group  # as the lesson and the grader supply them
from gallery.lesson05.sap_group import (
    group_afresh,
    group_counting_zeros,
    group_crashing,
    group_of_original,
    group_right,
    group_threshold,
    group_zeros_again,
)


def pieces(weights, masks, scope):
    """Lists of (flat weights, flat view of a new mask) and the new masks."""
    new = {name: mask.clone() for name, mask in masks.items()}
    if scope == "neuron":
        return [
            (w, m)
            for name in weights
            for w, m in zip(weights[name].flatten(1), new[name].view(len(new[name]), -1), strict=True)
        ], new
    return [(weights[name].flatten(), new[name].view(-1)) for name in weights], new


def together(weights, masks, choose):
    """Scope global by hand: choose(flat, mask) -> new mask."""
    w = torch.cat([weights[name].flatten() for name in weights])
    m = choose(w, torch.cat([masks[name].flatten() for name in weights]))
    return {
        name: part.view_as(weights[name])
        for name, part in zip(weights, m.split([weights[name].numel() for name in weights]), strict=True)
    }


def by(choose):
    """choose: (flat weights, flat mask, p, q) -> new flat mask; a whole answer from it."""

    def answer(weights, masks, scope, p=1.0, q=2.0):
        if scope == "global":
            return together(weights, masks, lambda w, m: choose(w, m, p, q))
        found, new = pieces(weights, masks, scope)
        for w, m in found:
            m.copy_(choose(w, m.clone(), p, q))
        return new

    return answer


def round_by_place(weights, masks, scope, p=1.0, q=2.0):
    if scope != "global":
        return by(group_right)(weights, masks, scope, p, q)
    w = torch.cat([t.flatten() for t in weights.values()])
    m = group_right(w, torch.cat([t.flatten() for t in masks.values()]), p, q)
    parts = m.split([t.numel() for t in weights.values()])
    return {name: part.view_as(weights[name]) for name, part in zip(weights, parts, strict=True)}


def round_without_the_gone(weights, masks, scope, p=1.0, q=2.0):
    return {name: weights[name] * mask for name, mask in by(group_right)(weights, masks, scope, p, q).items()}


def round_count_of_the_layer(weights, masks, scope, p=1.0, q=2.0):
    """Neurons: the amount of the whole layer, ranked over the layer, which is scope layer; global: layers likewise."""
    return by(group_right)(weights, masks, "layer" if scope == "neuron" else scope, p, q)


def round_filters_as_one(weights, masks, scope, p=1.0, q=2.0):
    """Only matrices have rows here; a convolution is one group."""
    if scope != "neuron":
        return by(group_right)(weights, masks, scope, p, q)
    new = {}
    for name, w in weights.items():
        new |= by(group_right)({name: w}, masks, "neuron" if w.ndim == 2 else "layer", p, q)
    return {name: new[name] for name in weights}


def round_weights_too(weights, masks, scope, p=1.0, q=2.0):
    new = by(group_right)(weights, masks, scope, p, q)
    for name, w in weights.items():
        w[~new[name]] = 0
    return new


def round_one_layer_only(weights, masks, scope, p=1.0, q=2.0):
    return by(group_right)(weights, masks, "layer", p, q)


def round_all_together(weights, masks, scope, p=1.0, q=2.0):
    return by(group_right)(weights, masks, "global", p, q)


def round_inverted(weights, masks, scope, p=1.0, q=2.0):
    return {name: ~mask for name, mask in by(group_right)(weights, masks, scope, p, q).items()}


def round_columns(weights, masks, scope, p=1.0, q=2.0):
    if scope != "neuron":
        return by(group_right)(weights, masks, scope, p, q)
    new = {name: mask.clone() for name, mask in masks.items()}
    for name, w in weights.items():
        for k in range(w.shape[1]):
            new[name][:, k] = group_right(w[:, k].flatten(), masks[name][:, k].flatten(), p, q).view_as(w[:, k])
    return new


def round_default_norms(weights, masks, scope, p=1.0, q=2.0):
    return by(group_right)(weights, masks, scope)


def round_in_place(weights, masks, scope, p=1.0, q=2.0):
    new = by(group_right)(weights, masks, scope, p, q)
    for name in masks:
        masks[name] &= new[name]
    return masks


def round_numbers(weights, masks, scope, p=1.0, q=2.0):
    return {name: mask.float() for name, mask in by(group_right)(weights, masks, scope, p, q).items()}


def round_rows_of_flat(weights, masks, scope, p=1.0, q=2.0):
    """Neurons of a convolution by their first input channel only."""
    if scope != "neuron":
        return by(group_right)(weights, masks, scope, p, q)
    new = {name: mask.clone() for name, mask in masks.items()}
    for name, w in weights.items():
        for j in range(len(w)):
            new[name][j] = sap_group(w[j], masks[name][j], p, q) if w.ndim == 2 else masks[name][j]
            if w.ndim > 2:
                new[name][j, 0] = sap_group(w[j, 0], masks[name][j, 0], p, q)
    return new


def round_global_by_layer(weights, masks, scope, p=1.0, q=2.0):
    """Scope global forgotten."""
    if scope == "global":
        scope = "layer"
    return right_round_calls(weights, masks, scope, p, q)


def right_round_calls(weights, masks, scope, p=1.0, q=2.0):
    if scope == "layer":
        return {name: sap_group(w, masks[name], p, q) for name, w in weights.items()}
    if scope == "neuron":
        return {
            name: torch.stack([sap_group(w[j], masks[name][j], p, q) for j in range(len(w))]) for name, w in weights.items()
        }
    return together(weights, masks, lambda w, m: sap_group(w, m, p, q))


def right_round_sorted(weights, masks, scope, p=1.0, q=2.0):
    def groups():
        if scope == "global":
            return [[(name, i) for name, w in weights.items() for i in range(w.numel())]]
        if scope == "layer":
            return [[(name, i) for i in range(w.numel())] for name, w in weights.items()]
        return [
            [(name, i) for i in range(k * w[0].numel(), (k + 1) * w[0].numel())]
            for name, w in weights.items()
            for k in range(len(w))
        ]

    new = {name: mask.clone() for name, mask in masks.items()}
    for group in groups():
        kept = [(abs(float(weights[n].view(-1)[i])), n, i) for n, i in group if masks[n].view(-1)[i]]
        if kept:
            count = sap_amount(torch.tensor([m for m, _, _ in kept], dtype=torch.float64), p, q)
            for _, n, i in sorted(kept)[:count]:
                new[n].view(-1)[i] = False
    return new


WRONG = {
    "a threshold": (by(group_threshold), "ties"),
    "always by layer": (round_one_layer_only, "scope ignored"),
    "always global": (round_all_together, "scope ignored"),
    "zeros counted": (by(group_counting_zeros), "masked weights counted"),
    "zeros ranked": (by(group_zeros_again), "zeros ranked again"),
    "of the original": (by(group_of_original), "amount of the original"),
    "afresh": (by(group_afresh), "what was gone comes back"),
    "inverted": (round_inverted, "inverted mask"),
    "columns": (round_columns, "columns for neurons"),
    "default norms": (round_default_norms, "p and q ignored"),
    "in place": (round_in_place, "mutated input"),
    "numbers": (round_numbers, ""),
    "crashes on an empty neuron": (by(group_crashing), ""),
    "masks by place": (round_by_place, "by place, not by name"),
    "weights for masks": (round_without_the_gone, ""),
    "layers for neurons": (round_count_of_the_layer, ""),
    "layers for all": (round_global_by_layer, ""),
    "filters as one": (round_filters_as_one, ""),
    "first channel only": (round_rows_of_flat, ""),
    "weights zeroed too": (round_weights_too, "mutated input"),
}
RIGHT = {
    "calls sap_group": right_round_calls,
    "indices": by(group_right),
    "a sorted list": right_round_sorted,
}
