"""Lesson 04: answers as students write them.

WRONG: exercise -> label -> (answer, the misconception by whose name the verdict must call it; "" where a sentence about
the failing case is all that can be said). RIGHT: exercise -> label -> answer.
"""

from __future__ import annotations

import math

import numpy as np
import torch

# ---- power_mean


def mean_no_root(w, s):
    return (w.double().abs() ** s).mean().item()


def mean_of_a_norm(w, s):
    return torch.linalg.vector_norm(w.double(), ord=s).item()


def mean_signed(w, s):
    return ((w.double() ** s).mean() ** (1 / s)).item()


def mean_power_again(w, s):
    return ((w.double().abs() ** s).mean() ** s).item()


def mean_plain(w, s):
    return w.abs().double().mean().item()


def mean_nonzero(w, s):
    kept = w[w.abs() > 0].double().abs()
    return (kept.pow(s).sum() / kept.numel()).pow(1 / s).item()


def mean_float(w, s):
    return (torch.sum(torch.abs(w) ** s) ** (1 / s) * w.numel() ** (-1 / s)).item()


def mean_largest(w, s):
    return w.abs().amax().item()


def mean_first_axis(w, s):
    return ((w.double().abs() ** s).sum() / len(w)).pow(1 / s).item()


def mean_per_row(w, s):
    return (w.double().abs() ** s).mean(0) ** (1 / s)


def right_mean_logarithms(w, s):
    logs = w.double().abs().flatten().log()
    return math.exp((torch.logsumexp(s * logs, 0).item() - math.log(w.numel())) / s)


def right_mean_numpy(w, s):
    return float(np.mean(np.abs(w.double().numpy()) ** s) ** (1 / s))


def right_mean_norm(w, s):
    return torch.linalg.vector_norm(w.double().flatten(), ord=s) * w.numel() ** (-1 / s)


# ---- pq_index


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


# ---- clone_test


def clone_yes(index, w):
    return True


def clone_no(index, w):
    return False


def clone_doubled(index, w):
    return math.isclose(index(2 * w), index(w), abs_tol=1e-6)


def clone_exact(index, w):
    return bool(index(torch.cat((w, w))) == index(w))


def clone_less(index, w):
    return index(w.repeat(2)) - index(w) < 1e-6


def clone_zeros(index, w):
    return abs(index(torch.cat([w, 0 * w])) - index(w)) < 1e-6


def clone_not(index, w):
    return abs(index(w.repeat(2)) - index(w)) > 1e-6


def clone_number(index, w):
    return index(w.repeat(2)) - index(w)


def clone_loose(index, w):
    return abs(index(w.repeat(2)) - index(w)) < 0.5


def clone_of_itself(index, w):
    return index(w) == index(w.clone())


def right_clone_repeat(index, w):
    return abs(index(w.repeat(2)) - index(w)) < 1e-6


def right_clone_close(index, w):
    return math.isclose(index(torch.stack([w, w])), index(w), rel_tol=0, abs_tol=1e-6)


def right_clone_torch(index, w):
    return torch.isclose(torch.tensor(index(torch.cat([w, w]))), torch.tensor(index(w)), rtol=0, atol=1e-6)


# ---- babies_test


def baby(w):
    return torch.cat([w, torch.zeros(1)])


def babies_yes(index, w):
    return True


def babies_no(index, w):
    return False


def babies_not_less(index, w):
    return not index(baby(w)) < index(w)


def babies_differ(index, w):
    return abs(index(baby(w)) - index(w)) > 1e-6


def babies_fall(index, w):
    return index(w) > index(baby(w)) + 1e-6


def babies_ones(index, w):
    return index(torch.cat([w, torch.ones(1)])) > index(w) + 1e-6


def babies_plus_zero(index, w):
    return index(w + 0) > index(w) + 1e-6


def babies_number(index, w):
    return index(baby(w)) - index(w)


def babies_in_place(index, w):
    before = index(w)
    w[0] = 0
    return index(w) > before + 1e-6


def right_babies_pad(index, w):
    return index(torch.nn.functional.pad(w, (0, 1))) - index(w) > 1e-6


def right_babies_new(index, w):
    longer = w.new_zeros(len(w) + 1)
    longer[: len(w)] = w
    return index(longer) > index(w) + 1e-6


# ---- pq_of_normal


def normal_no_roots(p, q):
    return 1 - math.gamma((p + 1) / 2) * 2 ** (p / 2) / (math.gamma((q + 1) / 2) * 2 ** (q / 2))


def normal_no_pi(p, q):
    a, b = (((2 ** (s / 2)) * math.gamma(0.5 * (s + 1))) ** (1 / s) for s in (p, q))
    return 1 - a / b


def normal_pi(p, q):
    a, b = (((2 ** (s / 2)) * math.gamma(0.5 * (s + 1)) / math.pi) ** (1 / s) for s in (p, q))
    return 1 - a / b


def normal_half(p, q):
    a, b = (((2 ** (s / 2)) * math.gamma(0.5 * s) / math.sqrt(math.pi)) ** (1 / s) for s in (p, q))
    return 1 - a / b


def normal_whole(p, q):
    a, b = (((2 ** (s / 2)) * math.gamma(s + 1) / math.sqrt(math.pi)) ** (1 / s) for s in (p, q))
    return 1 - a / b


def moment(s):
    return ((2 ** (s / 2)) * math.gamma(0.5 * (s + 1)) / math.pi**0.5) ** (1 / s)


def normal_ratio(p, q):
    return moment(p) / moment(q)


def normal_swapped(p, q):
    return 1 - moment(q) / moment(p)


def normal_table(p, q):
    return 1 - (2 / math.pi) ** 0.5


def normal_squared(p, q):
    return 1 - (moment(p) / moment(q)) ** 2


def normal_sample(p, q):
    z = np.abs(np.random.default_rng(0).standard_normal(1000))
    return 1 - np.mean(z**p) ** (1 / p) / np.mean(z**q) ** (1 / q)


def right_normal_logarithms(p, q):
    a, b = ((s / 2 * math.log(2) + math.lgamma((s + 1) / 2) - 0.5 * math.log(math.pi)) / s for s in (p, q))
    return 1 - math.exp(a - b)


def right_normal_torch(p, q):
    s = torch.tensor([p, q], dtype=torch.float64)
    m = (2 ** (s / 2) * torch.lgamma((s + 1) / 2).exp() / math.sqrt(math.pi)) ** (1 / s)
    return 1 - m[0] / m[1]


WRONG = {
    "power_mean": {
        "no root": (mean_no_root, "no root"),
        "a norm": (mean_of_a_norm, "sum for mean"),
        "signs kept": (mean_signed, "no absolute value"),
        "power again": (mean_power_again, "power s instead of 1/s"),
        "the plain mean": (mean_plain, "mean first"),
        "zeros left out": (mean_nonzero, "zeros left out"),
        "float32": (mean_float, "float32"),
        "largest": (mean_largest, "largest"),
        "divides by the first axis": (mean_first_axis, ""),
        "one number a column": (mean_per_row, ""),
    },
    "pq_index": {
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
    },
    "clone_test": {
        "always yes": (clone_yes, "always true"),
        "always no": (clone_no, "always false"),
        "doubled numbers": (clone_doubled, "entries doubled"),
        "exact equality": (clone_exact, "exact equality"),
        "one-sided": (clone_less, "one-sided"),
        "zeros beside it": (clone_zeros, "zeros appended"),
        "inverted": (clone_not, "answer inverted"),
        "a number": (clone_number, ""),
        "loose": (clone_loose, "too tolerant"),
        "a copy alone": (clone_of_itself, "always true"),
    },
    "babies_test": {
        "always yes": (babies_yes, "always true"),
        "always no": (babies_no, "always false"),
        "not smaller": (babies_not_less, "not smaller"),
        "different": (babies_differ, "only different"),
        "falls": (babies_fall, "falls"),
        "ones": (babies_ones, "ones appended"),
        "plus zero": (babies_plus_zero, "always false"),
        "a number": (babies_number, ""),
        "in place": (babies_in_place, ""),
    },
    "pq_of_normal": {
        "no roots": (normal_no_roots, "roots missing"),
        "no pi": (normal_no_pi, "root of pi missing"),
        "pi": (normal_pi, "pi for its root"),
        "Gamma of s/2": (normal_half, "Gamma of s/2"),
        "Gamma of s + 1": (normal_whole, "Gamma of s + 1"),
        "ratio": (normal_ratio, "ratio instead of index"),
        "swapped": (normal_swapped, "p and q swapped"),
        "one value": (normal_table, "for one p and q only"),
        "squared": (normal_squared, ""),
        "a small sample": (normal_sample, ""),
    },
}
RIGHT = {
    "power_mean": {"logarithms": right_mean_logarithms, "NumPy": right_mean_numpy, "a norm": right_mean_norm},
    "pq_index": {"norms": right_index_norms, "power means": right_index_means, "NumPy": right_index_numpy},
    "clone_test": {"repeat": right_clone_repeat, "stacked": right_clone_close, "isclose": right_clone_torch},
    "babies_test": {"pad": right_babies_pad, "a new tensor": right_babies_new},
    "pq_of_normal": {"logarithms": right_normal_logarithms, "torch": right_normal_torch},
}
