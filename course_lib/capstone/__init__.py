"""The capstone: a pruner of one's own under a budget of epochs, the file to hand in, and what a board counts of it."""

from course_lib.capstone.entries import Entry, Measures, check, look, measures
from course_lib.capstone.handing import hand_in
from course_lib.capstone.spending import Run, compete
from course_lib.capstone.timing import BATCH, ratios

__all__ = ["BATCH", "Entry", "Measures", "Run", "check", "compete", "hand_in", "look", "measures", "ratios"]
