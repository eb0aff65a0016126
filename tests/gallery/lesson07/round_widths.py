"""Answers to `round_widths` as students write them."""

from __future__ import annotations

import math

import torch


def gone_by_score(scores, keep):
    return sorted((~keep).nonzero().flatten().tolist(), key=lambda j: -float(scores[j]))


def widened(keep, indices):
    wider = keep.clone()
    wider[torch.as_tensor(indices, dtype=torch.long)] = True
    return wider


def widths_down(scores, keep, multiple):
    kept = sorted(keep.nonzero().flatten().tolist(), key=lambda j: -float(scores[j]))
    return widened(torch.zeros_like(keep), kept[: len(kept) // multiple * multiple])


def widths_nearest(scores, keep, multiple):
    count = int(keep.sum())
    wanted = round(count / multiple) * multiple
    kept = sorted(keep.nonzero().flatten().tolist(), key=lambda j: -float(scores[j]))
    return widened(torch.zeros_like(keep), [*kept, *gone_by_score(scores, keep)][:wanted])


def widths_block_too_many(scores, keep, multiple):
    more = multiple - int(keep.sum()) % multiple
    return widened(keep, gone_by_score(scores, keep)[:more])


def widths_one(scores, keep, multiple):
    return widened(keep, gone_by_score(scores, keep)[: int(keep.sum()) % multiple > 0])


def widths_remainder(scores, keep, multiple):
    return widened(keep, gone_by_score(scores, keep)[: int(keep.sum()) % multiple])


def widths_as_many(scores, keep, multiple):
    return widened(keep, gone_by_score(scores, keep)[:multiple])


def widths_left(scores, keep, multiple):
    wanted = math.ceil(int(keep.sum()) / multiple) * multiple
    return keep if wanted > len(keep) else widened(keep, gone_by_score(scores, keep)[: wanted - int(keep.sum())])


def widths_worst(scores, keep, multiple):
    return widened(keep, gone_by_score(-scores, keep)[: -int(keep.sum()) % multiple])


def widths_first(scores, keep, multiple):
    return widened(keep, (~keep).nonzero().flatten()[: -int(keep.sum()) % multiple])


def widths_best_of_all(scores, keep, multiple):
    more = min(-int(keep.sum()) % multiple, int((~keep).sum()))
    return widened(keep, scores.argsort(descending=True)[:more])


def widths_anew(scores, keep, multiple):
    wanted = min(math.ceil(int(keep.sum()) / multiple) * multiple, len(keep))
    return widened(torch.zeros_like(keep), scores.argsort(descending=True)[:wanted])


def widths_product(scores, keep, multiple):
    more = min(-int(keep.sum()) % multiple, int((~keep).sum()))
    return widened(keep, (scores * ~keep).argsort(descending=True)[:more])


def widths_all(scores, keep, multiple):
    return torch.ones_like(keep)


def widths_unchanged(scores, keep, multiple):
    return keep


def widths_in_place(scores, keep, multiple):
    keep[gone_by_score(scores, keep)[: -int(keep.sum()) % multiple]] = True
    return keep


def widths_number(scores, keep, multiple):
    return min(math.ceil(int(keep.sum()) / multiple) * multiple, len(keep))


def widths_indices(scores, keep, multiple):
    return widened(keep, gone_by_score(scores, keep)[: -int(keep.sum()) % multiple]).nonzero().flatten()


def widths_of_layer(scores, keep, multiple):
    more = -len(keep) % multiple
    return widened(keep, gone_by_score(scores, keep)[:more])


def right_widths_sorted(scores, keep, multiple):
    return widened(keep, gone_by_score(scores, keep)[: -int(keep.sum()) % multiple])


def right_widths_loop(scores, keep, multiple):
    keep = keep.clone()
    while int(keep.sum()) % multiple and not keep.all():
        left = scores.double().clone()
        left[keep] = -math.inf
        keep[left.argmax()] = True
    return keep


def right_widths_topk(scores, keep, multiple):
    wanted = min(math.ceil(int(keep.sum()) / multiple) * multiple, len(keep))
    lifted = torch.where(keep, torch.tensor(math.inf), scores)
    return widened(torch.zeros_like(keep), lifted.topk(wanted).indices)


WRONG = {
    "down": (widths_down, "rounded down"),
    "to the nearest": (widths_nearest, "to the nearest"),
    "one block too many": (widths_block_too_many, "one multiple too many"),
    "one unit": (widths_one, "only one comes back"),
    "as many as the remainder": (widths_remainder, ""),
    "as many as the multiple": (widths_as_many, "as many as the multiple"),
    "left where it does not fit": (widths_left, "left as it is where it does not fit"),
    "the worst": (widths_worst, "the worst come back"),
    "the first": (widths_first, "the first come back"),
    "the best of all": (widths_best_of_all, "kept units counted among the best"),
    "chosen anew": (widths_anew, "chosen anew"),
    "scores times the mask": (widths_product, "scores times the mask"),
    "everything": (widths_all, "everything comes back"),
    "unchanged": (widths_unchanged, ""),
    "in place": (widths_in_place, "mutated input"),
    "a number": (widths_number, ""),
    "indices": (widths_indices, ""),
    "the layer's own width": (widths_of_layer, ""),
}
RIGHT = {"sorted": right_widths_sorted, "one after the other": right_widths_loop, "topk": right_widths_topk}
