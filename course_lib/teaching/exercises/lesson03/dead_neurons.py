"""A prediction: how many neurons are never active."""

from __future__ import annotations

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("dead_neurons", "03", 0, 512, counts=True)
