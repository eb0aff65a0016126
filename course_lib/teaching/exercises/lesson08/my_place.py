"""A prediction: one's own place among six."""

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("my_place", "08", 1, 6, counts=True)
