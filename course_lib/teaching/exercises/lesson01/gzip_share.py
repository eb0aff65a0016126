"""A prediction: what is left of a pruned weight after gzip."""

from __future__ import annotations

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("gzip_share", "01", 0, 1)
