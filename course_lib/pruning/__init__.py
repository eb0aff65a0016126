"""The subject: what is unimportant, what is removed, ranked against whom, and how many go."""

from __future__ import annotations

from course_lib.axes import amounts, scores
from course_lib.axes.pqindex import pq_index, retain_bound, sap_amount
from course_lib.network import recording, units
from course_lib.network.masks import Masks
from course_lib.pruning.loop import Record, iterate
from course_lib.pruning.presets import ActivationPruner, L1NormPruner, MagnitudePruner, RandomPruner, SAPPruner
from course_lib.pruning.pruners import Pruner

__all__ = [
    "ActivationPruner",
    "L1NormPruner",
    "MagnitudePruner",
    "Masks",
    "Pruner",
    "RandomPruner",
    "Record",
    "SAPPruner",
    "amounts",
    "iterate",
    "pq_index",
    "recording",
    "retain_bound",
    "sap_amount",
    "scores",
    "units",
]
