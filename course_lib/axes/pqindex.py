"""The PQ index and the pruning amounts that follow from it (Diao et al., ICLR 2023, arXiv 2302.05601, sections 3 and 4).

"PQ" names the two norms of the index; it has nothing to do with product quantization, which is also called PQ.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from course_lib.errors import CourseError


class AllZeroError(CourseError):
    """The PQ index of nothing but zeros was asked for; it is not defined."""


def pq_index(w: Tensor, p: float = 0.5, q: float = 1.0) -> float:
    """Return the PQ index I of the entries of `w`: 0 when all magnitudes are equal, larger when fewer entries carry all.

    I = 1 - d^(1/q - 1/p) * ||w||_p / ||w||_q, computed as 1 - M_p / M_q with the power means M_s = (mean |w|^s)^(1/s)
    of |w| / max|w| in float64, so that neither many weights nor a small p overflows.

    Args:
        w: floating-point tensor of any shape; all its d entries count, zeros too (leave masked weights out before).
        p, q: the norms, 0 < p < q.

    Returns:
        I in [0, 1 - d^(1/q - 1/p)].

    Raises:
        AllZeroError: if every entry is zero. CourseError: if `w` is empty or not finite, or p and q are out of order.

    >>> pq_index(torch.ones(4)), pq_index(torch.tensor([0.0, 0.0, 0.0, 1.0]), p=1, q=2)
    (0.0, 0.5)
    """
    magnitudes = _magnitudes(w, p, q)
    return max(0.0, 1.0 - _power_mean(magnitudes, p) / _power_mean(magnitudes, q))


def _magnitudes(w: Tensor, p: float, q: float) -> Tensor:
    """Return |w| / max|w| as a float64 vector; refuse what has no PQ index."""
    _check_norms(p, q)
    if w.numel() == 0:
        raise CourseError("pq_index was given an empty tensor; w needs at least one entry.")
    magnitudes = w.detach().abs().flatten()
    if magnitudes.device.type == "mps":  # no float64 there
        magnitudes = magnitudes.cpu()
    largest = magnitudes.max().double()
    if not math.isfinite(largest):
        raise CourseError("pq_index was given weights with NaN or infinity; w must be finite.")
    if largest == 0:
        raise AllZeroError("pq_index was given only zeros; the PQ index needs at least one weight that is not zero.")
    return magnitudes.double().div_(largest)


def retain_bound(d: int, index: float, p: float, q: float, eta: float = 0.0) -> float:
    """Return r, the fewest of `d` weights that could be kept at the given PQ index (paper, section 3, theorem 2).

    r = d * (1 + eta)^(-q/(q-p)) * (1 - I)^(p*q/(q-p)), with eta >= 0 what may be lost: the sum of |w|^p of what goes, over
    that of what stays. Fewer than r cannot do; r itself may not do either.

    >>> retain_bound(100, 0.25, p=0.5, q=1.0)  # with these norms the share that may go is the index itself
    75.0
    """
    _check_norms(p, q)
    if not eta >= 0:
        raise CourseError(f"eta={eta} was given; it must be 0 or more.")
    if not 0 <= index <= 1:
        raise CourseError(f"index={index} was given; the PQ index lies between 0 and 1.")
    return d * (1 + eta) ** (-q / (q - p)) * (1 - index) ** (p * q / (q - p))


def sap_amount(w: Tensor, p: float = 0.5, q: float = 1.0, eta: float = 0.0, gamma: float = 1.0, beta: float = 0.9) -> int:
    """Return c, how many of the weights `w` SAP removes in one round (paper, algorithm 1).

    c = floor(d * min(gamma * (1 - r/d), beta)), with the r of `retain_bound`. It is computed from the power means and not
    from the index: as 1 - I it would be lost in rounding where the index is near 1 (few large weights, a small p).

    Args:
        w: only the weights that are still kept, any shape; an exact zero among them counts as a kept weight.
        p, q: the norms of the index, 0 < p < q.
        eta: 0 or more; larger gives a smaller r and so a larger c.
        gamma: more than 0; scales the amount.
        beta: in (0, 1]; the largest share that one round may take.

    Raises:
        AllZeroError, CourseError: as `pq_index`.

    >>> sap_amount(torch.tensor([9.0, 4.0, 1.0, 0.0]))  # of index 0.357, so 1.43 of 4 may go
    1
    """
    if not 0 < gamma < math.inf:
        raise CourseError(f"gamma={gamma} was given; it must be finite and more than 0.")
    if not 0 < beta <= 1:
        raise CourseError(f"beta={beta} was given; it must be more than 0 and at most 1.")
    d = w.numel()
    bound = retain_bound(d, 0.0, p, q, eta) * _even_share(_magnitudes(w, p, q), p, q)
    x = d * min(gamma * (1 - bound / d), beta)
    # Where x is an integer in exact arithmetic, rounding may leave it a hair below: 1e-12 * d lifts it, and no more.
    return min(d, max(0, math.floor(x + 1e-12 * d)))


def _even_share(magnitudes: Tensor, p: float, q: float) -> float:
    """Return (1 - I)^(p*q/(q-p)), in (0, 1]: with S_s = mean |w|^s it is (S_p^q / S_q^p)^(1/(q-p)), free of 1 - I."""
    means = (torch.mean(magnitudes if s == 1 else magnitudes.pow(s)).item() for s in (p, q))
    low, high = map(math.log, means)  # logarithms, because the powers overflow where p and q are close
    return math.exp(min(0.0, (q * low - p * high) / (q - p)))


def _power_mean(magnitudes: Tensor, s: float) -> float:
    return torch.mean(magnitudes if s == 1 else magnitudes.pow(s)).item() ** (1 / s)


def _check_norms(p: float, q: float) -> None:
    if not 0 < p < q < math.inf:
        raise CourseError(f"p={p} and q={q} were given; the PQ index needs 0 < p < q, both finite.")
