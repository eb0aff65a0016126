"""Answers to `sap_amount` as students write them."""

from __future__ import annotations

import math

from course_lib.pruning import pq_index, retain_bound, sap_amount  # as the lesson and the grader supply them


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


WRONG = {
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
}
RIGHT = {
    "the formula": right_amount,
    "noise rounded away": right_amount_rounds_away_noise,
    "a share first": right_amount_share,
}
