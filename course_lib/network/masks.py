"""Masks: what is kept of a model, as plain data outside the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.files import replacing
from course_lib.network.kinds import must_be_takeable


class Masks(Mapping[str, Tensor]):
    """A mapping parameter name -> bool tensor (True = kept); a parameter that is not named is kept whole.

    Args:
        kept: parameter name -> bool tensor of the parameter's shape.
        total: number of all parameters of the dense model, against which `sparsity` is stated.
        units: group name -> bool tensor over its filters or neurons; empty for pruners of single weights.
    """

    def __init__(self, kept: Mapping[str, Tensor], total: int, units: Mapping[str, Tensor] | None = None) -> None:
        for name, mask in {**kept, **(units or {})}.items():
            if mask.dtype != torch.bool:
                raise CourseError(f"the mask of {name} is of type {mask.dtype}; masks are bool tensors, True = kept.")
        self._kept = {name: mask.detach() for name, mask in kept.items()}
        self.total = total
        self.units = {name: mask.detach() for name, mask in (units or {}).items()}

    @classmethod
    def dense(cls, model: nn.Module) -> Masks:
        """Return the masks that keep all of `model`; CourseError if it is of a kind that the course cannot take."""
        must_be_takeable(model)
        return cls({}, sum(p.numel() for p in model.parameters()))

    def __getitem__(self, name: str) -> Tensor:
        return self._kept[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        return f"Masks(sparsity={self.sparsity:.4f}, unit_sparsity={self.unit_sparsity:.4f}, total={self.total})"

    @property
    def kept_parameters(self) -> int:
        """How many of the model's parameters are kept."""
        return self.total - sum(int((~mask).sum()) for mask in self.values())

    @property
    def density(self) -> float:
        """Share of ALL the dense model's parameters that is kept, in [0, 1]."""
        return self.kept_parameters / self.total if self.total else 1.0

    @property
    def sparsity(self) -> float:
        """Share of ALL the dense model's parameters that is gone, in [0, 1]."""
        return 1 - self.density

    @property
    def unit_sparsity(self) -> float:
        """Share of the filters and neurons that is gone, the classifier's outputs not counted; 0 without units."""
        size = sum(mask.numel() for mask in self.units.values())
        return sum(int((~mask).sum()) for mask in self.units.values()) / size if size else 0.0

    def to(self, device: torch.device | str) -> Masks:
        """Return the same masks on `device`."""
        return Masks(
            {k: v.to(device) for k, v in self.items()}, self.total, {k: v.to(device) for k, v in self.units.items()}
        )

    def __and__(self, other: Masks) -> Masks:
        """Return what both keep."""
        return Masks(_meet(self, other), self.total, _meet(self.units, other.units))

    def must_fit(self, model: nn.Module) -> None:
        """Raise a CourseError that names the mask which does not fit `model`."""
        parameters = dict(model.named_parameters())
        for name, mask in self.items():
            if name not in parameters:
                raise CourseError(f"the masks name a parameter {name!r} that the model does not have.")
            if mask.shape != parameters[name].shape:
                given, expected = tuple(mask.shape), tuple(parameters[name].shape)
                raise CourseError(f"the mask of {name} has the shape {given}; the parameter has the shape {expected}.")

    @torch.no_grad()
    def applied(self, model: nn.Module) -> bool:
        """Return whether what is gone is zero in `model`, which the masks must fit."""
        parameters = dict(model.named_parameters())
        return not any(
            bool(((parameters[name] != 0) & ~mask.to(parameters[name].device)).any()) for name, mask in self.items()
        )

    @torch.no_grad()
    def apply_(self, model: nn.Module) -> nn.Module:
        """Set what is gone to exactly zero, in place, and return `model`."""
        self.must_fit(model)
        parameters = dict(model.named_parameters())
        for name, mask in self.items():
            # Filled, not multiplied: NaN * 0 is NaN.
            parameters[name].masked_fill_(~mask.to(parameters[name].device), 0)
        return model

    def save(self, path: str | Path) -> None:
        """Write the masks to a safetensors file, whole or not at all."""
        tensors = {f"kept/{k}": v for k, v in self.items()} | {f"unit/{k}": v for k, v in self.units.items()}
        tensors = {name: mask.cpu().contiguous() for name, mask in tensors.items()}
        with replacing(path) as temporary:
            save_file(tensors, temporary, metadata={"total": str(self.total)})

    @classmethod
    def load(cls, path: str | Path) -> Masks:
        """Read masks that `save` wrote; CourseError for a file that is not there or that `save` did not write."""
        parts: dict[str, dict[str, Tensor]] = {"kept": {}, "unit": {}}
        try:
            with safe_open(path, "pt") as file:
                total = int((file.metadata() or {})["total"])
                for key in file.keys():  # noqa: SIM118 (not a mapping)
                    kind, _, name = key.partition("/")
                    parts[kind][name] = file.get_tensor(key)
        except OSError as error:
            raise CourseError(f"{path} was given as a masks file; no such file can be read.") from error
        except (SafetensorError, KeyError, ValueError) as error:
            raise CourseError(f"{path} was given as a masks file; Masks.save did not write it whole.") from error
        return cls(parts["kept"], total, parts["unit"])


def _meet(left: Mapping[str, Tensor], right: Mapping[str, Tensor]) -> dict[str, Tensor]:
    both = {name: left[name] & right[name].to(left[name].device) for name in left if name in right}
    return {**left, **right, **both}
