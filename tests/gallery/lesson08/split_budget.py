"""Answers to `split_budget`."""

import itertools
import math


def lost(epochs, rounds):
    return [epochs // rounds for _ in range(rounds)]


def ceiled(epochs, rounds):
    return [math.ceil(epochs / rounds)] * rounds


def whole(epochs, rounds):
    return [epochs] * rounds


def first(epochs, rounds):
    base, more = divmod(epochs, rounds)
    return [base + 1] * more + [base] * (rounds - more)


def last_gets_all(epochs, rounds):
    parts = [epochs // rounds] * rounds
    parts[-1] += epochs % rounds
    return parts


def shares(epochs, rounds):
    return [epochs / rounds for _ in range(rounds)]


def rounded(epochs, rounds):
    return [round(epochs / rounds)] * rounds


def cumulative(epochs, rounds):
    return [epochs * (k + 1) // rounds for k in range(rounds)]


def number(epochs, rounds):
    return epochs // rounds


def one_round_more(epochs, rounds):
    return [(epochs + k) // rounds for k in range(rounds + 1)]


def doubling(epochs, rounds):
    parts = [epochs // 2 ** (rounds - k) for k in range(rounds)]
    parts[-1] += epochs - sum(parts)
    return parts


def right_divmod(epochs, rounds):
    base, more = divmod(epochs, rounds)
    return [base] * (rounds - more) + [base + 1] * more


def right_dealt(epochs, rounds):
    parts = [0] * rounds
    for k in range(epochs):
        parts[-1 - k % rounds] += 1
    return sorted(parts)


def right_differences(epochs, rounds):
    ends = [epochs - epochs * (rounds - k) // rounds for k in range(rounds + 1)]
    return sorted(b - a for a, b in itertools.pairwise(ends))


WRONG = {
    "rounded down": (lost, "epochs lost"),
    "rounded up": (ceiled, "overspent"),
    "the budget for each round": (whole, "the budget for each round"),
    "larger parts first": (first, "larger parts first"),
    "the rest to the last round": (last_gets_all, "all that is left over to one round"),
    "shares": (shares, "parts of epochs"),
    "rounded shares": (rounded, "rounded parts"),
    "sums": (cumulative, ""),
    "a number": (number, ""),
    "a round more": (one_round_more, ""),
    "doubling": (doubling, ""),
}
RIGHT = {"divmod": right_divmod, "one by one": right_dealt, "differences": right_differences}
