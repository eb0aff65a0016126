"""What a pruner leaves whole because it cannot be pruned, said in words: once when it happens, and in every record."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from torch import nn

from course_lib.axes.scopes import Seen
from course_lib.network import units


def say_whole(protected: Mapping[str, str]) -> None:
    """Warn of layers that stay whole, with the reasons; Python shows the same warning once.

    >>> say_whole({})
    """
    if protected:
        shown = [f"{name} ({why})" for name, why in protected.items()]
        more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
        warnings.warn(f"some layers stay whole: {'; '.join(shown[:3])}{more}.", stacklevel=5)


def untouched(model: nn.Module, layer: str, why: str) -> Seen:
    """Return what a record says of a layer that stays whole.

    >>> untouched(nn.Sequential(nn.Linear(4, 3)), "0", "a LayerNorm reads it")["note"]
    'stays whole: a LayerNorm reads it'
    """
    size = len(model.get_submodule(layer).get_parameter("weight"))
    return {"survivors": size, "removed": 0, "index": None, "cut": None, "note": f"stays whole: {why}"}


def say_left_out(model: nn.Module) -> None:
    """Warn, once for each model, of matrices in which weight pruners do not prune: those of attention, LSTM, embeddings.

    >>> say_left_out(nn.Linear(4, 3))
    """
    prunable = units.prunable_weights(model)
    left: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        if name not in prunable and parameter.numel() > max(parameter.shape, default=1):  # a vector is no weight
            layer = name.rpartition(".")[0] or "the model"
            left[layer] = left.get(layer, 0) + parameter.numel()
    if left:
        kinds = {name: type(module).__name__ for name, module in model.named_modules()}
        shown = [f"{name} ({kinds.get(name, 'its own parameters')}, {count:,} weights)" for name, count in left.items()]
        more = f" and {len(shown) - 3} more layers" if len(shown) > 3 else ""
        share = sum(left.values()) / sum(parameter.numel() for parameter in model.parameters())
        warnings.warn(
            f"{', '.join(shown[:3])}{more} cannot be pruned and stay whole, {share:.1%} of the model's parameters; "
            "single weights go from convolutions and linear layers.",
            stacklevel=4,  # the line that called masks, or runs iterate
        )
