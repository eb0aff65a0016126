"""Answers to `prune_and_fine_tune` as students write them."""

from __future__ import annotations

from functools import reduce


def loop_unprunes(schedule, prune, fine_tune, masks):
    for sparsity in schedule:
        new = prune(sparsity, masks)
        fine_tune(new)
    return new if schedule else masks


def loop_trains_last(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
    fine_tune(masks)
    return masks


def loop_never_trains(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
    return masks


def loop_at_once(schedule, prune, fine_tune, masks):
    if schedule:
        masks = prune(schedule[-1], masks)
        fine_tune(masks)
    return masks


def loop_trains_first(schedule, prune, fine_tune, masks):
    for s in schedule:
        fine_tune(masks)
        masks = prune(s, masks)
    return masks


def loop_old_masks(schedule, prune, fine_tune, masks):
    for s in schedule:
        new = prune(s, masks)
        fine_tune(masks)
        masks = new
    return masks


def loop_no_masks(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(None)
    return masks


def loop_forgets_return(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(masks)


def loop_throws_away(schedule, prune, fine_tune, masks):
    for s in schedule:
        prune(s, masks)
        fine_tune(masks)
    return masks


def loop_masks_from_training(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = fine_tune(prune(s, masks))
    return masks


def loop_list(schedule, prune, fine_tune, masks):
    kept = []
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(masks)
        kept.append(masks)
    return kept


def loop_returns_early(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(masks)
        return masks


def loop_first_masks(schedule, prune, fine_tune, masks):
    now = masks
    for s in schedule:
        now = prune(s, now)
        fine_tune(now)
    return masks


def loop_skips_last(schedule, prune, fine_tune, masks):
    for s in schedule[:-1]:
        masks = prune(s, masks)
        fine_tune(masks)
    return masks


def loop_empties(schedule, prune, fine_tune, masks):
    while schedule:
        masks = prune(schedule.pop(0), masks)
        fine_tune(masks)
    return masks


def loop_trains_twice(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(masks)
        fine_tune(masks)
    return masks


def right_loop_recursive(schedule, prune, fine_tune, masks):
    if not schedule:
        return masks
    masks = prune(schedule[0], masks)
    fine_tune(masks)
    return right_loop_recursive(schedule[1:], prune, fine_tune, masks)


def right_loop_indices(schedule, prune, fine_tune, masks):
    current = masks
    for i in range(len(schedule)):
        current = prune(schedule[i], current)
        fine_tune(current)
    return current


def right_loop_history(schedule, prune, fine_tune, masks):
    history = [masks]
    for sparsity in schedule:
        history.append(prune(sparsity, history[-1]))
        fine_tune(history[-1])
    return history[-1]


def loop_sorted(schedule, prune, fine_tune, masks):
    for s in sorted(schedule):
        masks = prune(s, masks)
        fine_tune(masks)
    return masks


def loop_each_once(schedule, prune, fine_tune, masks):
    for s in dict.fromkeys(schedule):
        masks = prune(s, masks)
        fine_tune(masks)
    return masks


def loop_a_set(schedule, prune, fine_tune, masks):
    for s in sorted(set(schedule)):
        masks = prune(s, masks)
        fine_tune(masks)
    return masks


def loop_only_upwards(schedule, prune, fine_tune, masks):
    reached = 0.0
    for s in schedule:
        if s > reached:
            masks = prune(s, masks)
            fine_tune(masks)
            reached = s
    return masks


def loop_skips_zero(schedule, prune, fine_tune, masks):
    for s in schedule:
        if s:
            masks = prune(s, masks)
            fine_tune(masks)
    return masks


def loop_backwards(schedule, prune, fine_tune, masks):
    for s in reversed(schedule):
        masks = prune(s, masks)
        fine_tune(masks)
    return masks


def loop_sorts_in_place(schedule, prune, fine_tune, masks):
    schedule.sort()
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(masks)
    return masks


def loop_differences(schedule, prune, fine_tune, masks):
    before = 0.0
    for s in schedule:
        masks = prune(s - before, masks)
        fine_tune(masks)
        before = s
    return masks


def loop_to_the_largest(schedule, prune, fine_tune, masks):
    for _ in schedule:
        masks = prune(max(schedule), masks)
        fine_tune(masks)
    return masks


def loop_trains_at_the_start(schedule, prune, fine_tune, masks):
    fine_tune(masks)
    for s in schedule:
        masks = prune(s, masks)
        fine_tune(masks)
    return masks


def loop_three_rounds(schedule, prune, fine_tune, masks):
    for s in schedule[:3]:
        masks = prune(s, masks)
        fine_tune(masks)
    return masks


def loop_rounded(schedule, prune, fine_tune, masks):
    for s in schedule:
        masks = prune(round(s, 1), masks)
        fine_tune(masks)
    return masks


def right_loop_while(schedule, prune, fine_tune, masks):
    step = 0
    while step < len(schedule):
        masks = prune(schedule[step], masks)
        fine_tune(masks)
        step += 1
    return masks


def right_loop_reduce(schedule, prune, fine_tune, masks):
    def one_round(before, sparsity):
        after = prune(sparsity, before)
        fine_tune(after)
        return after

    return reduce(one_round, schedule, masks)


def right_loop_iterator(schedule, prune, fine_tune, masks):
    waiting = list(schedule)
    while waiting:
        masks = prune(waiting.pop(0), masks)
        fine_tune(masks)
    return masks


def right_loop_walrus(schedule, prune, fine_tune, masks):
    [fine_tune(masks := prune(s, masks)) for s in schedule]
    return masks


WRONG = {
    "un-prunes": (loop_unprunes, "prunes from the start every round"),
    "trains last": (loop_trains_last, "trains only once"),
    "never trains": (loop_never_trains, "never trains"),
    "at once": (loop_at_once, "one shot"),
    "trains first": (loop_trains_first, "trains before pruning"),
    "old masks": (loop_old_masks, "trains with the old masks"),
    "no masks": (loop_no_masks, "mask lost in training"),
    "no return": (loop_forgets_return, "returns nothing"),
    "returns in the loop": (loop_returns_early, "returns within the loop"),
    "result thrown away": (loop_throws_away, "throws the new masks away"),
    "masks from training": (loop_masks_from_training, "keeps what training returns"),
    "a list of masks": (loop_list, "returns all masks"),
    "first masks": (loop_first_masks, "returns the first masks"),
    "last level skipped": (loop_skips_last, ""),
    "schedule emptied": (loop_empties, "mutated input"),
    "trains twice": (loop_trains_twice, ""),
    "sorted": (loop_sorted, "sorts the schedule"),
    "each sparsity once": (loop_each_once, "skips a round"),
    "a set of sparsities": (loop_a_set, ""),
    "only upwards": (loop_only_upwards, "skips a round"),
    "zero skipped": (loop_skips_zero, "skips a round"),
    "backwards": (loop_backwards, "backwards"),
    "sorts in place": (loop_sorts_in_place, ""),
    "differences": (loop_differences, "differences"),
    "the largest each time": (loop_to_the_largest, ""),
    "trains at the start": (loop_trains_at_the_start, ""),
    "three rounds": (loop_three_rounds, ""),
    "rounded": (loop_rounded, ""),
}
RIGHT = {
    "recursive": right_loop_recursive,
    "indices": right_loop_indices,
    "history": right_loop_history,
    "while": right_loop_while,
    "reduce": right_loop_reduce,
    "a waiting list": right_loop_iterator,
    "an assignment in a list": right_loop_walrus,
}
