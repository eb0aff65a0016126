"""Lesson 00, start here: how many are left, how many there are, and which share is gone."""

ORDER = (
    "weights_left",
    "three_answers",
    "count_parameters",
    "sparsity",
    "accuracy_left",
)
