"""A prediction: how long one image takes when a quarter of the arithmetic is left, as a share of the dense time."""

from __future__ import annotations

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("time_share", "07", 0, 1)
