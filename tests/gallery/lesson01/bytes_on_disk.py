"""Answers to `bytes_on_disk` as students write them."""

from __future__ import annotations

import gzip
import math

import numpy as np
import torch


def bytes_in_bits(weight):
    bits = 8 * weight.element_size()
    return {
        "dense": bits * weight.numel(),
        "gzip": len(gzip.compress(weight.numpy().tobytes())),
        "bitmap": weight.numel() + bits * int((weight != 0).sum()),
    }


def bytes_of_float32(weight):
    return {
        "dense": 4 * weight.numel(),
        "gzip": len(gzip.compress(weight.numpy().tobytes())),
        "bitmap": math.ceil(weight.numel() / 8) + 4 * int((weight != 0).sum()),
    }


def bytes_without_bitmap(weight):
    stored = weight[weight != 0].numel() * weight.element_size()
    return right_bytes(weight) | {"bitmap": stored}


def bytes_bool_mask(weight):
    mask = weight != 0
    return right_bytes(weight) | {"bitmap": mask.numel() * mask.element_size() + int(mask.sum()) * weight.element_size()}


def bytes_rounded_down(weight):
    return right_bytes(weight) | {"bitmap": weight.numel() // 8 + int((weight != 0).sum()) * weight.element_size()}


def bytes_unrounded(weight):
    return right_bytes(weight) | {"bitmap": weight.numel() / 8 + int((weight != 0).sum()) * weight.element_size()}


def bytes_dense_of_values(weight):
    return right_bytes(weight) | {"dense": int((weight != 0).sum()) * weight.element_size()}


def bytes_zeros_counted(weight):
    zeros = int((weight == 0).sum())
    return right_bytes(weight) | {"bitmap": math.ceil(weight.numel() / 8) + zeros * weight.element_size()}


def bytes_with_indices(weight):
    return right_bytes(weight) | {"bitmap": int((weight != 0).sum()) * (weight.element_size() + 4)}


def bytes_gzip_of_text(weight):
    return right_bytes(weight) | {"gzip": len(gzip.compress(str(weight.tolist()).encode()))}


def bytes_gzip_of_values(weight):
    return right_bytes(weight) | {"gzip": len(gzip.compress(weight[weight != 0].numpy().tobytes()))}


def bytes_gzip_itself(weight):
    return right_bytes(weight) | {"gzip": gzip.compress(weight.numpy().tobytes())}


def bytes_only_the_sum(weight):
    return sum(right_bytes(weight).values())


def bytes_in_kilobytes(weight):
    return {name: size / 1024 for name, size in right_bytes(weight).items()}


def bytes_positive_values(weight):
    return right_bytes(weight) | {"bitmap": math.ceil(weight.numel() / 8) + int((weight > 0).sum()) * weight.element_size()}


def right_bytes(weight):
    values = weight[weight != 0]
    return {
        "dense": weight.nbytes,
        "gzip": len(gzip.compress(weight.numpy().tobytes(), compresslevel=9)),
        "bitmap": (weight.numel() + 7) // 8 + values.numel() * values.element_size(),
    }


def right_bytes_numpy(weight):
    array = np.ascontiguousarray(weight.numpy())
    return {
        "bitmap": len(np.packbits(array != 0)) + array[array != 0].nbytes,
        "dense": len(array.tobytes()),
        "gzip": len(gzip.compress(array.tobytes(), compresslevel=6)),
    }


def right_bytes_tensors(weight):
    return {
        "dense": torch.tensor(weight.numel() * weight.element_size()),
        "gzip": len(gzip.compress(weight.numpy().tobytes())),
        "bitmap": math.ceil(weight.numel() / 8) + torch.count_nonzero(weight) * weight.element_size(),
    }


WRONG = {
    "bits": (bytes_in_bits, "bits for bytes"),
    "float32 taken for granted": (bytes_of_float32, "four bytes always"),
    "values without a bitmap": (bytes_without_bitmap, "bitmap forgotten"),
    "the bool tensor for a bitmap": (bytes_bool_mask, "a byte for each bit"),
    "bitmap rounded down": (bytes_rounded_down, "bitmap rounded down"),
    "bitmap not rounded": (bytes_unrounded, "fractions of a byte"),
    "dense without zeros": (bytes_dense_of_values, "zeros cost nothing"),
    "zeros stored": (bytes_zeros_counted, "counts the zeros"),
    "32-bit indices": (bytes_with_indices, "an index for a bit"),
    "gzip of the printed numbers": (bytes_gzip_of_text, "gzip of a text"),
    "gzip of the values alone": (bytes_gzip_of_values, "zeros left out before gzip"),
    "the compressed bytes, not their number": (bytes_gzip_itself, ""),
    "the sum of all": (bytes_only_the_sum, ""),
    "kilobytes": (bytes_in_kilobytes, ""),
    "positive values only": (bytes_positive_values, ""),
}
RIGHT = {
    "nbytes": right_bytes,
    "NumPy's packbits, another level of gzip": right_bytes_numpy,
    "tensors for numbers": right_bytes_tensors,
}
