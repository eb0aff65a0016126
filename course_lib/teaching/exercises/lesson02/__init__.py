"""Lesson 02, L1-norm filter pruning (Li et al. 2017): what students write, and how it goes wrong."""

ORDER = (
    "half_gone",
    "filter_l1",
    "filters_to_keep",
    "silence",
    "columns_of_channel",
    "cut_pair",
    "prune_and_fine_tune",
    "cliff",
    "bugs",
)
