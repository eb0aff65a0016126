"""A prediction: the accuracy with half of the filters gone."""

from __future__ import annotations

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("half_gone", "02", 0, 1)
