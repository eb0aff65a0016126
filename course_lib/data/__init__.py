"""Images as tensors on the device: where data sets come from, and the `Bench` that training and pruning work on."""

from course_lib.data.bench import Bench, Split, load, moments, pick_device
from course_lib.data.sources import available

__all__ = ["Bench", "Split", "available", "load", "moments", "pick_device"]
