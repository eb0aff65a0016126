"""Masked networks in small files: for each tensor one bit an entry says where it is not zero, and then come those values.

Zeros cost nothing but their bit, so a tensor of float32 gets smaller as soon as one in 32 entries is zero. The file is what
travels; in memory the network is as large as before, and as slow.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from course_lib.errors import CourseError
from course_lib.files import read_tensors, replacing

FORMAT = "sparse network 1"


def save_sparse(model: nn.Module, path: str | Path) -> None:
    """Write the parameters and buffers of `model` to a safetensors file, zeros as bits; whole or not at all.

    >>> import tempfile
    >>> model = nn.Linear(100, 100)
    >>> with torch.no_grad():
    ...     _ = model.weight[:, :90].zero_()  # nine of ten are gone
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_sparse(model, f"{folder}/small")
    ...     Path(f"{folder}/small").stat().st_size < 40_400 / 5
    True
    """
    tensors: dict[str, Tensor] = {}
    shapes = {}
    for name, tensor in model.state_dict().items():
        values = tensor.detach().cpu().contiguous()
        kept = values.flatten() != 0
        if 8 * values.element_size() * int((~kept).sum()) <= values.numel():
            tensors[f"dense/{name}"] = values.clone()
            continue
        tensors[f"bits/{name}"] = torch.from_numpy(np.packbits(kept.numpy()))
        tensors[f"values/{name}"] = values.flatten()[kept]
        shapes[name] = list(values.shape)
    with replacing(path) as temporary:
        save_file(tensors, temporary, {"format": FORMAT, "shapes": json.dumps(shapes)})


def load_sparse(path: str | Path, dense: nn.Module) -> nn.Module:
    """Return a copy of `dense` with the values of the file that `save_sparse` wrote, equal to the bit.

    Raises:
        CourseError: for a file that is not there, that `save_sparse` did not write whole, or of another network.

    >>> import tempfile
    >>> model = nn.Linear(2, 3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_sparse(model, f"{folder}/small")
    ...     torch.equal(load_sparse(f"{folder}/small", nn.Linear(2, 3)).weight, model.weight)
    True
    """
    where, (said, parts) = f"{path} was given as a sparse network", read_tensors(path, "a sparse network")
    if said.get("format") != FORMAT:
        raise CourseError(f"{where}; ship.save_sparse did not write it, or an older version of it did.")
    try:
        state = {name.partition("/")[2]: values for name, values in parts.items() if name.startswith("dense/")}
        for name, shape in json.loads(said["shapes"]).items():
            size = int(np.prod(shape))
            kept = torch.from_numpy(np.unpackbits(parts[f"bits/{name}"].numpy(), count=size)).bool()
            values = torch.zeros(size, dtype=parts[f"values/{name}"].dtype)
            values[kept] = parts[f"values/{name}"]
            state[name] = values.view(shape)
        found = copy.deepcopy(dense)
        found.load_state_dict(state)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise CourseError(f"{where}; ship.save_sparse did not write it whole.") from error
    except RuntimeError as error:
        raise CourseError(f"{where}; it is of another network ({str(error).splitlines()[-1].strip()}).") from error
    return found
