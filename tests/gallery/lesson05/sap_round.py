"""Answers to `sap_round` as students write them."""

from __future__ import annotations

import numpy as np
import torch

from course_lib.pruning import pq_index, retain_bound, sap_amount  # as the lesson and the grader supply them


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

    def answer(weights, masks, scope, p=0.5, q=1.0):
        if scope == "global":
            return together(weights, masks, lambda w, m: choose(w, m, p, q))
        found, new = pieces(weights, masks, scope)
        for w, m in found:
            m.copy_(choose(w, m.clone(), p, q))
        return new

    return answer


def choose_right(w, m, p, q):
    if not m.any():
        return m
    m = m.clone()
    alive = m.nonzero().flatten()
    order = w[alive].abs().argsort()
    m[alive[order[: sap_amount(w[alive], p, q)]]] = False
    return m


def choose_threshold(w, m, p, q):
    c = sap_amount(w[m], p, q) if m.any() else 0
    return m & (w.abs() > w[m].abs().sort().values[c - 1]) if c else m


def choose_threshold_keeping(w, m, p, q):
    c = sap_amount(w[m], p, q) if m.any() else 0
    return m & (w.abs() >= w[m].abs().sort().values[c]) if c else m


def choose_counting_zeros(w, m, p, q):
    v = w * m
    if not v.any():
        return m
    c = min(sap_amount(v, p, q), int(m.sum()))
    out = torch.where(m, v.abs(), torch.inf).argsort()[:c]
    m = m.clone()
    m[out] = False
    return m


def choose_zeros_again(w, m, p, q):
    if not m.any():
        return m
    out = (w * m).abs().argsort(stable=True)[: sap_amount(w[m], p, q)]
    m = m.clone()
    m[out] = False
    return m


def choose_of_original(w, m, p, q):
    if not m.any():
        return m
    kept = w[m]
    share = min(1 - retain_bound(len(kept), pq_index(kept, p, q), p, q) / len(kept), 0.9)
    c = min(int(share * w.numel() + 1e-9), len(kept))
    out = torch.where(m, w.abs(), torch.inf).argsort()[:c]
    m = m.clone()
    m[out] = False
    return m


def choose_afresh(w, m, p, q):
    new = torch.ones_like(m)
    if w.any():
        new[w.abs().argsort(stable=True)[: sap_amount(w, p, q)]] = False
    return new


def choose_largest(w, m, p, q):
    if not m.any():
        return m
    out = torch.where(m, w.abs(), -1.0).argsort(descending=True)[: sap_amount(w[m], p, q)]
    m = m.clone()
    m[out] = False
    return m


def choose_signed(w, m, p, q):
    if not m.any():
        return m
    out = torch.where(m, w, torch.inf).argsort()[: sap_amount(w[m], p, q)]
    m = m.clone()
    m[out] = False
    return m


def choose_crashing(w, m, p, q):
    out = torch.where(m, w.abs(), torch.inf).argsort()[: sap_amount(w[m], p, q)]
    m = m.clone()
    m[out] = False
    return m


def choose_nonzero(w, m, p, q):
    return choose_right(w, w != 0, p, q)


def choose_nonzero_of_kept(w, m, p, q):
    return choose_right(w, m & (w != 0), p, q)


def choose_rounded(w, m, p, q):
    if not m.any():
        return m
    order = torch.where(m, (w.abs() * 1000).round(), torch.inf).argsort(stable=True)
    m = m.clone()
    m[order[: sap_amount(w[m], p, q)]] = False
    return m


def choose_one_at_least(w, m, p, q):
    if not m.any():
        return m
    order = torch.where(m, w.abs(), torch.inf).argsort()
    m = m.clone()
    m[order[: max(1, sap_amount(w[m], p, q))]] = False
    return m


def choose_at_random(w, m, p, q):
    if not m.any():
        return m
    kept = m.nonzero().flatten()
    gone = kept[torch.randperm(len(kept))[: sap_amount(w[m], p, q)]]
    m = m.clone()
    m[gone] = False
    return m


def choose_first(w, m, p, q):
    if not m.any():
        return m
    m, count = m.clone(), sap_amount(w[m], p, q)
    m[m.nonzero().flatten()[:count]] = False
    return m


def choose_one_more(w, m, p, q):
    if not m.any():
        return m
    order = torch.where(m, w.abs(), torch.inf).argsort()
    m = m.clone()
    m[order[: sap_amount(w[m], p, q) + 1]] = False
    return m


def choose_by_share_of_largest(w, m, p, q):
    if not m.any():
        return m
    return m & (w.abs() > w[m].abs().max() * sap_amount(w[m], p, q) / int(m.sum()))


def choose_quantile(w, m, p, q):
    if not m.any():
        return m
    kept = w[m].abs()
    return m & (w.abs() > torch.quantile(kept, sap_amount(w[m], p, q) / len(kept)))


def round_by_place(weights, masks, scope, p=0.5, q=1.0):
    if scope != "global":
        return by(choose_right)(weights, masks, scope, p, q)
    w = torch.cat([t.flatten() for t in weights.values()])
    m = choose_right(w, torch.cat([t.flatten() for t in masks.values()]), p, q)
    parts = m.split([t.numel() for t in weights.values()])
    return {name: part.view_as(weights[name]) for name, part in zip(weights, parts, strict=True)}


def round_without_the_gone(weights, masks, scope, p=0.5, q=1.0):
    return {name: weights[name] * mask for name, mask in by(choose_right)(weights, masks, scope, p, q).items()}


def round_count_of_the_layer(weights, masks, scope, p=0.5, q=1.0):
    """Neurons: the amount of the whole layer, ranked over the layer, which is scope layer; global: layers likewise."""
    return by(choose_right)(weights, masks, "layer" if scope == "neuron" else scope, p, q)


def round_filters_as_one(weights, masks, scope, p=0.5, q=1.0):
    """Only matrices have rows here; a convolution is one group."""
    if scope != "neuron":
        return by(choose_right)(weights, masks, scope, p, q)
    new = {}
    for name, w in weights.items():
        new |= by(choose_right)({name: w}, masks, "neuron" if w.ndim == 2 else "layer", p, q)
    return {name: new[name] for name in weights}


def round_weights_too(weights, masks, scope, p=0.5, q=1.0):
    new = by(choose_right)(weights, masks, scope, p, q)
    for name, w in weights.items():
        w[~new[name]] = 0
    return new


def choose_topk(w, m, p, q):
    """The ones that stay: as many as are left, of the largest."""
    new = torch.zeros_like(m)
    if m.any():
        left = int(m.sum()) - sap_amount(w[m], p, q)
        new[w.abs().masked_fill(~m, -1).topk(left).indices] = True
    return new


def choose_ranks(w, m, p, q):
    if not m.any():
        return m
    new = m.clone()
    new[m] = w[m].abs().argsort().argsort() >= sap_amount(w[m], p, q)
    return new


def choose_numpy(w, m, p, q):
    if not m.any():
        return m
    magnitudes = np.where(m.numpy(), np.abs(w.numpy()), np.inf)
    new = m.numpy().copy()
    new[np.argsort(magnitudes, kind="stable")[: sap_amount(w[m], p, q)]] = False
    return torch.from_numpy(new)


def round_one_layer_only(weights, masks, scope, p=0.5, q=1.0):
    return by(choose_right)(weights, masks, "layer", p, q)


def round_all_together(weights, masks, scope, p=0.5, q=1.0):
    return by(choose_right)(weights, masks, "global", p, q)


def round_inverted(weights, masks, scope, p=0.5, q=1.0):
    return {name: ~mask for name, mask in by(choose_right)(weights, masks, scope, p, q).items()}


def round_columns(weights, masks, scope, p=0.5, q=1.0):
    if scope != "neuron":
        return by(choose_right)(weights, masks, scope, p, q)
    new = {name: mask.clone() for name, mask in masks.items()}
    for name, w in weights.items():
        for k in range(w.shape[1]):
            new[name][:, k] = choose_right(w[:, k].flatten(), masks[name][:, k].flatten(), p, q).view_as(w[:, k])
    return new


def round_default_norms(weights, masks, scope, p=0.5, q=1.0):
    return by(choose_right)(weights, masks, scope)


def round_in_place(weights, masks, scope, p=0.5, q=1.0):
    new = by(choose_right)(weights, masks, scope, p, q)
    for name in masks:
        masks[name] &= new[name]
    return masks


def round_numbers(weights, masks, scope, p=0.5, q=1.0):
    return {name: mask.float() for name, mask in by(choose_right)(weights, masks, scope, p, q).items()}


def right_round_sorted(weights, masks, scope, p=0.5, q=1.0):
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
    "a threshold": (by(choose_threshold), "ties"),
    "a threshold that keeps ties": (by(choose_threshold_keeping), "ties"),
    "always by layer": (round_one_layer_only, "scope ignored"),
    "always global": (round_all_together, "scope ignored"),
    "zeros counted": (by(choose_counting_zeros), "masked weights counted"),
    "zeros ranked": (by(choose_zeros_again), "zeros ranked again"),
    "of the original": (by(choose_of_original), "amount of the original"),
    "afresh": (by(choose_afresh), "what was gone comes back"),
    "largest": (by(choose_largest), "largest go"),
    "signed": (by(choose_signed), "no absolute value"),
    "inverted": (round_inverted, "inverted mask"),
    "columns": (round_columns, "columns for neurons"),
    "default norms": (round_default_norms, "p and q ignored"),
    "in place": (round_in_place, "mutated input"),
    "numbers": (round_numbers, ""),
    "crashes on an empty neuron": (by(choose_crashing), ""),
    "what is not zero": (by(choose_nonzero), "zeros taken for masked"),
    "what is kept and not zero": (by(choose_nonzero_of_kept), "zeros taken for masked"),
    "magnitudes in thousandths": (by(choose_rounded), "magnitudes rounded"),
    "at least one": (by(choose_one_at_least), ""),
    "by lot": (by(choose_at_random), ""),
    "the first ones": (by(choose_first), ""),
    "one more": (by(choose_one_more), ""),
    "a share of the largest": (by(choose_by_share_of_largest), ""),
    "a quantile": (by(choose_quantile), ""),
    "masks by place": (round_by_place, "by place, not by name"),
    "weights for masks": (round_without_the_gone, ""),
    "layers for neurons": (round_count_of_the_layer, ""),
    "filters as one": (round_filters_as_one, ""),
    "weights zeroed too": (round_weights_too, "mutated input"),
}
RIGHT = {
    "indices": by(choose_right),
    "a sorted list": right_round_sorted,
    "top k": by(choose_topk),
    "ranks": by(choose_ranks),
    "NumPy": by(choose_numpy),
}
