"""Lesson 08, the capstone: what a board counts, a budget, a pruner of one's own, and which round to hand in."""

ORDER = (
    "counted_sparsity",
    "split_budget",
    "my_masks",
    "behind",
    "choose",
    "my_place",
    "entry_bugs",
)
