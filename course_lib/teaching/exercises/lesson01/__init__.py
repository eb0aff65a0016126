"""Lesson 01, measuring a network: what students write, and how it goes wrong."""

ORDER = (
    "apply_masks",
    "conv_macs",
    "gzip_share",
    "bytes_on_disk",
    "latency",
    "breaks_first",
    "sensitivity",
    "measuring_bugs",
)
