"""A prediction: how much choosing on the test part flatters."""

from __future__ import annotations

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("optimism", "06", 0, 30)
