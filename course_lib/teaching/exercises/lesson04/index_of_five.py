"""A prediction: the PQ index of five numbers."""

from __future__ import annotations

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("index_of_five", "04", 0, 1)
