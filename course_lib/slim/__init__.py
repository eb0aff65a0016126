"""From masked to small: units that are gone are cut out of the tensors, and a small network travels as one file."""

from course_lib.slim.cutting import TOLERANCE, cut, difference, rounded, slim
from course_lib.slim.folding import fold
from course_lib.slim.storing import architecture, load, save

__all__ = ["TOLERANCE", "architecture", "cut", "difference", "fold", "load", "rounded", "save", "slim"]
