"""A prediction: the share of normal weights that one round takes."""

from __future__ import annotations

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("normal_share", "05", 0, 1)
