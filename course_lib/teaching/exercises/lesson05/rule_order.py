"""A prediction: which of three ways to spread the amount over the layers costs least."""

from __future__ import annotations

from itertools import permutations

from course_lib.teaching.exercises.base import pick

EXERCISE = pick("rule_order", "05", [", ".join(order) for order in permutations(("SAP", "same", "one"))])
