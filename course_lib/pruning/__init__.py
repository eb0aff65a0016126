"""The subject: what is unimportant, what is removed, ranked against whom, and how many go."""

from __future__ import annotations

from course_lib.pruning import amounts
from course_lib.pruning.loop import Record, iterate
from course_lib.pruning.masks import Masks
from course_lib.pruning.pqindex import pq_index, retain_bound, sap_amount
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
    "retain_bound",
    "sap_amount",
]
