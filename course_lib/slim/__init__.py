"""From masked to small: units that are gone are cut out of the tensors."""

from course_lib.slim.cutting import TOLERANCE, cut, difference, slim

__all__ = ["TOLERANCE", "cut", "difference", "slim"]
