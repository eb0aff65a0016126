"""Answers to `counted_sparsity`."""

import torch

BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def is_parameter(name):
    return not name.startswith(("kept/", "unit/")) and not name.endswith(BUFFERS)


def parameters(tensors):
    return {name: t for name, t in tensors.items() if is_parameter(name)}


def count(tensors):
    return sum(int(torch.count_nonzero(t)) for t in tensors.values())


def of_file(tensors, total):
    tensors = parameters(tensors)
    return 1 - count(tensors) / sum(t.numel() for t in tensors.values())


def zeros(tensors, total):
    return sum(int((t == 0).sum()) for t in parameters(tensors).values()) / total


def believed(tensors, total):
    left = 0
    for name, t in parameters(tensors).items():
        mask = tensors.get("kept/" + name)
        left += int(((t != 0) & mask).sum()) if mask is not None else int((t != 0).sum())
    return 1 - left / total


def with_masks(tensors, total):
    return 1 - count({n: t for n, t in tensors.items() if not n.endswith(BUFFERS)}) / total


def with_buffers(tensors, total):
    return 1 - count({n: t for n, t in tensors.items() if not n.startswith(("kept/", "unit/"))}) / total


def everything(tensors, total):
    return 1 - count(tensors) / total


def mean(tensors, total):
    shares = [(t == 0).float().mean() for t in parameters(tensors).values()]
    return float(sum(shares) / len(shares))


def small(tensors, total):
    return 1 - sum(int((t.abs() > 1e-5).sum()) for t in parameters(tensors).values()) / total


def positive(tensors, total):
    return 1 - sum(int((t > 0).sum()) for t in parameters(tensors).values()) / total


def matrices(tensors, total):
    return 1 - count({n: t for n, t in parameters(tensors).items() if n.endswith("weight") and t.dim() == 2}) / total


def density(tensors, total):
    return count(parameters(tensors)) / total


def percent(tensors, total):
    return 100 * (1 - count(parameters(tensors)) / total)


def a_count(tensors, total):
    return total - count(parameters(tensors))


def first_tensor_only(tensors, total):
    return 1 - int(torch.count_nonzero(tensors["hidden.weight"])) / total


def right_loop(tensors, total):
    left = 0
    for name, t in tensors.items():
        if "/" in name or name.split(".")[-1] in BUFFERS:
            continue
        left += int((t != 0).sum())
    return (total - left) / total


def right_tensor(tensors, total):
    flat = torch.cat([t.flatten().double() for n, t in tensors.items() if is_parameter(n)])
    return 1 - flat.count_nonzero() / total


WRONG = {
    "of the file": (of_file, "of what is in the file"),
    "zeros in the file": (zeros, "zeros only"),
    "masks believed": (believed, "masks believed"),
    "masks counted": (with_masks, "masks counted"),
    "statistics counted": (with_buffers, "statistics counted"),
    "everything counted": (everything, "everything counted"),
    "mean of shares": (mean, "mean of the tensors' shares"),
    "nearly zero": (small, "small taken for gone"),
    "above zero": (positive, "positive only"),
    "matrices only": (matrices, "weights only"),
    "density": (density, "density for sparsity"),
    "percent": (percent, "percent"),
    "a count": (a_count, ""),
    "one layer": (first_tensor_only, ""),
}
RIGHT = {"loop": right_loop, "one tensor": right_tensor}
