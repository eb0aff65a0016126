"""A prediction: the layer that breaks first when it is pruned."""

from __future__ import annotations

from course_lib.teaching.exercises.base import pick

LAYERS = ("conv1", "conv2", "conv3", "conv4", "hidden", "head")
EXERCISE = pick("breaks_first", "01", LAYERS)
