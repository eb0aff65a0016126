"""Answers to `sap_amount` as students write them."""

from __future__ import annotations

import math

import numpy as np

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


def amount_floor_after(change):
    """change: (d, r, gamma, beta) -> c."""

    def answer(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
        d = w.numel()
        return change(d, retain_bound(d, pq_index(w, p, q), p, q, eta), gamma, beta)

    return answer


def rounded_down(hair):
    return amount_floor_after(lambda d, r, g, b: math.floor(d * min(g * (1 - r / d), b) + hair))


def with_bound(bound):
    return amount_floor_after(lambda d, r, g, b: math.floor(d * min(g * (1 - bound(r) / d), b) + 1e-12 * d))


def amount_whole_limit(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    d = w.numel()
    r = retain_bound(d, pq_index(w, p, q), p, q, eta)
    return min(math.floor(d * gamma * (1 - r / d) + 1e-12 * d), int(beta * d))


def amount_digits(digits):
    return amount_floor_after(lambda d, r, g, b: math.floor(round(d * min(g * (1 - r / d), b), digits)))


def amount_of_one_at_least(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    return max(1, sap_amount(w, p, q, eta, gamma, beta))


def amount_keeping_one(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    return min(w.numel() - 1, sap_amount(w, p, q, eta, gamma, beta))


def amount_hair_on_the_scaled(d, r, g, b):
    return math.floor(d * min(g * (1 - r / d) + 1e-12, b))


def amount_beta_of_what_may_go(d, r, g, b):
    return math.floor(min(g * (d - r), b * (d - r)) + 1e-12 * d)


def amount_gamma_in_the_power(d, r, g, b):
    return math.floor(d * min(1 - (r / d) ** g, b) + 1e-12 * d)


def amount_beta_left(d, r, g, b):
    return math.floor(d * min(g * (1 - r / d), 1 - b) + 1e-12 * d)


def amount_rounded(d, r, g, b):
    return round(d * min(g * (1 - r / d), b))


def amount_up(d, r, g, b):
    return math.ceil(d * min(g * (1 - r / d), b) - 1e-12 * d)


def amount_in_place(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    return sap_amount(w.abs_(), p, q, eta, gamma, beta)


def amount_distinct(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    return sap_amount(w.unique(), p, q, eta, gamma, beta)


def right_amount_counts(d, r, g, b):
    return int(min(g * (d - r), b * d) + 1e-12 * d)


def right_amount_numpy(w, p=0.5, q=1.0, eta=0.0, gamma=1.0, beta=0.9):
    d = w.nelement()
    share = np.minimum(gamma * (1 - retain_bound(d, pq_index(w, p, q), p, q, eta) / d), beta)
    return int(np.floor(share * d + 1e-12 * d))


def right_amount_whole_division(d, r, g, b):
    return int((d * min(g - g * r / d, b) + 1e-12 * d) // 1)


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
    "p and q fixed": (amount_defaults, "p and q ignored"),
    "the index": (amount_index, "the index is the share"),
    "zeros left out": (amount_nonzero, "zeros left out"),
    "len": (amount_len, "length instead of size"),
    "a share": (amount_share, "share instead of number"),
    "not rounded": (amount_no_floor, "floor missing"),
    "one more": (amount_one_more, ""),
    "a hair of 1e-12": (rounded_down(1e-12), "a hair for one weight"),
    "a hair of 1e-6": (rounded_down(1e-6), "more than a hair"),
    "rounded to six digits first": (amount_digits(6), "more than a hair"),
    "limit as int": (amount_whole_limit, "limit rounded by itself"),
    "r rounded up": (with_bound(math.ceil), "r rounded first"),
    "r rounded down": (with_bound(int), "r rounded first"),
    "r rounded": (with_bound(round), "r rounded first"),
    "r at least 1": (with_bound(lambda r: max(1, r)), "one weight kept"),
    "at least one goes": (amount_of_one_at_least, "one weight taken"),
    "at least one stays": (amount_keeping_one, "one weight kept"),
    "hair within the minimum": (amount_floor_after(amount_hair_on_the_scaled), "limit rounded by itself"),
    "beta of what may go": (amount_floor_after(amount_beta_of_what_may_go), ""),
    "gamma as a power": (amount_floor_after(amount_gamma_in_the_power), ""),
    "1 - beta": (amount_floor_after(amount_beta_left), ""),
    "rounded": (amount_floor_after(amount_rounded), "round for floor"),
    "rounded up": (amount_floor_after(amount_up), "rounded up"),
    "abs in place": (amount_in_place, "mutated input"),
    "distinct weights": (amount_distinct, ""),
}
RIGHT = {
    "the formula": right_amount,
    "noise rounded away": right_amount_rounds_away_noise,
    "a share first": right_amount_share,
    "counts": amount_floor_after(right_amount_counts),
    "NumPy": right_amount_numpy,
    "whole division": amount_floor_after(right_amount_whole_division),
}
