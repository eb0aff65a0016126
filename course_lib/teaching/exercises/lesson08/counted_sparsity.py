"""The sparsity that a board counts in a file, whatever the file claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from course_lib.teaching.exercises.attempts import Case
from course_lib.teaching.exercises.base import Exercise, Misconception
from course_lib.teaching.exercises.draws import integer
from course_lib.teaching.exercises.views import number

BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
Tensors = dict[str, Tensor]


def counted_sparsity(tensors: Tensors, total: int) -> float:
    """The share of `total` parameters that is not there, or exactly zero; masks and BatchNorm's statistics do not count."""
    return 1 - _nonzeros(_parameters(tensors)) / total


def _is_mask(name: str) -> bool:
    return name.startswith(("kept/", "unit/"))


def _parameters(tensors: Mapping[str, Tensor]) -> Tensors:
    return {name: t for name, t in tensors.items() if not _is_mask(name) and not name.endswith(BUFFERS)}


def _nonzeros(tensors: Mapping[str, Tensor]) -> int:
    return sum(int((tensor != 0).sum()) for tensor in tensors.values())


def _size(tensors: Mapping[str, Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors.values())


def _weights(rng: torch.Generator, rows: int, columns: int, gone: int) -> Tensors:
    """A layer of which `gone` weights are zero."""
    weight = torch.randn(rows, columns, generator=rng).abs() + 0.1
    weight.view(-1)[torch.randperm(rows * columns, generator=rng)[:gone]] = 0
    return {"hidden.weight": weight, "hidden.bias": torch.randn(rows, generator=rng).abs() + 0.1}


def _norm(rng: torch.Generator, size: int) -> Tensors:
    return {
        "norm.weight": torch.ones(size),
        "norm.bias": torch.cat([torch.zeros(1), torch.ones(size - 1)]),
        "norm.running_mean": torch.randn(size, generator=rng).abs() + 0.1,
        "norm.running_var": torch.ones(size),
        "norm.num_batches_tracked": torch.tensor(7),
    }


def _files(rng: torch.Generator) -> list[Case]:
    rows, columns = integer(rng, 5, 8), integer(rng, 9, 12)
    gone = integer(rng, 12, 20)
    plain = _weights(rng, rows, columns, gone)
    total = _size(plain)
    more = {"head.weight": torch.randn(3, rows, generator=rng).abs() + 0.1}
    normed = plain | _norm(rng, rows)
    full = _weights(rng, rows, columns, 0)
    claimed = full | {f"kept/{name}": torch.rand(t.shape, generator=rng) < 0.2 for name, t in full.items()}
    tiny = dict(full, **{"hidden.bias": torch.full((rows,), 1e-7)})
    negative = dict(plain, **{"hidden.bias": -plain["hidden.bias"]})
    negative["hidden.weight"] = torch.where(plain["hidden.weight"] == 0, -0.0, plain["hidden.weight"])
    return [
        Case("a masked layer", (plain, total)),
        Case("two layers of unlike size", (plain | more, total + _size(more))),
        Case("a slimmed layer: the dense network had more", (plain, 2 * total + 5)),
        Case("a slimmed layer and BatchNorm", (normed, 3 * total)),
        Case("dense weights behind masks that claim much", (claimed, total)),
        Case("BatchNorm's statistics beside the parameters", (normed, _size(_parameters(normed)))),
        Case("masks of units as well", (plain | {"unit/hidden": torch.zeros(rows, dtype=torch.bool)}, total)),
        Case("weights of 1e-7, which are not zero", (tiny, total), edge=True),
        Case("negative weights, and a zero with a minus sign", (negative, total), edge=True),
        Case("nothing gone", (full, total), edge=True),
        Case("everything gone", ({name: torch.zeros_like(t) for name, t in full.items()}, total), edge=True),
    ]


def _counting(
    chosen: Callable[[Tensors], Tensors], size: Callable[[Tensors, int], int] = lambda _, total: total
) -> Callable[[Tensors, int], float]:
    """The same count of other tensors, or as a share of another size."""
    return lambda tensors, total: 1 - _nonzeros(chosen(tensors)) / size(chosen(tensors), total)


def _believed(tensors: Tensors, total: int) -> float:
    kept = {
        name: tensors.get(f"kept/{name}", torch.ones_like(t, dtype=torch.bool)) for name, t in _parameters(tensors).items()
    }
    return 1 - _nonzeros({name: t * kept[name] for name, t in _parameters(tensors).items()}) / total


def _mean(tensors: Tensors, total: int) -> float:
    shares = [float((t == 0).double().mean()) for t in _parameters(tensors).values()]
    return sum(shares) / len(shares)


EXERCISE = Exercise(
    "counted_sparsity",
    lesson="08",
    points=2,
    reference=counted_sparsity,
    cases=_files,
    misconceptions=(
        Misconception(
            "of what is in the file",
            "A slimmed file has fewer entries: what was cut out is gone as well. Divide by `total`, the dense network's.",
            _counting(_parameters, lambda tensors, _: _size(tensors)),
        ),
        Misconception(
            "zeros only",
            "This counts the zeros in the file; what was cut out is not in it and is gone as well. Count what is NOT zero.",
            lambda tensors, total: sum(int((t == 0).sum()) for t in _parameters(tensors).values()) / total,
        ),
        Misconception(
            "masks believed",
            "Masks in the file are a claim. Behind them the weights are there, and they count.",
            _believed,
        ),
        Misconception(
            "masks counted",
            "Entries of masks are no parameters: leave out what begins with kept/ or unit/.",
            _counting(lambda tensors: {n: t for n, t in tensors.items() if not n.endswith(BUFFERS)}),
        ),
        Misconception(
            "statistics counted",
            "BatchNorm's running_mean, running_var and num_batches_tracked are no parameters.",
            _counting(lambda tensors: {n: t for n, t in tensors.items() if not _is_mask(n)}),
        ),
        Misconception(
            "everything counted", "Masks and BatchNorm's statistics are no parameters: leave both out.", _counting(dict)
        ),
        Misconception(
            "mean of the tensors' shares",
            "The mean over tensors gives a bias the weight of a whole layer: sum, then divide.",
            _mean,
        ),
        Misconception(
            "small taken for gone",
            "A weight of 1e-7 is small, not gone: compare with exactly 0.",
            lambda tensors, total: 1 - _nonzeros({n: t.abs() > 1e-6 for n, t in _parameters(tensors).items()}) / total,
        ),
        Misconception(
            "positive only",
            "A negative weight is there as well: count what is not 0, not what is above 0.",
            lambda tensors, total: 1 - _nonzeros({n: t > 0 for n, t in _parameters(tensors).items()}) / total,
        ),
        Misconception(
            "weights only",
            "Biases and BatchNorm's weight and bias are parameters too: count them all.",
            _counting(lambda tensors: {n: t for n, t in _parameters(tensors).items() if t.ndim > 1}),
        ),
        Misconception(
            "density for sparsity",
            "This is the share that is KEPT; sparsity is the share that is gone.",
            lambda tensors, total: _nonzeros(_parameters(tensors)) / total,
        ),
        Misconception(
            "percent",
            "This is in percent; a share between 0 and 1 is expected.",
            lambda t, total: 100 * counted_sparsity(t, total),
        ),
    ),
    view=number,
)
