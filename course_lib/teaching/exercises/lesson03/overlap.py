"""A prediction: how much two sets of pruned units overlap."""

from __future__ import annotations

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("overlap", "03", 0, 1)
