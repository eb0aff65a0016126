"""Answers to `sap_group` as students write them."""

from __future__ import annotations

import numpy as np
import torch

from course_lib.pruning import pq_index, retain_bound, sap_amount  # as the lesson and the grader supply them


def flat(choose):
    """choose: (flat weights, flat mask, p, q) -> new flat mask; an answer for any shape from it."""

    def answer(w, mask, p=1.0, q=2.0):
        return choose(w.flatten(), mask.flatten(), p, q).view_as(mask)

    return answer


def group_right(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    m = m.clone()
    alive = m.nonzero().flatten()
    order = w[alive].abs().argsort()
    m[alive[order[: sap_amount(w[alive], p, q)]]] = False
    return m


def group_threshold(w, m, p=1.0, q=2.0):
    c = sap_amount(w[m], p, q) if m.any() else 0
    return m & (w.abs() > w[m].abs().sort().values[c - 1]) if c else m


def group_threshold_keeping(w, m, p=1.0, q=2.0):
    c = sap_amount(w[m], p, q) if m.any() else 0
    return m & (w.abs() >= w[m].abs().sort().values[c]) if c else m


def group_counting_zeros(w, m, p=1.0, q=2.0):
    v = w * m
    if not v.any():
        return m
    c = min(sap_amount(v, p, q), int(m.sum()))
    out = torch.where(m, v.abs(), torch.inf).argsort()[:c]
    m = m.clone()
    m[out] = False
    return m


def group_zeros_again(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    out = (w * m).abs().argsort(stable=True)[: sap_amount(w[m], p, q)]
    m = m.clone()
    m[out] = False
    return m


def group_of_original(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    kept = w[m]
    share = min(1 - retain_bound(len(kept), pq_index(kept, p, q), p, q) / len(kept), 0.9)
    c = min(int(share * w.numel() + 1e-9), len(kept))
    out = torch.where(m, w.abs(), torch.inf).argsort()[:c]
    m = m.clone()
    m[out] = False
    return m


def group_afresh(w, m, p=1.0, q=2.0):
    new = torch.ones_like(m)
    if w.any():
        new[w.abs().argsort(stable=True)[: sap_amount(w, p, q)]] = False
    return new


def group_largest(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    out = torch.where(m, w.abs(), -1.0).argsort(descending=True)[: sap_amount(w[m], p, q)]
    m = m.clone()
    m[out] = False
    return m


def group_signed(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    out = torch.where(m, w, torch.inf).argsort()[: sap_amount(w[m], p, q)]
    m = m.clone()
    m[out] = False
    return m


def group_crashing(w, m, p=1.0, q=2.0):
    out = torch.where(m, w.abs(), torch.inf).argsort()[: sap_amount(w[m], p, q)]
    m = m.clone()
    m[out] = False
    return m


def group_nonzero(w, m, p=1.0, q=2.0):
    return group_right(w, w != 0, p, q)


def group_nonzero_of_kept(w, m, p=1.0, q=2.0):
    return group_right(w, m & (w != 0), p, q)


def group_rounded(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    order = torch.where(m, (w.abs() * 1000).round(), torch.inf).argsort(stable=True)
    m = m.clone()
    m[order[: sap_amount(w[m], p, q)]] = False
    return m


def group_one_at_least(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    order = torch.where(m, w.abs(), torch.inf).argsort()
    m = m.clone()
    m[order[: max(1, sap_amount(w[m], p, q))]] = False
    return m


def group_at_random(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    kept = m.nonzero().flatten()
    gone = kept[torch.randperm(len(kept))[: sap_amount(w[m], p, q)]]
    m = m.clone()
    m[gone] = False
    return m


def group_first(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    m, count = m.clone(), sap_amount(w[m], p, q)
    m[m.nonzero().flatten()[:count]] = False
    return m


def group_one_more(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    order = torch.where(m, w.abs(), torch.inf).argsort()
    m = m.clone()
    m[order[: sap_amount(w[m], p, q) + 1]] = False
    return m


def group_by_share_of_largest(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    return m & (w.abs() > w[m].abs().max() * sap_amount(w[m], p, q) / int(m.sum()))


def group_quantile(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    kept = w[m].abs()
    return m & (w.abs() > torch.quantile(kept, sap_amount(w[m], p, q) / len(kept)))


def group_rows_sorted(w, mask, p=1.0, q=2.0):
    new = mask.clone()
    if mask.any():
        order = w.abs().masked_fill(~mask, torch.inf).argsort()
        new[order[: sap_amount(w[mask], p, q)]] = False
    return new


def group_default_norms(w, mask, p=1.0, q=2.0):
    return flat(group_right)(w, mask)


def group_norms_of_the_library(w, mask, p=1.0, q=2.0):
    new = mask.clone()
    if mask.any():
        new[mask] = w[mask].abs().argsort().argsort() >= sap_amount(w[mask], 0.5, 1.0)
    return new


def group_inverted(w, mask, p=1.0, q=2.0):
    return ~flat(group_right)(w, mask, p, q)


def group_in_place(w, mask, p=1.0, q=2.0):
    if mask.any():
        mask[mask.clone()] = w[mask].abs().argsort().argsort() >= sap_amount(w[mask], p, q)
    return mask


def group_of_the_kept(w, mask, p=1.0, q=2.0):
    return w[mask].abs().argsort().argsort() >= sap_amount(w[mask], p, q) if mask.any() else mask


def group_argsort_once(w, mask, p=1.0, q=2.0):
    new = mask.clone()
    if mask.any():
        new[mask] = w[mask].abs().argsort() >= sap_amount(w[mask], p, q)
    return new


def group_numbers(w, mask, p=1.0, q=2.0):
    return flat(group_right)(w, mask, p, q).float()


def group_weights(w, mask, p=1.0, q=2.0):
    return w * flat(group_right)(w, mask, p, q)


def group_weights_zeroed_too(w, mask, p=1.0, q=2.0):
    new = flat(group_right)(w, mask, p, q)
    w[~new] = 0
    return new


def group_topk(w, m, p=1.0, q=2.0):
    """The ones that stay: as many as are left, of the largest."""
    new = torch.zeros_like(m)
    if m.any():
        left = int(m.sum()) - sap_amount(w[m], p, q)
        new[w.abs().masked_fill(~m, -1).topk(left).indices] = True
    return new


def group_ranks(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    new = m.clone()
    new[m] = w[m].abs().argsort().argsort() >= sap_amount(w[m], p, q)
    return new


def group_numpy(w, m, p=1.0, q=2.0):
    if not m.any():
        return m
    magnitudes = np.where(m.numpy(), np.abs(w.numpy()), np.inf)
    new = m.numpy().copy()
    new[np.argsort(magnitudes, kind="stable")[: sap_amount(w[m], p, q)]] = False
    return torch.from_numpy(new)


WRONG = {
    "a threshold": (flat(group_threshold), "ties"),
    "a threshold that keeps ties": (flat(group_threshold_keeping), "ties"),
    "zeros counted": (flat(group_counting_zeros), "masked weights counted"),
    "zeros ranked": (flat(group_zeros_again), "zeros ranked again"),
    "of the original": (flat(group_of_original), "amount of the original"),
    "afresh": (flat(group_afresh), "what was gone comes back"),
    "largest": (flat(group_largest), "largest go"),
    "signed": (flat(group_signed), "no absolute value"),
    "inverted": (group_inverted, "inverted mask"),
    "default norms": (group_default_norms, "p and q ignored"),
    "the library's norms": (group_norms_of_the_library, "p and q ignored"),
    "crashes on an empty group": (flat(group_crashing), ""),
    "what is not zero": (flat(group_nonzero), "zeros taken for masked"),
    "what is kept and not zero": (flat(group_nonzero_of_kept), "zeros taken for masked"),
    "magnitudes in thousandths": (flat(group_rounded), "magnitudes rounded"),
    "at least one": (flat(group_one_at_least), ""),
    "by lot": (flat(group_at_random), ""),
    "the first ones": (flat(group_first), ""),
    "one more": (flat(group_one_more), ""),
    "a share of the largest": (flat(group_by_share_of_largest), ""),
    "a quantile": (flat(group_quantile), ""),
    "rows sorted": (group_rows_sorted, ""),
    "order for rank": (group_argsort_once, ""),
    "the kept ones only": (group_of_the_kept, ""),
    "numbers": (group_numbers, ""),
    "weights for a mask": (group_weights, ""),
    "in place": (group_in_place, "mutated input"),
    "weights zeroed too": (group_weights_zeroed_too, "mutated input"),
}
RIGHT = {
    "indices": flat(group_right),
    "ranks": group_ranks,
    "top k": flat(group_topk),
    "NumPy": flat(group_numpy),
}
