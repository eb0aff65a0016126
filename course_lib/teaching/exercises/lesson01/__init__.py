"""Lesson 01, measuring a network: what students write, and how it goes wrong."""

ORDER = (
    "gzip_share",
    "apply_masks",
    "conv_macs",
    "bytes_on_disk",
    "latency",
    "breaks_first",
    "sensitivity",
    "measuring_bugs",
)
