"""Answers to `sap_loop` as students write them."""

from __future__ import annotations

import functools


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


def loop_prunes_all_first(rounds, prune, rewind, fit, masks):
    steps = []
    for _ in range(rounds):
        masks = prune(masks)
        steps.append(masks)
    for masks in steps:
        if rewind is not None:
            rewind(masks)
        fit(masks)
    return masks


def loop_rewinds_in_the_first_round(rounds, prune, rewind, fit, masks):
    for k in range(rounds):
        masks = prune(masks)
        if rewind is not None and k == 0:
            rewind(masks)
        fit(masks)
    return masks


def loop_rewinds_once(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        masks = prune(masks)
        fit(masks)
    if rewind is not None:
        rewind(masks)
    return masks


def loop_trains_at_the_end_too(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
    fit(masks)
    return masks


def loop_trains_twice(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            fit(masks)
            rewind(masks)
        fit(masks)
    return masks


def loop_two_rounds(rounds, prune, rewind, fit, masks):
    for _ in range(2):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
    return masks


def loop_last_unrepaired(rounds, prune, rewind, fit, masks):
    for k in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        if k < rounds - 1:
            fit(masks)
    return masks


def loop_takes_what_fit_returns(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        masks = fit(masks)
    return masks


def loop_with_the_round(rounds, prune, rewind, fit, masks):
    for k in range(rounds):
        masks = prune(masks, k)
        if rewind is not None:
            rewind(masks)
        fit(masks)
    return masks


def loop_returns_all(rounds, prune, rewind, fit, masks):
    found = []
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
        found.append(masks)
    return found


def loop_prunes_or_rewinds(rounds, prune, rewind, fit, masks):
    for _ in range(rounds):
        if rewind is not None:
            rewind(masks)
        else:
            masks = prune(masks)
        fit(masks)
    return masks


def right_loop_two_loops(rounds, prune, rewind, fit, masks):
    if rewind is None:
        for _ in range(rounds):
            masks = prune(masks)
            fit(masks)
    else:
        for _ in range(rounds):
            masks = prune(masks)
            rewind(masks)
            fit(masks)
    return masks


def right_loop_reduce(rounds, prune, rewind, fit, masks):
    def once(masks, _):
        masks = prune(masks)
        for step in filter(None, (rewind, fit)):
            step(masks)
        return masks

    return functools.reduce(once, range(rounds), masks)


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
    "all prunes first": (loop_prunes_all_first, ""),
    "rewinds in the first round": (loop_rewinds_in_the_first_round, ""),
    "rewinds once": (loop_rewinds_once, "rewinds only once"),
    "trains at the end too": (loop_trains_at_the_end_too, ""),
    "trains before rewinding too": (loop_trains_twice, ""),
    "two rounds": (loop_two_rounds, ""),
    "last prune unrepaired": (loop_last_unrepaired, ""),
    "what fit returns": (loop_takes_what_fit_returns, ""),
    "hands the round on": (loop_with_the_round, ""),
    "all masks": (loop_returns_all, ""),
    "prunes or rewinds": (loop_prunes_or_rewinds, ""),
}
RIGHT = {
    "while": right_loop_while,
    "recursion": right_loop_recursive,
    "two loops": right_loop_two_loops,
    "reduce": right_loop_reduce,
}
