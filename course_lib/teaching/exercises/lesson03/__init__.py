"""Lesson 03, activation-based pruning (Hu et al. 2016): what students write, and how it goes wrong."""

ORDER = (
    "record",
    "mean_activation",
    "apoz",
    "overlap",
    "fixed_threshold",
    "variable_threshold",
    "jaccard",
    "dead_neurons",
    "silent_bugs",
)
