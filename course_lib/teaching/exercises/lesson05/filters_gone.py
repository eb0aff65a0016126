"""A prediction: how many filters are empty after SAP."""

from __future__ import annotations

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("filters_gone", "05", 0, 64, counts=True)
