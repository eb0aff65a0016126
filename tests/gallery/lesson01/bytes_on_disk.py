"""Answers to `bytes_on_disk` as students write them."""

from __future__ import annotations

import gzip
import io
import math

import numpy as np
import torch


def bytes_in_bits(weight):
    bits = 8 * weight.element_size()
    return {
        "whole": bits * weight.numel(),
        "gzip": len(gzip.compress(weight.numpy().tobytes())),
        "bitmap": weight.numel() + bits * int((weight != 0).sum()),
    }


def bytes_of_float32(weight):
    return {
        "whole": 4 * weight.numel(),
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
    return right_bytes(weight) | {"whole": int((weight != 0).sum()) * weight.element_size()}


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
        "whole": weight.nbytes,
        "gzip": len(gzip.compress(weight.numpy().tobytes(), compresslevel=9)),
        "bitmap": (weight.numel() + 7) // 8 + values.numel() * values.element_size(),
    }


def right_bytes_numpy(weight):
    array = np.ascontiguousarray(weight.numpy())
    return {
        "bitmap": len(np.packbits(array != 0)) + array[array != 0].nbytes,
        "whole": len(array.tobytes()),
        "gzip": len(gzip.compress(array.tobytes(), compresslevel=6)),
    }


def right_bytes_tensors(weight):
    return {
        "whole": torch.tensor(weight.numel() * weight.element_size()),
        "gzip": len(gzip.compress(weight.numpy().tobytes())),
        "bitmap": math.ceil(weight.numel() / 8) + torch.count_nonzero(weight) * weight.element_size(),
    }


def bytes_without_the_small(weight):
    values = int((weight.abs() > 1e-6).sum())
    return right_bytes(weight) | {"bitmap": math.ceil(weight.numel() / 8) + values * weight.element_size()}


def bytes_not_close_to_zero(weight):
    values = int((~torch.isclose(weight, torch.zeros((), dtype=weight.dtype))).sum())
    return right_bytes(weight) | {"bitmap": math.ceil(weight.numel() / 8) + values * weight.element_size()}


def bytes_rounded_to_nearest(weight):
    values = int((weight != 0).sum()) * weight.element_size()
    return right_bytes(weight) | {"bitmap": round(weight.numel() / 8) + values}


def bytes_one_more(weight):
    values = int((weight != 0).sum()) * weight.element_size()
    return right_bytes(weight) | {"bitmap": weight.numel() // 8 + 1 + values}


def bytes_bits_row_by_row(weight):
    rows = weight.flatten(1) if weight.dim() > 1 else weight[None]
    bits = len(rows) * math.ceil(rows.shape[1] / 8)
    return right_bytes(weight) | {"bitmap": bits + int((weight != 0).sum()) * weight.element_size()}


def bytes_bitmap_alone(weight):
    return right_bytes(weight) | {"bitmap": math.ceil(weight.numel() / 8)}


def bytes_bits_of_values(weight):
    values = int((weight != 0).sum())
    return right_bytes(weight) | {"bitmap": math.ceil(values / 8) + values * weight.element_size()}


def bytes_gzip_of_nothing(weight):
    return right_bytes(weight) | {"gzip": weight.nbytes}


def bytes_gzip_stored(weight):
    return right_bytes(weight) | {"gzip": len(gzip.compress(weight.numpy().tobytes(), compresslevel=0))}


def bytes_gzip_of_float32(weight):
    return right_bytes(weight) | {"gzip": len(gzip.compress(weight.float().numpy().tobytes()))}


def bytes_gzip_of_bits(weight):
    return right_bytes(weight) | {"gzip": len(gzip.compress(np.packbits(weight.numpy() != 0).tobytes()))}


def bytes_gzip_of_a_file(weight):
    file = io.BytesIO()
    torch.save(weight, file)
    return right_bytes(weight) | {"gzip": len(gzip.compress(file.getvalue()))}


def bytes_of_matrices(weight):
    return right_bytes(weight) | {"whole": weight.shape[0] * weight.shape[-1] * weight.element_size()}


def right_bytes_level(level):
    def right(weight):
        return right_bytes(weight) | {"gzip": len(gzip.compress(weight.numpy().tobytes(), compresslevel=level))}

    return right


def right_bytes_file(weight):
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", filename="weight.bin") as packed:
        packed.write(np.ascontiguousarray(weight.numpy()).tobytes())
    bits = "".join("0" if value == 0 else "1" for value in weight.flatten().tolist())
    return {
        "whole": sum(weight.element_size() for _ in bits),
        "gzip": file.tell(),
        "bitmap": len(range(0, len(bits), 8)) + bits.count("1") * weight.element_size(),
    }


def right_bytes_array(weight):
    array = weight.numpy()
    return {
        "whole": array.size * array.itemsize,
        "gzip": len(gzip.compress(array.tobytes("F"))),
        "bitmap": int(np.ceil(array.size / 8)) + np.count_nonzero(array) * array.itemsize,
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
    "small weights taken for zero": (bytes_without_the_small, "small taken for zero"),
    "weights close to zero": (bytes_not_close_to_zero, "small taken for zero"),
    "bitmap rounded to the nearest": (bytes_rounded_to_nearest, "bitmap rounded to the nearest"),
    "always one byte more": (bytes_one_more, "a byte too many"),
    "a bitmap for each row": (bytes_bits_row_by_row, ""),
    "bitmap alone": (bytes_bitmap_alone, "values forgotten"),
    "bits of the values": (bytes_bits_of_values, "bits for the non-zeros only"),
    "not compressed": (bytes_gzip_of_nothing, "not compressed"),
    "level 0": (bytes_gzip_stored, "not compressed"),
    "gzip of float32": (bytes_gzip_of_float32, "gzip of another type"),
    "gzip of the bitmap": (bytes_gzip_of_bits, ""),
    "gzip of a torch file": (bytes_gzip_of_a_file, ""),
    "first and last axis": (bytes_of_matrices, ""),
}
RIGHT = {
    "nbytes": right_bytes,
    "NumPy's packbits, another level of gzip": right_bytes_numpy,
    "tensors for numbers": right_bytes_tensors,
    "gzip at its quickest": right_bytes_level(1),
    "gzip at level 3": right_bytes_level(3),
    "gzip at level 4": right_bytes_level(4),
    "a gzip file": right_bytes_file,
    "NumPy, column by column": right_bytes_array,
}
