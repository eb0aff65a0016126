"""Lesson 06, the Pareto frontier: what students write, and how comparisons go wrong."""

ORDER = (
    "score",
    "pareto_front",
    "winners",
    "mean_and_band",
    "optimism",
    "equal_budget",
    "arena_bugs",
    "hypervolume",
)
