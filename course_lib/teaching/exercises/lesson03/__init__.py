"""Lesson 03, activation-based pruning (Hu et al. 2016): what students write, and how it goes wrong."""

ORDER = (
    "record",
    "mean_activation",
    "apoz",
    "dead_neurons",
    "fixed_threshold",
    "variable_threshold",
    "jaccard",
    "overlap",
    "silent_bugs",
)
