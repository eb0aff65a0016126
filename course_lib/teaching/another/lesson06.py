"""Lesson 06, the Pareto frontier."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor


def score(accuracy: Tensor, sparsity: Tensor, floor: float = 0.6) -> Tensor:
    """First the rule, then its exception: everybody gets a score, and whoever is below the
    floor loses it."""
    scores = (accuracy + sparsity) / 2
    return scores.masked_fill(accuracy < floor, 0)


def pareto_front(sparsity: Tensor, accuracy: Tensor) -> Tensor:
    """All pairs are compared at once: row i is a point, column j another one that may dominate
    it. It takes memory for n times n comparisons, and no loop."""
    s, a = sparsity[:, None], accuracy[:, None]
    no_worse = (sparsity >= s) & (accuracy >= a)
    better = (sparsity > s) | (accuracy > a)
    earlier = torch.ones_like(better).tril(diagonal=-1)
    return ~(no_worse & (better | earlier)).any(1)


def mean_and_band(curves: list[tuple[Tensor, Tensor]], at: Tensor) -> tuple[Tensor, Tensor]:
    """A table with a row for each curve. pandas divides by n - 1, as torch does; NumPy divides
    by n unless it is told otherwise."""
    table = pd.DataFrame([np.interp(at, s, a) for s, a in curves])
    return torch.tensor(table.mean().to_numpy()), torch.tensor(table.std().to_numpy())


def hypervolume(
    sparsity: Tensor, accuracy: Tensor, reference: tuple[float, float] = (0.0, 0.6)
) -> float:
    """From the sparsest point to the left, each point that is more accurate than all before it
    adds a slice of its own. What is dominated adds nothing, so no front has to be found."""
    area, highest = 0.0, reference[1]
    points = zip(sparsity.tolist(), accuracy.tolist(), strict=True)
    for s, a in sorted(points, reverse=True):
        if s > reference[0] and a > highest:
            area += (s - reference[0]) * (a - highest)
            highest = a
    return area


def equal_budget(rows: list[dict]) -> list[dict]:
    """With pandas it is said in the words of the text: the seeds that every method has, and the
    least of the methods' largest budgets."""
    table = pd.DataFrame(rows)
    ran = table.groupby("seed")["method"].nunique()
    table = table[table["seed"].isin(ran[ran == table["method"].nunique()].index)]
    budget = table.groupby("method")["epochs"].max().min()
    return [rows[i] for i in table.index[table["epochs"] <= budget]]
