"""Lesson 08, the capstone: what a board counts, a budget, a pruner of one's own, and which round to hand in."""

ORDER = (
    "counted_sparsity",
    "split_budget",
    "take_lowest",
    "my_scores",
    "behind",
    "choose",
    "my_place",
    "entry_bugs",
)
