"""Lesson 04, the PQ index (Diao et al. 2023): what students write, and how it goes wrong."""

ORDER = (
    "index_of_five",
    "power_mean",
    "pq_index",
    "clone_test",
    "babies_test",
    "pq_of_normal",
    "index_bugs",
)
