"""What counts of a result where several exercises ask for the same kind: see `view` of `base.Exercise`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.teaching.exercises.base import identity, is_number


def unwrapped(output: Any) -> Any:
    """Return a tensor's only entry as a number; anything else as it is."""
    return output.item() if isinstance(output, Tensor) and output.numel() == 1 else output


def number(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """One number is asked for; a tensor with one entry is as good, and anything else is refused."""
    if not is_number(unwrapped(output)):
        raise CourseError("return one number")
    return lenient_number(inputs, afterwards, output)


def lenient_number(inputs: tuple[Any, ...], afterwards: tuple[Any, ...], output: Any) -> Any:
    """A tensor with one entry is as good as its number, and anything else counts as it is."""
    output = unwrapped(output)
    if isinstance(output, float) and output != output:
        output = "not a number"  # NaN is equal to nothing, not even to the same mistake
    return identity(inputs, afterwards, output)


def require_mask(output: Any, scores: Tensor) -> Tensor:
    """Return `output` if it is a mask with an entry for each of `scores` (n,); CourseError says what was expected."""
    if not isinstance(output, Tensor) or output.dtype != torch.bool or output.shape != scores.shape:
        raise CourseError(f"return a bool tensor of shape {tuple(scores.shape)}, True = kept")
    return output


def places(scores: Tensor) -> Tensor:
    """Return (n,) which place each of `scores` (n,) has in their order; equal ones share a place, all others differ."""
    return torch.unique(scores, return_inverse=True)[1]
