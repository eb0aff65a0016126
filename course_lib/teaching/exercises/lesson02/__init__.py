"""Lesson 02, L1-norm filter pruning (Li et al. 2017): what students write, and how it goes wrong."""

ORDER = (
    "filter_l1",
    "filters_to_keep",
    "silence",
    "columns_of_channel",
    "half_gone",
    "cubic_schedule",
    "prune_and_fine_tune",
    "cliff",
    "bugs",
)
