"""From masked to small: filters and neurons that are gone are cut out of the tensors."""

from __future__ import annotations

from torch import Tensor, nn

from course_lib.errors import CourseError, check_whole
from course_lib.network.cutting import cut, difference
from course_lib.network.entry import admit, copied
from course_lib.network.masks import Masks
from course_lib.network.units import find

TOLERANCE = 1e-4  # largest difference of outputs, in standard deviations of the masked model's outputs


def slim(model: nn.Module, masks: Masks, example: Tensor, round_to: int | None = None) -> nn.Module:
    """Return a smaller copy of `model` without the units that `masks` removed; `model` is left as it is.

    Args:
        masks: of a pruner of filters or neurons. Single weights that are gone stay as zeros.
        example: a normalised batch, to trace with and to compare the outputs on.
        round_to: widths become multiples of it, such as 8, for hardware that computes in blocks: the first of the units
            that are gone stay, as zeros. A layer that never was so wide keeps its own width. None: every unit goes.

    Raises:
        CourseError: if the masks remove no whole units, or (by the layer's name) if the outputs of the masked and of
            the slimmed model differ, as they do where masks that are not closed meet an activation with f(0) != 0.

    >>> import torch
    >>> from course_lib.network import units
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> masks = units.close(model, units.groups(model, torch.ones(2, 4)), {"0": torch.tensor([True, False, True])})
    >>> slim(model, masks, torch.randn(8, 4))[0]
    Linear(in_features=4, out_features=2, bias=True)
    """
    if not masks.units:
        raise CourseError(
            "the masks are of single weights; only filters and neurons can be cut out (unit='filter' or 'neuron')."
        )
    if round_to is not None:
        check_whole("round_to", round_to)
    example = admit(model, example)
    masked = masks.apply_(copied(model))
    units = find(masked, example)
    for name, kept in masks.units.items():
        if name in units.protected and not kept.all():
            raise CourseError(f"layer {name} cannot be slimmed: {units.protected[name]}.")
    found = units.groups
    stays = {name: rounded(kept, round_to) for name, kept in masks.units.items()} if round_to else masks.units
    small = cut(masked, found, stays)
    if not difference(masked, small, example) <= TOLERANCE:  # so that NaN is refused, too
        ours = (g.name for g in found if not difference(masked, cut(masked, [g], stays), example) <= TOLERANCE)
        culprit = next(ours, "")
        where = f"layer {culprit or found[0].name}"
        raise CourseError(f"{where} cannot be slimmed: the outputs would change (does its activation map 0 to 0?).")
    return small


def rounded(kept: Tensor, multiple: int) -> Tensor:
    """Return `kept`, bool (units,), with so many of the first gone units that it keeps a multiple, or all that there are.

    >>> import torch
    >>> rounded(torch.tensor([True, False, False, True, True, False]), 4).tolist()
    [True, True, False, True, True, False]
    """
    more = -int(kept.sum()) % multiple
    stays = kept.clone()
    stays[(~kept).nonzero().flatten()[:more]] = True
    return stays
