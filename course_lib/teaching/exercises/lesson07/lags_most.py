"""A prediction: the layer whose time falls least, measured against its arithmetic."""

from __future__ import annotations

from course_lib.teaching.exercises.base import pick

LAYERS = ("conv1", "conv2", "conv3", "conv4", "hidden", "head")
EXERCISE = pick("lags_most", "07", LAYERS)
