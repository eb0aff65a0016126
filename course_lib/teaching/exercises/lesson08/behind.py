"""A prediction: how far the worked example lies behind."""

from course_lib.teaching.exercises.base import prediction

EXERCISE = prediction("behind", "08", 0, 40)
