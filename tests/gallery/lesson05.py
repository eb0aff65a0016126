"""Lesson 05: answers as students write them.

WRONG: exercise -> label -> (answer, the misconception by whose name the verdict must call it; "" where a sentence about
the failing case is all that can be said). RIGHT: exercise -> label -> answer.
"""

from __future__ import annotations

import copy
import math

import torch

from course_lib.pruning import pq_index, retain_bound, sap_amount  # as the lesson and the grader supply them

# ---- retain_bound


def bound_share(d, index, p, q, eta=0.0):
    return (1 + eta) ** (q / (p - q)) * (1 - index) ** (p * q / (q - p))


def bound_gone(d, index, p, q, eta=0.0):
    return d - d * (1 + eta) ** (q / (p - q)) * (1 - index) ** (p * q / (q - p))


def bound_of_index(d, index, p, q, eta=0.0):
    return d / (1 + eta) ** (q / (q - p)) * index ** (p * q / (q - p))


def bound_positive(d, index, p, q, eta=0.0):
    return d * (1 + eta) ** (q / (q - p)) * (1 - index) ** (p * q / (q - p))


def bound_no_eta(d, index, p, q, eta=0.0):
    return d * (1 - index) ** (p * q / (q - p))


def bound_no_exponent(d, index, p, q, eta=0.0):
    return d * (1 - index) * (1 + eta) ** -(q / (q - p))


def bound_same_exponent(d, index, p, q, eta=0.0):
    k = q / (q - p)
    return d * (1 + eta) ** -k * (1 - index) ** k


def bound_same_other_exponent(d, index, p, q, eta=0.0):
    k = p * q / (q - p)
    return d * ((1 - index) / (1 + eta)) ** k


def bound_not_inverted(d, index, p, q, eta=0.0):
    return d * (1 + eta) ** (-q / (q - p)) * (1 - index) ** ((q - p) / (p * q))


def bound_ceil(d, index, p, q, eta=0.0):
    return math.ceil(retain_bound(d, index, p, q, eta))


def bound_difference(d, index, p, q, eta=0.0):
    return d * (1 + eta) ** (-q / (p - q)) * (1 - index) ** (p * q / (p - q))


def bound_one_minus(d, index, p, q, eta=0.0):
    return d * (1 - eta) ** (q / (q - p)) * (1 - index) ** (p * q / (q - p))


def right_bound(d, index, p, q, eta=0.0):
    return d * (1 + eta) ** (-q / (q - p)) * (1 - index) ** (p * q / (q - p))


def right_bound_root(d, index, p, q, eta=0.0):
    return d * ((1 - index) / (1 + eta) ** (1 / p)) ** (1 / (1 / p - 1 / q))


def right_bound_logarithms(d, index, p, q, eta=0.0):
    return math.exp(math.log(d) + q * (p * math.log1p(-index) - math.log1p(eta)) / (q - p))


# ---- sap_amount


def share_of(w, p, q, eta, gamma, beta):
    return min(gamma * (1 - retain_bound(w.numel(), pq_index(w, p, q), p, q, eta) / w.numel()), beta)


def amount_no_hair(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    return int(w.numel() * share_of(w, p, q, eta, gamma, beta))


def amount_kept(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    return w.numel() - sap_amount(w, p, q, eta, gamma, beta)


def amount_gamma_inside(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    d = w.numel()
    r = retain_bound(d, pq_index(w, p, q), p, q, eta)
    return max(0, int(d * min(1 - gamma * r / d, beta) + 1e-12 * d))


def amount_no_beta(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    d = w.numel()
    r = retain_bound(d, pq_index(w, p, q), p, q, eta)
    return min(d, math.floor(gamma * (d - r) + 1e-12 * d))


def amount_max(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    d = w.numel()
    r = retain_bound(d, pq_index(w, p, q), p, q, eta)
    return math.floor(d * max(gamma * (1 - r / d), beta) + 1e-12 * d)


def amount_no_gamma(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    d = w.numel()
    return math.floor(d * min(1 - retain_bound(d, pq_index(w, p, q), p, q, eta) / d, beta) + 1e-12 * d)


def amount_gamma_last(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    d = w.numel()
    return math.floor(gamma * d * min(1 - retain_bound(d, pq_index(w, p, q), p, q, eta) / d, beta) + 1e-12 * d)


def amount_no_eta(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    d = w.numel()
    return math.floor(d * min(gamma * (1 - retain_bound(d, pq_index(w, p, q), p, q) / d), beta) + 1e-12 * d)


def amount_defaults(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    d = w.numel()
    r = retain_bound(d, pq_index(w), 0.5, 1.0, eta)
    return math.floor(d * min(gamma * (1 - r / d), beta) + 1e-12 * d)


def amount_index(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    return math.floor(w.numel() * (min(gamma * pq_index(w, p, q), beta) + 1e-12))


def amount_nonzero(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    w = w[w.abs() > 0]
    return math.floor(w.numel() * (share_of(w, p, q, eta, gamma, beta) + 1e-12))


def amount_len(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    return math.floor(len(w) * (share_of(w, p, q, eta, gamma, beta) + 1e-12))


def amount_share(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    return share_of(w, p, q, eta, gamma, beta)


def amount_no_floor(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    return w.numel() * share_of(w, p, q, eta, gamma, beta)


def amount_one_more(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    return min(w.numel(), sap_amount(w, p, q, eta, gamma, beta) + 1)


def right_amount(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    d = w.numel()
    r = retain_bound(d, pq_index(w, p, q), p, q, eta)
    return math.floor(d * min(gamma * (1 - r / d), beta) + 1e-12 * d)


def right_amount_rounds_away_noise(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    d = w.numel()
    stays = retain_bound(d, pq_index(w, p, q), p, q, eta) / d
    x = d * (gamma * (1 - stays) if gamma * (1 - stays) < beta else beta)
    return round(x) if abs(x - round(x)) < 1e-9 else int(x)


def right_amount_share(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    bound = retain_bound(1, pq_index(w, p, q), p, q, eta)
    return int((min(gamma - gamma * bound, beta) + 1e-12) * w.numel())


# ---- sap_round


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


# ---- rewind


def rewind_unmasked(model, start, masks):
    model.load_state_dict(start)


def rewind_masked_only(model, start, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).copy_(start[name] * mask)


def rewind_parameters(model, start, masks):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(start[name])
            if name in masks:
                parameter *= masks[name]


def rewind_masks_alone(model, start, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).mul_(mask)


def rewind_inverted(model, start, masks):
    model.load_state_dict(start)
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[mask] = 0


def rewind_a_copy(model, start, masks):
    state = copy.deepcopy(model.state_dict())
    for name in state:
        state[name] = start[name] * masks[name] if name in masks else start[name]


def rewind_rebinding(model, start, masks):
    state = model.state_dict()
    for name in state:
        state[name] = start[name].clone()
        if name in masks:
            state[name][~masks[name]] = 0


def rewind_into_start(model, start, masks):
    for name, mask in masks.items():
        start[name] *= mask
    model.load_state_dict(start)


def rewind_the_gone(model, start, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            parameter = model.get_parameter(name)
            parameter.copy_(torch.where(mask, parameter, start[name]))


def rewind_gradients(model, start, masks):
    model.load_state_dict(start)
    for name, parameter in model.named_parameters():
        if name in masks:
            parameter[~masks[name]] = 0


def rewind_new_draw(model, start, masks):
    model.reset_parameters()
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0


def rewind_alias(model, start, masks):
    for name, parameter in model.named_parameters():
        parameter.data = start[name]
        if name in masks:
            parameter.data[~masks[name]] = 0


def right_rewind_state(model, start, masks):
    model.load_state_dict({name: t * masks[name] if name in masks else t for name, t in start.items()})


def right_rewind_live(model, start, masks):
    for name, tensor in model.state_dict().items():
        tensor.copy_(start[name])
        if name in masks:
            tensor.masked_fill_(~masks[name], 0)
    return model


def right_rewind_data(model, start, masks):
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        tensor.data = start[name].clone()
    for name, mask in masks.items():
        model.get_parameter(name).data[~mask] = 0


# ---- sap_loop


def loop_rewinds_first(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        if rewind:
            rewind(masks)
        masks = prune(masks)
        fit(masks)
    return masks


def loop_rewinds_last(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        masks = prune(masks)
        fit(masks)
        if rewind:
            rewind(masks)
    return masks


def loop_trains_first(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        fit(masks)
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
    return masks


def loop_never_rewinds(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        masks = prune(masks)
        fit(masks)
    return masks


def loop_never_trains(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        masks = prune(masks)
        if rewind:
            rewind(masks)
    return masks


def loop_calls_none(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        masks = prune(masks)
        rewind(masks)
        fit(masks)
    return masks


def loop_from_the_start(rounds, prune, rewind, fit, masks):
    last = masks
    for _ in range(rounds):
        last = prune(masks)
        if rewind is not None:
            rewind(last)
        fit(last)
    return last


def loop_old_masks(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        new = prune(masks)
        if rewind is not None:
            rewind(new)
        fit(masks)
        masks = new
    return masks


def loop_rewinds_to_old_masks(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        new = prune(masks)
        if rewind is not None:
            rewind(masks)
        masks = new
        fit(masks)
    return masks


def loop_trains_once(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
    fit(masks)
    return masks


def loop_throws_away(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
    return masks


def loop_early(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
        return masks
    return masks


def loop_none(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)


def loop_one_too_many(rounds, prune, rewind, fit, masks):
    for _ in range(rounds + 1):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
    return masks


def right_loop_while(rounds, prune, rewind, fit, masks):
    while rounds:
        masks = prune(masks)
        if rewind:
            rewind(masks)
        fit(masks)
        rounds -= 1
    return masks


def right_loop_recursive(rounds, prune, rewind, fit, masks):
    if rounds == 0:
        return masks
    masks = prune(masks)
    (rewind or (lambda masks: None))(masks)
    fit(masks)
    return right_loop_recursive(rounds - 1, prune, rewind, fit, masks)


WRONG = {
    "retain_bound": {
        "a share": (bound_share, "share instead of number"),
        "what goes": (bound_gone, "what goes"),
        "the index itself": (bound_of_index, "index for 1 - index"),
        "eta's exponent positive": (bound_positive, "sign of eta's exponent"),
        "no eta": (bound_no_eta, "eta ignored"),
        "no exponent": (bound_no_exponent, "exponent of the index missing"),
        "one exponent": (bound_same_exponent, "one exponent for both"),
        "the other exponent": (bound_same_other_exponent, "one exponent for both"),
        "not inverted": (bound_not_inverted, "reciprocal of the exponent"),
        "rounded up": (bound_ceil, "whole number"),
        "p - q": (bound_difference, ""),
        "1 - eta": (bound_one_minus, "1 - eta for 1 + eta"),
    },
    "sap_amount": {
        "no hair": (amount_no_hair, "a hair below"),
        "what stays": (amount_kept, "what stays"),
        "gamma inside": (amount_gamma_inside, "gamma on r"),
        "no beta": (amount_no_beta, "beta ignored"),
        "max": (amount_max, "max for min"),
        "no gamma": (amount_no_gamma, "gamma ignored"),
        "gamma last": (amount_gamma_last, "gamma outside the limit"),
        "no eta": (amount_no_eta, "eta ignored"),
        "p and q fixed": (amount_defaults, "defaults ignored"),
        "the index": (amount_index, "the index is the share"),
        "zeros left out": (amount_nonzero, "zeros left out"),
        "len": (amount_len, "length instead of size"),
        "a share": (amount_share, "share instead of number"),
        "not rounded": (amount_no_floor, "floor missing"),
        "one more": (amount_one_more, ""),
    },
    "sap_round": {
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
    },
    "rewind": {
        "no masks": (rewind_unmasked, "masks forgotten"),
        "masked parameters only": (rewind_masked_only, "only the masked parameters"),
        "no buffers": (rewind_parameters, "running statistics left"),
        "masks alone": (rewind_masks_alone, "nothing rewound"),
        "inverted": (rewind_inverted, "inverted mask"),
        "a copy": (rewind_a_copy, "changes nothing"),
        "a dict entry bound anew": (rewind_rebinding, "changes nothing"),
        "into start": (rewind_into_start, "start overwritten"),
        "the gone ones": (rewind_the_gone, "only the pruned ones"),
        "with gradients": (rewind_gradients, "autograd in the way"),
        "drawn anew": (rewind_new_draw, ""),
        "aliased": (rewind_alias, ""),
    },
    "sap_loop": {
        "rewinds first": (loop_rewinds_first, "ranks the rewound weights"),
        "rewinds last": (loop_rewinds_last, "rewinds after training"),
        "trains first": (loop_trains_first, "trains before pruning"),
        "never rewinds": (loop_never_rewinds, "never rewinds"),
        "never trains": (loop_never_trains, "never trains"),
        "calls None": (loop_calls_none, "always rewinds"),
        "from the start": (loop_from_the_start, "prunes from the start every round"),
        "old masks": (loop_old_masks, "trains with the old masks"),
        "rewinds with old masks": (loop_rewinds_to_old_masks, "rewinds with the old masks"),
        "trains once": (loop_trains_once, "trains only once"),
        "throws masks away": (loop_throws_away, "throws the new masks away"),
        "early return": (loop_early, "returns within the loop"),
        "no return": (loop_none, "returns nothing"),
        "one too many": (loop_one_too_many, ""),
    },
}
RIGHT = {
    "retain_bound": {
        "the formula": right_bound,
        "one root": right_bound_root,
        "logarithms": right_bound_logarithms,
    },
    "sap_amount": {
        "the formula": right_amount,
        "noise rounded away": right_amount_rounds_away_noise,
        "a share first": right_amount_share,
    },
    "sap_round": {"indices": by(choose_right), "a sorted list": right_round_sorted},
    "rewind": {"one state": right_rewind_state, "live tensors": right_rewind_live, "data": right_rewind_data},
    "sap_loop": {"while": right_loop_while, "recursion": right_loop_recursive},
}
