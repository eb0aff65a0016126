"""A prediction: the sparsity at which the accuracy falls off."""

from __future__ import annotations

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("cliff", "02", 0, 1)
