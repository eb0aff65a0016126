"""A network that somebody brings: built from a file, looked at, and how far it can be pruned for a budget."""

from course_lib.own.bringing import build
from course_lib.own.looking import Look, look
from course_lib.own.planning import LEVELS, SAMPLES, minutes, sensitivity, share_within

__all__ = ["LEVELS", "SAMPLES", "Look", "build", "look", "minutes", "sensitivity", "share_within"]
