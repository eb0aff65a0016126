"""A prediction: the share of filters that has to go if half of the arithmetic is to go."""

from __future__ import annotations

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("halved", "07", 0, 1)
