"""Answers to `my_masks`: what is legal is right, whatever it takes; whether it is good, the board says."""

import torch


def by(score):
    """A legal pruner with this score."""

    def masks(weights, kept, gone, least):
        flat = torch.cat([score(w).masked_fill(~kept[n], -torch.inf).flatten() for n, w in weights.items()])
        start = 0
        for n, w in weights.items():
            part = flat[start : start + w.numel()]
            part[part.topk(min(least, int(kept[n].sum()))).indices] = torch.inf
            start += w.numel()
        keep = torch.ones(len(flat), dtype=torch.bool)
        keep[flat.argsort()[:gone]] = False
        return {
            n: p.view(weights[n].shape)
            for n, p in zip(weights, keep.split([w.numel() for w in weights.values()]), strict=True)
        }

    return masks


def greedy(weights, kept, gone, least, score=torch.abs, before=True):
    values = {n: score(w).masked_fill(~kept[n], -1) if before else score(w) for n, w in weights.items()}
    flat = torch.cat([v.flatten() for v in values.values()])
    keep = torch.ones(len(flat), dtype=torch.bool)
    keep[flat.argsort()[:gone]] = False
    return {
        n: p.view(weights[n].shape) for n, p in zip(weights, keep.split([w.numel() for w in weights.values()]), strict=True)
    }


def revives(weights, kept, gone, least):
    return by(torch.abs)(weights, {n: torch.ones_like(m) for n, m in kept.items()}, gone, least)


def twice(weights, kept, gone, least):
    already = sum(int((~m).sum()) for m in kept.values())
    return by(torch.abs)(weights, kept, gone + already, least)


def empties(weights, kept, gone, least):
    return greedy(weights, kept, gone, least)


def per_layer(weights, kept, gone, least):
    share = gone / sum(w.numel() for w in weights.values())
    masks = {}
    for n, w in weights.items():
        order = w.abs().masked_fill(~kept[n], -1).flatten().argsort()
        keep = torch.ones(w.numel(), dtype=torch.bool)
        keep[order[: round(share * w.numel())]] = False
        masks[n] = keep.view(w.shape)
    return masks


def threshold(weights, kept, gone, least):
    values = torch.cat([w.abs().flatten() for w in weights.values()])
    cut = values.sort().values[gone - 1] if gone else -1
    return {n: w.abs() > cut for n, w in weights.items()}


def inverted(weights, kept, gone, least):
    return {n: ~m for n, m in by(torch.abs)(weights, kept, gone, least).items()}


def floats(weights, kept, gone, least):
    return {n: m.float() for n, m in by(torch.abs)(weights, kept, gone, least).items()}


def pruned(weights, kept, gone, least):
    return {n: weights[n] * m for n, m in by(torch.abs)(weights, kept, gone, least).items()}


def nothing(weights, kept, gone, least):
    return kept


def first_layer(weights, kept, gone, least):
    name = next(iter(weights))
    return {name: by(torch.abs)(weights, kept, gone, least)[name]}


def a_list(weights, kept, gone, least):
    return list(by(torch.abs)(weights, kept, gone, least).values())


def one_too_many(weights, kept, gone, least):
    return by(torch.abs)(weights, kept, gone + 1, least)


def in_place(weights, kept, gone, least):
    masks = by(torch.abs)(weights, kept, gone, least)
    for n, m in kept.items():
        m &= masks[n]
    return kept


def zeros_too(weights, kept, gone, least):
    masks = by(torch.abs)(weights, kept, gone, least)
    for n, w in weights.items():
        w[~masks[n]] = 0
    return masks


def least_ignored_in_the_end(weights, kept, gone, least):
    return greedy(weights, kept, gone, 2 * least)


def row_norm(weights):
    return weights.abs().sum(1, keepdim=True) + 1e-3 * weights.abs()


def right_seeded(weights, kept, gone, least):
    """A lottery is legal: the board will say what it is worth."""
    rng = torch.Generator().manual_seed(0)
    return by(lambda w: torch.rand(w.shape, generator=rng))(weights, kept, gone, least)


def right_one_by_one(weights, kept, gone, least):
    masks = {n: m.clone() for n, m in kept.items()}
    places = sorted((float(w.flatten()[k].abs()), n, k) for n, w in weights.items() for k in range(w.numel()))
    left = gone - sum(int((~m).sum()) for m in masks.values())
    for _, n, k in places:
        mask = masks[n].view(-1)
        if left > 0 and mask[k] and int(mask.sum()) > least:
            mask[k] = False
            left -= 1
    return masks


WRONG = {
    "brings weights back": (revives, "brings weights back"),
    "gone beside those before": (twice, "gone counted twice"),
    "no protection": (empties, "layer emptied"),
    "in each layer": (per_layer, "share rounded in each layer"),
    "threshold": (threshold, ""),
    "inverted": (inverted, "inverted mask"),
    "floats": (floats, "numbers instead of masks"),
    "pruned weights": (pruned, "numbers instead of masks"),
    "nothing": (nothing, "nothing goes"),
    "one layer": (first_layer, ""),
    "a list": (a_list, ""),
    "one too many": (one_too_many, ""),
    "masks changed in place": (in_place, "mutated input"),
    "weights set to zero as well": (zeros_too, "mutated input"),
    "smallest first, no least": (least_ignored_in_the_end, "layer emptied"),
}
RIGHT = {
    "magnitude": by(torch.abs),
    "largest first": by(lambda w: -w.abs()),
    "rows": by(row_norm),
    "square, per layer scale": by(lambda w: w.square() / w.square().mean()),
    "seeded lottery": right_seeded,
    "one by one": right_one_by_one,
}
