"""The PQ index and the pruning amounts that follow from it (Diao et al., ICLR 2023, arXiv 2302.05601, sections 3 and 4).

"PQ" names the two norms of the index; it has nothing to do with product quantization, which is also called PQ.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from course_lib.errors import CourseError

PART = 1 << 18  # weights that are looked at together


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
    low, high = _means(w, p, q)
    return max(0.0, 1.0 - low ** (1 / p) / high ** (1 / q))


def _means(w: Tensor, p: float, q: float) -> tuple[float, float]:
    """Return the means of (|w| / max|w|)^p and of (|w| / max|w|)^q in float64; refuse what has no PQ index."""
    _check_norms(p, q)
    if w.numel() == 0:
        raise CourseError("pq_index was given an empty tensor; w needs at least one entry.")
    flat = w.detach().flatten()
    flat = flat.cpu() if flat.device.type == "mps" else flat  # no float64 there
    largest = flat.abs().max().double() if flat.is_complex() else torch.stack(torch.aminmax(flat)).abs().max().double()
    if not math.isfinite(largest):
        raise CourseError("pq_index was given weights with NaN or infinity; w must be finite.")
    if largest == 0:
        raise AllZeroError("pq_index was given only zeros; the PQ index needs at least one weight that is not zero.")
    sums = torch.zeros(2, dtype=torch.float64, device=flat.device)
    for part in flat.split(PART):  # what stays in the cache is read once, and no float64 copy of all weights is made
        magnitudes = part.abs().double().div_(largest)
        sums += torch.stack([(magnitudes if s == 1 else magnitudes.pow(s)).sum() for s in (p, q)])
    low, high = (sums / flat.numel()).tolist()
    return low, high


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
    bound = retain_bound(d, 0.0, p, q, eta) * _even_share(*_means(w, p, q), p, q)
    x = d * min(gamma * (1 - bound / d), beta)
    # Where x is an integer in exact arithmetic, rounding may leave it a hair below: 1e-12 * d lifts it, and no more.
    return min(d, max(0, math.floor(x + 1e-12 * d)))


def pq_indices(w: Tensor, alive: Tensor | None = None, p: float = 0.5, q: float = 1.0) -> Tensor:
    """Return the PQ index of the survivors of each row, (rows,) float64; NaN where a row has none, or only zeros.

    w: (rows, n), finite where alive, (rows, n) bool; None: everywhere.

    >>> pq_indices(torch.tensor([[1.0, 1.0], [5.0, 0.0]]), p=1, q=2).round(decimals=3)
    tensor([0.0000, 0.2930], dtype=torch.float64)
    """
    _check_norms(p, q)
    low, high = _mean_powers(w, alive, p, q)
    return (1 - low ** (1 / p) / high ** (1 / q)).clamp(min=0)


def sap_amounts(
    w: Tensor,
    alive: Tensor | None = None,
    p: float = 0.5,
    q: float = 1.0,
    eta: float = 0.0,
    gamma: float = 1.0,
    beta: float = 0.9,
) -> Tensor:
    """Return `sap_amount` of the survivors of each row, (rows,) int64; -1 where a row has none, or only zeros.

    w: (rows, n), finite where alive, (rows, n) bool; None: everywhere.

    >>> sap_amounts(torch.tensor([[9.0, 4.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
    tensor([ 1, -1])
    """
    d = per_row(alive, w).double()
    low, high = (means.log() for means in _mean_powers(w, alive, p, q))
    bound = retain_bound(1, 0.0, p, q, eta) * d * ((q * low - p * high) / (q - p)).clamp(max=0).exp()
    x = d * (gamma * (1 - bound / d)).clamp(max=beta)
    counts = (x + 1e-12 * d).floor().clamp(min=0).minimum(d)
    return torch.where(counts.isnan(), -1, counts).long()


def _mean_powers(w: Tensor, alive: Tensor | None, *powers: float) -> list[Tensor]:
    """Return for each power s the mean of (|w| / max |w|)^s over the survivors of each row; NaN where there is nothing."""
    magnitudes = w.detach().abs() if alive is None else w.detach().abs().masked_fill(~alive, 0)
    magnitudes = (magnitudes.cpu() if magnitudes.device.type == "mps" else magnitudes).double()  # no float64 on MPS
    magnitudes /= magnitudes.amax(1, keepdim=True)
    survivors = per_row(alive, w).to(magnitudes.device)
    return [(magnitudes if s == 1 else magnitudes.pow(s)).sum(1) / survivors for s in powers]


def per_row(marked: Tensor | None, like: Tensor) -> Tensor:
    """Return how many entries of each row of `like`, (rows, n), are marked, (rows,) int64; None: all of them are.

    >>> per_row(None, torch.zeros(2, 3)).tolist(), per_row(torch.tensor([[True, False]]), torch.zeros(1, 2)).tolist()
    ([3, 3], [1])
    """
    rows, size = like.shape
    return torch.full((rows,), size, device=like.device) if marked is None else marked.sum(1)


def _even_share(low: float, high: float, p: float, q: float) -> float:
    """Return (1 - I)^(p*q/(q-p)), in (0, 1]: with S_s = mean |w|^s it is (S_p^q / S_q^p)^(1/(q-p)), free of 1 - I."""
    # Logarithms, because the powers overflow where p and q are close.
    return math.exp(min(0.0, (q * math.log(low) - p * math.log(high)) / (q - p)))


def _check_norms(p: float, q: float) -> None:
    if not 0 < p < q < math.inf:
        raise CourseError(f"p={p} and q={q} were given; the PQ index needs 0 < p < q, both finite.")
