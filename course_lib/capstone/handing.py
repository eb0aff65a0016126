"""What is handed in: one safetensors file with the weights of a pruned network of the course."""

from __future__ import annotations

import copy
from pathlib import Path

from torch import nn

from course_lib import slim
from course_lib.errors import CourseError
from course_lib.network.masks import Masks

SUFFIX = ".safetensors"


def hand_in(model: nn.Module, masks: Masks | None, path: str | Path) -> None:
    """Write the file that is handed in: the network's tensors, as `slim.save` writes them; `model` is left as it is.

    There is one format for all. A masked network has the dense network's shapes, and zeros where a weight is gone; a slimmed
    one has smaller shapes. The file says nothing of its own sparsity: whoever keeps the board counts the weights.
    `slim.load` reads it back, with dense=models.build(...) of the same network.

    Args:
        masks: they are applied, so that what is gone is zero in the file; None: the weights are as they should be.
        path: ends in .safetensors.

    Raises:
        CourseError: for another ending, for masks that do not fit, or for a file that cannot be written.

    >>> import tempfile
    >>> import torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hand_in(nn.Linear(2, 1), Masks({"weight": torch.tensor([[True, False]])}, 3), f"{folder}/ann.safetensors")
    ...     bool(slim.load(f"{folder}/ann.safetensors", dense=nn.Linear(2, 1)).weight[0, 1] == 0)
    True
    """
    if Path(path).suffix != SUFFIX:
        raise CourseError(f"{path} was given; the file that is handed in ends in {SUFFIX}.")
    net = copy.deepcopy(model).cpu()
    slim.save(net if masks is None else masks.apply_(net), path)
