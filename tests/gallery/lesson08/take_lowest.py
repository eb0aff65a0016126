"""Answers to `take_lowest`: of equal scores any may go, and how it is done is free."""

import torch


def ranked(scores, kept, gone, least, last=-torch.inf, sign=1):
    flat = torch.cat([(sign * s).masked_fill(~kept[n], last).flatten() for n, s in scores.items()])
    start = 0
    for n, s in scores.items():
        part = flat[start : start + s.numel()]
        part[part.argsort(descending=True, stable=True)[: min(least, int(kept[n].sum()))]] = torch.inf
        start += s.numel()
    keep = torch.ones(len(flat), dtype=torch.bool)
    keep[flat.argsort(stable=True)[:gone]] = False
    parts = keep.split([s.numel() for s in scores.values()])
    return {n: p.view(scores[n].shape) for n, p in zip(scores, parts, strict=True)}


def lowest_revived(scores, kept, gone, least):
    return ranked(scores, {n: torch.ones_like(m) for n, m in kept.items()}, gone, least)


def lowest_twice(scores, kept, gone, least):
    return ranked(scores, kept, gone + sum(int((~m).sum()) for m in kept.values()), least)


def lowest_unprotected(scores, kept, gone, least):
    return ranked(scores, kept, gone, 0)


def lowest_zero(scores, kept, gone, least):
    return ranked(scores, kept, gone, least, last=0.0)


def lowest_highest(scores, kept, gone, least):
    return ranked(scores, kept, gone, least, sign=-1)


def lowest_absolute(scores, kept, gone, least):
    return ranked({n: s.abs() for n, s in scores.items()}, kept, gone, least)


def lowest_worst_protected(scores, kept, gone, least):
    masks, flat = {}, []
    for n, s in scores.items():
        own = s.masked_fill(~kept[n], torch.inf).flatten()
        order = own.argsort(stable=True)[: min(least, int(kept[n].sum()))]
        own = s.masked_fill(~kept[n], -torch.inf).flatten()
        own[order] = torch.inf
        flat.append(own)
    keep = torch.ones(sum(map(len, flat)), dtype=torch.bool)
    keep[torch.cat(flat).argsort(stable=True)[:gone]] = False
    for (n, s), part in zip(scores.items(), keep.split(list(map(len, flat))), strict=True):
        masks[n] = part.view(s.shape)
    return masks


def lowest_per_layer(scores, kept, gone, least):
    share = gone / sum(s.numel() for s in scores.values())
    masks = {}
    for n, s in scores.items():
        order = s.masked_fill(~kept[n], -torch.inf).flatten().argsort(stable=True)
        keep = torch.ones(s.numel(), dtype=torch.bool)
        keep[order[: round(share * s.numel())]] = False
        masks[n] = keep.view(s.shape)
    return masks


def lowest_threshold(scores, kept, gone, least):
    values = torch.cat([s.flatten() for s in scores.values()])
    cut = values.sort().values[gone - 1] if gone else -torch.inf
    return {n: s > cut for n, s in scores.items()}


def lowest_inverted(scores, kept, gone, least):
    return {n: ~m for n, m in ranked(scores, kept, gone, least).items()}


def lowest_floats(scores, kept, gone, least):
    return {n: m.float() for n, m in ranked(scores, kept, gone, least).items()}


def lowest_pruned(scores, kept, gone, least):
    return {n: scores[n] * m for n, m in ranked(scores, kept, gone, least).items()}


def lowest_nothing(scores, kept, gone, least):
    return kept


def lowest_first_layer(scores, kept, gone, least):
    name = next(iter(scores))
    return {name: ranked(scores, kept, gone, least)[name]}


def lowest_list(scores, kept, gone, least):
    return list(ranked(scores, kept, gone, least).values())


def lowest_one_too_many(scores, kept, gone, least):
    return ranked(scores, kept, gone + 1, least)


def lowest_in_place(scores, kept, gone, least):
    masks = ranked(scores, kept, gone, least)
    for n, m in kept.items():
        m &= masks[n]
    return kept


def lowest_lottery(scores, kept, gone, least):
    rng = torch.Generator().manual_seed(0)
    return ranked({n: torch.rand(s.shape, generator=rng) for n, s in scores.items()}, kept, gone, least)


def right_lowest_one_by_one(scores, kept, gone, least):
    masks = {n: m.clone() for n, m in kept.items()}
    places = sorted((float(s.flatten()[k]), n, k) for n, s in scores.items() for k in range(s.numel()))
    left = gone - sum(int((~m).sum()) for m in masks.values())
    for _, n, k in places:
        mask = masks[n].view(-1)
        if left > 0 and mask[k] and int(mask.sum()) > least:
            mask[k] = False
            left -= 1
    return masks


def right_lowest_from_the_end(scores, kept, gone, least):
    flat = torch.cat([s.flatten().double() for s in scores.values()])
    alive = torch.cat([m.flatten() for m in kept.values()])
    masks, start = [], 0
    for s in scores.values():
        own = torch.zeros(len(flat), dtype=torch.bool)
        own[start : start + s.numel()] = True
        own &= alive
        start += s.numel()
        order = flat.masked_fill(~own, -torch.inf).argsort(descending=True)
        masks.append(order[: min(least, int(own.sum()))])
    keep = torch.zeros(len(flat), dtype=torch.bool)
    keep[torch.cat(masks)] = True
    order = flat.masked_fill(~alive | keep, -torch.inf).argsort(descending=True)
    keep[order[: len(flat) - gone - int(keep.sum())]] = True
    parts = keep.split([s.numel() for s in scores.values()])
    return {n: p.view(s.shape) for (n, s), p in zip(scores.items(), parts, strict=True)}


WRONG = {
    "brings weights back": (lowest_revived, "brings weights back"),
    "gone beside those before": (lowest_twice, "gone counted twice"),
    "no protection": (lowest_unprotected, "layer emptied"),
    "zero for what is gone": (lowest_zero, "zero for the lowest"),
    "highest first": (lowest_highest, "highest first"),
    "absolute scores": (lowest_absolute, "scores without their sign"),
    "protects the lowest": (lowest_worst_protected, "the lowest protected"),
    "in each layer": (lowest_per_layer, "share rounded in each layer"),
    "threshold": (lowest_threshold, ""),
    "inverted": (lowest_inverted, "inverted mask"),
    "floats": (lowest_floats, "numbers instead of masks"),
    "scores that are left": (lowest_pruned, "numbers instead of masks"),
    "nothing": (lowest_nothing, "nothing goes"),
    "one layer": (lowest_first_layer, ""),
    "a list": (lowest_list, ""),
    "one too many": (lowest_one_too_many, ""),
    "masks changed in place": (lowest_in_place, "mutated input"),
    "a lottery": (lowest_lottery, ""),
}
RIGHT = {
    "ranked together": ranked,
    "one by one": right_lowest_one_by_one,
    "what stays, from the highest": right_lowest_from_the_end,
}
