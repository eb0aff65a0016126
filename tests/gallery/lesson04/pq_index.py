"""Answers to `pq_index` as students write them."""

from __future__ import annotations

import numpy as np
import torch


def norms(w, p, q):
    w = w.double().flatten()
    return torch.linalg.vector_norm(w, ord=p).item(), torch.linalg.vector_norm(w, ord=q).item()


def index_wrong_sign(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - w.numel() ** (1 / p - 1 / q) * a / b


def index_no_factor(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - a / b


def index_ratio(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return w.numel() ** (1 / q - 1 / p) * a / b


def index_swapped(w, p=0.5, q=1.0):
    a, b = norms(w, q, p)
    return 1 - w.numel() ** (1 / p - 1 / q) * a / b


def index_difference(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - w.numel() ** -(q - p) * a / b


def index_no_roots(w, p=0.5, q=1.0):
    w = w.double().abs()
    return (1 - (w**p).mean() / (w**q).mean()).item()


def index_nonzero(w, p=0.5, q=1.0):
    w = w[w != 0]
    a, b = norms(w, p, q)
    return 1 - w.numel() ** (1 / q - 1 / p) * a / b


def index_fixed_norms(w, p=0.5, q=1.0):
    a, b = norms(w, 0.5, 1)
    return 1 - a / b / w.numel()


def index_len(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - len(w) ** (1 / q - 1 / p) * a / b


def index_float(w, p=0.5, q=1.0):
    size = w.numel()
    w = w.abs()
    return 1 - size ** (1 / q - 1 / p) * (w**p).sum().pow(1 / p).item() / (w**q).sum().pow(1 / q).item()


def index_scaled(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return (1 - w.numel() ** (1 / q - 1 / p) * a / b) / (1 - w.numel() ** (1 / q - 1 / p)) if w.numel() > 1 else 0.0


def right_index_norms(w, p=0.5, q=1.0):
    a, b = norms(w, p, q)
    return 1 - w.numel() ** (1 / q - 1 / p) * a / b


def right_index_means(w, p=0.5, q=1.0):
    w = w.double().abs() / w.abs().max()
    return 1 - w.pow(p).mean().pow(1 / p) / w.pow(q).mean().pow(1 / q)


def right_index_numpy(w, p=0.5, q=1.0):
    a = np.abs(w.numpy().astype(np.float64)).ravel()
    return 1 - a.size ** (1 / q - 1 / p) * np.sum(a**p) ** (1 / p) / np.sum(a**q) ** (1 / q)


WRONG = {
    "sign of the exponent": (index_wrong_sign, "sign of the exponent"),
    "no factor": (index_no_factor, "factor missing"),
    "ratio": (index_ratio, "ratio instead of index"),
    "swapped": (index_swapped, "p and q swapped"),
    "q - p": (index_difference, "q - p for 1/q - 1/p"),
    "no roots": (index_no_roots, "roots missing"),
    "zeros left out": (index_nonzero, "zeros left out"),
    "p and q fixed": (index_fixed_norms, "defaults ignored"),
    "len": (index_len, "length instead of size"),
    "float32": (index_float, "float32"),
    "scaled to reach 1": (index_scaled, ""),
}
RIGHT = {"norms": right_index_norms, "power means": right_index_means, "NumPy": right_index_numpy}
